"""The sensor `imu`: how the robot lies, turns and is bumped."""

from __future__ import annotations

import math
import time
from typing import Annotated, Literal

import msgspec

from wormctl.channel import Channel, Samples
from wormctl.device import DeviceError
from wormctl_i2c.buses import Buses
from wormctl_i2c.config import I2cConfig, channel
from wormctl_i2c.icm20948 import ACCELERATION_M_S2, RATE_RAD_S, Icm20948
from wormctl_i2c.sensor import I2cSensor
from wormctl_i2c.tilt import Tilt
from wormctl_i2c.wire import Wire

SENSE = "imu"
ACCELERATION, RATE, ROLL, PITCH, BUMP = "acceleration", "rate", "roll", "pitch", "bump"
_MOST_BUMP_M_S2 = 400.0
"""More than the accelerometer and a fast turn can make of it together."""


class ImuConfig(I2cConfig, frozen=True, kw_only=True):
    """Settings. The axes are those printed on the board: mount it with x ahead and z up."""

    chip: Literal["icm20948"] = "icm20948"
    rate_hz: Annotated[float, msgspec.Meta(ge=5.0, le=200.0)] = 100.0


def channels(config: ImuConfig) -> tuple[Channel, ...]:
    """What it measures."""
    rate = config.rate_hz

    def named(part: str, unit: str, low: float, high: float, doc: str, size: int = 1) -> Channel:
        return channel(config.called(SENSE, part), unit, low, high, rate, doc, size)

    most, fastest = ACCELERATION_M_S2, RATE_RAD_S
    return (
        named(ACCELERATION, "m/s^2", -1.01 * most, 1.01 * most, "along x, y, z; at rest 9.8 upwards", 3),
        named(RATE, "rad/s", -1.01 * fastest, 1.01 * fastest, "angular velocity about x, y, z", 3),
        named(ROLL, "rad", -math.pi, math.pi, "positive where the left side is up"),
        named(PITCH, "rad", -math.pi / 2.0, math.pi / 2.0, "positive where the front is up"),
        named(BUMP, "m/s^2", 0.0, _MOST_BUMP_M_S2, "size of the acceleration without gravity"),
    )


class Imu(I2cSensor):
    """An ICM-20948."""

    def __init__(self, config: ImuConfig, buses: Buses | None = None) -> None:
        super().__init__(config, config.chip, channels(config), buses)
        self._names = [c.name for c in self.spec.channels]
        self._chip: Icm20948 | None = None
        self._tilt = Tilt()
        self._last_s = -math.inf

    def start(self, wire: Wire) -> None:
        """Wake it. That took so long that its tilt is measured anew."""
        self._chip = Icm20948(wire)

    def sample(self, out: Samples) -> None:
        """All channels from one reading."""
        if self._chip is None:
            raise DeviceError("not started")
        motion = self._chip.motion()
        time_s = time.monotonic()
        self._tilt.update(motion, time_s - self._last_s)
        self._last_s = time_s
        acceleration, rate, roll, pitch, bump = self._names
        out.vector(acceleration)[:] = motion.acceleration_m_s2
        out.stamp(acceleration, time_s)
        out.vector(rate)[:] = motion.rate_rad_s
        out.stamp(rate, time_s)
        self.put(out, roll, self._tilt.roll_rad, time_s)
        self.put(out, pitch, self._tilt.pitch_rad, time_s)
        self.put(out, bump, self._tilt.bump_m_s2, time_s)

    def rest(self) -> None:
        """Put it to sleep."""
        if self._chip is not None:
            self._chip.sleep()
