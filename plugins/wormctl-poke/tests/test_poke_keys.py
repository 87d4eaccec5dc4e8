"""Keys from a terminal's bytes, however they come; how long a poke lasts; scripts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from wormctl_poke.keys import ESCAPE_S, KeyDecoder
from wormctl_poke.presses import Presses, Script

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
parameters = st.text(st.sampled_from("0123456789;?"), max_size=5)
sequences = st.one_of(
    st.builds("\x1b[{}{}".format, parameters, st.sampled_from("ABCDFHMPQRSZ~nft")),
    st.builds("\x1bO{}".format, st.sampled_from("ABCDFHPQRSnft")),
    st.builds("\x1b[[{}".format, st.sampled_from("ABCDE")),
    st.builds("\x1b{}".format, st.sampled_from("nft \x7f")),
)
others = st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), max_size=4)
controls = st.sampled_from(["", "\r", "\n", "\t", "\x7f", "\x00"])
pieces = st.lists(st.one_of(printable, sequences, others, controls), max_size=8)


@given(found=pieces, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_printable_keys_are_found_among_sequences_however_the_stream_is_cut(
    found: list[str], cuts: list[int]
) -> None:
    stream = "".join(found).encode()
    decoder, keys, start = KeyDecoder(), "", 0
    for end in [*sorted(cuts), len(stream)]:
        keys += decoder.feed(stream[start : max(start, end)], 1.0)
        start = max(start, end)
    plain = [text for text in found if text.isascii() and text.isprintable()]
    assert keys == "".join(plain).lower()


@given(st.lists(st.tuples(st.binary(max_size=20), st.floats(0.0, 1.0)), max_size=6))
def test_whatever_comes_only_keys_come_out(chunks: list[tuple[bytes, float]]) -> None:
    decoder, now_s = KeyDecoder(), 0.0
    for data, later_s in chunks:
        now_s += later_s
        keys = decoder.feed(data, now_s)
        assert all(" " <= key <= "~" and key == key.lower() for key in keys)
        assert len(keys) <= len(data)


def test_the_escape_key_swallows_no_later_key() -> None:
    decoder = KeyDecoder()
    assert decoder.feed(b"\x1b", 1.0) == ""
    assert decoder.feed(b"n", 1.0 + 2 * ESCAPE_S) == "n"


def test_the_end_key_is_no_f() -> None:
    assert KeyDecoder().feed(b"\x1b[Ff\x1bOF", 0.0) == "f"


def strengths(presses: Presses, ticks: range) -> list[float]:
    return [presses.strength(0, tick * 0.02) for tick in ticks]


@given(tick=st.integers(0, 100_000), length=st.integers(1, 100))
def test_a_poke_lasts_as_long_as_it_says_at_any_time(tick: int, length: int) -> None:
    presses = Presses([2.0], [length * 0.02])
    presses.press(0, tick * 0.02)
    found = strengths(presses, range(tick, tick + length + 3))
    assert found == [2.0] * length + [0.0] * 3


def test_pressed_again_it_lasts_on_without_a_gap() -> None:
    presses = Presses([1.0], [0.1])
    presses.press(0, 0.0)
    presses.press(0, 0.08)
    assert strengths(presses, range(10)) == [1.0] * 9 + [0.0]


def test_pokes_do_not_disturb_each_other() -> None:
    presses = Presses([1.0, 3.0], [0.1, 1.0])
    presses.press(1, 0.0)
    assert [presses.strength(0, 0.0), presses.strength(1, 0.0)] == [0.0, 3.0]


@given(ticks=st.lists(st.integers(0, 40), max_size=6), rate_hz=st.integers(1, 1000))
def test_a_script_presses_at_its_ticks_in_any_order(ticks: list[int], rate_hz: int) -> None:
    period_s = 1.0 / rate_hz
    presses = Presses([1.0], [period_s])
    script = Script([(tick / rate_hz, 0) for tick in ticks])
    for tick in range(45):
        script.play(tick * period_s, presses)
        assert presses.strength(0, tick * period_s) == float(tick in ticks)
