"""Switching the torque on, so that nothing moves: every step is written, read back, and undone if it did not take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from wormctl.device import DeviceError
from wormctl_bus_servo.bus import TRIES, Bus, BusError
from wormctl_bus_servo.checks import Fit
from wormctl_bus_servo.joints import reach_deg
from wormctl_bus_servo.kinds import Kind, watchdog_units

RAMP = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of the torque limit, one after the other."""
STEP_S = 0.04
NEAR_TICKS = 8
"""A goal that is read back may differ by so much from what was written: some firmware lets it follow the position."""
JUMP_TICKS = 57
"""5 degrees: whoever moves farther when it is switched on was not where it said. A servo may stand as far beyond its
joint's limits, as the loop bears it: the first setpoints bring it back inside."""

Marks = dict[str, list[int]]
"""What registers hold in armed servos, one value a servo."""


class Arming:
    """One arming. `lock` is taken for each step and given back between them, so that others can use the bus."""

    def __init__(
        self,
        bus: Bus,
        kind: Kind,
        fits: Sequence[Fit],
        silence_s: float,
        lock: AbstractContextManager[object],
    ) -> None:
        self._bus, self._kind, self._fits = bus, kind, fits
        self._ids = [fit.servo for fit in fits]
        self._lock = lock
        self._watchdog = watchdog_units(silence_s)
        self._kept: Marks = {}

    def run(self, between: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> list[int]:
        """Hold the pose under full torque; the goals. `between`, called before each step, may raise to end it.

        Raises `DeviceError`; the torque may be on then.
        """
        with self._lock:
            between()
            goals = self._stand()
            self._write("torque_enable", [1] * len(goals))
        for share in RAMP:
            sleep(STEP_S)
            between()
            with self._lock:
                self._stays(goals)
                self._write(self._kind.torque_limit, self._torque(share))
        return goals

    def marks(self) -> Marks:
        """What the registers hold afterwards."""
        held = {
            **self._kept,
            "torque_enable": [1] * len(self._fits),
            self._kind.torque_limit: self._torque(1.0),
        }
        if self._kind.watchdog is not None:
            held[self._kind.watchdog] = [self._watchdog] * len(self._fits)
        return {register: held[register] for register in self._kind.marks}

    def _stand(self) -> list[int]:
        """All that must be true before the torque is on: above all, that the goal is where it stands."""
        for register, value in self._kind.setup.items():
            self._kept[register] = self._set_up(register, value)
        if self._kind.watchdog is not None:
            self._write(self._kind.watchdog, [0] * len(self._ids))
            self._write(self._kind.watchdog, [self._watchdog] * len(self._ids))
        self._write(self._kind.torque_limit, self._torque(RAMP[0]))
        goals = self._positions()
        for fit, goal in zip(self._fits, goals, strict=True):
            if not fit.low <= goal <= fit.high:
                raise DeviceError(
                    f"{fit.who} stands at tick {goal}, beyond its own limits {fit.low} to {fit.high}: turn it "
                    "towards straight by hand, then start again"
                )
            if not fit.map.low - JUMP_TICKS <= goal <= fit.map.high + JUMP_TICKS:
                least, most = reach_deg(fit.map)
                raise DeviceError(
                    f"{fit.who} stands at {math.degrees(fit.map.angle_rad(goal)):.0f} degrees, beyond its joint's "
                    f"limits of {least:.0f} to {most:+.0f}: turn it towards straight by hand, then start again"
                )
        self._write("goal_position", goals, NEAR_TICKS)
        return goals

    def _stays(self, goals: Sequence[int]) -> None:
        for fit, goal, position in zip(self._fits, goals, self._positions(), strict=True):
            if abs(position - goal) > JUMP_TICKS:
                raise DeviceError(
                    f"{fit.who} moved from tick {goal} to {position} when it was switched on: does something pull at "
                    "it? is it the joint's only servo?"
                )

    def _torque(self, share: float) -> list[int]:
        return [max(1, round(share * fit.torque)) for fit in self._fits]

    def _positions(self) -> list[int]:
        return [values["present_position"] for values in self._read(self._kind.motion)]

    def _set_up(self, register: str, value: int) -> list[int]:
        """Write it to all; what they hold then, which may be less by a limit of their own, but not other than 0."""
        wanted = [value] * len(self._ids)
        held: list[int] = []
        for _ in range(TRIES):
            held = self._wrote(register, wanted)
            if held == wanted:
                return held
        if value == 0:
            raise self._refused(register, held, wanted, 0)
        return held

    def _write(self, register: str, wanted: Sequence[int], near: int = 0) -> None:
        """Write it, as often as it takes. Raises `DeviceError` if a servo holds anything that is not `near`."""
        held: list[int] = []
        for _ in range(TRIES):
            held = self._wrote(register, wanted)
            if all(abs(has - want) <= near for has, want in zip(held, wanted, strict=True)):
                return
        raise self._refused(register, held, wanted, near)

    def _wrote(self, register: str, wanted: Sequence[int]) -> list[int]:
        """Write and read back. A Sync Write is not answered, so nothing else tells whether it arrived."""
        self._bus.write_all(self._ids, register, wanted)
        return [values[register] for values in self._read((register,))]

    def _refused(self, register: str, held: Sequence[int], wanted: Sequence[int], near: int) -> DeviceError:
        fit, has, want = next(
            (fit, has, want)
            for fit, has, want in zip(self._fits, held, wanted, strict=True)
            if abs(has - want) > near
        )
        return DeviceError(
            f"{fit.who} keeps {register} = {has} when it is told {want}: cut its supply, or renew its "
            "firmware, then start again"
        )

    def _read(self, registers: tuple[str, ...]) -> Iterator[dict[str, int]]:
        for tries_left in reversed(range(TRIES)):
            try:
                answers = self._bus.read_all(self._ids, registers)
            except BusError:
                if not tries_left:
                    raise
                continue
            for fit, (_, error) in zip(self._fits, answers, strict=True):
                if error & self._kind.alarm_bits:
                    raise DeviceError(
                        f"{fit.who} reports an alarm ({error:#04x}): `wormctl servo scan` tells which"
                    )
            return iter([values for values, _ in answers])
        raise AssertionError("unreachable")
