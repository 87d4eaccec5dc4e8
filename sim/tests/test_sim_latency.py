"""Setpoints that reach the servos late, in every simulated body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wormctl_sim.simulated import BodyConfig, SimulatedBody

from sim.tests.bodies import EVERY_BODY, make
from wormctl.assembly import assemble
from wormctl.config import ConfigError, convert
from wormctl.device import Context
from wormctl.layers import Settings
from wormctl.plugins import load_plugins
from wormctl.robot import parse_robot
from wormctl.snake import load_snake
from wormctl.testing import StillController

SNAKE = load_snake()
PERIOD_S = 0.02


def poses(body: SimulatedBody, ticks: int, silent: int = 0) -> np.ndarray:
    """What the links do, (ticks, links, 3), told to stay for `silent` ticks and then to follow a wave."""
    body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
    body.arm(0.0)
    setpoint, found = np.zeros(SNAKE.joints), []
    for k in range(ticks):
        setpoint[:] = 0.3 * np.sin(0.1 * max(0, k - silent) - 0.5 * np.arange(SNAKE.joints)) * (k >= silent)
        body.write(setpoint, k * PERIOD_S)
        found.append(body.truth.pose.copy())
    body.close()
    return np.array(found)


@EVERY_BODY
def test_late_setpoints_do_later_what_they_would_have_done_at_once(name: str) -> None:
    late = make(name, latency_s=0.06)
    np.testing.assert_array_equal(poses(late, 40), poses(make(name), 40, silent=3))
    np.testing.assert_array_equal(poses(late, 40), poses(late, 40))  # the queue is emptied


def told_of(latency_s: float) -> list[str]:
    body: Settings = {"use": "planar", "latency_s": latency_s}
    robot = parse_robot({"policy": "none", "body": body}, where="robot.toml", folder=Path())
    with assemble(robot, load_plugins(), seed=1, controller=StillController()) as assembly:
        return list(assembly.notes)


def test_a_latency_that_is_no_whole_number_of_periods_is_rounded_and_said() -> None:
    assert told_of(0.04) == []
    assert told_of(0.05) == [
        "setpoints reach the servos 0.04 s late instead of latency_s = 0.05: "
        "a whole number of the loop's periods"
    ]


@pytest.mark.parametrize("latency_s", [-0.01, 0.3, "soon"])
def test_a_latency_that_cannot_be_is_refused(latency_s: object) -> None:
    with pytest.raises(ConfigError, match=r"^here: \$\.latency_s = .*Expected `float`"):
        convert({"latency_s": latency_s}, BodyConfig, where="here")
