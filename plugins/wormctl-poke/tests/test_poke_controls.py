"""Where gamepads have their controls, how far they are pressed, and what the kernel is asked."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_poke.controls import NAMES, USUAL, Control, Layout, find, is_control, pressed
from wormctl_poke.pad import JsPad, describe

DUALSHOCK = Layout(
    (0, 1, 2, 3, 4, 5, 0x10, 0x11),
    (0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x138, 0x139, 0x13A, 0x13B, 0x13C, 0x13D, 0x13E),
)
XBOX_BLUETOOTH = Layout(
    (0, 1, 2, 5, 9, 10, 0x10, 0x11), (0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x13A, 0x13B)
)
SWITCH_PRO = Layout(
    (0, 1, 3, 4, 0x10, 0x11), (0x130, 0x131, 0x133, 0x134, 0x135, 0x136, 0x137, 0x138, 0x139, 0x13A, 0x13B)
)
RIGHT_STICK_ON_Z = Layout(
    (0, 1, 2, 5, 0x10, 0x11), (0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x138, 0x139, 0x13A, 0x13B)
)
BY_THE_BOOK = Layout((0, 1, 3, 4, 0x14, 0x15), (0x130, 0x131, 0x220, 0x221, 0x222, 0x223))


@pytest.mark.parametrize(
    ("layout", "name", "control"),
    [
        (USUAL, "right_trigger", Control("axis", 5)),
        (USUAL, "left_trigger", Control("axis", 2)),
        (USUAL, "south", Control("button", 0)),
        (USUAL, "right_bumper", Control("button", 5)),
        (USUAL, "dpad_up", Control("axis", 7, "-")),
        (DUALSHOCK, "right_trigger", Control("axis", 5)),
        (DUALSHOCK, "left_bumper", Control("button", 4)),
        (XBOX_BLUETOOTH, "right_trigger", Control("axis", 4)),
        (XBOX_BLUETOOTH, "left_trigger", Control("axis", 5)),
        (SWITCH_PRO, "left_trigger", Control("button", 7)),
        (SWITCH_PRO, "right_trigger", Control("button", 8)),
        (RIGHT_STICK_ON_Z, "left_trigger", Control("button", 6)),
        (RIGHT_STICK_ON_Z, "right_trigger", Control("button", 7)),
        (BY_THE_BOOK, "right_trigger", Control("axis", 4)),
        (BY_THE_BOOK, "left_trigger", Control("axis", 5)),
        (BY_THE_BOOK, "dpad_left", Control("button", 4)),
        (BY_THE_BOOK, "start", None),
        (USUAL, "axis 1-", Control("axis", 1, "-")),
        (USUAL, "axis 8", None),
        (USUAL, "button 10", Control("button", 10)),
        (USUAL, "button 11", None),
    ],
)
def test_controls_are_where_drivers_put_them(layout: Layout, name: str, control: Control | None) -> None:
    assert find(name, layout) == control


@given(
    st.one_of(st.text(max_size=12), st.sampled_from(NAMES), st.from_regex(r"(button|axis) [0-9]{1,4}[+-]?"))
)
def test_what_is_a_control_can_be_looked_for(text: str) -> None:
    if is_control(text):
        find(text, USUAL)


@pytest.mark.parametrize(
    "text", ["", "trigger", "button", "button 1+", "axis -1", "axis 1*", "button 1 ", "axis 1\n"]
)
def test_what_is_no_control(text: str) -> None:
    assert not is_control(text)


@pytest.mark.parametrize(
    ("control", "value", "share"),
    [
        (Control("axis", 0), -32767, 0.0),
        (Control("axis", 0), 32767, 1.0),
        (Control("axis", 0), 0, (0.5 - 0.1) / 0.9),
        (Control("axis", 0, "-"), -32767, 1.0),
        (Control("axis", 0, "-"), 32767, 0.0),
        (Control("axis", 0, "+"), 3000, 0.0),
        (Control("button", 0), 1, 1.0),
        (Control("button", 0), 0, 0.0),
    ],
)
def test_how_far_it_is_pressed(control: Control, value: int, share: float) -> None:
    assert pressed(control, value, 0.1) == pytest.approx(share)


@given(
    control=st.sampled_from(
        [Control("axis", 0), Control("axis", 0, "+"), Control("axis", 0, "-"), Control("button", 0)]
    ),
    value=st.integers(-32768, 32767),
    dead_zone=st.floats(0.0, 0.9),
)
def test_it_is_always_a_share(control: Control, value: int, dead_zone: float) -> None:
    assert 0.0 <= pressed(control, value, dead_zone) <= 1.0


def test_the_kernel_is_asked_as_its_header_says() -> None:
    answers = {
        0x80016A11: bytes([2]),
        0x80016A12: bytes([2]),
        0x80806A13: b"Some Gamepad\0",
        0x80406A32: bytes([0, 5, 99]),
        0x84006A34: memoryview(bytearray(6)).cast("H").tobytes(),
    }
    codes = memoryview(bytearray(6)).cast("H")
    codes[0], codes[1], codes[2] = 0x130, 0x139, 0xFFFF
    answers[0x84006A34] = codes.tobytes()

    def ioctl(request: int, answer: bytearray) -> int:
        told = answers[request]
        answer[: len(told)] = told
        return 0

    assert describe(ioctl) == ("Some Gamepad", Layout((0, 5), (0x130, 0x139)))


def test_what_is_no_gamepad_is_gone_at_once(tmp_path: Path) -> None:
    pad = JsPad("/dev/null")
    assert pad.layout == USUAL
    with pytest.raises(OSError, match="No such device") as caught:
        pad.read()
    assert caught.value.errno == errno.ENODEV
    pad.close()
    pad.close()
