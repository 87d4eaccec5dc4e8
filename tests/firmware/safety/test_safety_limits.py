"""The safety room of the firmware, line by line: slew, limits, pulse widths and the joint table."""

from __future__ import annotations

import pytest
from wormctl_serial import messages as m

from tests.firmware.core import OK, Joint, Room, S, armed_room, plain_joint, ready_room

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
    room.stream(0, 60, S["SLOW_TICKS"] - 1)
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
    room.stream(0, 40, 10)
    room.arm()
    number = room.stream(0, 50, 120)
    number = room.stream(32_767, number, 60)
    assert (room.s.angle[3], room.s.angle[4]) == (250, 10_000)
    room.stream(-32_767, number, 80)
    assert (room.s.angle[3], room.s.angle[4]) == (-400, -10_000)


def stopped_room(angle: int) -> Room:
    """All joints stand at `angle`, without pulses."""
    room = armed_room()
    room.stream(angle, 201, 60)
    assert set(room.pulses()) == {1500 + angle * 600 // 10_000}
    room.stop()
    return room


@pytest.mark.parametrize(
    ("joint", "angle"),
    [
        (plain_joint(centre_us=1500), 5000),
        (plain_joint(centre_us=1800), 0),
        (plain_joint(centre_us=1700), 1666),
        (plain_joint(centre_us=1700, us_per_rad=-600), -1666),
        (plain_joint(us_per_rad=-300), -10_000),
        (plain_joint(-3000, 3000, centre_us=1980), -3000),
        (plain_joint(-3000, 3000, centre_us=1985), -3083),
        (plain_joint(-3000, 3000, centre_us=1620), 3000),
        (plain_joint(-3000, 3000, centre_us=1615), 3083),
    ],
)
def test_a_servo_stands_where_it_stood_whatever_its_new_line_says(joint: Joint, angle: int) -> None:
    room = stopped_room(5000)
    assert room.set_joint(4, joint) is OK
    assert room.s.angle[4] == angle
    room.stream(list(room.s.angle), 300, 10)
    assert room.arm() is OK
    room.stream(list(room.s.angle), 310, 5 * S["ENABLE_TICKS"])
    assert abs(room.pulses()[4] - 1800) <= 6


@pytest.mark.parametrize("joint", [plain_joint(low=-300, high=4895), plain_joint(-9000, 100, us_per_rad=300)])
def test_a_line_that_would_make_a_servo_jump_is_refused(joint: Joint) -> None:
    room = stopped_room(5000)
    before = bytes(room.s)
    assert room.set_joint(0, joint) is m.Result.OUTSIDE
    assert bytes(room.s) == before
    joint.configured = False
    assert room.set_joint(0, joint) is OK
    joint.configured = True
    assert room.set_joint(0, joint) is m.Result.OUTSIDE, "out of the table, it still stands there"


@pytest.mark.parametrize("side", [-1, 1])
def test_so_little_outside_its_limits_is_no_jump(side: int) -> None:
    """As much as a slow tick moves it, and no more."""
    room = ready_room()
    room.s.last_us[0] = 1500 + 100 * side  # 5000 by a line of 200 us/rad
    for beyond, expected in ((S["SLOW_STEP"], OK), (S["SLOW_STEP"] + 1, m.Result.OUTSIDE)):
        low, high = sorted((0, side * (5000 - beyond)))
        assert room.set_joint(0, plain_joint(low, high, us_per_rad=200)) is expected


@pytest.mark.parametrize("joint", [0, 11])
def test_where_a_servo_stands_is_known_while_others_move(joint: int) -> None:
    room = stopped_room(5000)
    others = 0xFFF & ~(1 << joint)
    room.stream(list(room.s.angle), 300, 10)
    assert room.arm(joints=others) is OK
    room.stream([0] * 12, 310, 150)
    room.stop()
    assert room.set_joint(joint, plain_joint(centre_us=1800)) is OK
    assert room.s.angle[joint] == 0


def test_a_servo_that_never_had_a_pulse_may_get_any_line() -> None:
    room = ready_room()
    assert room.set_joint(0, plain_joint(centre_us=1900, high=100)) is OK
    assert room.s.angle[0] == 0


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
    room.stream(angle, 201, 20)
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
    room.stream(0, 40, S["READY_SETPOINTS"] - 1)
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
