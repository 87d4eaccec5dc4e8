"""The fakes' protocols: as the makers' manuals write them, whatever the line does to the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_bus_servo.fake import Dynamixel2, Feetech, Instruction, Protocol
from wormctl_bus_servo.fake.packets import crc16, inverted_sum

instructions = st.builds(Instruction, st.integers(0, 252), st.integers(1, 0x83), st.binary(max_size=30))


def encode(protocol: Protocol, one: Instruction) -> bytes:
    """The packet of a host."""
    if isinstance(protocol, Feetech):
        body = bytes([one.servo, len(one.params) + 2, one.code]) + one.params
        return b"\xff\xff" + body + bytes([inverted_sum(body)])
    body = (bytes([one.code]) + one.params).replace(b"\xff\xff\xfd", b"\xff\xff\xfd\xfd")
    packet = b"\xff\xff\xfd\x00" + bytes([one.servo]) + (len(body) + 2).to_bytes(2, "little") + body
    return packet + crc16(packet).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("protocol", "packet", "wanted"),
    [
        (Feetech, "FF FF 01 02 01 FB", Instruction(1, 0x01, b"")),
        (Feetech, "FF FF 01 04 02 38 02 BE", Instruction(1, 0x02, b"\x38\x02")),
        (Dynamixel2, "FF FF FD 00 01 03 00 01 19 4E", Instruction(1, 0x01, b"")),
        (Dynamixel2, "FF FF FD 00 01 07 00 02 84 00 04 00 1D 15", Instruction(1, 0x02, b"\x84\x00\x04\x00")),
        (
            Dynamixel2,
            "FF FF FD 00 FE 09 00 82 84 00 04 00 01 02 CE FA",
            Instruction(0xFE, 0x82, b"\x84\x00\x04\x00\x01\x02"),
        ),
    ],
)
def test_a_packet_as_its_maker_writes_it(protocol: type[Protocol], packet: str, wanted: Instruction) -> None:
    assert [one for one, _ in protocol().feed(bytes.fromhex(packet))] == [wanted]


def test_an_answer_as_its_maker_writes_it() -> None:
    assert Feetech().status(1, 0, b"") == bytes.fromhex("FF FF 01 02 00 FC")
    assert Feetech().status(1, 0, b"\x18\x05") == bytes.fromhex("FF FF 01 04 00 18 05 DD")
    pong = "FF FF FD 00 01 07 00 55 00 06 04 26 65 5D"
    assert Dynamixel2().status(1, 0, b"\x06\x04\x26") == bytes.fromhex(pong)


@pytest.mark.parametrize("protocol", [Feetech, Dynamixel2])
@given(wanted=st.lists(instructions, min_size=1, max_size=4), cuts=st.lists(st.integers(0, 150), max_size=6))
def test_instructions_are_found_however_the_stream_is_cut(
    protocol: type[Protocol], wanted: list[Instruction], cuts: list[int]
) -> None:
    bus = protocol()
    stream = b"".join(encode(bus, one) for one in wanted)
    found, start = [], 0
    for end in [*sorted(cuts), len(stream)]:
        found += [one for one, _ in bus.feed(stream[start : max(start, end)])]
        start = max(start, end)
    assert found == wanted


@pytest.mark.parametrize("protocol", [Feetech, Dynamixel2])
@given(one=instructions, at=st.integers(0, 60), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_obeyed(protocol: type[Protocol], one: Instruction, at: int, bit: int) -> None:
    bus = protocol()
    packet = bytearray(encode(bus, one))
    packet[at % len(packet)] ^= 1 << bit
    assert one not in [found for found, _ in bus.feed(bytes(packet))]
