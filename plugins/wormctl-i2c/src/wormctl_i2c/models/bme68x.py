"""A BME688 or BME680 on a fake bus: calibration, heater, one forced measurement at a time."""

from __future__ import annotations

import struct
import time

_RESET, _MODE, _HEATER, _RUN_GAS, _FIELD = 0xE0, 0x74, 0x70, 0x71, 0x1D
_HEAT, _WAIT = 0x5A, 0x64
_HOT_AFTER_MS = 30
_AMBIENT_C = 25.0
_COLD_FACTOR = 4.0
_NEW, _VALID, _STABLE = 0x80, 0x20, 0x10
_CALIBRATION = {
    0x89: struct.pack(
        "<xhbBHhbBhhbbHHhhBBB",
        26357,
        3,
        0,
        36477,
        -10329,
        88,
        0,
        7138,
        -169,
        35,
        30,
        0,
        0,
        -3202,
        -1978,
        30,
        0,
        0,
    )[:25],
    0xE1: bytes([0x3F, 0xBB, 0x30, 0x00, 0x2D, 0x14, 0x78, 0x9C])
    + struct.pack("<Hhbb", 26196, -11700, -24, 18),
    0x00: bytes([0x2D]),
    0x02: bytes([0x10]),
}
_TEMPERATURE, _HUMIDITY, _PRESSURE = 498672, 21000, 0x80000


class Bme68xModel:
    """`resistance_ohm` is that of its metal oxide, but for the first one at a new temperature of its hot plate.

    `hot` says whether the plate gets hot when it is told to, for long enough. The air has 25 degrees.
    """

    def __init__(self, variant: int = 1, measuring_s: float = 0.03) -> None:
        self.variant = variant
        self.measuring_s = measuring_s
        self.resistance_ohm = 50_000.0
        self.hot = True
        self._heated = 0
        self.registers: dict[int, int] = {}
        self.pointer = 0
        self._ready_s: float | None = None
        self.lose_power()

    def lose_power(self) -> None:
        """And get it back."""
        self.registers = {0xD0: 0x61, 0xF0: self.variant, _FIELD: 0x00}
        for first, values in _CALIBRATION.items():
            self.registers.update({first + i: value for i, value in enumerate(values)})
        self._ready_s = None

    @property
    def plate_c(self) -> float:
        """How hot the plate is told to get, in degrees: the datasheet's formula for the register, solved for it."""
        g2, g1, g3 = struct.unpack("<hbb", bytes(self.registers[register] for register in range(0xEB, 0xEF)))
        heat_range, heat_val = self.registers[0x02] >> 4 & 3, self.registers[0x00]
        at_target = (
            (self.registers.get(_HEAT, 0) / 3.4 + 25.0) * (4.0 + heat_range) / 4.0 * (1.0 + 0.002 * heat_val)
        )
        share = (at_target - g3 / 1024.0 * _AMBIENT_C) / (g1 / 16.0 + 49.0) - 1.0
        return float(share / (g2 / 32768.0 * 0.0005 + 0.00235))

    @property
    def heating_ms(self) -> int:
        """How long it is heated before it is measured."""
        wait = self.registers.get(_WAIT, 0)
        return (wait & 0x3F) << 2 * (wait >> 6)

    def write(self, data: bytes) -> None:
        """Pairs of register and value; a register alone sets the pointer."""
        for register, value in zip(data[::2], data[1::2], strict=False):
            if register == _HEAT and value != self.registers.get(_HEAT):
                self._heated = 0
            if register == _RESET and value == 0xB6:
                self.lose_power()
                continue
            self.registers[register] = value
            if register == _MODE and value & 3 == 1:
                self.registers[_FIELD] = 0x00
                self._ready_s = time.monotonic() + self.measuring_s
        if len(data) % 2:
            self.pointer = data[-1]

    def read(self, count: int) -> bytes:
        """The registers from the pointer on."""
        if self._ready_s is not None and time.monotonic() >= self._ready_s:
            self._finish()
        out = bytes(self.registers.get(self.pointer + i, 0) for i in range(count))
        self.pointer += count
        return out

    def _finish(self) -> None:
        self._ready_s = None
        self.registers[_MODE] &= ~3
        heats = self.registers.get(_RUN_GAS, 0) & 0x30 and not self.registers.get(_HEATER, 0) & 0x08
        gas_range, gas = self._gas(self.resistance_ohm * (1.0 if self._heated else _COLD_FACTOR))
        hot = heats and self.hot and self.heating_ms >= _HOT_AFTER_MS
        self._heated += bool(heats)
        flags = (_VALID if heats else 0) | (_STABLE if hot else 0)
        gas_bytes = (gas << 6 | flags | gas_range).to_bytes(2, "big")
        field = (
            bytes([_NEW, 0]) + (_PRESSURE << 4).to_bytes(3, "big") + (_TEMPERATURE << 4).to_bytes(3, "big")
        )
        field += _HUMIDITY.to_bytes(2, "big") + bytes(3)
        field += gas_bytes + bytes(2) if self.variant == 0 else bytes(2) + gas_bytes
        self.registers.update({_FIELD + i: value for i, value in enumerate(field)})

    def _gas(self, resistance_ohm: float) -> tuple[int, int]:
        """The range and the reading that stand for the resistance, by the datasheets' formulas.

        That of the BME680 has corrections of up to a hundredth for each range, which are left out here.
        """
        for gas_range in range(15, -1, -1):
            if self.variant == 1:
                reading = 512.0 + (1e6 * (262144 >> gas_range) / resistance_ohm - 4096.0) / 3.0
            else:
                reading = 512.0 + 1340.0 * (8e6 / 2.0**gas_range / resistance_ohm - 1.0)
            if 0.0 <= reading <= 1023.0:
                return gas_range, round(reading)
        raise ValueError(f"{resistance_ohm} ohm: cannot be measured")
