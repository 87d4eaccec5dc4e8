"""The conversation with the firmware: sessions, sequence numbers, answers, counters. No device of the loop here.

Setpoints go out unacknowledged, the newest wins. Commands are repeated until they are answered.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from wormctl.device import DeviceError
from wormctl_serial.codec import Damaged, Reader, Value, frame, number, read
from wormctl_serial.line import Line
from wormctl_serial.messages import (
    ANGLE_PER_RAD,
    JOINTS,
    NO_ANGLE,
    SAFETY,
    SCHEMA,
    Fault,
    Reset,
    Result,
)
from wormctl_serial.robot_clock import RobotClock

TRIES = 3
ANSWER_S = 0.025
BOOT_S = 3.0
"""How long an Arduino may take from the opening of its port: its bootloader waits for a program first."""
SAVE_S = 2.0
_TICK_S = SAFETY["TICK_MS"][0] * 1e-3
_READY = SAFETY["READY_SETPOINTS"][0]
FIRMWARE = "0.1.0"
"""The firmware that belongs to this host."""

Values = dict[str, Value]


class RefusedError(DeviceError):
    """The firmware said no."""

    def __init__(self, text: str, result: Result) -> None:
        super().__init__(text)
        self.result = result


class Counters(NamedTuple):
    """What went wrong on the line so far, both ways."""

    sent: int
    """Setpoints sent."""
    answered: int
    """Telemetry that came."""
    damaged_here: int
    """Frames from the robot that were not whole."""
    damaged_there: int
    """Frames from here that the firmware found not whole."""
    old: int
    """Setpoints that reached it late or twice."""
    refused: int
    lost: int
    """Bytes that reached it faster than it read them."""
    unsent: int
    """Frames for which the line had no room."""


class Telemetry:
    """The newest that the firmware said of itself, unpacked: the same object every time."""

    def __init__(self) -> None:
        self.came_s = float("-inf")
        """By the line's clock."""
        self.values: Values = {}

    def number(self, name: str) -> int:
        """A field that is one number."""
        return number(self.values, name)

    def numbers(self, name: str) -> tuple[int, ...]:
        """A field that is several."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return value


class Talk:
    """One host's conversation with one robot, over an open line."""

    def __init__(self, line: Line, session: int | None = None) -> None:
        self.line = line
        self.session = session or 1 + secrets.randbelow(0xFFFF)
        self.telemetry = Telemetry()
        self.clock = RobotClock()
        self.welcome: Values | None = None
        self.restarted: str | None = None
        """Why the firmware started anew during the session, if it has."""
        self.damaged_here = self.sent = self.answered = self.unsent = 0
        self._reader = Reader()
        self.sequence = secrets.randbelow(0x10000)
        """Of the newest frame that was sent."""
        self._answers: dict[str, Values] = {}
        self._sent_s: dict[int, float] = {}

    # ---- In a tick: nothing waits

    def listen(self) -> None:
        """Take in what has come. Raises `LineLostError`."""
        data = self.line.read()
        if not data:
            return
        now_s = self.line.now_s()
        for piece in self._reader.feed(data):
            if isinstance(piece, Damaged):
                self.damaged_here += 1
            elif (message := read(piece)) is not None:
                self._heard(*message, now_s)

    def listen_for(self, seconds: float) -> None:
        """Take in what comes within so long. Not in a tick."""
        end_s = self.line.now_s() + seconds
        while (left_s := end_s - self.line.now_s()) > 0.0:
            self.line.wait(left_s)
            self.listen()

    def send_setpoint(self, angle: tuple[int, ...]) -> None:
        """Where the joints shall be, in 0.1 mrad. Raises `ValueError` for what is none, and then sends nothing."""
        if len(angle) != JOINTS or NO_ANGLE in angle:
            raise ValueError(f"a setpoint is {JOINTS} angles, none of them {NO_ANGLE}")
        self._send("SETPOINT", {"session": self.session, "angle": angle})
        self.sent += 1

    def poll(self) -> None:
        """Ask for telemetry."""
        self._send("POLL", {})

    # ---- With time: hello, commands, questions

    def hello(self) -> Values:
        """Open a session; what the firmware says of itself. Raises `DeviceError` if nobody that we know answers."""
        patience_s = BOOT_S if self.line.resets else TRIES * 4 * ANSWER_S
        end_s = self.line.now_s() + patience_s
        self._write(b"\0")  # ends whatever was on its way
        heard = 0
        while self.line.now_s() < end_s:
            sequence = self._send("HELLO", {"session": self.session, "schema": SCHEMA})
            welcome = self._await("WELCOME", {"answers": sequence}, 4 * ANSWER_S)
            if welcome is not None:
                self.welcome, self.restarted = welcome, None
                return welcome
            heard = max(heard, self.damaged_here)
        if heard:
            raise DeviceError(
                f"{self.line.name}: what answers there is no wormctl firmware, or runs at another baud rate: "
                "flash it (firmware/README.md), or set `baud`"
            )
        raise DeviceError(
            f"{self.line.name}: nothing answers there: is the firmware flashed (firmware/README.md), at this baud rate?"
        )

    def command(self, name: str, values: Values, patience_s: float = ANSWER_S) -> None:
        """Have a command done, at most `TRIES` times. Raises `RefusedError`, or `DeviceError` if it is not answered."""
        ack = self.ask(name, values, "ACK", patience_s)
        result = Result(number(ack, "result"))
        if result is not Result.OK:
            raise RefusedError(f"{self.line.name}: {explain(result, self)}", result)

    def ask(
        self,
        name: str,
        values: Values,
        answer: str,
        patience_s: float = ANSWER_S,
        about: Values | None = None,
    ) -> Values:
        """Ask a question, at most `TRIES` times; the answer's fields, of which those in `about` must be so.

        Raises `DeviceError` if there is none.
        """
        for _ in range(TRIES):
            sequence = self._send(name, values)
            found = self._await(answer, {"answers": sequence, **(about or {})}, patience_s)
            if found is not None:
                return found
        raise DeviceError(f"{self.line.name}: does not answer {name} (asked {TRIES} times)")

    def arm(self, angle: tuple[int, ...], joints: int) -> None:
        """Hold `angle` until the firmware believes it, then have `joints`, a bit each, armed. Takes 0.25 s.

        The nonce and the joint table are those of the last hello. Raises `RefusedError`, or `DeviceError`.
        """
        welcome = self.welcome or self.hello()
        for _ in range(_READY + 2):
            self.send_setpoint(angle)
            self.listen_for(_TICK_S)
        known = {name: number(welcome, name) for name in ("boot_id", "table_crc")}
        self.command("ARM", {"session": self.session, **known, "joints": joints})

    def clear(self, fault: Fault) -> None:
        """Have a fault forgotten whose cause has gone; nothing for none. Only for a person's new start.

        Raises `RefusedError`, or `DeviceError`.
        """
        if fault is not Fault.NONE:
            boot_id = number(self.welcome or self.hello(), "boot_id")
            self.command("CLEAR", {"session": self.session, "boot_id": boot_id, "fault": fault})

    def ping_s(self) -> float:
        """How long the shortest question and its answer take."""
        began_s = self.line.now_s()
        self.ask("PING", {}, "PONG")
        return self.line.now_s() - began_s

    def look(self) -> Telemetry:
        """Fresh telemetry. Raises `DeviceError` if none comes."""
        self.ask("POLL", {}, "TELEMETRY")
        return self.telemetry

    def counters(self) -> Counters:
        """What went wrong so far; the firmware's part is as of its newest telemetry."""
        there = self.telemetry.values
        damaged, old, refused, lost = (
            number(there, name) if there else 0 for name in ("damaged", "old", "refused", "lost")
        )
        return Counters(self.sent, self.answered, self.damaged_here, damaged, old, refused, lost, self.unsent)

    # ----

    def _send(self, name: str, values: Values) -> int:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._sent_s[self.sequence] = self.line.now_s()
        if len(self._sent_s) > 64:
            del self._sent_s[next(iter(self._sent_s))]
        self._write(frame(name, self.sequence, values))
        return self.sequence

    def _write(self, data: bytes) -> None:
        if not self.line.write(data):
            self.unsent += 1

    def _await(self, name: str, about: Values, seconds: float) -> Values | None:
        """Listen until such an answer comes, with the fields that `about` says, as far as it has them."""
        end_s = self.line.now_s() + seconds
        self._answers.pop(name, None)
        while True:
            self.listen()
            found = self._answers.pop(name, None)
            if found is not None and all(found.get(field, value) == value for field, value in about.items()):
                return found
            left_s = end_s - self.line.now_s()
            if left_s <= 0.0:
                return None
            self.line.wait(left_s)

    def _heard(self, name: str, values: Values, now_s: float) -> None:
        self._answers[name] = values
        if name == "TELEMETRY":
            self.answered += 1
            self.telemetry.values, self.telemetry.came_s = values, now_s
        elif name == "BOOT" and self.welcome is not None and values["boot_id"] != self.welcome["boot_id"]:
            self.restarted = explain_reset(Reset(number(values, "reset")))
        if "time_us" in values:
            sent_s = self._sent_s.get(number(values, "answers"))
            if sent_s is not None:
                self.clock.add(number(values, "time_us"), sent_s, now_s)


