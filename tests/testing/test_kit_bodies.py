"""The kit must catch: one broken body for every rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.testing.sound import ODOUR, Snake, offer
from wormctl.channel import Channel, Samples
from wormctl.device import JOINT_POSITION, Context, DeviceSpec
from wormctl.testing import (
    ConformanceError,
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
