"""A VL53L0X on a fake bus: pages of registers, calibration, one distance after another."""

from __future__ import annotations

import errno
import time

_PAGE, _RESET, _STOP_VARIABLE = 0xFF, 0xBF, 0x91
_START, _CLEAR, _INTERRUPT, _STATUS, _RANGE = 0x00, 0x0B, 0x13, 0x14, 0x1E
_SEQUENCE, _USUAL_STEPS = 0x01, 0xE8
_SPADS, _PRE_RANGE, _FINAL_RANGE, _PRE_VCSEL, _FINAL_VCSEL = 0x46, 0x51, 0x71, 0x50, 0x70
_BOOT_S = 0.0012
_GOOD_STOP = 0x3C
"""Without the value that it came with it does not measure again and again."""
_ALLOWED = ((0, 0x80), (1, 0x00), (1, _STOP_VARIABLE))
"""What stopping it writes."""


class Vl53l0xModel:
    """`distance_mm` is what it sees; `status` what it thinks of that: 11 is valid.

    `disturbed` says whether it was set up anew while it measured again and again, which its maker forbids.
    """

    def __init__(self, distance_mm: int = 250, period_s: float = 0.01) -> None:
        self.distance_mm = distance_mm
        self.period_s = period_s
        self.status = 11
        self.registers: dict[tuple[int, int], int] = {}
        self.page = self.pointer = 0
        self._next_s: float | None = None
        self._again = False
        self._boots_s = 0.0
        self.disturbed = False
        self.lose_power()

    def lose_power(self) -> None:
        """And get it back: it measures no longer."""
        self.registers = {(0, 0xC0): 0xEE, (0, 0xC1): 0xAA, (0, 0xC2): 0x10, (0, 0x84): 0x10}
        self.registers |= {(0, 0xB0 + i): 0xFF for i in range(6)}
        self.registers |= {(1, _STOP_VARIABLE): _GOOD_STOP, (7, 0x92): 0x80 | 5}
        self.page = 0
        self._next_s, self._again = None, False

    @property
    def measures(self) -> bool:
        """Whether it measures again and again."""
        return self._again

    @property
    def budget_s(self) -> float:
        """What the steps of a measurement may take together, as its maker reckons; with those that are usual."""
        assert self.registers[0, _SEQUENCE] == _USUAL_STEPS
        before, all_before = self._timeout(_PRE_RANGE), self._timeout(_FINAL_RANGE)
        pre_us, final_us = (self._macro_us(vcsel) for vcsel in (_PRE_VCSEL, _FINAL_VCSEL))
        spads_us = (self.registers[0, _SPADS] + 1) * pre_us
        steps_us = (
            2.0 * (spads_us + 690.0) + before * pre_us + 660.0 + (all_before - before) * final_us + 550.0
        )
        return (1910.0 + steps_us + 960.0) * 1e-6

    def _timeout(self, register: int) -> int:
        """In macro periods, a number of its own kind: mantissa and exponent."""
        return (self.registers[0, register + 1] << self.registers[0, register]) + 1

    def _macro_us(self, vcsel: int) -> float:
        """How long a macro period takes: 2304 of the laser's, of so many clocks."""
        return 2304.0 * 1.655e-3 * 2.0 * (self.registers[0, vcsel] + 1)

    def write(self, data: bytes) -> None:
        """Set the pointer, then registers from there on."""
        self._acknowledge()
        if not data:
            return
        self.pointer, *values = data
        for value in values:
            self._set(self.pointer, value)
            self.pointer += 1

    def read(self, count: int) -> bytes:
        """The registers from the pointer on."""
        self._acknowledge()
        self._measure()
        out = bytes(self.registers.get((self.page, self.pointer + i), 0) for i in range(count))
        self.pointer += count
        return out

    def _acknowledge(self) -> None:
        """While it boots it does not answer."""
        if time.monotonic() < self._boots_s:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def _set(self, register: int, value: int) -> None:
        if self.page == 0 and register == _RESET:
            if value == 0:
                self.lose_power()
                self.registers = {}
            elif not self.registers:
                self.lose_power()
                self._boots_s = time.monotonic() + _BOOT_S
        elif not self.registers:
            return
        elif register == _PAGE:
            self.page = value
        elif register == 0x83 and value == 0:
            self.registers[self.page, register] = 1  # the count of its light cells is ready
        elif self.page == 0 and register == _START:
            self._again = bool(value & 0x02) and self.registers[1, _STOP_VARIABLE] == _GOOD_STOP
            self._next_s = time.monotonic() + self.period_s if value & 0x03 else None
        elif self.page == 0 and register == _CLEAR:
            self.registers[0, _INTERRUPT] = 0
            self._next_s = time.monotonic() + self.period_s if self._again else None
        else:
            self.disturbed |= self._again and (self.page, register) not in _ALLOWED
            self.registers[self.page, register] = value

    def _measure(self) -> None:
        if self._next_s is None or time.monotonic() < self._next_s:
            return
        self.registers[0, _INTERRUPT] = 4
        self.registers[0, _STATUS] = self.status << 3
        self.registers[0, _RANGE], self.registers[0, _RANGE + 1] = divmod(self.distance_mm, 256)
