"""A sensor in a process of its own: however it computes, hangs or crashes, the loop's ticks are not touched.

The process writes samples into shared memory (`wormctl.shared`); the tick copies them, and never waits. A process that
has ended or hangs leaves its samples to grow old, and the loop's rules for stale channels do the rest. A pipe holds the
two together: when the run is gone, however it ended, the pipe breaks and the process ends.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from wormctl.channel import Quality, Samples
from wormctl.config import convert
from wormctl.device import Context, DeviceError, DeviceSpec, Noted, said
from wormctl.hanging import FAULTS
from wormctl.plugins import Choice
from wormctl.shared import SharedSamples
from wormctl.slow import LONG_S

OPEN_S = 30.0
"""How long it may take to load its plugin and to open its device."""
JOIN_S = 2.0
"""How long it may take to close its device."""
_HELD_BACK = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Recipe(NamedTuple):
    """How a sensor is made in another process."""

    choice: Choice
    """The one plugin that offers it."""
    use: str
    settings: Mapping[str, Any]


class _Opened(NamedTuple):
    """What the process says once: an error, or that the device is open."""

    error: str | None
    notes: Sequence[str] = ()


class ApartSensor:
    """A sensor whose device lives in another process. `spec` is that of the device."""

    def __init__(self, spec: DeviceSpec, recipe: Recipe) -> None:
        self.spec = spec
        self.notes: Sequence[str] = ()
        self.last_error: str | None = None
        self._recipe = recipe
        self._shared: SharedSamples | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._ended = False
        self._end_by_s = float("inf")
        self._long_s = max(LONG_S, *(2.0 * channel.max_age_s for channel in spec.channels))

    def configure(self, context: Context) -> None:
        """Start the process and wait until its device is open. Raises `DeviceError` with what the device said."""
        self._shared = SharedSamples.create(self.spec.channels)
        ways = multiprocessing.get_context("spawn")
        self._pipe, theirs = ways.Pipe()
        self._process = ways.Process(
            target=_live,
            args=(
                self._recipe,
                self.spec,
                self._shared.path,
                msgspec.structs.replace(context, world=None, body=None),
                theirs,
            ),
            name=f"sensor {self.spec.name}",
            daemon=True,
        )
        with _signals_held_back():
            self._process.start()
        theirs.close()
        self._wait_until_open(self._pipe)

    def read(self, now_s: float, out: Samples) -> None:
        """Copy the newest samples; while they are being written, `out` keeps what it has."""
        shared, process = self._shared, self._process
        if shared is None or process is None or self._ended:
            return
        if not process.is_alive():
            self._ended = True
            self.last_error = f"its process has ended (exit status {process.exitcode})"
            out.quality[:] = Quality.FAILED
            return
        clock_s = time.monotonic()
        shared.copy(out, now_s - clock_s)
        if self.last_error is None:
            if shared.has_said:
                self.last_error = shared.said
            elif clock_s - shared.renewed_s > self._long_s:
                self.last_error = f"it had not been read for {self._long_s:g} s: it hangs, or is very slow"

    def end_soon(self) -> None:
        """Tell the process to close its device; `close` waits no longer than `JOIN_S` from now."""
        self._end_by_s = min(self._end_by_s, time.monotonic() + JOIN_S)
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None

    def close(self) -> None:
        """End the process, politely at first. Never raises; may be called twice."""
        self.end_soon()
        process, self._process = self._process, None
        if process is not None:
            process.join(max(0.0, self._end_by_s - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join(JOIN_S)
        shared, self._shared = self._shared, None
        if shared is not None:
            shared.close()

    def _wait_until_open(self, pipe: Connection) -> None:
        error: str | None = "its process does not answer"
        try:
            if pipe.poll(OPEN_S):
                error, self.notes = pipe.recv()
        except (EOFError, OSError):
            error = "its process has ended while it opened the device"
        if self._shared is not None:
            self._shared.forget_path()
        if error is not None:
            self.close()
            raise DeviceError(error)


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C comes later: a process that has just begun inherits this, until it knows what to do with one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live(recipe: Recipe, spec: DeviceSpec, path: Path, context: Context, pipe: Connection) -> None:
    """The life of the process: make the device, open it, read it until the run is over."""
    end = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends this process
    for number in _HELD_BACK[1:]:
        signal.signal(number, lambda *_: end.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
    threading.Thread(target=_end_with_the_run, args=(pipe, end), daemon=True).start()
    shared = SharedSamples.attach(path, spec.channels)
    try:
        offer = recipe.choice.load(warn=lambda line: None).sensor(recipe.use, "sensor")
        sensor = offer.make(convert(dict(recipe.settings), offer.config, where=recipe.use))
        sensor.configure(context)
    except FAULTS as error:
        pipe.send(_Opened(said(error)))
        return
    try:
        pipe.send(_Opened(None, tuple(sensor.notes) if isinstance(sensor, Noted) else ()))
        _read_until(end, sensor, shared)
    except OSError:
        pass  # the run has gone meanwhile
    finally:
        sensor.close()


def _read_until(end: threading.Event, sensor: Any, shared: SharedSamples) -> None:
    fresh = Samples(sensor.spec.channels)
    period_s = 1.0 / max(channel.rate_hz for channel in sensor.spec.channels)
    while not end.is_set():
        began_s = time.monotonic()
        try:
            sensor.read(began_s, fresh)
        except FAULTS as error:
            shared.say(said(error))
            fresh.quality[:] = Quality.FAILED
        told = getattr(sensor, "first_error", None) or getattr(sensor, "last_error", None)
        if told is not None:
            shared.say(str(told))
        shared.write(fresh)
        end.wait(max(0.0, began_s + period_s - time.monotonic()))


def _end_with_the_run(pipe: Connection, end: threading.Event) -> None:
    """Wait until the pipe breaks: the run has closed its end, or is no more. Then there is `JOIN_S` to close."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    end.set()
    time.sleep(JOIN_S)
    os._exit(1)
