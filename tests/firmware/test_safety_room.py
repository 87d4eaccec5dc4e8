"""The safety room of the firmware, line by line: limits, slew, dead-man, arming, latched faults, voltages."""

from __future__ import annotations

import ctypes
from ctypes import byref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_serial import messages as m

from tests.firmware.core import Joint, Room, armed_room, plain_joint, ready_room

S = {name: value for name, (value, _) in m.SAFETY.items()}
TAKEN, OLD, REFUSED = 0, 1, 2
OK = m.Result.OK


def stream(room: Room, angle: int | list[int], first: int, ticks: int) -> int:
    """A setpoint before every tick; the number after the last."""
    for k in range(first, first + ticks):
        assert room.setpoint(angle, k) == TAKEN
        room.tick()
    return first + ticks


# ---- It starts silent


def test_nothing_moves_before_arming() -> None:
    room = Room()
    assert (room.s.state, room.s.fault, room.s.boot_id) == (m.State.SILENT, m.Fault.NONE, 7)
    room.tick(count=300)
    assert room.pulses() == [0] * 12
    room = ready_room()
    stream(room, 500, 100, 50)
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


# ---- Getting ready, and arming


def test_arming() -> None:
    room = ready_room()
    assert room.arm() is OK
    assert (room.s.state, room.s.enabled, room.s.live) == (m.State.ARMED, 0xFFF, 0)
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
    stream(room, 0, 20, 10)
    assert room.arm() is m.Result.UNCONFIGURED
    others = 0xFFF & ~(1 << joint)
    assert room.arm(joints=others) is OK
    stream(room, 300, 30, 60)
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
    stream(room, 0, 60, 6)
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
    stream(room, 200, 60, 50)
    assert [j for j, us in enumerate(room.pulses()) if us] == [0, 11]


# ---- Slew and limits


def test_slew_after_arming_and_later() -> None:
    room = ready_room()
    room.arm()
    number, before, steps = 60, 0, []
    for _ in range(S["SLOW_TICKS"] + 5):
        room.setpoint(10_000, number)
        room.tick()
        steps.append(room.s.angle[0] - before)
        before, number = room.s.angle[0], number + 1
    assert steps[0] == 0, "no pulse yet"
    assert set(steps[1 : S["SLOW_TICKS"]]) == {S["SLOW_STEP"]} or before == 10_000
    room = armed_room()
    room.setpoint(10_000, 201)
    room.tick()
    assert list(room.s.angle) == [S["SLEW_STEP"]] * 12
    room.setpoint(-10_000, 202)
    room.tick()
    assert list(room.s.angle) == [0] * 12


def test_slow_lasts_two_seconds() -> None:
    room = ready_room()
    room.arm()
    stream(room, 0, 60, S["SLOW_TICKS"] - 1)
    room.setpoint(5000, 900)
    room.tick()
    assert room.s.angle[0] == S["SLOW_STEP"], "the last slow tick"
    room.setpoint(5000, 901)
    room.tick()
    assert room.s.angle[0] == S["SLOW_STEP"] + S["SLEW_STEP"]
    assert S["SLOW_TICKS"] * S["TICK_MS"] == 2000


