"""An ICM-20948 on a fake bus: four banks of registers, of which two are used."""

from __future__ import annotations

import math
import struct

from wormctl_i2c.icm20948 import G_M_S2, SELECT_BANK, Vector

_PWR_MGMT_1, _ACCEL_XOUT_H = (0, 0x06), (0, 0x2D)
_GYRO_CONFIG, _ACCEL_CONFIG = (2, 0x01), (2, 0x14)
_RESET, _SLEEP = 0x80, 0x40


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
