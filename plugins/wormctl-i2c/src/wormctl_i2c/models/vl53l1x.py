"""A VL53L1X on a fake bus: 16-bit registers, one distance after another."""

from __future__ import annotations

import time

_CONTROL, _INTERRUPT, _CLEAR, _START, _STATUS, _RANGE, _MODEL = 0x30, 0x31, 0x86, 0x87, 0x89, 0x96, 0x010F


class Vl53l1xModel:
    """`distance_mm` is what it sees; `status` what it thinks of that: 9 is valid.

    `disturbed` says whether it was set up anew while it measured again and again.
    """

    def __init__(self, distance_mm: int = 250, period_s: float = 0.02) -> None:
        self.distance_mm = distance_mm
        self.period_s = period_s
        self.status = 9
        self.registers: dict[int, int] = {}
        self.pointer = 0
        self._next_s: float | None = None
        self.disturbed = False
        self.lose_power()

    def lose_power(self) -> None:
        """And get it back: it measures no longer."""
        self.registers = {_MODEL: 0xEA, _MODEL + 1: 0xCC, _MODEL + 2: 0x10, _CONTROL: 0x11, _INTERRUPT: 0x03}
        self._next_s = None

    @property
    def measures(self) -> bool:
        """Whether it measures again and again."""
        return self._next_s is not None

    def write(self, data: bytes) -> None:
        """Set the pointer, then registers from there on."""
        if len(data) < 2:
            return
        self.pointer = int.from_bytes(data[:2], "big")
        for value in data[2:]:
            self.disturbed |= self.measures and self.pointer not in (_CLEAR, _START)
            self.registers[self.pointer] = value
            if self.pointer == _START:
                self._next_s = time.monotonic() + self.period_s if value & 0x40 else None
            elif self.pointer == _CLEAR and value & 1 and self._next_s is not None:
                self._next_s = time.monotonic() + self.period_s
            self.pointer += 1

    def read(self, count: int) -> bytes:
        """The registers from the pointer on."""
        ready = self._next_s is not None and time.monotonic() >= self._next_s
        low_when_ready = self.registers[_CONTROL] >> 4 & 1
        self.registers[_INTERRUPT] = self.registers[_INTERRUPT] & ~1 | (ready ^ low_when_ready)
        if ready:
            self.registers[_STATUS] = self.status
            self.registers[_RANGE], self.registers[_RANGE + 1] = divmod(self.distance_mm, 256)
        out = bytes(self.registers.get(self.pointer + i, 0) for i in range(count))
        self.pointer += count
        return out