def test_slow_does_not_come_back() -> None:
    """However long it runs: the count of ticks has 16 bits."""
    room = armed_room()
    number = 201
    for _ in range((0x10000 - 150) // 8):  # it was armed 190 ticks ago: the count is just past its wrap
        room.setpoint(0, number)
        number += 1
        room.tick(count=8)
    room.setpoint(9000, number)
    room.tick()
    assert room.s.angle[0] == S["SLEW_STEP"]


def test_limits_of_the_table_hold_whatever_is_asked() -> None:
    room = ready_room()
    room.set_joint(3, plain_joint(low=-400, high=250))
    stream(room, 0, 40, 10)
    room.arm()
    number = stream(room, 0, 50, 120)
    number = stream(room, 32_767, number, 60)
    assert (room.s.angle[3], room.s.angle[4]) == (250, 10_000)
    stream(room, -32_767, number, 80)
    assert (room.s.angle[3], room.s.angle[4]) == (-400, -10_000)


def test_a_pose_outside_a_new_limit_counts_as_its_edge() -> None:
    room = armed_room()
    stream(room, 5000, 201, 20)
    room.stop()
    assert room.set_joint(0, plain_joint(low=-300, high=300)) is OK
    stream(room, 5000, 300, 10)
    assert room.arm() is OK
    room.setpoint(5000, 320)
    room.tick()
    assert room.pulses()[0] == 1500 + 300 * 600 // 10_000


@pytest.mark.parametrize(
    ("angle", "scale", "us"),
    [
        (10_000, 600, 2100),
        (-10_000, 600, 900),
        (10_000, -600, 900),
        (-5000, -600, 1800),
        (1, 600, 1500),
        (17, 600, 1501),
        (-17, 600, 1499),
    ],
)
def test_pulse_of_an_angle(angle: int, scale: int, us: int) -> None:
    room = armed_room()
    room.s.joint[2].us_per_rad = scale
    stream(room, angle, 201, 20)
    assert room.pulses()[2] == us


# ---- The joint table


def test_a_line_of_the_table() -> None:
    room = Room()
    room.hello()
    assert room.set_joint(11, plain_joint()) is OK
    assert room.s.joint[11].configured
    assert room.set_joint(12, plain_joint()) is m.Result.BAD_VALUE
    assert room.set_joint(0, plain_joint(), session=6) is m.Result.NO_SESSION
    room = ready_room()
    assert room.set_joint(0, plain_joint()) is OK
    stream(room, 0, 40, S["READY_SETPOINTS"] - 1)
    assert room.arm() is m.Result.NOT_READY, "a change of the table starts the count anew"
    assert armed_room().set_joint(0, plain_joint()) is m.Result.BUSY


@pytest.mark.parametrize(
    ("joint", "valid"),
    [
        (Joint(False, 0, 0, 5, -5), True),
        (plain_joint(), True),
        (plain_joint(low=0, high=0), True),
        (plain_joint(low=1), False),
        (plain_joint(high=-1), False),
        (plain_joint(low=-15_708, us_per_rad=200), True),
        (plain_joint(low=-15_709, us_per_rad=200), False),
        (plain_joint(high=15_708, us_per_rad=200), True),
        (plain_joint(high=15_709, us_per_rad=200), False),
        (plain_joint(us_per_rad=199), False),
        (plain_joint(us_per_rad=200), True),
        (plain_joint(us_per_rad=-199), False),
        (plain_joint(us_per_rad=-200), True),
        (plain_joint(us_per_rad=0), False),
        (plain_joint(-8000, 8000, us_per_rad=1200), True),
        (plain_joint(-8000, 8000, us_per_rad=1201), False),
        (plain_joint(-8000, 8000, us_per_rad=-1200), True),
        (plain_joint(-8000, 8000, us_per_rad=-1201), False),
        (plain_joint(-6000, 6000, centre_us=900), True),
        (plain_joint(-6000, 6000, centre_us=899), False),
        (plain_joint(-6000, 6000, centre_us=2100), True),
        (plain_joint(-6000, 6000, centre_us=2101), False),
        (plain_joint(-10_000, 0, centre_us=1100), True),
        (plain_joint(-10_016, 0, centre_us=1100), True),
        (plain_joint(-10_017, 0, centre_us=1100), False),
        (plain_joint(0, 10_016, centre_us=1900), True),
        (plain_joint(0, 10_017, centre_us=1900), False),
        (plain_joint(0, 10_016, centre_us=1100, us_per_rad=-600), True),
        (plain_joint(0, 10_017, centre_us=1100, us_per_rad=-600), False),
        (plain_joint(-10_017, 0, centre_us=1900, us_per_rad=-600), False),
    ],
)
def test_lines_that_can_be_right(joint: Joint, valid: bool) -> None:
    room = Room()
    room.hello()
    assert room.set_joint(0, joint) is (OK if valid else m.Result.BAD_VALUE)
    assert room.s.joint[0].configured == (valid and joint.configured)


# ---- The dead-man


def test_the_deadman() -> None:
    room = armed_room()
    stream(room, -9000, 201, 30)
    room.setpoint(9000, 240)
    moved = []
    for _ in range(S["SILENT_TICKS"]):
        room.tick()
        moved.append((room.s.state, room.s.angle[0], bool(room.pulses()[0])))
    hold, ramp = S["HOLD_TICKS"], S["RAMP_TICKS"]
    assert [state for state, _, _ in moved] == (
        [m.State.ARMED] * (hold - 1)
        + [m.State.HOLD] * (ramp - hold)
        + [m.State.RAMP] * (S["SILENT_TICKS"] - ramp)
    ) + [m.State.SILENT]
    held = moved[hold - 1][1]
    assert {angle for _, angle, _ in moved[hold - 1 : ramp - 1]} == {held}
    ramped = [angle for _, angle, _ in moved[ramp - 1 : -1]]
    assert held == -9000 + (hold - 1) * S["SLEW_STEP"], "it was still on its way"
    assert ramped[:2] == [held + S["SLOW_STEP"], held + 2 * S["SLOW_STEP"]]
    assert [alive for _, _, alive in moved] == [True] * (S["SILENT_TICKS"] - 1) + [False]
    assert room.s.fault == m.Fault.DEADMAN
    # What is said of it: within 200 ms, and 2 s, one more frame of pulses included.
    assert (hold + 1) * S["TICK_MS"] <= 200 < (hold + 2) * S["TICK_MS"]
    assert (S["SILENT_TICKS"] + 1) * S["TICK_MS"] <= 2000


def test_the_ramp_ends_straight_from_either_side() -> None:
    for angle in (1000, -1000):
        room = armed_room()
        stream(room, angle, 201, 20)
        room.tick(count=S["SILENT_TICKS"] - 2)
        assert list(room.s.angle) == [0] * 12
        assert room.s.state == m.State.RAMP


def test_nothing_revives_a_deadman() -> None:
    room = armed_room()
    stream(room, 1000, 201, 20)
    room.tick(count=S["HOLD_TICKS"])
    assert room.s.state == m.State.HOLD
    assert room.setpoint(1000, 300) == REFUSED
    room.tick(count=200)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, m.Fault.DEADMAN)
    assert room.pulses() == [0] * 12
    assert room.arm() is m.Result.FAULTED
    assert room.hello() is OK
    assert room.setpoint(0, 1) == REFUSED
    room.tick(count=200)
    assert room.s.fault == m.Fault.DEADMAN


