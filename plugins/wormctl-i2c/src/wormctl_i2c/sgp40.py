"""Sensirion's SGP40: its commands and its checksum. No channel, no idea of clean air.

Datasheet version 1.2. Every command is a 16-bit word; every word of data is followed by its CRC-8. A reply is not
acknowledged before it is ready.
"""

from __future__ import annotations

import time

from wormctl.device import DeviceError
from wormctl_i2c.wire import Wire

TICKS_PER_OCTAVE = 870.0
"""So far the signal falls when ethanol doubles: typical, 710 to 1030."""

_SERIAL_NUMBER = bytes.fromhex("3682")
_FEATURE_SET = bytes.fromhex("202f")
_SELF_TEST = bytes.fromhex("280e")
_HEATER_OFF = bytes.fromhex("3615")
_MEASURE = bytes.fromhex("260f")
_UNCOMPENSATED = (0x8000, 0x6666)
"""50 % and 25 degrees: the chip then leaves its humidity compensation off."""

_PASSED = 0xD4
_SHORT_S, _MEASURING_S, _TESTING_S = 0.01, 0.03, 0.32


def crc8(data: bytes) -> int:
    """Polynomial 0x31, first 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc


def pack(*words: int) -> bytes:
    """Words as they travel."""
    halves = [word.to_bytes(2, "big") for word in words]
    return b"".join(half + bytes([crc8(half)]) for half in halves)


def unpack(data: bytes) -> tuple[int, ...]:
    """The words in `data`. Raises `DeviceError` for a wrong checksum."""
    words = []
    for start in range(0, len(data), 3):
        half, crc = data[start : start + 2], data[start + 2 : start + 3]
        if crc != bytes([crc8(half)]):
            raise DeviceError(
                "sent a wrong checksum: shorten the wires, keep them away from the servos' leads"
            )
        words.append(int.from_bytes(half, "big"))
    return tuple(words)


def probe(wire: Wire) -> str | None:
    """Which of Sensirion's gas sensors answers."""
    try:
        _ask(wire, _SERIAL_NUMBER, 3, _SHORT_S)
        (features,) = _ask(wire, _FEATURE_SET, 1, _SHORT_S)
    except DeviceError:
        return None
    return {0x20: "sgp40", 0x40: "SGP41"}.get(features & 0x1FF)


class Sgp40:
    """The chip, tested and measuring. Raises `DeviceError` if it fails its own test."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        (result,) = _ask(wire, _SELF_TEST, 1, _TESTING_S)
        if result >> 8 != _PASSED:
            raise DeviceError("fails its own test: it is broken, replace it")
        self.ticks()  # by the datasheet the first value is to be thrown away

    def ticks(self) -> int:
        """The raw signal, which goes with the logarithm of the resistance. Keeps the hot plate on. Takes 30 ms."""
        (ticks,) = _ask(self._wire, _MEASURE + pack(*_UNCOMPENSATED), 1, _MEASURING_S)
        return ticks

    def heater_off(self) -> None:
        """Let the hot plate cool."""
        self._wire.send(_HEATER_OFF)


def _ask(wire: Wire, command: bytes, words: int, after_s: float) -> tuple[int, ...]:
    wire.send(command)
    time.sleep(after_s)
    return unpack(wire.receive(3 * words))
