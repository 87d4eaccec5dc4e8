"""TDK's ICM-20948: the registers of its accelerometer and its gyroscope. No channel, no idea of tilt.

Datasheet DS-000189. The magnetometer is left asleep: beside a dozen servos it would measure those.
"""

from __future__ import annotations

import math
import struct
import time
from typing import NamedTuple

from wormctl.device import DeviceError
from wormctl_i2c.wire import Wire

Vector = tuple[float, float, float]

G_M_S2 = 9.80665
ACCELERATION_M_S2 = 8.0 * G_M_S2
"""What the accelerometer can measure, either way."""
RATE_RAD_S = math.radians(1000.0)
"""What the gyroscope can measure, either way."""

SELECT_BANK = 0x7F
BANK_0 = bytes([SELECT_BANK, 0x00])

_BANK_2 = bytes([SELECT_BANK, 0x20])
_OTHER_BANKS = (0x10, 0x20, 0x30)
_WHO_AM_I = b"\x00"
_PWR_MGMT_1 = 0x06
_RESET, _AWAKE = 0x80, 0x01
_ACCEL_XOUT_H = b"\x2d"
_SETTINGS = (
    (0x00, 4),  # gyroscope: 1100 / (1 + 4) = 220 samples a second
    (0x01, 3 << 3 | 2 << 1 | 1),  # low pass at 51 Hz, 1000 degrees a second
    (0x10, 0),
    (0x11, 4),  # accelerometer: 1125 / (1 + 4) = 225 a second
    (0x14, 3 << 3 | 2 << 1 | 1),  # low pass at 50 Hz, 8 g
)
_PER_COUNT_M_S2 = G_M_S2 / 4096.0
_PER_COUNT_RAD_S = math.radians(1.0 / 32.8)
_POLL_S, _WAKING_S = 0.01, 0.05

_KNOWN = {0xEA: "icm20948", 0xE1: "ICM-20649", 0x68: "MPU-6050", 0x70: "MPU-6500", 0x71: "MPU-9250"}


def probe(wire: Wire) -> str | None:
    """Which of the maker's motion sensors answers.

    An ICM-20948 that a program has left in another bank shows its identity in the first one only. Which bank that is
    can be read from all of them, so that nothing is written to a stranger.
    """
    found = _KNOWN.get(wire.ask(_WHO_AM_I, 1)[0])
    if found is None and wire.ask(bytes([SELECT_BANK]), 1)[0] in _OTHER_BANKS:
        wire.send(BANK_0)
        found = _KNOWN.get(wire.ask(_WHO_AM_I, 1)[0])
    return found


class Motion(NamedTuple):
    """One reading."""

    acceleration_m_s2: Vector
    """At rest 9.8 upwards."""
    rate_rad_s: Vector


class Icm20948:
    """The chip, awake."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        wire.send(BANK_0)
        wire.send(bytes([_PWR_MGMT_1, _RESET]))
        time.sleep(_POLL_S)
        while wire.ask(bytes([_PWR_MGMT_1]), 1)[0] & _RESET:
            time.sleep(_POLL_S)
        wire.send(bytes([_PWR_MGMT_1, _AWAKE]))
        time.sleep(_POLL_S)
        wire.send(_BANK_2)
        for register, value in _SETTINGS:
            wire.send(bytes([register, value]))
            if wire.ask(bytes([register]), 1)[0] != value:  # in another range every value would be wrong
                raise DeviceError("does not keep its settings: take its power off for a moment")
        wire.send(BANK_0)
        time.sleep(_WAKING_S)

    def motion(self) -> Motion:
        """The newest reading. Raises `DeviceError` if the chip sleeps, as it does once its power has failed."""
        data = self._wire.ask(_ACCEL_XOUT_H, 12)
        if len(set(data)) == 1:
            raise DeviceError(f"sends nothing but {data[0]:#04x}: its power has failed, or its data line")
        ax, ay, az, gx, gy, gz = struct.unpack(">6h", data)
        return Motion(
            (ax * _PER_COUNT_M_S2, ay * _PER_COUNT_M_S2, az * _PER_COUNT_M_S2),
            (gx * _PER_COUNT_RAD_S, gy * _PER_COUNT_RAD_S, gz * _PER_COUNT_RAD_S),
        )

    def sleep(self) -> None:
        """Stop measuring."""
        self._wire.send(bytes([_PWR_MGMT_1, _AWAKE | 0x40]))
