"""The thread: torque off comes first and questions afterwards, and goals never outlive a stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from wormctl_bus_servo.body import bus_servo_spec
from wormctl_bus_servo.bus import BusError, Values
from wormctl_bus_servo.checks import Fit
from wormctl_bus_servo.config import BusServoConfig, Joint
from wormctl_bus_servo.joints import joint_map
from wormctl_bus_servo.kinds import STS3215
from wormctl_bus_servo.rounds import Rounds
from wormctl_bus_servo.worker import Worker

IDS = (1, 2)
MARKS = {"torque_enable": [1, 1]}


class LoggingBus:
    """Answers at once, or not at all if it is `dead`; `log` has every question and every write."""

    name = "a bus"

    def __init__(self) -> None:
        self.dead = False
        self.torque = 1
        self.log: list[str] = []

    def read(self, servo: int, registers: tuple[str, ...]) -> tuple[Values, int]:
        self.log.append(f"read {servo}")
        self._die()
        state = {"present_voltage": 74, "present_temperature": 30, "status": 0, "torque_enable": self.torque}
        return {"present_position": 2048, "present_load": 0, **state}, 0

    def read_all(self, servos: Sequence[int], registers: tuple[str, ...]) -> list[tuple[Values, int]]:
        self.log.append("read all")
        self._die()
        return [({"present_position": 2048, "present_load": 0}, 0) for _ in servos]

    def write(self, servo: int, register: str, value: int) -> int:
        raise AssertionError("the thread writes nothing that is answered")

    def write_all(self, servos: Sequence[int], register: str, values: Sequence[int]) -> None:
        self.log.append(f"{register} {list(values)}")
        if register == "torque_enable":
            self.torque = values[0]

    def close(self) -> None:
        """Nothing to give back."""

    def _die(self) -> None:
        if self.dead:
            raise BusError("Operation timed out", 1)


def made() -> tuple[LoggingBus, Worker]:
    bus = LoggingBus()
    fits = [
        Fit(i, joint, joint_map(i, Joint(), 0, 4095), 0, 4095, 65.0, 6.0, 14.0, 600)
        for joint, i in enumerate(IDS)
    ]
    spec = bus_servo_spec(BusServoConfig(joints=2))
    return bus, Worker(bus, IDS, Rounds(bus, STS3215, fits), spec, 0.005, 0.5)


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
