"""The firmware's frames against the host's: both sides say and hear the same, on a hundred thousand random messages."""

from __future__ import annotations

import ctypes
import random

from wormctl_serial import messages as m
from wormctl_serial.codec import Frame, Reader, crc16, decode, encode

from tests.firmware.core import build

MESSAGES = 100_000
POLL = m.BY_NAME["POLL"].number


def answers(core: ctypes.CDLL, data: bytes) -> bytes:
    """What the firmware answers to bytes."""
    out = ctypes.create_string_buffer(4096)
    count = core.host_bytes(data, len(data), out)
    return out.raw[:count]


def test_both_sides_write_the_same_bytes() -> None:
    core, rng = build(), random.Random(1)
    wire = ctypes.create_string_buffer(m.MAX_PAYLOAD + 16)
    for _ in range(MESSAGES):
        number, sequence = rng.randrange(256), rng.randrange(0x10000)
        payload = rng.randbytes(rng.randrange(m.MAX_PAYLOAD + 1))
        if rng.random() < 0.5:
            payload = payload.replace(b"\x01", b"\0").replace(b"\x80", b"\0")
        count = core.frame_write(wire, number, sequence, payload, len(payload))
        ours = encode(number, sequence, payload)
        assert wire.raw[:count] == ours
        assert decode(ours[:-1]) == Frame(number, sequence, payload)
        assert core.crc16(0xFFFF, payload, len(payload)) == crc16(payload)


def test_the_firmware_hears_what_the_host_says_and_nothing_else() -> None:
    """Good, damaged and cut frames in one stream: both readers find the same good ones."""
    core, rng = build(), random.Random(2)
    core.host_erase()
    core.host_start(1)
    reader = Reader()
    for _ in range(MESSAGES // 10):
        wire = bytearray(encode(POLL, rng.randrange(0x10000), rng.randbytes(rng.choice([0, 0, 1, 64]))))
        kind = rng.randrange(4)
        if kind == 1:
            wire[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del wire[rng.randrange(len(wire))]
        elif kind == 3:
            wire.insert(rng.randrange(len(wire) + 1), rng.randrange(256))
        wanted = [one.sequence for one in reader.feed(bytes(wire)) if isinstance(one, Frame)]
        heard = [one for one in Reader().feed(answers(core, bytes(wire))) if isinstance(one, Frame)]
        assert [int.from_bytes(one.payload[:2], "little") for one in heard] == wanted
