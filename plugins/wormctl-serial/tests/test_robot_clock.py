"""The firmware's clock as the host sees it: found in spite of slow answers, a drift and a wrap."""

from __future__ import annotations

import math
import random

import pytest
from wormctl_serial.robot_clock import WRAP_US, RobotClock


def ticking(drift_ppm: float, start_us: int, seconds: float, seed: int = 1) -> tuple[RobotClock, float]:
    """A clock fed with answers 50 times a second, and the largest error of its last ten seconds, in s."""
    rng, clock, worst = random.Random(seed), RobotClock(), 0.0
    for k in range(int(seconds * 50)):
        host_s = 100.0 + k * 0.02
        robot_us = round(start_us + (host_s - 100.0) * 1e6 * (1.0 + drift_ppm * 1e-6)) % WRAP_US
        there_s, back_s = (0.0007 + rng.expovariate(1000.0) for _ in range(2))
        clock.add(robot_us, host_s - there_s, host_s + back_s)
        if seconds - k * 0.02 < 10.0:
            worst = max(worst, abs(clock.host_s(robot_us) - host_s))
    return clock, worst


@pytest.mark.parametrize(
    "drift_ppm", [0.0, 5000.0, -5000.0], ids=["none", "fast resonator", "slow resonator"]
)
def test_a_drifting_clock_is_followed(drift_ppm: float) -> None:
    clock, worst_s = ticking(drift_ppm, 0, 70.0)
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=50.0)
    assert worst_s < 0.001


def test_a_wrap_is_no_jump() -> None:
    _, worst_s = ticking(100.0, WRAP_US - 20_000_000, 60.0)
    assert worst_s < 0.001


def test_before_the_first_answer_nothing_is_known() -> None:
    assert math.isnan(RobotClock().host_s(5))
