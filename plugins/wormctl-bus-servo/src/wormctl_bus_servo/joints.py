"""Between a joint's angle and its servo's ticks. Pure; whatever comes out is within both their limits."""

from __future__ import annotations

import math
from typing import NamedTuple

from wormctl_bus_servo.config import Joint
from wormctl_bus_servo.kinds import RAD_PER_TICK


class JointMap(NamedTuple):
    """One joint: its servo, and the ticks it may be sent to."""

    servo: int
    zero: int
    direction: int
    low: int
    high: int

    def ticks(self, angle_rad: float) -> int:
        """Where the servo shall go for an angle, clamped. Raises `ValueError` for what is no angle."""
        if not (math.isfinite(angle_rad) and abs(angle_rad) <= math.pi):
            raise ValueError(f"{angle_rad} is no angle")
        wanted = self.zero + self.direction * round(angle_rad / RAD_PER_TICK)
        return min(max(wanted, self.low), self.high)

    def angle_rad(self, ticks: int) -> float:
        """The joint's angle for where the servo stands."""
        return self.direction * (ticks - self.zero) * RAD_PER_TICK


def joint_map(servo: int, joint: Joint, low: int, high: int) -> JointMap:
    """The map of `joint` on a servo whose own limits are `low` and `high`, in ticks. `zero` must lie between them."""
    ends = sorted(
        joint.zero + joint.direction * round(math.radians(deg) / RAD_PER_TICK)
        for deg in (joint.low_deg, joint.high_deg)
    )
    return JointMap(servo, joint.zero, joint.direction, max(ends[0], low), min(ends[1], high))


def reach_deg(one: JointMap) -> tuple[float, float]:
    """How far the joint can bend either way, in degrees."""
    ends = sorted(math.degrees(one.angle_rad(ticks)) for ticks in (one.low, one.high))
    return ends[0], ends[1]
