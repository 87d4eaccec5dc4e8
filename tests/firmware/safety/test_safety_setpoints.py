"""The safety room of the firmware, line by line: what it hears before it is armed: silence, sessions, setpoints."""

from __future__ import annotations

import ctypes
from ctypes import byref

import pytest
from wormctl_serial import messages as m

from tests.firmware.core import OK, OLD, REFUSED, TAKEN, Room, S, armed_room, plain_joint, ready_room

# ---- It starts silent


def test_nothing_moves_before_arming() -> None:
    room = Room()
    assert (room.s.state, room.s.fault, room.s.boot_id) == (m.State.SILENT, m.Fault.NONE, 7)
    room.tick(count=300)
    assert room.pulses() == [0] * 12
    room = ready_room()
    room.stream(500, 100, 50)
    assert room.pulses() == [0] * 12
    assert list(room.s.angle) == [0] * 12


def test_nothing_is_left_of_what_was_in_its_memory() -> None:
    room = Room()
    ctypes.memset(byref(room.s), 0xFF, ctypes.sizeof(room.s))
    room.c.safety_init(byref(room.s), 9)
    assert bytes(room.s) == bytes(Room(boot_id=9).s)


def test_a_new_room_knows_no_setpoint_and_no_session() -> None:
    room = Room()
    assert room.setpoint(0, 1) == REFUSED
    assert room.setpoint(0, 1, session=0) == REFUSED
    assert room.arm() is m.Result.NO_SESSION
    assert room.arm(session=0) is m.Result.NO_SESSION
    assert room.clear(m.Fault.NONE, session=0) is m.Result.NO_SESSION
    assert room.set_joint(0, plain_joint(), session=0) is m.Result.NO_SESSION


# ---- Saying hello


def test_hello() -> None:
    room = Room()
    assert room.hello(0) is m.Result.BAD_VALUE
    assert room.hello(5, m.SCHEMA ^ 1) is m.Result.WRONG_SCHEMA
    assert room.s.session == 0
    assert room.setpoint(0, 1) == REFUSED
    assert room.hello(5) is OK
    assert room.setpoint(0, 1) == TAKEN
    assert room.setpoint(0, 2, session=6) == REFUSED


def test_hello_forgets_what_was_counted_for_the_last_host() -> None:
    room = ready_room()
    assert room.s.ready == S["READY_SETPOINTS"]
    assert room.hello(6) is OK
    assert (room.s.ready, room.s.heard) == (0, False)
    assert room.arm(session=6) is m.Result.NOT_READY
    assert room.setpoint(0, 0, session=6) == TAKEN, "numbers start anew with a session"


def test_while_joints_move_the_session_stays() -> None:
    room = armed_room()
    assert room.hello(6) is m.Result.BUSY
    assert room.hello(5) is OK
    assert room.s.session == 5
    assert room.setpoint(0, 201, session=6) == REFUSED
    assert room.setpoint(0, 201) == TAKEN
    assert room.setpoint(0, 201) == OLD, "saying hello again does not make old numbers new"


def test_a_host_of_another_schema_ends_the_session_of_none_that_moves() -> None:
    room = ready_room()
    assert room.hello(6, 1) is m.Result.WRONG_SCHEMA
    assert room.arm() is m.Result.NO_SESSION


# ---- Setpoints


def test_what_lies_behind_a_setpoint_does_not_matter() -> None:
    room = Room()
    room.hello()
    more = (ctypes.c_int16 * (m.JOINTS + 1))(*[0] * m.JOINTS, m.NO_ANGLE)
    assert room.c.safety_setpoint(byref(room.s), 5, 1, more) == TAKEN


@pytest.mark.parametrize("joint", range(m.JOINTS))
def test_a_number_that_is_none_refuses_the_whole_setpoint(joint: int) -> None:
    room = armed_room()
    angles = [100] * 12
    angles[joint] = m.NO_ANGLE
    age = room.s.age
    assert room.setpoint(angles, 201) == REFUSED
    room.tick()
    assert list(room.s.angle) == [0] * 12
    assert room.s.age == age + 1, "it feeds no dead-man"
    assert room.setpoint(100, 201) == TAKEN, "and uses up no number"


@pytest.mark.parametrize(
    ("last", "number", "taken"),
    [
        (10, 11, TAKEN),
        (10, 10, OLD),
        (10, 9, OLD),
        (0xFFFF, 0, TAKEN),
        (0, 0xFFFF, OLD),
        (0, 0x7FFF, TAKEN),
        (0, 0x8000, OLD),
    ],
)
def test_old_numbers_are_refused(last: int, number: int, taken: int) -> None:
    room = Room()
    room.hello()
    assert room.setpoint(0, last) == TAKEN
    assert room.setpoint(0, number) == taken
    assert room.s.sequence == (number if taken == TAKEN else last)


def test_the_newest_setpoint_of_a_tick_wins() -> None:
    room = armed_room()
    room.setpoint(-500, 201)
    room.setpoint(300, 202)
    room.tick()
    assert list(room.s.angle) == [300] * 12
