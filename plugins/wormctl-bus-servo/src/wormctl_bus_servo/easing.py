"""From where arming found the servos to the first setpoints: gently, and not at all if they are far apart. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from wormctl.device import DeviceError
from wormctl.snake import Snake
from wormctl_bus_servo.checks import Fit
from wormctl_bus_servo.kinds import TICKS

FAR_DEG = 8.0
"""A first setpoint this far from the pose is none for this pose. Up to 5 degrees, and a step, it may be: a joint may be
armed so far beyond its limit, and setpoints never are."""
QUICKER = 2.0
"""It catches up at so many times the speed that the snake is armed at: setpoints themselves move as fast as that."""


def easing_step(snake: Snake, period_s: float) -> int:
    """How far a goal may move from one write to the next while it catches up, in ticks."""
    return max(1, round(QUICKER * snake.joint.arming_speed_deg_s * period_s * TICKS / 360.0))


class Easing:
    """What servos are sent at first. Each is free as soon as it has caught up with its setpoints."""

    def __init__(self, fits: Sequence[Fit], stands: Sequence[int], step: int) -> None:
        self._fits, self._step = tuple(fits), step
        self._goals = list(stands)
        self._behind: set[int] | None = None
        """Joints that have not caught up; None before the first setpoints."""

    def ease(self, goals: list[int]) -> None:
        """Change `goals`, in ticks, to what may be sent now. Raises `DeviceError` if the first are far off the pose."""
        if self._behind is None:
            self._near(goals)
            self._behind = set(range(len(goals)))
        for joint in tuple(self._behind):
            was, wanted = self._goals[joint], goals[joint]
            goals[joint] = self._goals[joint] = min(max(wanted, was - self._step), was + self._step)
            if goals[joint] == wanted:
                self._behind.discard(joint)

    def _near(self, goals: Sequence[int]) -> None:
        for fit, stood, goal in zip(self._fits, self._goals, goals, strict=True):
            far_deg = abs(goal - stood) * 360.0 / TICKS
            if far_deg > FAR_DEG:
                raise DeviceError(
                    f"{fit.who} is sent {far_deg:.0f} degrees away from where it was armed: was the snake moved just "
                    "then? hands off, start again"
                )
