"""Messages to bytes and back: COBS around a header, a payload and a CRC. Pure: no line, no clock.

The twin of firmware/src/frame.c; the tests hold the two against each other.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wormctl_serial.messages import BY_NAME, BY_NUMBER, MAX_PAYLOAD, VERSION, Message

_HEADER = struct.Struct("<BBHB")
_CRC = struct.Struct("<H")
_LONGEST = _HEADER.size + MAX_PAYLOAD + _CRC.size
_WIRE_LONGEST = _LONGEST + 1

Value = int | tuple[int, ...]


class Frame(NamedTuple):
    """One message that came over the line, its CRC right."""

    number: int
    sequence: int
    payload: bytes


class Damaged(NamedTuple):
    """Bytes between two zeros that are no frame."""

    size: int


def crc16(data: bytes, crc: int = 0xFFFF) -> int:
    """CRC-16/CCITT-FALSE."""
    return binascii.crc_hqx(data, crc)


def cobs(data: bytes) -> bytes:
    """`data`, shorter than 254 bytes, without a zero in it: COBS (Cheshire and Baker 1999)."""
    out = bytearray()
    for block in data.split(b"\0"):
        out.append(len(block) + 1)
        out += block
    return bytes(out)


def uncobs(wire: bytes) -> bytes | None:
    """What `cobs` was given, or None for what cannot have come from it."""
    out = bytearray()
    at = 0
    while at < len(wire):
        code = wire[at]
        block = wire[at + 1 : at + code]
        if code == 0 or len(block) != code - 1:
            return None
        out += block
        at += code
        if code != 0xFF and at < len(wire):
            out.append(0)
    return bytes(out)


def encode(number: int, sequence: int, payload: bytes) -> bytes:
    """A frame with the zero that ends it. Raises `ValueError` for a payload that is too long."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes: at most {MAX_PAYLOAD}")
    raw = _HEADER.pack(VERSION, number, sequence, len(payload)) + payload
    return cobs(raw + _CRC.pack(crc16(raw))) + b"\0"


def decode(wire: bytes) -> Frame | None:
    """The frame in the bytes between two zeros, or None."""
    if len(wire) > _WIRE_LONGEST:
        return None
    raw = uncobs(wire)
    if raw is None or not _HEADER.size + _CRC.size <= len(raw) <= _LONGEST:
        return None
    version, number, sequence, length = _HEADER.unpack_from(raw)
    if version != VERSION or length != len(raw) - _HEADER.size - _CRC.size:
        return None
    if _CRC.unpack_from(raw, len(raw) - _CRC.size)[0] != crc16(raw[: -_CRC.size]):
        return None
    return Frame(number, sequence, raw[_HEADER.size : -_CRC.size])


class Reader:
    """Takes a stream of bytes apart. What is longer than a frame is dropped while it comes: memory stays bounded."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._too_long = 0

    def feed(self, data: bytes) -> Iterator[Frame | Damaged]:
        """All that ends in `data`, in order. An empty frame is nothing: a zero wakes a line."""
        *ended, rest = data.split(b"\0")
        for piece in ended:
            self._add(piece)
            size = len(self._rest) + self._too_long
            frame = None if self._too_long else decode(bytes(self._rest))
            self._rest.clear()
            self._too_long = 0
            if size:
                yield frame or Damaged(size)
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        room = _WIRE_LONGEST + 1 - len(self._rest)
        self._rest += piece[:room]
        self._too_long += max(0, len(piece) - room)


def pack(message: Message, values: Mapping[str, Value]) -> bytes:
    """The payload of `message`. Raises `ValueError` for a missing or unknown field, or a number that does not fit."""
    flat: list[int] = []
    if values.keys() != {field.name for field in message.fields}:
        raise ValueError(
            f"{message.name} has the fields {[f.name for f in message.fields]}, not {list(values)}"
        )
    for field in message.fields:
        value = values[field.name]
        flat += value if isinstance(value, tuple) else (value,)
    try:
        return message.layout.pack(*flat)
    except struct.error as error:
        raise ValueError(f"{message.name}: {error}") from None


def unpack(message: Message, payload: bytes) -> dict[str, Value] | None:
    """The fields of a payload, or None if its length is another."""
    if len(payload) != message.layout.size:
        return None
    flat = message.layout.unpack(payload)
    out: dict[str, Value] = {}
    at = 0
    for field in message.fields:
        out[field.name] = flat[at] if field.size == 1 else flat[at : at + field.size]
        at += field.size
    return out


def number(values: Mapping[str, Value], name: str) -> int:
    """A field that is one number."""
    value = values[name]
    assert isinstance(value, int)
    return value


def frame(name: str, sequence: int, values: Mapping[str, Value]) -> bytes:
    """A whole frame by the message's name."""
    message = BY_NAME[name]
    return encode(message.number, sequence, pack(message, values))


def read(frame: Frame) -> tuple[str, dict[str, Value]] | None:
    """The name and the fields of what came; None for what this table does not have."""
    message = BY_NUMBER.get(frame.number)
    if message is None:
        return None
    values = unpack(message, frame.payload)
    return None if values is None else (message.name, values)
