"""Every message between the host and the microcontroller, and every number both must agree on: the only table of them.

`header.py` writes the C side from it. Standard library only, so that `make` needs nothing but Python.
Both sides carry a hash of all of this and refuse to arm if the hashes differ.
"""

from __future__ import annotations

import enum
import struct
import zlib
from typing import NamedTuple

VERSION = 1
"""Of the frame around a message, its first byte. What is inside is covered by `SCHEMA`."""

JOINTS = 12
MAX_PAYLOAD = 64
ANGLE_PER_RAD = 10_000
"""Angles travel as 16-bit integers in units of 0.1 mrad."""
NO_ANGLE = -32_768
"""Stands for a number that is none; a setpoint that holds it is refused whole."""
NOSE_FULL = 64 * 1023
"""What a nose reads at the reference voltage: the sum of 64 conversions of 10 bits."""

SIZES = {"u8": "B", "i16": "h", "u16": "H", "u32": "I"}


class Field(NamedTuple):
    """One number of a message, or `size` of them."""

    name: str
    kind: str
    doc: str
    size: int = 1


class Message(NamedTuple):
    """One message; its fields follow one another, little end first, without gaps."""

    name: str
    number: int
    doc: str
    fields: tuple[Field, ...]

    @property
    def layout(self) -> struct.Struct:
        """How it lies in a payload."""
        return struct.Struct("<" + "".join(f"{f.size}{SIZES[f.kind]}" for f in self.fields))


class State(enum.IntEnum):
    """What the outputs are doing."""

    SILENT = 0
    """No pulses."""
    ARMED = 1
    """The joints follow setpoints, one more of them every `ENABLE_MS` until all do."""
    HOLD = 2
    """No fresh setpoint came: the joints stand still."""
    RAMP = 3
    """Still none: the joints straighten slowly, then the pulses end."""


class Fault(enum.IntEnum):
    """Why the firmware refuses to move, until it is cleared by a person or starts anew."""

    NONE = 0
    DEADMAN = 1
    """No fresh setpoint came in time."""
    ESTOP = 2
    """The emergency stop was opened."""
    LOGIC_VOLTAGE = 3
    """The pack that feeds the logic is nearly empty."""
    SERVO_VOLTAGE = 4
    """The servo rail broke down."""


class Result(enum.IntEnum):
    """The answer to a command."""

    OK = 0
    NO_SESSION = 1
    """The sender has not said hello since the firmware started, or another host has since."""
    WRONG_SCHEMA = 2
    WRONG_BOOT = 3
    """The nonce is not that of this start of the firmware."""
    WRONG_TABLE = 4
    """The joint table is not the one the host knows."""
    FAULTED = 5
    ESTOP_OPEN = 6
    LOW_LOGIC = 7
    LOW_SERVO = 8
    NOT_READY = 9
    """Fewer than `READY_SETPOINTS` fresh setpoints near the present pose, or they are old."""
    UNCONFIGURED = 10
    """A joint that is to move is not in the table."""
    BUSY = 11
    """Not while pulses are on."""
    BAD_VALUE = 12
    STORAGE = 13
    """The table could not be kept."""
    OUTSIDE = 14
    """The servo stands outside the new limits: its first pulse would be a jump."""


class Capability(enum.IntFlag):
    """What the firmware has."""

    ESTOP = 1
    LOGIC_VOLTAGE = 2
    SERVO_VOLTAGE = 4
    NOSES = 8
    CONTACTS = 16
    WATCHDOG = 32
    STORAGE = 64


class Input(enum.IntFlag):
    """The digital inputs, as telemetry shows them."""

    ESTOP_OPEN = 1
    CONTACT_HEAD = 2
    CONTACT_TAIL = 4


class Reset(enum.IntFlag):
    """Why the microcontroller started."""

    POWER = 1
    PIN = 2
    BROWNOUT = 4
    WATCHDOG = 8


