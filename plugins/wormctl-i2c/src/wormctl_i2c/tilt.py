"""Which way is up, from acceleration and angular rate: a complementary filter. No chip, no clock.

Axes: x ahead, y left, z up, as in REP 103. Without a magnetometer there is no heading, and the accelerometer corrects
the gyroscope's drift in the rest.
"""

from __future__ import annotations

import math

from wormctl_i2c.icm20948 import Motion, Vector

TRUST_S = 0.5
"""So long the gyroscope is believed before the accelerometer is; longer than a bump, shorter than a bend."""
LONGEST_STEP_S = 0.25
"""After a longer pause the gyroscope's past is worth nothing."""


class Tilt:
    """The upward acceleration that holds the sensor against gravity, in the sensor's own axes."""

    def __init__(self) -> None:
        self.up_m_s2: Vector | None = None
        self.bump_m_s2 = 0.0
        """How hard it is shaken: the size of the acceleration that gravity does not explain."""

    def update(self, motion: Motion, step_s: float) -> None:
        """Take in a reading that came `step_s` after the one before."""
        ax, ay, az = motion.acceleration_m_s2
        wx, wy, wz = motion.rate_rad_s
        if self.up_m_s2 is None or not 0.0 <= step_s <= LONGEST_STEP_S:
            self.up_m_s2, step_s = motion.acceleration_m_s2, 0.0
        ux, uy, uz = self.up_m_s2
        # A direction that rests in the world turns backwards in the sensor: du/dt = u x w.
        ux, uy, uz = (
            ux + step_s * (uy * wz - uz * wy),
            uy + step_s * (uz * wx - ux * wz),
            uz + step_s * (ux * wy - uy * wx),
        )
        self.bump_m_s2 = math.dist((ax, ay, az), (ux, uy, uz))
        share = step_s / (TRUST_S + step_s)
        self.up_m_s2 = (ux + share * (ax - ux), uy + share * (ay - uy), uz + share * (az - uz))

    @property
    def roll_rad(self) -> float:
        """Positive where the left side is up."""
        _, uy, uz = self.up_m_s2 or (0.0, 0.0, 0.0)
        return math.atan2(uy, uz)

    @property
    def pitch_rad(self) -> float:
        """Positive where the front is up."""
        ux, uy, uz = self.up_m_s2 or (0.0, 0.0, 0.0)
        return math.atan2(ux, math.hypot(uy, uz))
