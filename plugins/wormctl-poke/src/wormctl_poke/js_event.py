"""The events of Linux's joystick interface, /dev/input/jsN: bytes in, events out. No device here.

An event has 8 bytes in the machine's own order: a time in ms, a signed 16-bit value, a type, and the number of the
button or axis. Right after opening, and when events were lost, the kernel sends an event of each with INIT set, which
tell how they stand. The kernel promises whole events (Documentation/input/joydev/joystick-api.rst).
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

EVENT = struct.Struct("=IhBB")
FULL = 32767
"""An axis goes from -FULL to FULL, a button is 0 or 1."""

_BUTTON, _AXIS, _INIT = 0x01, 0x02, 0x80

Kind = Literal["button", "axis"]
_KINDS: dict[int, Kind] = {_BUTTON: "button", _AXIS: "axis"}
_TYPES = {kind: number for number, kind in _KINDS.items()}


class JsEvent(NamedTuple):
    """One event."""

    kind: Kind
    number: int
    value: int
    initial: bool = False
    """Whether it tells how something stands, and not that it was moved."""
    time_ms: int = 0


class EventReader:
    """Takes a stream apart, however it is cut. Types that it does not know are left out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[JsEvent]:
        """Take in `data`; the events that are whole now."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        return [
            JsEvent(_KINDS[kind & ~_INIT], number, value, bool(kind & _INIT), time_ms)
            for time_ms, value, kind, number in EVENT.iter_unpack(data[:whole])
            if kind & ~_INIT in _KINDS
        ]


def encode(event: JsEvent) -> bytes:
    """The event as the kernel would send it; for tests and for emulating a gamepad."""
    kind = _TYPES[event.kind] | (_INIT if event.initial else 0)
    return EVENT.pack(event.time_ms, event.value, kind, event.number)