SAFETY: dict[str, tuple[int, str]] = {
    "TICK_MS": (20, "how often the safety code runs, and the period of the servo pulses"),
    "HOLD_TICKS": (
        9,
        "ticks without a fresh setpoint until the joints hold: by 200 ms, one more frame of pulses included",
    ),
    "RAMP_TICKS": (25, "until they begin to straighten: 0.5 s"),
    "SILENT_TICKS": (95, "until the pulses end: by 2 s, one more frame included"),
    "SLEW_STEP": (615, "largest change of an angle in a tick: 176 degrees/s; rounded to whole us below 180"),
    "SLOW_STEP": (104, "the same in the first seconds after arming, and on the ramp: 30 degrees/s"),
    "SLOW_TICKS": (100, "for how long after arming: 2 s"),
    "ENABLE_TICKS": (3, "from one joint to the next when arming: at least 50 ms"),
    "READY_SETPOINTS": (10, "fresh setpoints near the present pose before arming"),
    "READY_ANGLE": (873, "how near: 5 degrees"),
    "LOGIC_WARN_MV": (7000, "a pack of two cells that should be charged soon: no arming below it"),
    "LOGIC_STOP_MV": (6600, "and that must not be used any longer"),
    "LOGIC_TICKS": (25, "for so long: 0.5 s"),
    "SERVO_STOP_MV": (4800, "the servo rail breaks down"),
    "SERVO_TICKS": (5, "for so long: 100 ms"),
    "PULSE_MIN_US": (500, "no pulse is ever shorter"),
    "PULSE_MAX_US": (2500, "or longer"),
    "ANGLE_MAX": (15_708, "no joint bends further: 90 degrees"),
    "CENTRE_MIN_US": (900, "the pulse of a straight joint is not shorter"),
    "CENTRE_MAX_US": (2100, "or longer"),
    "SCALE_MIN": (200, "pulse for a radian in us, either way: not less"),
    "SCALE_MAX": (1200, "and not more"),
    "WATCHDOG_MS": (250, "a microcontroller that hangs starts anew after it"),
}
"""What the firmware holds to, whatever the host says. Angles in units of 0.1 mrad."""

_SESSION = Field("session", "u16", "which host is talking: drawn at random, told in `HELLO`")
_BOOT = Field("boot_id", "u32", "which start of the firmware this is")
_TABLE = Field("table_crc", "u16", "of the joint table in use")
_STATE = (Field("state", "u8", "`State`"), Field("fault", "u8", "`Fault`"))
_JOINT = (
    Field("joint", "u8", "which joint, head first"),
    Field("configured", "u8", "1 if it may move, else 0"),
    Field("centre_us", "u16", "the pulse of the straight joint"),
    Field(
        "us_per_rad",
        "i16",
        "how the pulse grows with the angle; negative for a servo that turns the other way",
    ),
    Field("low", "i16", "the smallest angle"),
    Field("high", "i16", "the largest angle"),
)