def test_a_setpoint_in_time_keeps_it_alive() -> None:
    room = armed_room()
    for k in range(201, 260):
        room.setpoint(0, k)
        room.tick(count=S["HOLD_TICKS"] - 1)
        assert room.s.state == m.State.ARMED
    assert room.s.fault == m.Fault.NONE


# ---- E-stop and voltages


def test_the_emergency_stop() -> None:
    room = armed_room()
    room.setpoint(0, 201)
    room.tick(estop=True)
    assert (room.s.state, room.s.fault, room.pulses()) == (m.State.SILENT, m.Fault.ESTOP, [0] * 12)
    room.tick(count=10)
    assert room.arm() is m.Result.FAULTED, "to release it is not to go on"
    room = ready_room()
    room.tick(estop=True)
    assert room.s.fault == m.Fault.NONE, "while nothing moves there is nothing to stop"


@pytest.mark.parametrize(
    ("inputs", "fault", "ticks"),
    [
        ({"logic_mv": S["LOGIC_STOP_MV"] - 1}, m.Fault.LOGIC_VOLTAGE, S["LOGIC_TICKS"]),
        ({"servo_mv": S["SERVO_STOP_MV"] - 1}, m.Fault.SERVO_VOLTAGE, S["SERVO_TICKS"]),
    ],
)
def test_voltages(inputs: dict[str, int], fault: m.Fault, ticks: int) -> None:
    def low(room: Room, number: int, count: int) -> int:
        for k in range(number, number + count):
            room.setpoint(0, k)
            room.tick(**inputs)  # type: ignore[arg-type]
        return number + count

    room = armed_room()
    number = low(room, 201, ticks - 1)
    assert room.s.state == m.State.ARMED
    number = stream(room, 0, number, 1)
    number = low(room, number, ticks - 1)
    assert room.s.state == m.State.ARMED, "it has to be low without a break"
    low(room, number, 1)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, fault)
    assert room.pulses() == [0] * 12


def test_a_voltage_at_its_bound_is_enough() -> None:
    room = armed_room()
    for k in range(201, 260):
        room.setpoint(0, k)
        room.tick(logic_mv=S["LOGIC_STOP_MV"], servo_mv=S["SERVO_STOP_MV"])
    assert room.s.state == m.State.ARMED


def test_arming_again_counts_low_voltage_anew() -> None:
    room = armed_room()
    for k in range(201, 201 + S["SERVO_TICKS"] - 1):
        room.setpoint(0, k)
        room.tick(servo_mv=0, logic_mv=S["LOGIC_STOP_MV"] - 1)
    room.stop()
    stream(room, 0, 300, 10)
    assert room.arm() is OK
    assert (room.s.logic_low, room.s.servo_low) == (0, 0)


def test_the_first_fault_is_the_one_that_is_told() -> None:
    room = armed_room()
    room.tick(count=S["HOLD_TICKS"])
    room.tick(estop=True)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, m.Fault.DEADMAN)


