"""The parts of a gamepad by name, where a given one has them, and how far each is pressed. No device here.

Names and codes are those of the kernel's gamepad specification (Documentation/input/gamepad.rst). Drivers older than it
report the lower triggers as ABS_Z and ABS_RZ, others as ABS_BRAKE and ABS_GAS.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from wormctl_poke.js_event import FULL, Kind

_ABS_X, _ABS_Y, _ABS_Z, _ABS_RX, _ABS_RY, _ABS_RZ, _ABS_GAS, _ABS_BRAKE = 0, 1, 2, 3, 4, 5, 9, 10
_HAT0X, _HAT0Y, _HAT1X, _HAT1Y, _HAT2X, _HAT2Y = range(0x10, 0x16)
_SOUTH, _EAST, _NORTH, _WEST = 0x130, 0x131, 0x133, 0x134
_TL, _TR, _TL2, _TR2, _SELECT, _START, _MODE, _THUMBL, _THUMBR = range(0x136, 0x13F)
_DPAD_UP, _DPAD_DOWN, _DPAD_LEFT, _DPAD_RIGHT = range(0x220, 0x224)

Part = Literal["", "+", "-"]
"""Of an axis: all of it, pressed from one end to the other, or from its middle to one end."""

_NUMBERED = re.compile(r"(button|axis) ([0-9]{1,3})([+-]?)")


class Layout(NamedTuple):
    """What a gamepad has: the kernel's codes of its axes and its buttons, by their numbers."""

    axes: tuple[int, ...]
    buttons: tuple[int, ...]


class Control(NamedTuple):
    """One thing to press."""

    kind: Kind
    number: int
    part: Part = ""


USUAL = Layout(
    (_ABS_X, _ABS_Y, _ABS_Z, _ABS_RX, _ABS_RY, _ABS_RZ, _HAT0X, _HAT0Y),
    (_SOUTH, _EAST, _NORTH, _WEST, _TL, _TR, _SELECT, _START, _MODE, _THUMBL, _THUMBR),
)
"""That of the driver xpad: for what does not tell its own."""

_CODES: dict[str, tuple[tuple[Kind, int, Part], ...]] = {
    "south": (("button", _SOUTH, ""),),
    "east": (("button", _EAST, ""),),
    "north": (("button", _NORTH, ""),),
    "west": (("button", _WEST, ""),),
    "left_bumper": (("button", _TL, ""), ("axis", _HAT1Y, "")),
    "right_bumper": (("button", _TR, ""), ("axis", _HAT1X, "")),
    "left_trigger": (
        ("axis", _HAT2Y, ""),
        ("axis", _ABS_BRAKE, ""),
        ("axis", _ABS_Z, ""),
        ("button", _TL2, ""),
    ),
    "right_trigger": (
        ("axis", _HAT2X, ""),
        ("axis", _ABS_GAS, ""),
        ("axis", _ABS_RZ, ""),
        ("button", _TR2, ""),
    ),
    "select": (("button", _SELECT, ""),),
    "start": (("button", _START, ""),),
    "dpad_up": (("button", _DPAD_UP, ""), ("axis", _HAT0Y, "-")),
    "dpad_down": (("button", _DPAD_DOWN, ""), ("axis", _HAT0Y, "+")),
    "dpad_left": (("button", _DPAD_LEFT, ""), ("axis", _HAT0X, "-")),
    "dpad_right": (("button", _DPAD_RIGHT, ""), ("axis", _HAT0X, "+")),
}
NAMES = tuple(_CODES)
_LABELS = {
    "south": "the lower action button (A, cross)",
    "east": "the right action button (B, circle)",
    "north": "the action button called north",
    "west": "the action button called west",
}


def is_control(text: str) -> bool:
    """Whether `text` is one of `NAMES`, `button 3`, `axis 2`, or half an axis, `axis 1-`."""
    if text in _CODES:
        return True
    numbered = _NUMBERED.fullmatch(text)
    return numbered is not None and not (numbered[1] == "button" and numbered[3])


def in_words(text: str) -> str:
    """What to call a control for a person who holds the gamepad."""
    return _LABELS.get(text, text.replace("_", " "))


def find(text: str, layout: Layout) -> Control | None:
    """Where a gamepad of this layout has the control called `text`; None where it has none."""
    if (numbered := _NUMBERED.fullmatch(text)) is not None:
        kind: Kind = "button" if numbered[1] == "button" else "axis"
        number = int(numbered[2])
        part: Part = {"+": "+", "-": "-"}.get(numbered[3], "")  # type: ignore[assignment]
        return Control(kind, number, part) if number < len(_of(layout, kind)) else None
    for kind, code, part in _CODES[text]:
        # Without ABS_RX the right stick is on ABS_Z and ABS_RZ.
        if kind == "axis" and code in (_ABS_Z, _ABS_RZ) and _ABS_RX not in layout.axes:
            continue
        if code in _of(layout, kind):
            return Control(kind, _of(layout, kind).index(code), part)
    return None


def pressed(control: Control, value: int, dead_zone: float) -> float:
    """How far a control that stands at `value` is pressed, 0..1; 0 within the dead zone."""
    if control.kind == "button":
        return 1.0 if value else 0.0
    share = {"": (value + FULL) / (2 * FULL), "+": value / FULL, "-": -value / FULL}[control.part]
    return min(max((share - dead_zone) / (1.0 - dead_zone), 0.0), 1.0)


def _of(layout: Layout, kind: Kind) -> tuple[int, ...]:
    return layout.buttons if kind == "button" else layout.axes