MESSAGES = (
    Message(
        "HELLO",
        0x01,
        "opens a session; answered by WELCOME",
        (_SESSION, Field("schema", "u32", "the host's hash")),
    ),
    Message(
        "SETPOINT",
        0x02,
        "where the joints shall be; the newest wins; answered by TELEMETRY",
        (_SESSION, Field("angle", "i16", "of every joint", JOINTS)),
    ),
    Message("POLL", 0x03, "answered by TELEMETRY; feeds no dead-man", ()),
    Message(
        "ARM",
        0x04,
        "enables joints where they stand; answered by ACK",
        (_SESSION, _BOOT, _TABLE, Field("joints", "u16", "a bit for each joint that shall move")),
    ),
    Message("STOP", 0x05, "ends all pulses at once, whoever asks; answered by ACK", ()),
    Message(
        "CLEAR", 0x06, "forgets a fault whose cause has gone; answered by ACK", (_SESSION, _BOOT, _STATE[1])
    ),
    Message("SET_JOINT", 0x07, "changes one line of the joint table; answered by ACK", (_SESSION, *_JOINT)),
    Message("GET_JOINT", 0x08, "answered by JOINT", (_JOINT[0],)),
    Message("SAVE_JOINTS", 0x09, "keeps the joint table over a power cut; answered by ACK", (_SESSION,)),
    Message("PING", 0x0A, "answered by PONG; feeds no dead-man", ()),
    Message(
        "WELCOME",
        0x81,
        "who the firmware is",
        (
            Field("schema", "u32", "the firmware's hash"),
            Field("firmware", "u8", "its version: major, minor, patch", 3),
            Field("joints", "u8", "servo outputs"),
            Field("capabilities", "u16", "`Capability`"),
            _TABLE,
            _BOOT,
            Field("reset", "u8", "`Reset`"),
            *_STATE,
        ),
    ),
    Message(
        "TELEMETRY",
        0x82,
        "what the firmware sees and does",
        (
            Field("answers", "u16", "the sequence number of the frame it answers"),
            Field("time_us", "u32", "the firmware's clock; wraps"),
            *_STATE,
            Field("inputs", "u8", "`Input`"),
            Field("setpoint", "u16", "the sequence number of the newest setpoint that was taken"),
            Field("angle", "i16", "what the pulses say, after all limits", JOINTS),
            Field("nose", "u16", "left and right, of `NOSE_FULL`", 2),
            Field("servo_mv", "u16", "the servo rail"),
            Field("logic_mv", "u16", "the pack that feeds the logic"),
            Field("good", "u16", "frames taken in; wraps, as the next do"),
            Field("damaged", "u16", "frames that were not whole"),
            Field("old", "u16", "setpoints that came late or twice"),
            Field("refused", "u16", "setpoints and commands that were refused"),
            Field("lost", "u16", "bytes that came faster than they were read"),
        ),
    ),
    Message(
        "ACK",
        0x83,
        "the answer to a command",
        (
            Field("answers", "u16", "the sequence number of the command"),
            Field("type", "u8", "the number of the command"),
            Field("result", "u8", "`Result`"),
        ),
    ),
    Message("JOINT", 0x84, "one line of the joint table", _JOINT),
    Message(
        "PONG",
        0x86,
        "how long the line is, and what the clock says",
        (
            Field("answers", "u16", "the sequence number of the ping"),
            Field("time_us", "u32", "the firmware's clock; wraps"),
        ),
    ),
    Message("BOOT", 0x85, "sent once, when the firmware starts", (_BOOT, Field("reset", "u8", "`Reset`"))),
)

BY_NAME = {message.name: message for message in MESSAGES}
BY_NUMBER = {message.number: message for message in MESSAGES}
ENUMS: tuple[type[enum.IntEnum] | type[enum.IntFlag], ...] = (State, Fault, Result, Capability, Input, Reset)
CONSTANTS = {
    "VERSION": VERSION,
    "JOINTS": JOINTS,
    "MAX_PAYLOAD": MAX_PAYLOAD,
    "ANGLE_PER_RAD": ANGLE_PER_RAD,
    "NO_ANGLE": NO_ANGLE,
    "NOSE_FULL": NOSE_FULL,
}


def _canonical() -> str:
    """All that both sides must agree on, as text; documentation aside."""
    lines = [f"{name}={value}" for name, value in CONSTANTS.items()]
    lines += [f"{name}={value}" for name, (value, _) in SAFETY.items()]
    lines += [f"{kind.__name__}.{one.name}={one.value}" for kind in ENUMS for one in kind]
    lines += [
        f"{m.name}={m.number}:" + ",".join(f"{f.name}/{f.kind}/{f.size}" for f in m.fields) for m in MESSAGES
    ]
    return "\n".join(lines)


SCHEMA = zlib.crc32(_canonical().encode())
"""The hash of it."""
