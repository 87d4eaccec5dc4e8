"""The thread that has the bus: rounds at the pace of the loop, the newest samples in a slot, torque off after a fault.

The loop's side of it returns at once. Whatever ends a run is kept in `fault`, the torque being off by then.
"""

from __future__ import annotations

import contextlib
import enum
import math
import threading
import time
from collections.abc import Sequence

from wormctl.channel import Samples
from wormctl.device import DeviceError, DeviceSpec
from wormctl_bus_servo.arming import Marks
from wormctl_bus_servo.bus import Bus
from wormctl_bus_servo.checks import torque_off
from wormctl_bus_servo.guardian import Guardian
from wormctl_bus_servo.rounds import Rounds, SilenceError

JOIN_S = 2.0
STOP_S = 0.25
"""How long `stop` waits for the bus. A round of a bus that is silent takes two timeouts."""
ANOTHER_CLOCK_S = 0.5
"""A caller who seems to have been held up for longer reads another clock than before."""
_LATE = 1.5
"""A setpoint that is later than this, in periods, is not waited for any longer."""


class Mode(enum.Enum):
    """What the servos are meant to do."""

    LIMP = "limp"
    ARMING = "arming"
    DRIVEN = "driven"


class Worker:
    """Owns `bus`, from `start` to `close`. Take `lock` for anything else that is to be said on it."""

    def __init__(
        self,
        bus: Bus,
        servos: Sequence[int],
        rounds: Rounds,
        spec: DeviceSpec,
        period_s: float,
        silence_s: float,
        guardian: Guardian,
    ) -> None:
        self.bus, self.rounds = bus, rounds
        self.lock = threading.Lock()
        self.fault: str | None = None
        self.longest_s = 0.0
        self.owes = False
        """Whether a torque off has still to go out."""
        self._guardian = guardian
        self._failing = False
        self._servos = tuple(servos)
        self._period_s, self._silence_s = period_s, silence_s
        self._mode = Mode.LIMP
        self._marks: Marks | None = None
        self._goals: list[int] | None = None
        self._told_s = 0.0
        self._apart_s = -math.inf
        """What the loop's clock shows more than `time.monotonic()`."""
        self._fresh, self._slot = Samples(spec.channels), Samples(spec.channels)
        self._slot_lock = threading.Lock()
        self._kick, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start reading."""
        self._thread = threading.Thread(target=self._run, name="bus-servo", daemon=True)
        self._thread.start()

    # ---- In the tick

    def read(self, now_s: float, out: Samples) -> None:
        """Copy the newest samples. While the thread fills the slot, `out` keeps what it has."""
        if not self._slot_lock.acquire(blocking=False):
            return
        try:
            out.values[:] = self._slot.values
            out.quality[:] = self._slot.quality
            out.time_s[:] = self._slot.time_s
            # The thread stamps in `time.monotonic()`; what counts is how old the sample is now. A caller that was held
            # up since it looked at its clock seems to have a slower one: what was found before is nearer to the truth.
            apart_s = now_s - time.monotonic()
            if not apart_s <= self._apart_s <= apart_s + ANOTHER_CLOCK_S:
                self._apart_s = apart_s
            out.time_s += self._apart_s
        finally:
            self._slot_lock.release()

    def tell(self, goals: Sequence[int]) -> None:
        """Send the servos there, in the next round, which starts now. Raises `DeviceError` as `raise_fault` does."""
        self.raise_fault()
        with self._slot_lock:
            self._goals = list(goals)
            self._told_s = time.monotonic()
        self._kick.set()

    # ---- With time

    def raise_fault(self) -> None:
        """Raise `DeviceError` if something has gone wrong."""
        if self.fault is not None:
            raise DeviceError(self.fault)
        # After a pause the loop has to be told before its next setpoint makes all look well.
        if self._mode is Mode.DRIVEN and time.monotonic() - self._told_s > self._silence_s:
            self.stop()
            self.fault = self._silence()
            raise DeviceError(self.fault)

    def raise_or_beat(self) -> None:
        """For whoever arms: raise, as soon as something has gone wrong; else the guardian hears that all is well."""
        if self._failing:
            raise DeviceError(self.fault or "bus-servo: the bus has failed while arming")
        self._guardian.beat()

    def arming(self) -> None:
        """The torque is going to be switched on by somebody who has the lock. Raises `DeviceError` if nobody guards."""
        self._guardian.beat()
        self._mode = Mode.ARMING

    def drive(self, marks: Marks) -> None:
        """From now on goals are sent, and servos must hold `marks`."""
        self._marks = marks
        self._told_s = time.monotonic()
        self._mode = Mode.DRIVEN

    def stop(self) -> None:
        """Torque off, at once. Never raises. If the bus does not come free, the guardian does it without."""
        with self._slot_lock:
            self._mode, self._goals = Mode.LIMP, None
            self.owes = self.owes or not self._failing  # `_fail` sees to it itself
        if not self.lock.acquire(timeout=STOP_S):
            if self.owes:
                self._guardian.help()
            return  # the round that hangs ends in `_round` or `_fail`, and both do it, too
        try:
            self._let_go()
        finally:
            self.lock.release()

    def blame(self, error: DeviceError) -> DeviceError:
        """`error`, or whom it is about. Takes some tenths of a second."""
        with self.lock, contextlib.suppress(DeviceError):
            if said := self.rounds.blame():
                return DeviceError(said)
        return DeviceError(
            f"bus-servo: the bus failed while arming ({error}): look at its cables, start again"
        )

    def close(self) -> bool:
        """Torque off, end the thread. Never raises; may be called twice. Whether the thread has ended."""
        self.stop()
        self._closing.set()
        self._kick.set()
        thread = self._thread
        if thread is not None:
            thread.join(JOIN_S)
        return thread is None or not thread.is_alive()

    # ---- In the thread

    def _run(self) -> None:
        while not self._closing.is_set():
            driven = self._mode is Mode.DRIVEN
            self._kick.wait(self._period_s * (_LATE if driven else 1.0))
            self._kick.clear()
            if self._closing.is_set():
                return
            try:
                self._round()
            except DeviceError as error:
                self._fail(error)
                return
            except Exception as error:
                self._fail(DeviceError(f"bus-servo: {type(error).__name__}: {error}"))
                return

    def _round(self) -> None:
        with self.lock:
            began_s = time.monotonic()
            goals, marks, mode = self._take(began_s)
            if mode is not Mode.LIMP:
                self._guardian.beat()
            self.rounds.run(began_s, goals, marks, self._fresh)
            if self._mode is Mode.LIMP and (self.owes or self.rounds.left_on):
                self._let_go()  # somebody stopped during this round, or a packet was lost
            self.longest_s = max(self.longest_s, time.monotonic() - began_s)
        with self._slot_lock:
            self._slot.values[:] = self._fresh.values
            self._slot.quality[:] = self._fresh.quality
            self._slot.time_s[:] = self._fresh.time_s

    def _take(self, now_s: float) -> tuple[list[int] | None, Marks | None, Mode]:
        with self._slot_lock:
            if self._mode is not Mode.DRIVEN:
                return None, None, self._mode
            if now_s - self._told_s > self._silence_s:
                raise DeviceError(self._silence())
            goals, self._goals = self._goals, None
            return goals, self._marks, self._mode

    def _fail(self, error: DeviceError) -> None:
        said = str(error)
        with self._slot_lock:
            self._mode, self._goals, self.owes = Mode.LIMP, None, True
        with self.lock:
            self._failing = True  # the next line settles what is owed
            if self._let_go():
                if isinstance(error, SilenceError):
                    with contextlib.suppress(DeviceError):
                        said = self.rounds.blame() or said
                torque_off(self.bus, self._servos)
            else:
                said += "; torque off cannot be sent: CUT THE SERVOS' SUPPLY"
        self.fault = said

    def _let_go(self) -> bool:
        """Torque off for all, or else let the guardian do it. For whoever has the lock; whether it went out."""
        self.owes = not torque_off(self.bus, self._servos)
        if self.owes:
            self._guardian.help()
        else:
            self._guardian.relax()
        return not self.owes

    def _silence(self) -> str:
        return (
            f"bus-servo: no setpoint came for {self._silence_s:g} s: the loop hangs, the run was suspended (Ctrl-Z), "
            "or the computer is too busy; the torque is off"
        )
