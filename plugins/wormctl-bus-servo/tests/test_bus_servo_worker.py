"""The thread: torque off comes first and questions afterwards, and goals never outlive a stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from wormctl_bus_servo.body import bus_servo_spec
from wormctl_bus_servo.bus import BusError, Values
from wormctl_bus_servo.checks import Fit
from wormctl_bus_servo.config import BusServoConfig, Joint
from wormctl_bus_servo.guardian import Guardian, no_guardian
from wormctl_bus_servo.joints import joint_map
from wormctl_bus_servo.kinds import STS3215
from wormctl_bus_servo.rounds import Rounds
from wormctl_bus_servo.worker import STOP_S, Worker

from wormctl.channel import Samples
from wormctl.device import DeviceError

IDS = (1, 2)
MARKS = {"torque_enable": [1, 1]}


class LoggingBus:
    """Answers at once, or not at all if it is `dead`; `log` has every question and every write."""

    name = "a bus"
    hold = -1

    def __init__(self) -> None:
        self.dead = self.deaf = False
        self.free = threading.Event()
        self.free.set()
        """Cleared, it lets whoever asks for positions wait."""
        self.torque = 1
        self.log: list[str] = []

    def read(self, servo: int, registers: tuple[str, ...]) -> tuple[Values, int]:
        self.log.append(f"read {servo}")
        self._die()
        state = {"present_voltage": 74, "present_temperature": 30, "status": 0, "torque_enable": self.torque}
        return {"present_position": 2048, "present_load": 0, **state}, 0

    def read_all(self, servos: Sequence[int], registers: tuple[str, ...]) -> list[tuple[Values, int]]:
        self.log.append("read all")
        self.free.wait(10.0)
        self._die()
        return [({"present_position": 2048, "present_load": 0}, 0) for _ in servos]

    def write(self, servo: int, register: str, value: int) -> int:
        raise AssertionError("the thread writes nothing that is answered")

    def write_all(self, servos: Sequence[int], register: str, values: Sequence[int]) -> None:
        if self.deaf:
            raise BusError("no such device")
        self.log.append(f"{register} {list(values)}")
        if register == "torque_enable":
            self.torque = values[0]

    def close(self) -> None:
        """Nothing to give back."""

    def _die(self) -> None:
        if self.dead:
            raise BusError("Operation timed out", 1)


class Listener:
    """A guardian that only listens; `dead`, it refuses to."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.dead = False

    def wait(self) -> None:
        """It is there."""

    def beat(self) -> None:
        self.log.append("beat")
        if self.dead:
            raise DeviceError("nobody is on guard")

    def relax(self) -> None:
        self.log.append("relax")

    def help(self) -> None:
        self.log.append("help")

    def dismiss(self, limp: bool) -> None:
        self.log.append(f"dismiss {limp}")


def made(guardian: Guardian | None = None) -> tuple[LoggingBus, Worker]:
    bus = LoggingBus()
    fits = [
        Fit(i, joint, joint_map(i, Joint(), 0, 4095), 0, 4095, 65.0, 6.0, 14.0, 600)
        for joint, i in enumerate(IDS)
    ]
    spec = bus_servo_spec(BusServoConfig(joints=2))
    return bus, Worker(bus, IDS, Rounds(bus, STS3215, fits), spec, 0.005, 0.5, guardian or no_guardian())


def wait_for(true: Callable[[], object]) -> None:
    end_s = time.monotonic() + 5.0
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.002)


def test_a_dead_bus_is_told_to_let_go_before_anybody_asks_who_it_was() -> None:
    bus, worker = made()
    worker.drive(MARKS)
    worker.start()
    worker.tell([2000, 2000])
    wait_for(lambda: "goal_position [2000, 2000]" in bus.log)
    bus.log.clear()
    bus.dead = True
    wait_for(lambda: worker.fault)
    worker.close()
    off = bus.log.index("torque_enable [0, 0]")
    assert bus.log[:off].count("read all") >= 5
    assert [line for line in bus.log[off:] if line.startswith("read")] == ["read 1", "read 2"]
    assert worker.fault is not None
    assert "no servo answers on a bus any more" in worker.fault


def test_after_a_stop_no_goal_is_sent() -> None:
    bus, worker = made()
    worker.drive(MARKS)
    worker.start()
    for _ in range(50):
        worker.tell([2000, 2000])
    worker.stop()
    off = len(bus.log) - 1 - bus.log[::-1].index("torque_enable [0, 0]")
    worker.tell([2100, 2100])
    time.sleep(0.05)
    worker.close()
    assert not [line for line in bus.log[off:] if line.startswith("goal")]
    assert bus.torque == 0


