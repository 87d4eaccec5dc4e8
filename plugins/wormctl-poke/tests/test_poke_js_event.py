"""The events of a joystick: found however the stream is cut, and nothing else is."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st
from wormctl_poke.js_event import EventReader, JsEvent, Kind, encode

kinds: st.SearchStrategy[Kind] = st.sampled_from(["button", "axis"])
events = st.builds(
    JsEvent, kinds, st.integers(0, 255), st.integers(-32768, 32767), st.booleans(), st.integers(0, 2**32 - 1)
)


def test_an_event_as_the_kernel_sends_it() -> None:
    stream = (
        (1000).to_bytes(4, sys.byteorder) + (-32767).to_bytes(2, sys.byteorder, signed=True) + b"\x82\x05"
    )
    assert EventReader().feed(stream) == [JsEvent("axis", 5, -32767, True, 1000)]
    stream = (7).to_bytes(4, sys.byteorder) + (1).to_bytes(2, sys.byteorder, signed=True) + b"\x01\x00"
    assert EventReader().feed(stream) == [JsEvent("button", 0, 1, False, 7)]


@given(sent=st.lists(events, max_size=6), cuts=st.lists(st.integers(0, 50), max_size=6))
def test_events_are_found_however_the_stream_is_cut(sent: list[JsEvent], cuts: list[int]) -> None:
    stream = b"".join(map(encode, sent))
    reader, found, start = EventReader(), [], 0
    for end in [*sorted(cuts), len(stream)]:
        found += reader.feed(stream[start : max(start, end)])
        start = max(start, end)
    assert found == sent


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_are_taken_and_become_events_in_range(chunks: list[bytes]) -> None:
    reader, count = EventReader(), 0
    for chunk in chunks:
        for event in reader.feed(chunk):
            count += 1
            assert event.kind in ("button", "axis")
            assert -32768 <= event.value <= 32767
            assert EventReader().feed(encode(event)) == [event]
    assert count <= sum(map(len, chunks)) // 8


@given(before=events, after=events, kind=st.integers(0, 255).filter(lambda k: k & 0x7F not in (1, 2)))
def test_an_unknown_type_is_left_out_and_loses_no_other(before: JsEvent, after: JsEvent, kind: int) -> None:
    unknown = bytes(6) + bytes([kind, 0])
    assert EventReader().feed(encode(before) + unknown + encode(after)) == [before, after]
