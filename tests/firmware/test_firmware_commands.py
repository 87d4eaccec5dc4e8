"""What each message from a host does, through the firmware's front door: answers, the joint table, what it keeps."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import pytest
from wormctl_serial import messages as m
from wormctl_serial.codec import Frame, Reader, Value, encode, number, pack, read
from wormctl_serial.config import JointTable, table_crc, table_lines

from tests.firmware.core import BoardInputs, Pulses, build

SESSION = 5
JOINTS = (JointTable(centre_us=1490, low_deg=-30.0, high_deg=40.0),) * m.JOINTS


class Firmware:
    """The core, freshly started."""

    def __init__(self, boot_id: int = 3, *, blank: bool = True) -> None:
        self.c = build()
        self.sequence = 0
        self.c.host_break_storage(0)
        if blank:
            self.c.host_erase()
        self.inputs()
        self.c.host_start(boot_id)

    def inputs(self, digital: int = 0, servo_mv: int = 5500, logic_mv: int = 7600) -> None:
        noses = (ctypes.c_uint16 * 2)(1000, 2000)
        self.c.host_inputs(ctypes.byref(BoardInputs(digital, noses, servo_mv, logic_mv)))

    def tick(self, count: int = 1) -> list[int]:
        pulses = Pulses()
        for _ in range(count):
            self.c.host_tick(pulses)
        return list(pulses)

    def raw(self, kind: int, payload: bytes) -> tuple[str, dict[str, Value]]:
        self.sequence += 1
        data, out = encode(kind, self.sequence, payload), ctypes.create_string_buffer(4096)
        count = self.c.host_bytes(data, len(data), out)
        (answer,) = Reader().feed(out.raw[:count])
        assert isinstance(answer, Frame)
        message = read(answer)
        assert message is not None
        assert message[1].get("answers", self.sequence) == self.sequence
        return message

    def say(self, name: str, values: Mapping[str, Value] = {}) -> dict[str, Value]:
        return self.raw(m.BY_NAME[name].number, pack(m.BY_NAME[name], values))[1]

    def hello(self) -> dict[str, Value]:
        return self.say("HELLO", {"session": SESSION, "schema": m.SCHEMA})

    def result(self, name: str, values: Mapping[str, Value] = {}) -> m.Result:
        answer = self.say(name, values)
        assert answer["type"] == m.BY_NAME[name].number
        return m.Result(number(answer, "result"))

    def set_table(self) -> None:
        for line in table_lines(JOINTS):
            assert self.result("SET_JOINT", {"session": SESSION, **line}) is m.Result.OK

    def arm(self) -> m.Result:
        welcome = self.hello()
        for _ in range(10):
            self.say("SETPOINT", {"session": SESSION, "angle": (0,) * m.JOINTS})
            self.tick()
        known = {name: welcome[name] for name in ("boot_id", "table_crc")}
        return self.result("ARM", {"session": SESSION, **known, "joints": 0xFFF})


def test_welcome_says_who_it_is() -> None:
    firmware = Firmware(boot_id=77)
    welcome = firmware.hello()
    assert welcome["schema"] == m.SCHEMA
    assert welcome["joints"] == m.JOINTS
    assert welcome["boot_id"] == 77
    assert m.Capability(number(welcome, "capabilities")) == ~m.Capability(0)
    assert welcome["table_crc"] == table_crc(table_lines(()))


def test_telemetry_tells_what_was_measured_and_counts() -> None:
    firmware = Firmware()
    firmware.inputs(m.Input.CONTACT_TAIL, 5100, 7300)
    firmware.tick(5)
    told = firmware.say("POLL")
    assert (told["inputs"], told["nose"]) == (m.Input.CONTACT_TAIL, (1000, 2000))
    assert (told["servo_mv"], told["logic_mv"], told["state"]) == (5100, 7300, m.State.SILENT)
    before = number(told, "refused")
    told = firmware.say("SETPOINT", {"session": 9, "angle": (0,) * m.JOINTS})
    assert number(told, "refused") == before + 1
    assert number(firmware.say("POLL"), "good") == 3


def test_armed_it_moves_within_its_table_and_stop_ends_it_whoever_asks() -> None:
    firmware = Firmware()
    firmware.hello()
    firmware.set_table()
    assert firmware.arm() is m.Result.OK
    for _ in range(200):
        firmware.say("SETPOINT", {"session": SESSION, "angle": (20_000,) * m.JOINTS})
        pulses = firmware.tick()
    told = firmware.say("POLL")
    assert told["angle"] == (6981,) * m.JOINTS, "40 degrees"
    assert pulses == [1490 + 6981 * 600 // 10_000] * m.JOINTS
    assert firmware.result("STOP") is m.Result.OK
    assert firmware.tick() == [0] * m.JOINTS


def test_the_table_is_told_as_it_was_set_and_outlives_a_power_cut_once_saved() -> None:
    firmware = Firmware()
    firmware.hello()
    firmware.set_table()
    lines = table_lines(JOINTS)
    assert [firmware.say("GET_JOINT", {"joint": j}) for j in range(m.JOINTS)] == lines
    assert firmware.hello()["table_crc"] == table_crc(lines)
    assert Firmware(blank=False).hello()["table_crc"] == table_crc(table_lines(())), "it was not saved"
    firmware = Firmware()
    firmware.hello()
    firmware.set_table()
    assert firmware.result("SAVE_JOINTS", {"session": SESSION}) is m.Result.OK
    assert Firmware(blank=False).hello()["table_crc"] == table_crc(lines)


@pytest.mark.parametrize("at", [0, 5, 60, 119, 120, 121])
def test_a_table_that_memory_has_spoilt_moves_nothing(at: int) -> None:
    firmware = Firmware()
    firmware.hello()
    firmware.set_table()
    firmware.result("SAVE_JOINTS", {"session": SESSION})
    firmware.c.host_spoil(at)
    firmware = Firmware(blank=False)
    firmware.hello()
    assert [firmware.say("GET_JOINT", {"joint": j})["configured"] for j in range(m.JOINTS)] == [0] * m.JOINTS
    assert firmware.arm() is m.Result.UNCONFIGURED


def test_memory_that_keeps_nothing_is_noticed() -> None:
    firmware = Firmware()
    firmware.hello()
    firmware.set_table()
    firmware.c.host_break_storage(1)
    assert firmware.result("SAVE_JOINTS", {"session": SESSION}) is m.Result.STORAGE


def test_saving_is_for_the_host_of_the_session_and_for_joints_at_rest() -> None:
    firmware = Firmware()
    assert firmware.result("SAVE_JOINTS", {"session": 0}) is m.Result.NO_SESSION
    firmware.hello()
    firmware.set_table()
    assert firmware.result("SAVE_JOINTS", {"session": 9}) is m.Result.NO_SESSION
    assert firmware.arm() is m.Result.OK
    assert firmware.result("SAVE_JOINTS", {"session": SESSION}) is m.Result.BUSY
    line = table_lines(JOINTS)[0]
    assert firmware.result("SET_JOINT", {"session": SESSION, **line}) is m.Result.BUSY


@pytest.mark.parametrize(
    "name", [message.name for message in m.MESSAGES if message.number < 0x80 and message.fields]
)
def test_a_payload_of_another_length_does_nothing(name: str) -> None:
    firmware = Firmware()
    message = m.BY_NAME[name]
    for size in (message.layout.size - 1, message.layout.size + 1):
        kind, answer = firmware.raw(message.number, bytes(size))
        assert (kind, answer["result"]) == ("ACK", m.Result.BAD_VALUE)


@pytest.mark.parametrize("kind", [0x00, 0x0B, 0x7F, 0x81, 0xFF])
def test_a_message_that_nobody_knows_is_refused(kind: int) -> None:
    name, answer = Firmware().raw(kind, b"")
    assert (name, answer["type"], answer["result"]) == ("ACK", kind, m.Result.BAD_VALUE)


def test_lines_of_the_table_that_cannot_be_are_refused() -> None:
    firmware = Firmware()
    firmware.hello()
    line = table_lines(JOINTS)[0]
    for change in ({"joint": m.JOINTS}, {"configured": 2}, {"us_per_rad": 0}, {"centre_us": 100}):
        assert firmware.result("SET_JOINT", {"session": SESSION, **line, **change}) is m.Result.BAD_VALUE
    assert firmware.raw(m.BY_NAME["GET_JOINT"].number, bytes([m.JOINTS]))[1]["result"] == m.Result.BAD_VALUE
