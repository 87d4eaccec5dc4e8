"""Sensors that have to wait for their hardware: a thread measures, the tick takes the latest value.

Derive from `SlowSensor` and write `measure`; it may block for as long as it likes.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from wormctl.channel import Quality, Samples
from wormctl.device import Context, DeviceError, DeviceSpec, Noted, Sensor, said
from wormctl.hanging import FAULTS

JOIN_S = 2.0
"""How long `close` waits for a measurement that is under way."""

_RETRY_S = 0.5
_REOPEN_AFTER = 3
"""Measurements that fail in a row before the hardware is opened anew."""
LONG_S = 2.0
"""A measurement that takes longer, and longer than its samples may be old, is told of."""


class SlowSensor(ABC):
    """A sensor read by its own thread, at the highest rate among its channels.

    A measurement that takes long simply grows old in the slot, until the loop calls it stale. One that raises
    marks every channel failed, is remembered in `last_error`, and is tried again half a second later; after three
    in a row the hardware is shut and opened anew, so that what was unplugged works again once it is plugged in.
    """

    spec: DeviceSpec
    reopens = True
    """False for a sensor that finds its hardware again by itself, in `measure`."""

    def __init__(self, spec: DeviceSpec) -> None:
        self.spec = spec
        self.first_error: str | None = None
        """What went wrong first, for the summary of a run."""
        self.last_error: str | None = None
        """What went wrong last; it stays when all is well again."""
        self._period_s = 1.0 / max(channel.rate_hz for channel in spec.channels)
        self._fresh = Samples(spec.channels)
        self._slot = Samples(spec.channels)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._end_by_s = math.inf
        self._opened = False
        self._began_s = math.inf
        self._long_s = max(LONG_S, *(2.0 * channel.max_age_s for channel in spec.channels))

    def open(self, context: Context) -> None:  # noqa: B027 (nothing to open is the common case)
        """Open the hardware: before the thread starts, and in the thread after it has failed. Raises `DeviceError`.

        What it has opened until then it gives back itself: `shut` is only called after an `open` that succeeded.
        """

    @abstractmethod
    def measure(self, now_s: float, out: Samples) -> None:
        """Measure once and fill `out`, stamped with `now_s` or a later `time.monotonic()`. In the thread."""

    def shut(self) -> None:  # noqa: B027
        """Give back what `open` took: after the thread has ended, or in it before the next `open`."""

    def configure(self, context: Context) -> None:
        """Open the hardware and start measuring."""
        if not hasattr(self, "_closing"):
            raise DeviceError(f"{type(self).__name__}.__init__ must call super().__init__(spec)")
        self.open(context)
        self._opened = True
        name = f"sensor {self.spec.name}"
        self._thread = threading.Thread(
            target=self._measure_until_closed, args=(context,), name=name, daemon=True
        )
        self._thread.start()

    def read(self, now_s: float, out: Samples) -> None:
        """Copy the slot into `out`. Never waits: while the thread fills the slot, `out` keeps what it has.

        The thread stamps in `time.monotonic()`; what counts is how old the sample is now.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            out.values[:] = self._slot.values
            out.quality[:] = self._slot.quality
            out.time_s[:] = self._slot.time_s
            clock_s = time.monotonic()
            out.time_s += now_s - clock_s
        finally:
            self._lock.release()
        if self.last_error is None and clock_s - self._began_s > self._long_s:
            self._note(f"a measurement had not returned after {self._long_s:g} s")

    @property
    def measuring_s(self) -> float:
        """For how long the present measurement has been going on; 0 between two."""
        return max(0.0, time.monotonic() - self._began_s)

    def end_soon(self) -> None:
        """Let the thread end; `close` then waits for it no longer than `JOIN_S` from now."""
        self._closing.set()
        self._end_by_s = min(self._end_by_s, time.monotonic() + JOIN_S)

    def close(self) -> None:
        """End the thread and shut the hardware. Never raises; may be called twice.

        Hardware that a measurement still holds is left to the end of the process: to shut it could wait for ever.
        """
        self.end_soon()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.join(max(0.0, self._end_by_s - time.monotonic()))
        if thread.is_alive():
            self._note(f"a measurement had not returned {JOIN_S:g} s after the end: its hardware stays open")
        else:
            self._shut()

    def _shut(self) -> None:
        if not self._opened:
            return
        self._opened = False
        try:
            self.shut()
        except FAULTS as error:
            self._note(said(error))

    def _note(self, trouble: str) -> None:
        self.first_error = self.first_error or trouble
        self.last_error = trouble

    def _measure_until_closed(self, context: Context) -> None:
        failed = 0
        while not self._closing.is_set():
            began_s = time.monotonic()
            pause_s = self._period_s
            self._began_s = began_s
            try:
                if failed >= _REOPEN_AFTER and self.reopens:
                    self._shut()
                    self.open(context)
                    self._opened = True
                    failed = 0
                self.measure(began_s, self._fresh)
                failed = 0
            except FAULTS as error:
                failed += 1
                self._note(said(error))
                self._fresh.quality[:] = Quality.FAILED
                pause_s = _RETRY_S
            self._began_s = math.inf
            with self._lock:
                self._slot.values[:] = self._fresh.values
                self._slot.quality[:] = self._fresh.quality
                self._slot.time_s[:] = self._fresh.time_s
            self._closing.wait(max(0.0, began_s + pause_s - time.monotonic()))


class ThreadedSensor(SlowSensor):
    """A sensor whose `read` nobody has vouched for, read by a thread: it may wait or hang, and the tick does not."""

    reopens = False  # a sensor is configured once

    def __init__(self, sensor: Sensor) -> None:
        super().__init__(sensor.spec)
        self._sensor = sensor

    @property
    def notes(self) -> Sequence[str]:
        """What the sensor has to tell a person."""
        return self._sensor.notes if isinstance(self._sensor, Noted) else ()

    def open(self, context: Context) -> None:
        """Configure it."""
        self._sensor.configure(context)

    def measure(self, now_s: float, out: Samples) -> None:
        """Read it."""
        self._sensor.read(now_s, out)

    def shut(self) -> None:
        """Close it."""
        self._sensor.close()
