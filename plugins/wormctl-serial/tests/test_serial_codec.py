"""Frames and messages: what is encoded is decoded, and nothing else is taken for it, however it comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_serial import messages as m
from wormctl_serial.codec import (
    Damaged,
    Frame,
    Reader,
    cobs,
    crc16,
    decode,
    encode,
    frame,
    pack,
    read,
    uncobs,
    unpack,
)

payloads = st.binary(max_size=m.MAX_PAYLOAD)
frames = st.tuples(st.integers(0, 255), st.integers(0, 0xFFFF), payloads)


def test_crc_is_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


@given(st.binary(max_size=253))
def test_cobs_comes_back_and_holds_no_zero(data: bytes) -> None:
    wire = cobs(data)
    assert 0 not in wire
    assert len(wire) == len(data) + 1
    assert uncobs(wire) == data


@given(st.binary(max_size=253).map(lambda data: data.replace(b"\0", b"\1")))
def test_uncobs_takes_nothing_that_cobs_did_not_make(wire: bytes) -> None:
    """Of what can stand between two zeros."""
    data = uncobs(wire)
    assert data is None or not wire or cobs(data) == wire


@given(frames)
def test_a_frame_comes_back(parts: tuple[int, int, bytes]) -> None:
    wire = encode(*parts)
    assert wire[-1] == 0
    assert 0 not in wire[:-1]
    assert decode(wire[:-1]) == Frame(*parts)


@given(frames, st.data())
def test_one_wrong_byte_is_noticed(parts: tuple[int, int, bytes], data: st.DataObject) -> None:
    wire = bytearray(encode(*parts)[:-1])
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(wire)) is None


@given(st.lists(frames, max_size=6), st.lists(st.integers(1, 40), min_size=1))
def test_a_stream_comes_apart_the_same_however_it_is_cut(
    parts: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(encode(*one) for one in parts)
    reader, found, at, turn = Reader(), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += list(reader.feed(stream[at : at + size]))
        at, turn = at + size, turn + 1
    assert found == [Frame(*one) for one in parts]


@given(st.binary(max_size=2000), frames)
def test_after_any_noise_the_next_frame_is_heard(noise: bytes, parts: tuple[int, int, bytes]) -> None:
    reader = Reader()
    found = list(reader.feed(noise + b"\0" + encode(*parts)))
    assert found[-1] == Frame(*parts)


def test_noise_without_an_end_takes_no_memory() -> None:
    reader = Reader()
    for _ in range(1000):
        assert list(reader.feed(b"\x01" * 1000)) == []
    assert list(reader.feed(b"\0")) == [Damaged(1_000_000)]
    assert list(reader.feed(b"\0\0\0")) == []


@pytest.mark.parametrize("message", m.MESSAGES, ids=lambda message: message.name)
def test_every_message_fits_a_frame_and_comes_back(message: m.Message) -> None:
    assert message.layout.size <= m.MAX_PAYLOAD
    values = {f.name: (1 if f.size == 1 else tuple(range(f.size))) for f in message.fields}
    wire = frame(message.name, 7, values)
    found = decode(wire[:-1])
    assert found is not None
    assert read(found) == (message.name, values)
    assert unpack(message, found.payload + b"x") is None


def test_numbers_and_names_are_told_apart() -> None:
    assert len(m.BY_NAME) == len(m.BY_NUMBER) == len(m.MESSAGES)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"joint": 300}, id="too large"),
        pytest.param({"joint": -1}, id="negative"),
        pytest.param({}, id="missing"),
        pytest.param({"joint": 1, "more": 1}, id="unknown"),
    ],
)
def test_what_does_not_fit_a_message_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="GET_JOINT"):
        pack(m.BY_NAME["GET_JOINT"], values)


def test_too_long_a_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="65 bytes: at most 64"):
        encode(1, 1, bytes(65))


def test_what_the_table_does_not_have_is_not_read() -> None:
    assert read(Frame(0x7F, 0, b"")) is None
    assert read(Frame(m.BY_NAME["GET_JOINT"].number, 0, b"xx")) is None
