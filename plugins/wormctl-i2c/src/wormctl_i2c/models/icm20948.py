"""An ICM-20948 on a fake bus: four banks of registers, of which two are used."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from wormctl_i2c.icm20948 import G_M_S2, SELECT_BANK, Vector

_PWR_MGMT_1, _ACCEL_XOUT_H = (0, 0x06), (0, 0x2D)
_GYRO_CONFIG, _ACCEL_CONFIG = (2, 0x01), (2, 0x14)
_GYRO_DIVIDER, _ACCEL_DIVIDER_H, _ACCEL_DIVIDER = (2, 0x00), (2, 0x10), (2, 0x11)
_RESET, _SLEEP = 0x80, 0x40
_GYRO_LOW_PASS_HZ = (196.6, 151.8, 119.5, 51.2, 23.9, 11.6, 5.7, 361.4)
_ACCEL_LOW_PASS_HZ = (246.0, 246.0, 111.4, 50.4, 23.9, 11.5, 5.7, 473.0)


class Pace(NamedTuple):
    """How one of its two sensors is set."""

    rate_hz: float
    low_pass_hz: float
    """Its 3 dB bandwidth."""
    full_scale: float
    """g, or degrees/s."""


class Icm20948Model:
    """`acceleration_m_s2` and `rate_rad_s` are what it feels. It sleeps until it is told to wake, and after a reset."""

    def __init__(self, identity: int = 0xEA) -> None:
        self.identity = identity
        self.acceleration_m_s2: Vector = (0.0, 0.0, G_M_S2)
        self.rate_rad_s: Vector = (0.0, 0.0, 0.0)
        self.registers: dict[tuple[int, int], int] = {}
        self.bank = self.pointer = 0
        self.lose_power()

    def lose_power(self) -> None:
        """And get it back: all settings are as they are when it is switched on."""
        self.registers = {
            (0, 0x00): self.identity,
            _PWR_MGMT_1: _SLEEP | 0x01,
            _GYRO_CONFIG: 0x01,
            _ACCEL_CONFIG: 0x01,
        }
        self.bank = 0

    @property
    def gyroscope(self) -> Pace:
        """By the tables of the datasheet."""
        config = self.registers[_GYRO_CONFIG]
        low_pass_hz = _GYRO_LOW_PASS_HZ[config >> 3 & 7] if config & 1 else math.inf
        return Pace(
            1100.0 / (1 + self.registers[_GYRO_DIVIDER]), low_pass_hz, 250.0 * 2.0 ** (config >> 1 & 3)
        )

    @property
    def accelerometer(self) -> Pace:
        """The same."""
        config = self.registers[_ACCEL_CONFIG]
        divider = (self.registers[_ACCEL_DIVIDER_H] & 0x0F) << 8 | self.registers[_ACCEL_DIVIDER]
        low_pass_hz = _ACCEL_LOW_PASS_HZ[config >> 3 & 7] if config & 1 else math.inf
        return Pace(1125.0 / (1 + divider), low_pass_hz, 2.0 * 2.0 ** (config >> 1 & 3))

    def write(self, data: bytes) -> None:
        """Set the pointer, then registers from there on."""
        self.pointer, *values = data
        for value in values:
            if self.pointer == SELECT_BANK:
                self.bank = value >> 4 & 3
            elif (self.bank, self.pointer) == _PWR_MGMT_1 and value & _RESET:
                self.lose_power()
            else:
                self.registers[self.bank, self.pointer] = value
            self.pointer += 1

    def read(self, count: int) -> bytes:
        """The registers from the pointer on."""
        self._measure()
        self.registers[self.bank, SELECT_BANK] = self.bank << 4
        out = bytes(self.registers.get((self.bank, self.pointer + i), 0) for i in range(count))
        self.pointer += count
        return out

    def _measure(self) -> None:
        if self.registers[_PWR_MGMT_1] & _SLEEP:
            return
        per_g = 16384 >> (self.registers[_ACCEL_CONFIG] >> 1 & 3)
        per_degree = (131.0, 65.5, 32.8, 16.4)[self.registers[_GYRO_CONFIG] >> 1 & 3]
        counts = [_clip(a / G_M_S2 * per_g) for a in self.acceleration_m_s2]
        counts += [_clip(math.degrees(w) * per_degree) for w in self.rate_rad_s]
        bank, first = _ACCEL_XOUT_H
        for i, value in enumerate(struct.pack(">6h", *counts)):
            self.registers[bank, first + i] = value


def _clip(value: float) -> int:
    return round(min(max(value, -32768.0), 32767.0))
