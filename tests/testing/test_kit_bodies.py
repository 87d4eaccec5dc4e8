"""The kit must catch: one broken body for every rule."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.testing.sound import ODOUR, Snake, offer
from wormctl.channel import Channel, Samples
from wormctl.device import JOINT_POSITION, Context, DeviceError, DeviceSpec
from wormctl.testing import (
    ConformanceError,
    Rule,
    check_body,
)


class Degrees(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        channel = Channel(name=JOINT_POSITION, unit="deg", low=-180.0, high=180.0, size=12)
        self.spec = DeviceSpec(name="ideal", channels=(channel,), simulated=True)


class Short(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__(joints=11)


class ShortSighted(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        channel = Channel(name=JOINT_POSITION, unit="rad", low=-0.5, high=0.5, size=12)
        self.spec = DeviceSpec(name="ideal", channels=(channel,), simulated=True)


class NoJoints(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.spec = DeviceSpec(name="ideal", channels=(ODOUR,), simulated=True)


class NoTruth(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        del self.truth


class WrongTruth(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.truth.nose = np.zeros(3)


class Jumps(Snake):
    def arm(self, now_s: float) -> None:
        self.position_rad[:] = 0.5

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad += 0.001


class Homing(Snake):
    """Goes straight as soon as it has power."""

    def configure(self, context: Context) -> None:
        super().configure(context)
        self.position_rad[:] = 0.5

    def read(self, now_s: float, out: Samples) -> None:
        super().read(now_s, out)
        self.position_rad *= 0.95


class Reversed(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad[:] = setpoint_rad[::-1]


class Mirrored(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad[:] = -setpoint_rad


class Deaf(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        pass


class Scribbles(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        super().write(setpoint_rad, now_s)
        setpoint_rad[:] = 1.0


class Leaks(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        super().write(setpoint_rad, now_s)
        self.log.append(str(now_s))


class StopsOnce(Snake):
    def stop(self, reason: str) -> None:
        if "stop" in self.log:
            raise OSError("already off")
        super().stop(reason)


class StopsOnlyWhenOpen(Snake):
    def stop(self, reason: str) -> None:
        if "configure" not in self.log:
            raise OSError("no port")


class StopsNotWhenClosed(Snake):
    def stop(self, reason: str) -> None:
        if self.log.count("close"):
            raise OSError("port is closed")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Degrees, "unit 'deg': must be SI"),
        (Short, "measures 11 joints"),
        (ShortSighted, "cannot measure up to its limits"),
        (NoJoints, "has no channel joint.position"),
        (NoTruth, "must have `truth`"),
        (WrongTruth, "truth has the shapes"),
        (Homing, "before it was armed"),
        (Jumps, "when it was armed"),
        (Reversed, "joint 0 was told to bend"),
        (Mirrored, "joint 0 was told to bend"),
        (Deaf, "joint 0 was told to bend"),
        (Scribbles, "write changes the setpoints"),
        (Leaks, "a tick grows the memory"),
        (StopsOnce, "stopping twice raises OSError"),
        (StopsOnlyWhenOpen, "stop before configure raises OSError"),
        (StopsNotWhenClosed, "stop after close raises OSError"),
    ],
)
def test_a_broken_body_is_caught(broken: type[Snake], says: str) -> None:
    with pytest.raises(ConformanceError, match=says):
        check_body(offer(broken))


class Bugs(Snake):
    """A physical body whose `where` raises `error`, from its 16th call on if it is `read`."""

    where, error = "", TypeError("bug")

    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.spec = msgspec.structs.replace(self.spec, simulated=False)
        self.reads = 0

    def configure(self, context: Context) -> None:
        self.raise_in("configure")

    def read(self, now_s: float, out: Samples) -> None:
        self.reads += 1
        if self.reads > 15:
            self.raise_in("read")
        super().read(now_s, out)

    def arm(self, now_s: float) -> None:
        self.raise_in("arm")

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.raise_in("write")
        super().write(setpoint_rad, now_s)

    def raise_in(self, where: str) -> None:
        if where == self.where:
            raise self.error


@pytest.mark.parametrize(
    ("where", "rule"),
    [("configure", Rule.OPEN), ("read", Rule.SHAPE), ("arm", Rule.STILL), ("write", Rule.MOVES)],
)
def test_a_body_whose_code_has_a_mistake_is_broken(where: str, rule: Rule) -> None:
    with pytest.raises(
        ConformanceError, match=rf"{where} raises TypeError: bug \(test_kit_bodies.py, line \d+\)"
    ) as caught:
        check_body(offer(type("Body", (Bugs,), {"where": where})))
    assert caught.value.rule is rule


@pytest.mark.parametrize("where", ["configure", "arm"])
def test_a_body_that_says_what_is_missing_is_not(where: str) -> None:
    refused = DeviceError("no servo power: switch it on")
    with pytest.raises(DeviceError, match="no servo power"):
        check_body(offer(type("Body", (Bugs,), {"where": where, "error": refused})))


@pytest.mark.parametrize("where", ["read", "write"])
def test_but_only_before_it_is_armed(where: str) -> None:
    refused = DeviceError("no servo power: switch it on")
    with pytest.raises(ConformanceError, match="raises DeviceError: no servo power"):
        check_body(offer(type("Body", (Bugs,), {"where": where, "error": refused})))


class WritesSlowly(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        time.sleep(0.008)
        super().write(setpoint_rad, now_s)


class ReadsSlowly(Snake):
    def read(self, now_s: float, out: Samples) -> None:
        time.sleep(0.008)
        super().read(now_s, out)


@pytest.mark.parametrize(("slow", "what"), [(WritesSlowly, "write"), (ReadsSlowly, "read")])
def test_a_body_that_waits_is_caught(slow: type[Snake], what: str) -> None:
    with pytest.raises(ConformanceError, match=f"{what} waits for") as caught:
        check_body(offer(slow))
    assert caught.value.rule is Rule.QUICK


def test_a_physical_body_passes() -> None:
    check_body(offer(Bugs), move=False)