def explain(result: Result, talk: Talk) -> str:
    """What a refusal means, and what to do about it."""
    welcome = talk.welcome or {}
    told = talk.telemetry.values or welcome
    fault = Fault(number(told, "fault")) if told else Fault.NONE
    firmware = welcome.get("firmware", ())
    version = ".".join(map(str, firmware)) if isinstance(firmware, tuple) else "?"
    seen = talk.telemetry.values
    mv = {name: number(seen, name) / 1000 if seen else 0.0 for name in ("logic_mv", "servo_mv")}
    return {
        Result.OK: "done",
        Result.NO_SESSION: "another host talks to this robot, or it has started anew: start again",
        Result.WRONG_SCHEMA: f"its firmware {version} speaks another language: flash firmware {FIRMWARE}",
        Result.WRONG_BOOT: "it has started anew: start again",
        Result.WRONG_TABLE: "its joint table has changed meanwhile: start again",
        Result.FAULTED: f"{explain_fault(fault)}; start again once that is mended",
        Result.ESTOP_OPEN: "the emergency stop is open: release it",
        Result.LOW_LOGIC: f"the pack is at {mv['logic_mv']:.1f} V, which is low: charge it",
        Result.LOW_SERVO: f"the servo rail is at {mv['servo_mv']:.1f} V: switch on the servos' power",
        Result.NOT_READY: "it did not get ten setpoints near its pose in a row: is the line good? `wormctl doctor`",
        Result.UNCONFIGURED: "not all of its joints are set up: `wormctl calibrate`",
        Result.BUSY: "not while its joints move",
        Result.BAD_VALUE: "it does not take such a value",
        Result.OUTSIDE: "a joint stands outside its new limits: straighten the snake, then switch it off and on",
        Result.STORAGE: "its memory does not keep what is written: the joint table will be lost with the power",
    }[result]


def explain_fault(fault: Fault) -> str:
    """What a fault means."""
    return {
        Fault.NONE: "no fault",
        Fault.DEADMAN: "no fresh setpoint reached it in time, so it straightened and switched off",
        Fault.ESTOP: "its emergency stop was opened",
        Fault.LOGIC_VOLTAGE: "its pack ran empty",
        Fault.SERVO_VOLTAGE: "its servo rail broke down",
    }[fault]


def explain_reset(why: Reset) -> str:
    """What started the firmware."""
    words = {
        Reset.POWER: "power came on",
        Reset.PIN: "its reset pin or button",
        Reset.BROWNOUT: "its supply broke down",
        Reset.WATCHDOG: "its watchdog",
    }
    return ", ".join(words[flag] for flag in why) or "why is not known"


def schema_fits(welcome: Values) -> bool:
    """Whether the firmware speaks as this host does."""
    return welcome["schema"] == SCHEMA


def to_angle(rad: float) -> int:
    """An angle as it travels."""
    return round(rad * ANGLE_PER_RAD)
