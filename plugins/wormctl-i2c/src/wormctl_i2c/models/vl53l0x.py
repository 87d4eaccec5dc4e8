"""A VL53L0X on a fake bus: pages of registers, calibration, one distance after another."""

from __future__ import annotations

import time

_PAGE = 0xFF
_START, _CLEAR, _INTERRUPT, _STATUS, _RANGE = 0x00, 0x0B, 0x13, 0x14, 0x1E


class Vl53l0xModel:
    """`distance_mm` is what it sees; `status` what it thinks of that: 11 is valid."""

    def __init__(self, distance_mm: int = 250, period_s: float = 0.01) -> None:
        self.distance_mm = distance_mm
        self.period_s = period_s
        self.status = 11
        self.registers: dict[tuple[int, int], int] = {}
        self.page = self.pointer = 0
        self._next_s: float | None = None
        self._again = False
        self.lose_power()

    def lose_power(self) -> None:
        """And get it back: it measures no longer."""
        self.registers = {(0, 0xC0): 0xEE, (0, 0xC1): 0xAA, (0, 0xC2): 0x10, (0, 0x84): 0x10}
        self.registers |= {(0, 0xB0 + i): 0xFF for i in range(6)}
        self.registers |= {(1, 0x91): 0x3C, (7, 0x92): 0x80 | 5}
        self.page = 0
        self._next_s, self._again = None, False

    @property
    def measures(self) -> bool:
        """Whether it measures again and again."""
        return self._again

    def write(self, data: bytes) -> None:
        """Set the pointer, then registers from there on."""
        if not data:
            return
        self.pointer, *values = data
        for value in values:
            self._set(self.pointer, value)
            self.pointer += 1

    def read(self, count: int) -> bytes:
        """The registers from the pointer on."""
        self._measure()
        out = bytes(self.registers.get((self.page, self.pointer + i), 0) for i in range(count))
        self.pointer += count
        return out

    def _set(self, register: int, value: int) -> None:
        if register == _PAGE:
            self.page = value
        elif register == 0x83 and value == 0:
            self.registers[self.page, register] = 1  # the count of its light cells is ready
        elif self.page == 0 and register == _START:
            self._again = bool(value & 0x02)
            self._next_s = time.monotonic() + self.period_s if value & 0x03 else None
        elif self.page == 0 and register == _CLEAR:
            self.registers[0, _INTERRUPT] = 0
            self._next_s = time.monotonic() + self.period_s if self._again else None
        else:
            self.registers[self.page, register] = value

    def _measure(self) -> None:
        if self._next_s is None or time.monotonic() < self._next_s:
            return
        self.registers[0, _INTERRUPT] = 4
        self.registers[0, _STATUS] = self.status << 3
        self.registers[0, _RANGE], self.registers[0, _RANGE + 1] = divmod(self.distance_mm, 256)
