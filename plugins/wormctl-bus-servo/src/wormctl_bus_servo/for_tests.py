"""What the tests of this package begin with: a body on a fake bus. Not for anything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Quality, Samples
from wormctl.config import convert
from wormctl.device import JOINT_POSITION, Context, DeviceError
from wormctl.snake import load_snake
from wormctl.testing import FakePort, bare_context
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.bus import Bus, RustypotBus
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.fake import FakeServoBus, fake_bus
from wormctl_bus_servo.guardian import Guardian, no_guardian
from wormctl_bus_servo.kinds import Kind

PERIOD_S = 0.02
PATIENCE_S = 6.0
TIMEOUT_S = 0.2
"""A servo answers within a millisecond, a thread that plays one on a busy machine does not always."""


class Rig:
    """A snake of fake servos with its body, at life speed."""

    def __init__(self, bus: FakeServoBus, port: FakePort, body: BusServoBody) -> None:
        self.bus, self.port, self.body = bus, port, body
        self.out = Samples(body.spec.channels)
        self.goal_rad: NDArray[np.float64] = np.zeros(body.config.joints)
        snake = msgspec.structs.replace(load_snake(), links=body.config.joints + 1)
        self.context: Context = bare_context(snake=snake, period_s=PERIOD_S)

    def configure(self, *, healthy: bool = False) -> None:
        """As the loop does it, until the joints are seen; or, `healthy`, until every channel is good."""
        self.body.configure(self.context)
        needed = len(self.out.quality) if healthy else 1
        self.until(lambda: bool(np.all(self.out.quality[:needed] == Quality.GOOD)))

    def arm(self) -> None:
        """Where it stands."""
        self.body.arm(time.monotonic())
        self.goal_rad[:] = self.position_rad()

    def tick(self) -> None:
        """One tick as the loop makes it; writes if armed."""
        now_s = time.monotonic()
        self.body.read(now_s, self.out)
        if self.body._armed:
            self.body.write(self.goal_rad, now_s)
        time.sleep(PERIOD_S)

    def hold(self, seconds: float) -> None:
        """Tick for so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.tick()

    def until(self, true: Callable[[], bool]) -> None:
        """Tick until something is true."""
        end_s = time.monotonic() + PATIENCE_S
        while not true():
            if time.monotonic() > end_s:
                raise AssertionError("it never came true")
            self.tick()

    def fault(self) -> tuple[str, float]:
        """Tick until it faults: what it says, and after how many seconds."""
        began_s = time.monotonic()
        try:
            self.hold(PATIENCE_S)
        except DeviceError as error:
            return str(error), time.monotonic() - began_s
        raise AssertionError("there was no fault")

    def limp(self) -> bool:
        """Whether every torque is off, or is as soon as the bytes under way have arrived."""
        end_s = time.monotonic() + 1.0
        while not self.bus.limp():
            if time.monotonic() > end_s:
                return False
            time.sleep(0.002)
        return True

    def unmoved(self) -> bool:
        """Whether no goal was sent and no torque switched on."""
        heard = bytes(self.port.heard)
        goals = ("83 2A", "83 74 00", "03 2A", "03 74 00")
        return not any(bytes.fromhex(goal) in heard for goal in goals) and self.limp()

    def goals_sent(self, servo: int) -> list[int]:
        """Where a Feetech servo was sent since it was armed, in order; the same only once if again and again."""
        on = max(
            i for i, packet in enumerate(self.bus.packets) if packet[4:8] == bytes.fromhex("83 28 01 01")
        )
        out: list[int] = []
        for packet in self.bus.packets[on:]:
            if packet[4:7] == bytes.fromhex("83 2A 02"):
                at = 7 + 3 * self.body.config.servos.index(servo)
                goal = int.from_bytes(packet[at + 1 : at + 3], "little")
                out += [goal] if out[-1:] != [goal] else []
        return out

    def position_rad(self) -> NDArray[Any]:
        """Where the joints stand, by the last read."""
        return self.out.vector(JOINT_POSITION).copy()


def patient_bus(kind: Kind, port: str, baud: int) -> Bus:
    """The bus on a port, with time for its answers."""
    return RustypotBus(kind, port, baud, TIMEOUT_S)


def make_config(port: str, kind: str = "sts3215", **settings: Any) -> BusServoConfig:
    """Settings as a robot file would give them."""
    return convert({"kind": kind, "port": port, **settings}, BusServoConfig, where="test")


@contextmanager
def rig(kind: str = "sts3215", *, guardian: Guardian | None = None, **settings: Any) -> Iterator[Rig]:
    """A rig that is not configured yet, with no process on guard unless one is given."""
    joints = settings.get("joints", 12)
    bus = fake_bus(kind, settings.get("ids", range(1, joints + 1)))
    with FakePort(bus.answer) as port:
        bus.send = port.write
        body = BusServoBody(
            make_config(port.path, kind, **settings),
            open_bus=patient_bus,
            start_guardian=lambda config, bus: guardian or no_guardian(),
        )
        try:
            yield Rig(bus, port, body)
        finally:
            body.close()
