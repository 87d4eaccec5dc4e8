"""While it runs: whatever goes wrong ends the run soon, in one line that names the servo, with the torque off."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from wormctl_bus_servo import bus, worker
from wormctl_bus_servo.body import SILENT_S
from wormctl_bus_servo.bus import open_bus
from wormctl_bus_servo.for_tests import PERIOD_S, TIMEOUT_S, Rig, rig
from wormctl_bus_servo.guardian import no_guardian, start_guardian
from wormctl_bus_servo.kinds import KINDS
from wormctl_bus_servo.rounds import LOAD, MISSES, TEMPERATURE, VOLTAGE

from wormctl.channel import Quality
from wormctl.device import JOINT_POSITION, DeviceError


def put(name: str, value: int) -> Callable[[Rig], None]:
    def change(snake: Rig) -> None:
        snake.bus[7][name] = value

    return change


def silence(snake: Rig) -> None:
    snake.bus[7].silent = True


def garble(snake: Rig) -> None:
    snake.bus[7].garbled = True


def delay(snake: Rig) -> None:
    snake.bus[7].late_s = 1.5 * TIMEOUT_S


def reboot(snake: Rig) -> None:
    snake.bus[7].reboot()


def slip(snake: Rig) -> None:
    snake.bus[7].stuck = True
    snake.bus[7]["present_position"] = 4095


def cut_power(snake: Rig) -> None:
    snake.bus.powered = False


LATEST_S = 3 * MISSES * TIMEOUT_S
"""Rounds that miss, and then the question who it was."""

TROUBLES = [
    ("sts3215", silence, r"servo 7 \(joint 6\) does not answer on \S+ any more: its cable"),
    ("sts3215", garble, r"servo 7 \(joint 6\) gives damaged answers .*hecksum"),
    ("sts3215", delay, r"servo 7"),  # its late answers may be taken for damaged ones
    ("sts3215", put("present_temperature", 71), r"servo 7 \(joint 6\) has 71 degrees, allowed are 65"),
    ("sts3215", put("present_voltage", 55), r"servo 7 \(joint 6\) has 5.5 V, allowed are 6 to 14: charge"),
    ("sts3215", put("status", 0x20), r"servo 7 \(joint 6\) reports an alarm: it is overloaded"),
    ("sts3215", put("status", 0x04), r"servo 7 \(joint 6\) reports an alarm: it is too hot"),
    ("sts3215", reboot, r"servo 7 \(joint 6\) has started anew by itself .*its supply broke down"),
    ("sts3215", put("acceleration", 0), r"servo 7 .* started anew by itself \(acceleration = 0, was 254\)"),
    ("sts3215", slip, r"servo 7 .* stands at tick 4095, 181 degrees from straight"),
    ("xl330", silence, r"servo 7 \(joint 6\) does not answer"),
    ("xl330", garble, r"servo 7 \(joint 6\) gives damaged answers"),
    ("xl330", put("status", 0x20), r"servo 7 \(joint 6\) reports an alarm: it is overloaded"),
    ("xl330", reboot, r"servo 7 \(joint 6\) has started anew by itself"),
    ("xl330", put("bus_watchdog", 0xFF), r"servo 7 .* has stopped by itself: its bus watchdog heard nothing"),
    ("xl330", put("present_voltage", 39), r"servo 7 .* has 3.9 V, allowed are 4 to 6"),
]


@pytest.mark.parametrize(("kind", "trouble", "said"), TROUBLES)
def test_trouble_with_a_servo_ends_the_run_and_names_it(
    kind: str, trouble: Callable[[Rig], None], said: str
) -> None:
    with rig(kind, joint=[{"zero": 2040}] * 12 if trouble is slip else []) as snake:
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        trouble(snake)
        text, after_s = snake.fault()
        assert after_s < LATEST_S
        assert "\n" not in text
        snake.bus[7].silent = snake.bus[7].garbled = False
        snake.bus[7].late_s = 0.0
        assert re.search(said, text), text
        assert all(not servo["torque_enable"] for i, servo in snake.bus.servos.items() if i != 7)
        snake.body.stop(text)
        if trouble is not garble:
            assert snake.limp()


def test_a_silent_bus_is_explained_before_its_positions_are_too_old() -> None:
    assert (MISSES + 12) * bus.TIMEOUT_S + 3 * PERIOD_S < SILENT_S


def test_when_the_power_is_cut_it_says_so() -> None:
    with rig(joints=4) as snake:
        snake.configure()
        snake.arm()
        cut_power(snake)
        text, after_s = snake.fault()
        assert "no servo answers on " in text
        assert "is their supply on (emergency stop, fuse)?" in text
        assert after_s < LATEST_S


def test_an_unplugged_port_ends_the_run_within_half_a_second() -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        snake.port.unplug()
        text, after_s = snake.fault()
        assert text.endswith("has gone: unplugged?; torque off cannot be sent: CUT THE SERVOS' SUPPLY")
        assert after_s < 0.5
        snake.body.stop("test")
        snake.body.stop("test")
        snake.body.close()


def test_a_single_bad_answer_is_borne_and_counted() -> None:
    with rig() as snake:
        snake.configure(healthy=True)
        snake.arm()
        snake.bus[7].garbled = True
        snake.until(lambda: snake.body.counted()["rounds without all answers"] > 0)
        snake.bus[7].garbled = False
        snake.hold(0.2)
        assert snake.out.quality.tolist() == [Quality.GOOD] * 4
        counted = snake.body.counted()
        assert counted["rounds of the bus"] > counted["rounds without all answers"] > 0
        snake.body.close()
        assert snake.body.counted()["rounds of the bus"] >= counted["rounds of the bus"]


def test_a_bus_that_is_bad_again_and_again_ends_the_run() -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        done = threading.Event()

        def flicker() -> None:
            while not done.wait(0.01):
                snake.bus[7].garbled = not snake.bus[7].garbled

        thread = threading.Thread(target=flicker)
        thread.start()
        text, _ = snake.fault()
        done.set()
        thread.join()
        assert "7" in text
        assert "bad cable" in text


def test_a_loop_that_hangs_loses_its_torque() -> None:
    with rig(silence_s=0.2) as snake:
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        time.sleep(0.4)  # no tick
        assert snake.limp()
        with pytest.raises(
            DeviceError, match=r"no setpoint came for 0\.2 s: the loop hangs, .*; the torque is off"
        ):
            snake.tick()


def test_a_silent_host_stops_a_dynamixel_by_its_own_watchdog() -> None:
    with rig("xl330", silence_s=0.1) as snake:
        snake.configure()
        snake.arm()
        fake = snake.bus
        fake[1]["goal_position"] = 3000
        fake[1]._heard_s = time.monotonic() - 0.5
        fake.answer(bytes.fromhex("FF FF FD 00 01 03 00 01 19 4E"))
        assert fake[1]["bus_watchdog"] == 0xFF
        assert fake[1]["goal_position"] < 3000


def test_channels_say_what_each_servo_measures() -> None:
    with rig(joint=[{}] * 3 + [{"direction": -1}] + [{}] * 8) as snake:
        for i, servo in snake.bus.servos.items():
            servo["present_temperature"], servo["present_voltage"] = 20 + i, 70 + i
            servo["present_load"] = 0x400 | 10 * i if i % 2 else 10 * i
        snake.configure(healthy=True)
        ids = np.arange(1, 13)
        assert snake.out.vector(TEMPERATURE) == pytest.approx(20.0 + ids)
        assert snake.out.vector(VOLTAGE) == pytest.approx(7.0 + ids / 10.0)
        wanted = np.where(ids % 2, -ids / 100.0, ids / 100.0)
        wanted[3] = -wanted[3]  # servo 4 is mounted the other way
        assert snake.out.vector(LOAD) == pytest.approx(wanted)
        channels = {channel.name: channel for channel in snake.body.spec.channels}
        ages = time.monotonic() - snake.out.time_s
        for channel, age_s in zip(channels.values(), ages, strict=True):
            assert age_s < channel.max_age_s, channel.name


@pytest.mark.parametrize(("kind", "all_it_can"), [("sts3215", 1000), ("xl330", 1750), ("xl430", 1000)])
def test_load_is_1_for_all_that_a_servo_can(kind: str, all_it_can: int) -> None:
    with rig(kind) as snake:
        snake.bus[2]["present_load"] = all_it_can
        snake.configure()
        assert snake.out.vector(LOAD).tolist() == [0.0, 1.0] + [0.0] * 10


def test_a_load_that_cannot_be_is_failed_not_told() -> None:
    with rig("xl330") as snake:
        snake.configure()
        snake.bus[2]["present_load"] = 3000
        snake.until(lambda: snake.out.quality[1] == Quality.FAILED)
        assert snake.out.quality[0] == Quality.GOOD


def test_positions_go_on_after_a_stop_and_the_hand_may_turn_them() -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        snake.body.stop("test")
        assert snake.limp()
        snake.bus[1]["present_position"] = 2148
        snake.hold(0.1)
        assert snake.position_rad()[0] == pytest.approx(100 * 2 * np.pi / 4096)


def test_torque_that_comes_back_is_switched_off_again() -> None:
    with rig() as snake:
        snake.configure()
        snake.bus[3]["torque_enable"] = 1
        snake.until(snake.bus.limp)


def test_stop_sends_torque_off_twice_to_all_at_once() -> None:
    with rig(joints=12) as snake:
        snake.configure()
        snake.arm()
        snake.bus.packets.clear()
        snake.body.stop("test")
        assert snake.limp()
        off = bytes.fromhex(
            "FF FF FE 1C 83 28 01 01 00 02 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 00 0B 00 0C 00 EB"
        )
        assert snake.port.wait_for(off + off) or snake.bus.packets.count(off) >= 2


class Quiet(type(no_guardian())):  # type: ignore[misc]
    """A guardian that keeps how it was sent away."""

    left_limp: bool | None = None

    def dismiss(self, limp: bool) -> None:
        self.left_limp = limp


@pytest.mark.parametrize("stiff", [False, True])
def test_a_servo_that_is_still_stiff_at_the_end_is_left_to_the_guardian(stiff: bool) -> None:
    guardian = Quiet()
    with rig(guardian=guardian) as snake:
        snake.configure()
        snake.arm()
        snake.bus[4].deaf_to = frozenset({40} if stiff else {})
        snake.body.close()
    assert guardian.left_limp is not stiff


def test_a_guardian_is_not_sent_away_for_good_while_torque_off_is_owed() -> None:
    guardian = Quiet()
    with rig(guardian=guardian) as snake:
        snake.configure()
        snake.arm()
        snake.port.unplug()
        snake.body.close()
    assert guardian.left_limp is False


def test_after_a_run_no_watchdog_is_left_on_but_that_of_a_stiff_servo() -> None:
    with rig("xl330") as snake:
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        snake.bus[4].deaf_to = frozenset({64})
        snake.body.close()
        end_s = time.monotonic() + 1.0  # the last packet may be under way
        while snake.bus[1]["bus_watchdog"] and time.monotonic() < end_s:
            time.sleep(0.002)
        assert {servo["bus_watchdog"] for i, servo in snake.bus.servos.items() if i != 4} == {0}
        assert snake.bus[4]["bus_watchdog"] == 25


def test_stop_and_close_are_safe_in_any_state() -> None:
    with rig() as snake:
        body = snake.body
        body.stop("before")
        body.close()
        snake.configure()
        body.stop("configured")
        body.close()
        body.close()
        body.stop("closed")
        snake.configure()
        snake.arm()
        body.close()
        assert snake.limp()
        open_bus(KINDS["sts3215"], snake.port.path, 1_000_000).close()
        assert not [thread for thread in threading.enumerate() if thread.name == "bus-servo"]


class HungBus:
    """A bus on which whoever asks for positions waits for ever."""

    def __init__(self, inner: object) -> None:
        self.inner = inner
        self.hang = threading.Event()
        self.released = threading.Event()

    def __getattr__(self, name: str) -> object:
        if name == "read_all" and self.hang.is_set():
            self.released.wait(10.0)
        return getattr(self.inner, name)


def test_stop_returns_while_the_bus_hangs_and_torque_is_off_when_it_is_back() -> None:
    with rig() as snake:
        hung: list[HungBus] = []

        def opener(*args: object) -> object:
            hung.append(HungBus(open_bus(*args)))  # type: ignore[arg-type]
            return hung[0]

        snake.body._open_bus = opener  # type: ignore[assignment]
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        hung[0].hang.set()
        snake.hold(0.1)
        began_s = time.monotonic()
        snake.body.stop("test")
        assert time.monotonic() - began_s < 0.5
        hung[0].hang.clear()
        hung[0].released.set()
        assert snake.limp()


def test_close_of_a_bus_that_hangs_leaves_the_snake_limp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.2)
    with rig() as snake:
        hung: list[HungBus] = []

        def opener(*args: object) -> object:
            hung.append(HungBus(open_bus(*args)))  # type: ignore[arg-type]
            return hung[0]

        snake.body._open_bus = opener  # type: ignore[assignment]
        snake.body._start_guardian = start_guardian
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        hung[0].hang.set()
        snake.hold(0.05)
        snake.body.stop("test")
        assert snake.limp()
        for servo in snake.bus.servos.values():
            servo["torque_enable"] = 1
        snake.body.close()
        assert snake.limp()
        hung[0].hang.clear()
        hung[0].released.set()


def test_reading_and_writing_do_not_wait_for_the_bus() -> None:
    with rig() as snake:
        snake.configure()
        snake.arm()
        snake.bus[12].silent = True  # every round now waits for a timeout
        took_s = []
        for _ in range(6):
            began_s = time.perf_counter()
            snake.body.read(time.monotonic(), snake.out)
            snake.body.write(snake.goal_rad, 0.0)
            took_s.append(time.perf_counter() - began_s)
            time.sleep(0.01)
        assert sorted(took_s)[3] < 0.003
        assert JOINT_POSITION in snake.out.slices
