"""One round of the bus after another: goals out, positions in, the health of one servo. Raises what must end the run.

No thread and no lock here; the caller has the bus to itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.device import JOINT_POSITION, DeviceError
from wormctl_bus_servo.arming import Marks
from wormctl_bus_servo.bus import Bus, BusError, Values
from wormctl_bus_servo.checks import Fit, explain_silence, raise_alarm, raise_heat, silent_ones, volt_text
from wormctl_bus_servo.kinds import WATCHDOG_ERROR, Kind

MISSES = 5
"""So many rounds in a row without a good answer of every servo end the run."""
WINDOW = 50
MOST_BAD = 10
"""So do more than these of a `WINDOW` of rounds."""
LOW_READS = 2
"""So many readings in a row of a servo's supply out of its range."""

LOAD, TEMPERATURE, VOLTAGE = "servo.load", "servo.temperature", "servo.voltage"
MOST_LOAD = 1.5


class SilenceError(DeviceError):
    """No good answers for too long. Which servo is to blame can be asked once the torque is off."""


class Rounds:
    """The state from one round to the next."""

    def __init__(self, bus: Bus, kind: Kind, fits: Sequence[Fit]) -> None:
        self._bus, self._kind, self._fits = bus, kind, tuple(fits)
        self._ids = [fit.servo for fit in fits]
        self._next = 0
        self._missed = 0
        self._unseen = [0] * len(self._fits)
        self._last_error = ""
        self._window = self._bad = 0
        self._volt_bad = [0] * len(self._fits)
        self._polled_s: NDArray[np.float64] = np.full(len(self._fits), -np.inf)
        self.rounds = self.bad = 0
        self.left_on = False
        """Whether a servo was found under torque in a snake that is not armed."""

    def run(self, now_s: float, goals: Sequence[int] | None, marks: Marks | None, out: Samples) -> None:
        """One round at `now_s`. `marks`: what armed servos must still hold. Raises `DeviceError`."""
        self.rounds += 1
        self.left_on = False
        if goals is not None:
            self._bus.write_all(self._ids, "goal_position", goals)
        try:
            alarmed = self._motion(now_s, out)
        except BusError as error:
            self._miss(error)  # another question would only take longer to find the same
        else:
            self._missed = 0
            if self._health(now_s, self._next if alarmed is None else alarmed, marks, out):
                self._next = (self._next + 1) % len(self._fits)
        self._count()

    def _motion(self, now_s: float, out: Samples) -> int | None:
        """Where all stand; the joint of a servo that reports an alarm, if one does."""
        answers = self._bus.read_all(self._ids, self._kind.motion)
        position, load = out.vector(JOINT_POSITION), out.vector(LOAD)
        alarmed, loads_good = None, True
        for joint, (fit, (values, error_bits)) in enumerate(zip(self._fits, answers, strict=True)):
            angle_rad = fit.map.angle_rad(values["present_position"])
            if abs(angle_rad) > math.pi:
                raise DeviceError(
                    f"{fit.who} stands at tick {values['present_position']}, {math.degrees(angle_rad):.0f} degrees "
                    "from straight: has it slipped?"
                )
            position[joint] = angle_rad
            load[joint] = fit.map.direction * values[self._kind.load] / self._kind.load_full
            loads_good = loads_good and abs(load[joint]) <= MOST_LOAD
            if error_bits & self._kind.alarm_bits:
                alarmed = joint
        out.stamp(JOINT_POSITION, now_s)
        if loads_good:
            out.stamp(LOAD, now_s)
        else:
            out.fail(LOAD)
        return alarmed

    def _health(self, now_s: float, joint: int, marks: Marks | None, out: Samples) -> bool:
        """Look at one servo; whether it answered. One that did not is asked again in the next round."""
        fit = self._fits[joint]
        try:
            values, _ = self._bus.read(fit.servo, self._kind.state)
        except BusError as error:
            self._unseen[joint] += 1
            self._was_bad(f"servo {fit.servo}: {error}")
            if self._unseen[joint] >= MISSES:
                raise self._silent() from None
            return False
        self._unseen[joint] = 0
        raise_alarm(self._kind, fit, values)
        raise_heat(fit, values)
        volt = values[self._kind.voltage] / 10.0
        self._volt_bad[joint] = 0 if fit.lowest_v <= volt <= fit.highest_v else self._volt_bad[joint] + 1
        if self._volt_bad[joint] >= LOW_READS:
            raise DeviceError(volt_text(fit, volt))
        if marks is not None:
            self._still_armed(fit, joint, values, marks)
        elif values["torque_enable"] != 0:
            self.left_on = True
        self._polled_s[joint] = now_s
        out.vector(TEMPERATURE)[joint] = values["present_temperature"]
        out.vector(VOLTAGE)[joint] = volt
        # A vector is as old as the oldest of its values.
        oldest_s = float(self._polled_s.min())
        if math.isfinite(oldest_s):
            out.stamp(TEMPERATURE, oldest_s)
            out.stamp(VOLTAGE, oldest_s)
        return True

    def _still_armed(self, fit: Fit, joint: int, values: Values, marks: Marks) -> None:
        watchdog = self._kind.watchdog
        if watchdog is not None and values[watchdog] == WATCHDOG_ERROR:
            raise DeviceError(
                f"{fit.who} has stopped by itself: its bus watchdog heard nothing for too long: a bad cable?"
            )
        for register, held in marks.items():
            if values[register] != held[joint]:
                raise DeviceError(
                    f"{fit.who} has started anew by itself ({register} = {values[register]}, was {held[joint]}): its "
                    "supply broke down? thicker wires, a bigger pack"
                )

    def _miss(self, error: BusError) -> None:
        self._missed += 1
        self._was_bad(f"servo {error.servo}: {error}" if error.servo is not None else str(error))
        if self._missed >= MISSES:
            raise self._silent()

    def _was_bad(self, why: str) -> None:
        self.bad += 1
        self._bad += 1
        self._last_error = why

    def _count(self) -> None:
        self._window += 1
        if self._bad > MOST_BAD:
            raise DeviceError(
                f"bus-servo: {self._bad} of {self._window} rounds of the bus had no good answer ({self._last_error}): "
                "a bad cable, servo leads beside it, or two servos with the same id?"
            )
        if self._window >= WINDOW:
            self._window = self._bad = 0

    def _silent(self) -> SilenceError:
        return SilenceError(
            f"bus-servo: no good answer for {MISSES} rounds of the bus ({self._last_error}): a bad cable, or two "
            "servos with the same id?"
        )

    def blame(self) -> str | None:
        """Which servos give no good answer now, in one line; None if all do."""
        bad = silent_ones(self._bus, self._ids, (*self._kind.motion, *self._kind.state))
        return explain_silence(self._ids, bad, f"on {self._bus.name} any more") if bad else None
