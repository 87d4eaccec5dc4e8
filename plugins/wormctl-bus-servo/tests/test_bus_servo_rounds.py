"""Rounds of a bus that fails to order: which failures are borne, which end the run, and what is looked at when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from wormctl_bus_servo.body import bus_servo_spec
from wormctl_bus_servo.bus import BusError, Values
from wormctl_bus_servo.checks import Fit
from wormctl_bus_servo.config import BusServoConfig, Joint
from wormctl_bus_servo.joints import joint_map
from wormctl_bus_servo.kinds import STS3215
from wormctl_bus_servo.rounds import LOW_READS, MISSES, MOST_BAD, TEMPERATURE, WINDOW, Rounds, SilenceError

from wormctl.channel import Quality, Samples
from wormctl.device import DeviceError

IDS = (1, 2, 3)


class ScriptedBus:
    """Answers at once. `fails(n)` says of the n-th question to all whether it fails; `deaf` servos answer nobody."""

    name = "a bus"
    hold = -1

    def __init__(self) -> None:
        self.fails: Callable[[int], bool] = lambda n: False
        self.deaf: set[int] = set()
        self.unwell: set[int] = set()
        """Say nothing of their health."""
        self.asked = 0
        self.looked_at: list[int] = []
        self.state: dict[int, Values] = {
            i: {"torque_enable": 0, "present_voltage": 74, "present_temperature": 30, "status": 0}
            for i in IDS
        }

    def read(self, servo: int, registers: tuple[str, ...]) -> tuple[Values, int]:
        self.looked_at.append(servo)
        if servo in self.deaf or (servo in self.unwell and "torque_enable" in registers):
            raise BusError("Operation timed out", servo)
        return {"present_position": 2048, "present_load": 0, **self.state[servo]}, 0

    def read_all(self, servos: Sequence[int], registers: tuple[str, ...]) -> list[tuple[Values, int]]:
        self.asked += 1
        if self.fails(self.asked):
            raise BusError("Checksum error", 2)
        alarms = [self.state[servo]["status"] for servo in servos]
        return [({"present_position": 2048, "present_load": 0}, alarm) for alarm in alarms]

    def write(self, servo: int, register: str, value: int) -> int:
        raise AssertionError("a round writes nothing that is answered")

    def write_all(self, servos: Sequence[int], register: str, values: Sequence[int]) -> None:
        assert register == "goal_position"

    def close(self) -> None:
        """Nothing to give back."""


def made() -> tuple[ScriptedBus, Rounds, Samples]:
    bus = ScriptedBus()
    fits = [
        Fit(i, joint, joint_map(i, Joint(), 0, 4095), 0, 4095, 65.0, 6.0, 14.0, 600)
        for joint, i in enumerate(IDS)
    ]
    return bus, Rounds(bus, STS3215, fits), Samples(bus_servo_spec(BusServoConfig(joints=3)).channels)


def rounds_until_error(rounds: Rounds, out: Samples, most: int) -> tuple[int, DeviceError]:
    for n in range(1, most + 1):
        try:
            rounds.run(0.02 * n, [2048] * 3, None, out)
        except DeviceError as error:
            return n, error
    raise AssertionError(f"no error in {most} rounds")


def test_so_many_misses_in_a_row_are_silence() -> None:
    bus, rounds, out = made()
    bus.fails = lambda n: n > 3
    n, error = rounds_until_error(rounds, out, 100)
    assert n == 3 + MISSES
    assert isinstance(error, SilenceError)
    assert "(servo 2: Checksum error)" in str(error)


def test_one_fewer_are_borne_again_and_again() -> None:
    bus, rounds, out = made()
    bus.fails = lambda n: n % WINDOW in range(1, MISSES)
    for n in range(4 * WINDOW):
        rounds.run(0.02 * n, None, None, out)
    assert rounds.bad == 4 * (MISSES - 1)


def test_too_many_in_a_window_are_a_bad_bus() -> None:
    bus, rounds, out = made()
    bus.fails = lambda n: n % 4 == 0
    n, error = rounds_until_error(rounds, out, WINDOW)
    assert n == 4 * (MOST_BAD + 1)
    assert f"{MOST_BAD + 1} of {n} rounds of the bus had no good answer (servo 2: Checksum error)" in str(
        error
    )


@pytest.mark.parametrize("deaf", [{1, 2, 3}, {2}])
def test_a_servo_that_answers_to_all_but_not_alone_is_silent_too(deaf: set[int]) -> None:
    bus, rounds, out = made()
    bus.deaf = deaf
    n, error = rounds_until_error(rounds, out, 100)
    assert n == min(deaf) - 1 + MISSES
    assert isinstance(error, SilenceError)
    assert rounds.bad == MISSES


def test_a_servo_that_says_nothing_of_its_health_is_to_blame() -> None:
    bus, rounds, _ = made()
    bus.unwell = {2}
    assert "servo 2 (joint 1) does not answer" in (rounds.blame() or "")


def test_a_servo_that_gives_its_health_only_when_asked_twice_is_a_bad_bus() -> None:
    bus, rounds, out = made()

    def round_of(n: int) -> None:
        bus.deaf = {2} if bus.looked_at[-1:] == [1] else set()
        rounds.run(0.02 * n, None, None, out)

    for n in range(4 * MOST_BAD + 1):
        round_of(n)
    assert rounds.bad == MOST_BAD
    with pytest.raises(DeviceError, match=r"of 42 rounds of the bus had no good answer \(servo 2: Operation"):
        round_of(4 * MOST_BAD + 1)


def test_while_one_servo_is_asked_again_it_still_is_only_a_round_or_two() -> None:
    bus, rounds, out = made()
    for n in range(6):
        bus.deaf = {2} if n in (1, 2) else set()
        rounds.run(0.02 * n, None, None, out)
    assert bus.looked_at == [1, 2, 2, 2, 3, 1]


def test_servos_are_looked_at_in_turn_and_one_with_an_alarm_at_once() -> None:
    bus, rounds, out = made()
    for n in range(4):
        rounds.run(0.02 * n, None, None, out)
    assert bus.looked_at == [1, 2, 3, 1]
    bus.state[1]["status"] = 0x04
    _, error = rounds_until_error(rounds, out, 1)
    assert "servo 1 (joint 0) reports an alarm: it is too hot" in str(error)


def test_a_vector_is_as_old_as_its_oldest_value() -> None:
    _, rounds, out = made()
    index = [channel.name for channel in out.channels].index(TEMPERATURE)
    for n in range(1, 8):
        rounds.run(float(n), None, None, out)
        if n < 3:
            assert out.quality[index] == Quality.STALE
        else:
            assert out.time_s[index] == n - 2


def test_a_supply_may_dip_once() -> None:
    bus, rounds, out = made()
    for dips in range(1, LOW_READS):
        bus.state[1]["present_voltage"] = 50
        for n in range(3 * dips):
            rounds.run(0.02 * n, None, None, out)
        bus.state[1]["present_voltage"] = 74
        for n in range(3):
            rounds.run(0.02 * n, None, None, out)
    bus.state[1]["present_voltage"] = 50
    n, error = rounds_until_error(rounds, out, 100)
    assert n == 3 * (LOW_READS - 1) + 1
    assert "servo 1 (joint 0) has 5.0 V" in str(error)


def test_torque_that_nobody_asked_for_is_seen() -> None:
    bus, rounds, out = made()
    bus.state[2]["torque_enable"] = 1
    rounds.run(0.0, None, None, out)
    assert not rounds.left_on
    rounds.run(0.0, None, None, out)
    assert rounds.left_on


@pytest.mark.parametrize("register", ["torque_enable", "acceleration", "torque_limit"])
def test_whatever_a_restart_forgets_is_noticed(register: str) -> None:
    bus, rounds, out = made()
    marks = {"torque_enable": [1] * 3, "acceleration": [254] * 3, "torque_limit": [600] * 3}
    for values in bus.state.values():
        values |= {name: held[0] for name, held in marks.items()}
    for n in range(3):
        rounds.run(0.02 * n, None, marks, out)
    bus.state[3][register] = 0
    rounds.run(0.1, None, marks, out)
    rounds.run(0.1, None, marks, out)
    with pytest.raises(
        DeviceError, match=rf"servo 3 \(joint 2\) has started anew by itself \({register} = 0, was"
    ):
        rounds.run(0.1, None, marks, out)