# ---- Stop, and clearing a fault


def test_stop() -> None:
    room = armed_room()
    room.stop()
    assert (room.s.state, room.s.fault, room.s.ready) == (m.State.SILENT, m.Fault.NONE, 0)
    assert room.pulses() == [0] * 12
    stream(room, 0, 300, 5)
    assert room.arm() is m.Result.NOT_READY
    stream(room, 0, 305, 5)
    assert room.arm() is OK
    room.setpoint(0, 320)
    room.tick()
    assert [j for j, us in enumerate(room.pulses()) if us] == [0], "one after another, as the first time"


def test_clearing_a_fault() -> None:
    room = armed_room()
    room.tick(estop=True)
    assert room.clear(m.Fault.ESTOP, session=6) is m.Result.NO_SESSION
    assert room.clear(m.Fault.ESTOP, boot_id=8) is m.Result.WRONG_BOOT
    assert room.clear(m.Fault.DEADMAN) is m.Result.BAD_VALUE
    assert room.clear(m.Fault.ESTOP) is m.Result.ESTOP_OPEN
    assert room.s.fault == m.Fault.ESTOP
    room.tick()
    assert room.clear(m.Fault.ESTOP) is OK
    assert (room.s.fault, room.s.ready) == (m.Fault.NONE, 0)
    assert room.arm() is m.Result.NOT_READY


def test_a_fault_is_not_cleared_while_joints_still_move() -> None:
    room = armed_room()
    room.tick(count=S["RAMP_TICKS"])
    assert room.s.state == m.State.RAMP
    assert room.clear(m.Fault.DEADMAN) is m.Result.BUSY


# ---- Whatever happens

step = st.one_of(
    st.tuples(
        st.just("setpoint"), st.integers(-32_768, 32_767), st.integers(0, 3), st.sampled_from([5, 5, 5, 6])
    ),
    st.tuples(st.just("tick"), st.integers(1, 12)),
    st.tuples(
        st.just("inputs"),
        st.booleans(),
        st.sampled_from([0, 6599, 6600, 7600]),
        st.sampled_from([0, 4799, 5500]),
    ),
    st.tuples(st.just("arm"), st.integers(0, 0xFFFF)),
    st.tuples(st.just("stop")),
    st.tuples(st.just("hello"), st.sampled_from([5, 6])),
    st.tuples(st.just("clear"), st.sampled_from(list(m.Fault))),
    st.tuples(st.just("ready")),
)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(step, max_size=60))
def test_invariants(armed: bool, steps: list[tuple[object, ...]]) -> None:
    """No pulse outside a joint's limits, none but by arming, no jump, and no fault that heals by itself."""
    room = armed_room() if armed else ready_room()
    number = 300
    inputs: dict[str, object] = {}
    allowed = armed
    since = 0
    for kind, *values in steps:
        fault, before = room.s.fault, room.pulses()
        ticks = 0
        if kind == "setpoint":
            angle, ahead, session = values
            number += int(ahead)  # type: ignore[call-overload]
            if room.setpoint(int(angle), number, session=int(session)) == TAKEN:  # type: ignore[call-overload]
                since = 0
        elif kind == "tick":
            ticks = int(values[0])  # type: ignore[call-overload]
        elif kind == "inputs":
            inputs = dict(zip(("estop", "logic_mv", "servo_mv"), values, strict=True))
        elif kind == "arm":
            allowed = room.arm(joints=int(values[0])) is OK or allowed  # type: ignore[call-overload]
        elif kind == "stop":
            room.stop()
        elif kind == "hello":
            room.hello(int(values[0]))  # type: ignore[call-overload]
        elif kind == "clear":
            assert isinstance(values[0], m.Fault)
            if room.clear(values[0]) is OK:
                fault = m.Fault.NONE
        else:
            for _ in range(10):
                number += 1
                if room.setpoint(list(room.s.angle), number) == TAKEN:
                    since = 0
        for _ in range(ticks):
            room.tick(**inputs)  # type: ignore[arg-type]
            since += 1
            now = room.pulses()
            for j in range(m.JOINTS):
                assert now[j] == 0 or 900 <= now[j] <= 2100
                if before[j] and now[j]:
                    assert abs(now[j] - before[j]) <= S["SLEW_STEP"] * 600 / 10_000 + 1
            assert allowed or not any(now)
            assert not (since >= S["SILENT_TICKS"] and any(now))
            before = now
        if room.s.state == m.State.SILENT:
            allowed = False
        assert fault == m.Fault.NONE or room.s.fault == fault
