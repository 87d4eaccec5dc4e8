"""The safety room of the firmware, line by line: getting ready, and arming."""

from __future__ import annotations

import pytest
from wormctl_serial import messages as m

from tests.firmware.core import OK, TAKEN, Joint, S, ready_room


def test_arming() -> None:
    room = ready_room()
    assert room.arm() is OK
    assert (room.s.state, room.s.enabled, room.s.live) == (m.State.ARMED, 0xFFF, 0)
    assert room.arm() is OK, "the answer may have been lost"
    assert (room.s.enabled, room.s.ticks, room.s.live) == (0xFFF, 0, 0)
    assert room.arm(joints=1) is m.Result.BUSY
    room.tick(count=S["HOLD_TICKS"])
    assert room.s.state == m.State.HOLD
    assert room.arm() is m.Result.BUSY


def test_what_arming_asks_for() -> None:
    room = ready_room()
    assert room.arm(session=6) is m.Result.NO_SESSION
    assert room.arm(boot_id=8) is m.Result.WRONG_BOOT
    assert room.arm(table=10) is m.Result.WRONG_TABLE
    assert room.arm(joints=0) is m.Result.BAD_VALUE
    assert room.arm(joints=0x1000) is m.Result.BAD_VALUE
    assert room.s.state == m.State.SILENT
    for inputs, result in (
        ({"estop": True}, m.Result.ESTOP_OPEN),
        ({"logic_mv": 6999}, m.Result.LOW_LOGIC),
        ({"servo_mv": 4799}, m.Result.LOW_SERVO),
        ({"logic_mv": 7000, "servo_mv": 4800}, OK),
    ):
        room.setpoint(0, room.s.sequence + 1)
        room.tick(**inputs)
        assert room.arm() is result


@pytest.mark.parametrize("joint", [0, 5, 11])
def test_a_joint_that_is_not_in_the_table_never_moves(joint: int) -> None:
    room = ready_room()
    assert room.set_joint(joint, Joint(False, 1500, 600, -1, 1)) is OK
    room.stream(0, 20, 10)
    assert room.arm() is m.Result.UNCONFIGURED
    others = 0xFFF & ~(1 << joint)
    assert room.arm(joints=others) is OK
    room.stream(300, 30, 60)
    assert [j for j, us in enumerate(room.pulses()) if not us] == [joint]


def test_ready_takes_ten_fresh_setpoints_near_the_pose() -> None:
    room = ready_room()
    room.hello()
    for k in range(9):
        room.setpoint(S["READY_ANGLE"], k)
        room.tick()
    assert room.arm() is m.Result.NOT_READY
    room.setpoint(-S["READY_ANGLE"], 9)
    assert room.arm() is OK


@pytest.mark.parametrize("joint", [0, 5, 11])
@pytest.mark.parametrize("far", [S["READY_ANGLE"] + 1, -S["READY_ANGLE"] - 1, 32_767, -32_767])
def test_a_setpoint_far_from_the_pose_starts_the_count_anew(far: int, joint: int) -> None:
    room = ready_room()
    angles = [0] * 12
    angles[joint] = far
    assert room.setpoint(angles, 50) == TAKEN
    assert room.s.ready == 0
    assert room.arm() is m.Result.NOT_READY


def test_the_count_starts_anew_after_a_pause() -> None:
    room = ready_room()
    room.tick(count=S["HOLD_TICKS"] - 2)
    assert room.s.age == S["HOLD_TICKS"] - 1
    room.setpoint(0, 50)
    assert room.s.ready == S["READY_SETPOINTS"]
    room.tick(count=S["HOLD_TICKS"])
    assert room.arm() is m.Result.NOT_READY, "the newest setpoint is old"
    room.setpoint(0, 51)
    assert room.s.ready == 1


def test_a_setpoint_is_fresh_until_the_joints_would_hold() -> None:
    room = ready_room()
    room.tick(count=S["HOLD_TICKS"] - 2)
    assert room.s.age == S["HOLD_TICKS"] - 1
    assert room.arm() is OK


def test_no_more_joints_get_pulses_once_setpoints_stop() -> None:
    room = ready_room()
    room.arm()
    room.stream(0, 60, 6)
    room.tick(count=S["HOLD_TICKS"] - 1)
    before = room.pulses()
    assert 0 < sum(map(bool, before)) < 12
    for _ in range(60):
        room.tick()
        assert [bool(us) for us in room.pulses()] == [bool(us) for us in before]


def test_joints_get_their_pulses_one_after_another_and_where_they_stand() -> None:
    room = ready_room()
    room.arm()
    seen: list[list[int]] = []
    for k in range(60, 60 + 40):
        room.setpoint(500, k)
        room.tick()
        now = room.pulses()
        for j, us in enumerate(now):
            if us and (not seen or not seen[-1][j]):
                assert us == 1500, "the first pulse is where it stands"
        seen.append(now)
    began = [next(t for t, now in enumerate(seen) if now[j]) for j in range(12)]
    assert began == [j * S["ENABLE_TICKS"] for j in range(12)]
    assert S["ENABLE_TICKS"] * S["TICK_MS"] >= 50


def test_only_the_joints_that_were_armed_get_pulses() -> None:
    room = ready_room()
    assert room.arm(joints=0b100000000001) is OK
    room.stream(200, 60, 50)
    assert [j for j, us in enumerate(room.pulses()) if us] == [0, 11]
