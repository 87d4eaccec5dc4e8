"""A sensor in a process of its own: however it computes, hangs or crashes, the loop's ticks are not touched.

The process writes samples into shared memory; the tick copies them, and never waits. A process that has ended or hangs
leaves its samples to grow old, and the loop's rules for stale channels do the rest.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Quality, Samples
from wormctl.config import convert
from wormctl.device import Context, DeviceError, DeviceSpec, said
from wormctl.plugins import Choice
from wormctl.slow import LONG_S

OPEN_S = 30.0
"""How long it may take to load its plugin and to open its device."""
JOIN_S = 2.0
_HEADER = 2
"""int64: the count of writes, odd while one is going on; and whether to end."""
_COUNT, _END = 0, 1
_TEXT = 256
"""uint8: the length of what went wrong first in it, and that text."""


class Recipe(NamedTuple):
    """How a sensor is made in another process."""

    choice: Choice
    """The one plugin that offers it."""
    use: str
    settings: Mapping[str, Any]


class ApartSensor:
    """A sensor whose device lives in another process. `spec` is that of the device."""

    def __init__(self, spec: DeviceSpec, recipe: Recipe) -> None:
        self.spec = spec
        self.last_error: str | None = None
        self._recipe = recipe
        self._memory: SharedMemory | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._slot: _Slot | None = None
        self._ended = False
        self._long_s = max(LONG_S, *(2.0 * channel.max_age_s for channel in spec.channels))

    def configure(self, context: Context) -> None:
        """Start the process and wait until its device is open. Raises `DeviceError` with what the device said."""
        self._memory = SharedMemory(create=True, size=_Slot.size(self.spec.channels))
        self._slot = _Slot(self._memory, self.spec.channels)
        self._slot.clear()
        ways = multiprocessing.get_context("spawn")
        ours, theirs = ways.Pipe()
        self._process = ways.Process(
            target=_live,
            args=(
                self._recipe,
                self._memory.name,
                msgspec.structs.replace(context, world=None, body=None),
                theirs,
            ),
            name=f"sensor {self.spec.name}",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._wait_until_open(ours)

    def read(self, now_s: float, out: Samples) -> None:
        """Copy the newest samples; while they are being written, `out` keeps what it has."""
        slot = self._slot
        if slot is None:
            return
        if self._ended:
            return
        process = self._process
        if process is not None and not process.is_alive():
            self._ended = True
            self.last_error = f"its process has ended (exit status {process.exitcode})"
            out.quality[:] = Quality.FAILED
            return
        clock_s = time.monotonic()
        slot.copy(out, now_s - clock_s)
        if self.last_error is None:
            if slot.has_said:
                self.last_error = slot.said
            elif clock_s - slot.renewed_s > self._long_s:
                self.last_error = f"it had not been read for {self._long_s:g} s: it hangs, or is very slow"

    def close(self) -> None:
        """End the process, politely at first. Never raises; may be called twice."""
        process, self._process = self._process, None
        if self._slot is not None:
            self._slot.end()
        if process is not None:
            process.join(JOIN_S)
            for end in (process.terminate, process.kill):
                if process.is_alive():
                    end()
                    process.join(JOIN_S)
        self._slot = None
        memory, self._memory = self._memory, None
        if memory is not None:
            with contextlib.suppress(OSError, BufferError):
                memory.close()
                memory.unlink()

    def _wait_until_open(self, ours: Connection) -> None:
        said: str | None = "its process does not answer"
        try:
            if ours.poll(OPEN_S):
                said = ours.recv()
        except EOFError:
            said = "its process has ended while it opened the device"
        finally:
            ours.close()
        if said is not None:
            self.close()
            raise DeviceError(said)


class _Slot:
    """The shared memory: a header, and the arrays of `Samples`."""

    def __init__(self, memory: SharedMemory, channels: Sequence[Channel]) -> None:
        values, count = sum(c.size for c in channels), len(channels)
        self._header: NDArray[np.int64] = np.ndarray(_HEADER, np.int64, memory.buf)
        at = _HEADER * 8
        self.values: NDArray[np.float64] = np.ndarray(values, np.float64, memory.buf, at)
        self.time_s: NDArray[np.float64] = np.ndarray(count, np.float64, memory.buf, at + 8 * values)
        at += 8 * (values + count)
        self.quality: NDArray[np.uint8] = np.ndarray(count, np.uint8, memory.buf, at)
        self._text: NDArray[np.uint8] = np.ndarray(_TEXT, np.uint8, memory.buf, at + count)
        self._seen, self.renewed_s = 0, time.monotonic()
        self._kept = (self.values.copy(), self.time_s.copy(), self.quality.copy())

    @staticmethod
    def size(channels: Sequence[Channel]) -> int:
        """Bytes."""
        return 8 * (_HEADER + sum(c.size for c in channels) + len(channels)) + len(channels) + _TEXT

    def clear(self) -> None:
        """Nothing was measured yet."""
        self._header[:] = 0
        self.values[:] = 0.0
        self.time_s[:] = -np.inf
        self.quality[:] = Quality.STALE
        self._text[0] = 0

    def end(self) -> None:
        """Tell the process to end."""
        self._header[_END] = 1

    @property
    def ends(self) -> bool:
        """Whether the process was told to end."""
        return bool(self._header[_END])

    @property
    def has_said(self) -> bool:
        """Whether anything has gone wrong in it."""
        return bool(self._text[0])

    @property
    def said(self) -> str:
        """What went wrong first."""
        return bytes(self._text[1 : 1 + int(self._text[0])]).decode(errors="ignore")

    def say(self, text: str) -> None:
        """What went wrong. The first is kept; its length comes last, when the rest is there."""
        raw = text.encode()[: _TEXT - 1] or b"?"
        if not self.has_said:
            self._text[1 : 1 + len(raw)] = np.frombuffer(raw, np.uint8)
            self._text[0] = len(raw)

    def write(self, fresh: Samples) -> None:
        """Newer samples, stamped in `time.monotonic()`."""
        self._header[_COUNT] += 1
        self.values[:], self.time_s[:], self.quality[:] = fresh.values, fresh.time_s, fresh.quality
        self._header[_COUNT] += 1

    def copy(self, out: Samples, offset_s: float) -> None:
        """The newest whole samples, their times moved by `offset_s`; nothing if they change meanwhile."""
        before = int(self._header[_COUNT])
        values, time_s, quality = self._kept
        values[:], time_s[:], quality[:] = self.values, self.time_s, self.quality
        if before % 2 or before != int(self._header[_COUNT]):
            return
        if before != self._seen:
            self._seen, self.renewed_s = before, time.monotonic()
        out.values[:], out.quality[:] = values, quality
        out.time_s[:] = time_s
        out.time_s += offset_s


def _live(recipe: Recipe, memory_name: str, context: Context, told: Connection) -> None:
    """The life of the process: make the device, open it, read it until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends this process
    parent = os.getppid()
    memory = SharedMemory(memory_name)
    sensor = None
    try:
        offer = recipe.choice.load(warn=lambda line: None).sensor(recipe.use, "sensor")
        sensor = offer.make(convert(dict(recipe.settings), offer.config, where=recipe.use))
        sensor.configure(context)
    except Exception as error:
        told.send(said(error))
        return
    told.send(None)
    told.close()
    slot, fresh = _Slot(memory, sensor.spec.channels), Samples(sensor.spec.channels)
    period_s = 1.0 / max(channel.rate_hz for channel in sensor.spec.channels)
    try:
        while not slot.ends and os.getppid() == parent:
            began_s = time.monotonic()
            try:
                sensor.read(began_s, fresh)
            except Exception as error:
                slot.say(said(error))
                fresh.quality[:] = Quality.FAILED
            if (own := getattr(sensor, "last_error", None)) is not None:
                slot.say(str(own))
            slot.write(fresh)
            time.sleep(max(0.0, began_s + period_s - time.monotonic()))
    finally:
        sensor.close()
