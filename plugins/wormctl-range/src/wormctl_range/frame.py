"""The frames of Benewake's TF-Luna and TFmini rangers: bytes in, readings out. No port, no clock.

A frame has 9 bytes, 100 times a second at 115200 baud: 0x59 0x59, distance in cm, signal strength, one more
word (the chip's temperature), each low byte first, and the low byte of the sum of the first eight.
"""

from __future__ import annotations

from typing import NamedTuple

FRAME_BYTES = 9
WEAKEST = 100
"""Below this signal strength the maker calls a distance unreliable; so is a saturated one."""
SATURATED = 0xFFFF

_HEAD = b"\x59\x59"


class Reading(NamedTuple):
    """One frame."""

    distance_m: float
    strength: int

    @property
    def reliable(self) -> bool:
        """Whether there was an echo to measure."""
        return WEAKEST <= self.strength < SATURATED


class FrameReader:
    """Finds frames in a stream of bytes that may start anywhere, lose bytes and carry noise."""

    def __init__(self) -> None:
        self.rejected = 0
        """Frames with a wrong checksum."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Reading | None:
        """Take in `data`; the newest whole frame in it, if there is one."""
        buffer = self._buffer
        buffer += data
        newest = None
        while (start := buffer.find(_HEAD)) >= 0:
            del buffer[:start]
            if len(buffer) < FRAME_BYTES:
                return newest
            if sum(buffer[: FRAME_BYTES - 1]) & 0xFF != buffer[FRAME_BYTES - 1]:
                self.rejected += 1
                del buffer[0]  # the head may have been part of a value
                continue
            distance_cm = buffer[2] | buffer[3] << 8
            newest = Reading(distance_cm / 100.0, buffer[4] | buffer[5] << 8)
            del buffer[:FRAME_BYTES]
        # Half a head may stand at the end.
        del buffer[: len(buffer) - buffer.endswith(_HEAD[:1])]
        return newest


def encode(distance_m: float, strength: int, temperature: int = 0) -> bytes:
    """The frame a sensor would send; for tests and for emulating one."""
    words = (round(distance_m * 100.0), strength, temperature)
    body = _HEAD + b"".join(word.to_bytes(2, "little") for word in words)
    return body + bytes([sum(body) & 0xFF])
