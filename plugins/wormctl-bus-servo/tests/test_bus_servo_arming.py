"""Arming: the goal is where it stands before the torque is on, whatever gets lost; and nobody jumps."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from wormctl_bus_servo.easing import easing_step
from wormctl_bus_servo.fake import FakeServo
from wormctl_bus_servo.for_tests import PERIOD_S, rig
from wormctl_bus_servo.guardian import no_guardian

from wormctl.device import DeviceError


def deg(angle_deg: float) -> int:
    """As ticks."""
    return round(angle_deg * 4096 / 360)


TORQUE_ON = {"sts3215": bytes.fromhex("83 28 01 01 01"), "xl330": bytes.fromhex("83 40 00 01 00 01 01")}
GOAL = {"sts3215": bytes.fromhex("83 2A 02"), "xl330": bytes.fromhex("83 74 00 04 00")}


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_the_goal_is_sent_before_the_torque_and_is_where_it_stands(kind: str) -> None:
    with rig(kind) as snake:
        for i, servo in enumerate(snake.bus.servos.values()):
            servo["present_position"] = 1900 + 20 * i
        snake.configure()
        assert not any(GOAL[kind] in packet or TORQUE_ON[kind] in packet for packet in snake.bus.packets)
        snake.arm()
        packets = list(snake.bus.packets)
        on = next(i for i, packet in enumerate(packets) if TORQUE_ON[kind] in packet)
        goal = next(i for i, packet in enumerate(packets) if GOAL[kind] in packet)
        assert goal < on
        snake.hold(0.3)
        for i, servo in enumerate(snake.bus.servos.values()):
            assert servo["torque_enable"] == 1
            assert servo["present_position"] == servo["goal_position"] == 1900 + 20 * i


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_torque_comes_little_by_little_up_to_its_limit(kind: str) -> None:
    with rig(kind, torque_limit=0.5) as snake:
        snake.configure()
        full = 1000 if kind == "sts3215" else 885
        seen = []
        snake.body.arm(0.0)
        for packet in snake.bus.packets:
            head = bytes.fromhex("83 30 02" if kind == "sts3215" else "83 64 00 02 00")
            if (at := packet.find(head)) >= 0:
                first = at + len(head) + 1
                seen.append(int.from_bytes(packet[first : first + 2], "little"))
        shares = [0.1, 0.1, 0.25, 0.5, 0.75, 1.0]
        assert seen == [round(share * round(0.5 * full)) for share in shares]
        assert {servo["torque_limit"] for servo in snake.bus.servos.values()} == {round(0.5 * full)}


@pytest.mark.parametrize("kind", ["sts3215", "xl330", "xl430"])
def test_a_servos_own_limit_of_its_torque_is_kept(kind: str) -> None:
    with rig(kind, torque_limit=0.5) as snake:
        snake.bus[9]["max_torque"] = 300
        snake.configure()
        snake.arm()
        assert snake.bus[9]["torque_limit"] == 300
        assert snake.bus[8]["torque_limit"] == round(0.5 * (1000 if kind == "sts3215" else 885))


def test_a_servo_that_does_not_take_its_goal_is_never_switched_on() -> None:
    with rig() as snake:
        snake.bus[4].deaf_to = frozenset({42})
        snake.configure()
        with pytest.raises(
            DeviceError, match=r"servo 4 \(joint 3\) keeps goal_position = 0 when it is told 2048"
        ):
            snake.arm()
        assert not any(TORQUE_ON["sts3215"] in packet for packet in snake.bus.packets)
        assert snake.limp()


def test_a_goal_that_is_lost_once_is_sent_again() -> None:
    class Forgetful(FakeServo):
        lost = 1

        def _refuses(self, address: int, data: bytes) -> int:
            if address == 42 and Forgetful.lost:
                Forgetful.lost -= 1
                return 1
            return 0

    with rig() as snake:
        snake.configure()
        snake.bus[4].__class__ = Forgetful
        snake.arm()
        assert Forgetful.lost == 0
        assert all(servo["torque_enable"] for servo in snake.bus.servos.values())


def test_an_acceleration_that_a_servo_caps_is_what_it_must_keep() -> None:
    class Capped(FakeServo):
        def write(self, address: int, data: bytes) -> int:
            return super().write(address, min(data, b"\x32") if address == 41 else data)

    with rig() as snake:
        snake.bus[4].__class__ = Capped
        snake.configure()
        snake.arm()
        snake.hold(0.4)
        assert snake.bus[4]["acceleration"] == 50
        snake.bus[4]["acceleration"] = 0
        assert "servo 4 (joint 3) has started anew by itself (acceleration = 0, was 50)" in snake.fault()[0]


def test_what_another_tool_has_left_does_not_slow_a_servo_down() -> None:
    with rig() as snake:
        for servo in snake.bus.servos.values():
            servo["goal_velocity"], servo["goal_time"] = 50, 3000
        snake.configure()
        snake.arm()
        assert {(s["goal_velocity"], s["goal_time"]) for s in snake.bus.servos.values()} == {(0, 0)}
        snake.body.stop("test")
        snake.bus[6].deaf_to = frozenset({46})
        snake.bus[6]["goal_velocity"] = 50
        with pytest.raises(
            DeviceError, match=r"servo 6 \(joint 5\) keeps goal_velocity = 50 when it is told 0"
        ):
            snake.arm()


@pytest.mark.parametrize("kind", ["xl330", "xl430"])
def test_what_another_tool_has_left_does_not_slow_a_dynamixel_down(kind: str) -> None:
    with rig(kind) as snake:
        for servo in snake.bus.servos.values():
            servo["profile_velocity"], servo["profile_acceleration"] = 50, 20
        snake.configure()
        snake.arm()
        assert {(s["profile_velocity"], s["profile_acceleration"]) for s in snake.bus.servos.values()} == {
            (0, 0)
        }


def test_a_setting_that_is_lost_once_is_sent_again() -> None:
    class Forgetful(FakeServo):
        lost = 1

        def write(self, address: int, data: bytes) -> int:
            if address == 41 and Forgetful.lost:
                Forgetful.lost -= 1
                return 0
            return super().write(address, data)

    with rig() as snake:
        snake.bus[4].__class__ = Forgetful
        snake.configure()
        snake.arm()
        assert snake.bus[4]["acceleration"] == 254


def test_a_servo_that_moves_when_switched_on_ends_it() -> None:
    class Wild(FakeServo):
        def advance(self, now_s: float) -> None:
            if self["torque_enable"]:
                self["present_position"] = 2300

    with rig() as snake:
        snake.configure()
        snake.bus[9].__class__ = Wild
        with pytest.raises(
            DeviceError, match=r"servo 9 \(joint 8\) moved from tick 2048 to 2300 when it was switched"
        ):
            snake.arm()
        assert snake.limp()


def test_beyond_its_own_limits_it_does_not_arm() -> None:
    with rig() as snake:
        snake.bus[9]["max_position_limit"] = 2500
        snake.configure()
        snake.bus[9]["present_position"] = 2510
        with pytest.raises(
            DeviceError, match=r"servo 9 .* stands at tick 2510, beyond its own limits 0 to 2500"
        ):
            snake.arm()
        assert snake.limp()


@pytest.mark.parametrize("direction", [1, -1])
def test_beyond_its_joints_limits_it_does_not_arm(direction: int) -> None:
    with rig(joint=[{"low_deg": -30.0, "direction": direction}] + [{}] * 11) as snake:
        snake.bus[1]["present_position"] = 2048 - direction * deg(36.0)
        snake.configure()
        with pytest.raises(
            DeviceError,
            match=r"servo 1 \(joint 0\) stands at -36 degrees, beyond its joint's limits of -30 to \+60: turn it",
        ):
            snake.arm()
        assert snake.limp()
        assert not any(TORQUE_ON["sts3215"] in packet for packet in snake.bus.packets)


def test_a_little_beyond_its_joints_limits_it_goes_back_gently() -> None:
    with rig(joint=[{"low_deg": -30.0}] + [{}] * 11) as snake:
        snake.bus[1]["present_position"] = 2048 - deg(34.5)
        snake.configure()
        snake.arm()
        snake.hold(0.4)
        sent = snake.goals_sent(1)
        assert sent[-1] == 2048 - deg(30.0)
        steps = [abs(b - a) for a, b in pairwise([2048 - deg(34.5), *sent])]
        assert max(steps) <= easing_step(snake.context.snake, PERIOD_S) < deg(1.5)
        # From then on it is as quick as it is told to be.
        snake.goal_rad[0] = 0.0
        snake.tick()
        snake.until(lambda: snake.goals_sent(1)[-1] == 2048)
        assert snake.goals_sent(1)[-2] == 2048 - deg(30.0)


def test_a_snake_that_was_moved_while_it_was_armed_is_not_thrown_back() -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        snake.goal_rad[2] += math.radians(9.0)  # as the loop saw it before
        with pytest.raises(
            DeviceError, match=r"servo 3 \(joint 2\) is sent 9 degrees away from where it was armed"
        ):
            snake.tick()
        snake.body.stop("test")
        assert snake.limp()
        assert snake.bus[3]["goal_position"] == 2048


def test_a_guardian_that_is_slow_to_start_is_waited_for_before_the_loop_looks() -> None:
    class Slow(type(no_guardian())):  # type: ignore[misc]
        waits = 0

        def wait(self) -> None:
            self.waits += 1
            if self.waits == 1:
                time.sleep(0.3)

    guardian = Slow()
    with rig(guardian=guardian) as snake:
        snake.configure()
        assert guardian.waits == 1
        began_s = time.monotonic()
        snake.arm()
        assert time.monotonic() - began_s < 1.0
        assert guardian.waits == 2  # whether it is still there


def test_a_servo_that_falls_silent_while_arming_ends_it() -> None:
    with rig() as snake:
        snake.configure()
        snake.bus[2].silent = True
        with pytest.raises(DeviceError, match=r"servo 2 \(joint 1\) does not answer on \S+ any more"):
            snake.arm()
        snake.bus[2].silent = False
        snake.body.stop("test")
        assert snake.limp()


@pytest.mark.parametrize(("silence_s", "units"), [(0.5, 25), (0.1, 5), (2.5, 125)])
def test_a_dynamixels_watchdog_is_set_before_its_torque(silence_s: float, units: int) -> None:
    with rig("xl330", silence_s=silence_s) as snake:
        snake.bus[3]["bus_watchdog"] = 0xFF  # from the last run
        snake.configure()
        snake.arm()
        assert {servo["bus_watchdog"] for servo in snake.bus.servos.values()} == {units}
        packets = list(snake.bus.packets)
        watchdog = [i for i, packet in enumerate(packets) if bytes.fromhex("83 62 00 01 00 01") in packet]
        on = next(i for i, packet in enumerate(packets) if TORQUE_ON["xl330"] in packet)
        assert len(watchdog) == 2
        assert max(watchdog) < on


def test_it_goes_where_it_is_told_and_no_farther_than_it_may() -> None:
    table = [{"zero": 2000, "direction": -1}] + [{"high_deg": 10.0}] + [{}] * 10
    with rig(joint=table) as snake:
        snake.configure()
        assert snake.position_rad()[0] == pytest.approx(-48 * 2 * math.pi / 4096)
        snake.arm()
        snake.hold(0.1)
        snake.goal_rad[:3] = (0.2, 0.5, -0.3)
        snake.hold(0.4)
        assert snake.position_rad()[:3] == pytest.approx([0.2, math.radians(10.0), -0.3], abs=0.002)
        assert snake.bus[1]["goal_position"] == 2000 - 130
        assert np.all(snake.position_rad()[3:] == 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 3.5])
def test_what_is_no_angle_is_never_sent(bad: float) -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        snake.goal_rad[6] = bad
        with pytest.raises(DeviceError, match=r"the setpoint of joint 6: .* is no angle"):
            snake.body.write(snake.goal_rad, 0.0)
        assert all(servo["goal_position"] == 2048 for servo in snake.bus.servos.values())


def test_it_can_be_armed_again_after_a_stop() -> None:
    with rig() as snake:
        snake.configure()
        for _ in range(2):
            snake.arm()
            snake.hold(0.1)
            snake.body.stop("test")
            assert snake.limp()
            snake.hold(0.1)
            assert snake.limp()
        with pytest.raises(DeviceError, match="not armed"):
            snake.body.write(snake.goal_rad, 0.0)