def test_the_newest_goal_wins_and_is_sent_once() -> None:
    bus, worker = made()
    worker.drive(MARKS)
    worker.tell([1, 1])
    worker.tell([2, 2])
    worker.start()
    wait_for(lambda: bus.log.count("read all") > 5)
    worker.close()
    assert [line for line in bus.log if line.startswith("goal")] == ["goal_position [2, 2]"]


def test_a_thread_that_was_never_started_can_be_stopped_and_closed() -> None:
    bus, worker = made()
    worker.stop()
    assert worker.close()
    assert worker.close()
    assert bus.torque == 0


def test_time_does_not_run_backwards_for_a_caller_who_was_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    _, worker = made()
    worker._slot.time_s[:] = 100.0
    out = Samples(worker._slot.channels)

    def stamped(now_s: float, clock_s: float) -> float:
        with monkeypatch.context() as patch:
            patch.setattr(time, "monotonic", lambda: clock_s)
            worker.read(now_s, out)
        return float(out.time_s[0])

    assert stamped(1.0, 100.02) == pytest.approx(0.98)
    assert stamped(1.02, 100.06) == pytest.approx(0.98)  # 0.02 s after it looked at its clock
    assert stamped(1.04, 100.05) == pytest.approx(0.99)  # the first had been held up, too
    assert stamped(0.0, 101.0) == pytest.approx(-1.0)  # a clock that has started anew


def test_the_guardian_hears_of_every_round_under_torque_and_of_no_other() -> None:
    guardian = Listener()
    bus, worker = made(guardian)
    bus.torque = 0
    worker.start()
    wait_for(lambda: bus.log.count("read all") > 3)
    assert guardian.log == []
    bus.torque = 1
    worker.arming()
    wait_for(lambda: guardian.log.count("beat") > 3)
    worker.drive(MARKS)
    guardian.log.clear()
    wait_for(lambda: guardian.log.count("beat") > 3)
    worker.stop()
    beats = guardian.log.count("beat")
    assert guardian.log[-1] == "relax"
    rounds = bus.log.count("read all")
    wait_for(lambda: bus.log.count("read all") > rounds + 3)
    assert guardian.log.count("beat") == beats
    worker.close()


def test_without_a_guardian_the_torque_goes_off() -> None:
    guardian = Listener()
    bus, worker = made(guardian)
    worker.drive(MARKS)
    worker.start()
    guardian.dead = True
    wait_for(lambda: worker.fault)
    assert worker.fault == "nobody is on guard"
    assert bus.torque == 0
    worker.close()
    with pytest.raises(DeviceError, match="nobody is on guard"):
        worker.arming()


def test_a_bus_that_hangs_is_left_to_the_guardian_and_told_first_thing_when_it_is_back() -> None:
    guardian = Listener()
    bus, worker = made(guardian)
    worker.drive(MARKS)
    worker.start()
    bus.free.clear()
    wait_for(lambda: bus.log[-1:] == ["read all"])
    asked = len(bus.log)
    began_s = time.monotonic()
    worker.stop()
    assert STOP_S < time.monotonic() - began_s < STOP_S + 0.5
    assert guardian.log[-1] == "help"
    assert worker.owes
    bus.free.set()
    wait_for(lambda: not worker.owes)
    worker.close()
    assert bus.log[asked:][:3] == ["read 1", "torque_enable [0, 0]", "torque_enable [0, 0]"]
    assert guardian.log[-1] == "relax"


def test_a_torque_off_that_cannot_be_sent_is_said_and_left_to_the_guardian() -> None:
    guardian = Listener()
    bus, worker = made(guardian)
    worker.drive(MARKS)
    worker.start()
    bus.dead = bus.deaf = True
    wait_for(lambda: worker.fault)
    assert worker.fault is not None
    assert worker.fault.endswith("; torque off cannot be sent: CUT THE SERVOS' SUPPLY")
    assert guardian.log[-1] == "help"
    assert worker.close()
    assert worker.owes


@pytest.mark.parametrize("asks", ["sets", "reads"])
def test_after_a_pause_no_setpoint_makes_all_look_well(asks: str) -> None:
    bus, worker = made()
    worker.drive(MARKS)
    worker._told_s -= 1.0
    with pytest.raises(DeviceError, match=r"no setpoint came for 0\.5 s: .* \(Ctrl-Z\), .*the torque is off"):
        worker.tell([2100, 2100]) if asks == "sets" else worker.raise_fault()
    assert bus.log == ["torque_enable [0, 0]"] * 2
    with pytest.raises(DeviceError, match="no setpoint came"):
        worker.tell([2100, 2100])
