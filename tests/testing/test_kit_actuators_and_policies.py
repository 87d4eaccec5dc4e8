"""The kit must catch: one broken actuator and one broken policy for every rule."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.testing.sound import ODOUR, offer
from wormctl.controller import Port
from wormctl.device import Config, Context, DeviceSpec
from wormctl.testing import (
    ConformanceError,
    Rule,
    check_actuator,
    check_policy,
)


class Lamp:
    """A sound actuator; the broken ones below differ from it in one thing."""

    def __init__(self, config: Config) -> None:
        self.spec = DeviceSpec(name="lamp", channels=(ODOUR,), simulated=True)
        self.stops = 0

    def configure(self, context: Context) -> None: ...

    def write(self, values: NDArray[np.float64], now_s: float) -> None: ...

    def stop(self, reason: str) -> None: ...

    def close(self) -> None: ...


class Picky(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        if values[0] >= 1.0:
            raise ValueError("too bright")


class Rounding(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        values[:] = 0.5


class SlowLamp(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        time.sleep(0.003)


class OnceOnly(Lamp):
    def stop(self, reason: str) -> None:
        self.stops += 1
        if self.stops > 1:
            raise OSError("already dark")


@pytest.mark.parametrize(
    ("broken", "rule", "says"),
    [
        (Picky, Rule.VALUES, "too bright"),
        (Rounding, Rule.VALUES, "write changes the values"),
        (SlowLamp, Rule.QUICK, "write waits"),
        (OnceOnly, Rule.STOP, "already dark"),
    ],
)
def test_a_broken_actuator_is_caught(broken: type[Lamp], rule: Rule, says: str) -> None:
    check_actuator(offer(Lamp))
    with pytest.raises(ConformanceError, match=says) as caught:
        check_actuator(offer(broken))
    assert caught.value.rule is rule


class Brain:
    """A sound policy; the broken ones below differ from it in one thing."""

    def __init__(self, config: Config) -> None:
        self.reset()

    def reset(self) -> None:
        self.time_s = 0.0

    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        self.time_s += dt
        smell = inputs["smell"][0]
        outputs[:] = np.sin(self.time_s + (smell if np.isfinite(smell) else 0.0))


class Believing(Brain):
    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        outputs[:] = inputs["smell"][0]


class Unforgetting(Brain):
    def reset(self) -> None:
        self.time_s = getattr(self, "time_s", 0.0)


class Raising(Brain):
    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Believing, "not finite"),
        (Unforgetting, "something else after reset"),
        (Raising, "raises ZeroDivisionError"),
        (Lamp, "has no method reset"),
    ],
)
def test_a_broken_policy_is_caught(broken: type[Any], says: str) -> None:
    inputs = [Port(name="smell")]
    check_policy(offer(Brain), inputs=inputs)
    with pytest.raises(ConformanceError, match=says) as caught:
        check_policy(offer(broken), inputs=inputs)
    assert caught.value.rule is Rule.POLICY
