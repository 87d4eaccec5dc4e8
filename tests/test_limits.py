"""Limits and slew: every branch against a slow oracle, and properties that must hold for any input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wormctl.limits import allowed_step, limit_setpoint, make_limits
from wormctl.snake import load_snake

LIMIT = 1.0
STEP = 0.1

anything = st.floats(width=64)
finite = st.floats(-5.0, 5.0)


def oracle(wanted: list[float], previous: list[float], limit: float, step: float) -> tuple[list[float], int]:
    out, bad = [], 0
    for goal, start in zip(wanted, previous, strict=True):
        bad += not math.isfinite(goal) or not math.isfinite(start)
        held = float(np.clip(start, -limit, limit)) if math.isfinite(start) else 0.0
        aim = float(np.clip(goal, -limit, limit)) if math.isfinite(goal) else held
        out.append(float(np.clip(aim, held - step, held + step)))
    return out, bad


def limited(
    wanted: list[float], previous: list[float], limit: float = LIMIT, step: float = STEP
) -> tuple[NDArray[np.float64], int]:
    out = np.full(len(wanted), np.nan)
    bad = limit_setpoint(np.array(wanted), np.array(previous), limit, step, out)
    return out, bad


@pytest.mark.parametrize(
    ("wanted", "previous", "expected", "bad"),
    [
        pytest.param(0.05, 0.0, 0.05, 0, id="allowed as it is"),
        pytest.param(0.5, 0.0, 0.1, 0, id="slew upwards"),
        pytest.param(-0.5, 0.0, -0.1, 0, id="slew downwards"),
        pytest.param(3.0, 0.95, 1.0, 0, id="upper limit"),
        pytest.param(-3.0, -0.95, -1.0, 0, id="lower limit"),
        pytest.param(math.nan, 0.3, 0.3, 1, id="nan holds"),
        pytest.param(math.inf, 0.3, 0.3, 1, id="inf holds"),
        pytest.param(-math.inf, 0.3, 0.3, 1, id="-inf holds"),
        pytest.param(0.95, 2.0, 0.95, 0, id="previous beyond the range counts as its edge"),
        pytest.param(0.5, -2.0, -0.9, 0, id="previous below the range counts as its edge"),
        pytest.param(0.5, math.nan, 0.1, 1, id="unknown previous counts as straight"),
        pytest.param(math.nan, math.nan, 0.0, 1, id="nothing is known"),
        pytest.param(math.nan, 2.0, 1.0, 1, id="holding never leaves the range"),
    ],
)
def test_every_branch(wanted: float, previous: float, expected: float, bad: int) -> None:
    out, count = limited([wanted], [previous])
    assert out[0] == pytest.approx(expected, abs=1e-15)
    assert count == bad


@given(
    joints=st.lists(st.tuples(anything, anything), min_size=1, max_size=12),
    limit=st.floats(0.01, 2.0),
    step=st.floats(0.0, 1.0),
)
def test_any_input_gives_what_the_oracle_gives(
    joints: list[tuple[float, float]], limit: float, step: float
) -> None:
    wanted, previous = [w for w, _ in joints], [p for _, p in joints]
    out, bad = limited(wanted, previous, limit, step)
    expected, expected_bad = oracle(wanted, previous, limit, step)
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert bad == expected_bad
    assert np.all(np.abs(out) <= limit)


@given(wanted=st.lists(anything, min_size=3, max_size=60))
def test_a_run_of_setpoints_never_leaves_range_or_slew(wanted: list[float]) -> None:
    goal = np.zeros(1)
    for value in wanted:
        before = goal[0]
        limit_setpoint(np.array([value]), goal, LIMIT, STEP, goal)
        assert abs(goal[0]) <= LIMIT
        assert abs(goal[0] - before) <= STEP + 1e-12


@given(wanted=finite, previous=st.floats(-LIMIT, LIMIT))
def test_what_is_wanted_is_reached_if_it_can_be(wanted: float, previous: float) -> None:
    goal = np.array([previous])
    for _ in range(math.ceil(2 * LIMIT / STEP) + 1):
        limit_setpoint(np.array([wanted]), goal, LIMIT, STEP, goal)
    assert goal[0] == pytest.approx(np.clip(wanted, -LIMIT, LIMIT))


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_slew_is_slow_after_arming_and_the_same_speed_at_every_rate(rate_hz: float) -> None:
    limits = make_limits(load_snake(), 1.0 / rate_hz)
    last_slow = round(2.0 * rate_hz) - 1
    assert math.degrees(allowed_step(limits, 0)) * rate_hz == pytest.approx(30.0)
    assert math.degrees(allowed_step(limits, last_slow)) * rate_hz == pytest.approx(30.0)
    assert math.degrees(allowed_step(limits, last_slow + 1)) * rate_hz == pytest.approx(120.0)
    assert math.degrees(limits.limit_rad) == pytest.approx(60.0)


@pytest.mark.parametrize("period_s", [0.0, -0.02, math.nan, math.inf])
def test_a_period_that_is_no_period_is_refused(period_s: float) -> None:
    with pytest.raises(ValueError, match="period_s"):
        make_limits(load_snake(), period_s)


def test_the_kernel_is_what_its_python_says() -> None:
    rng = np.random.default_rng(1)
    wanted, previous = rng.normal(size=200), rng.normal(size=200)
    compiled, plain = np.empty(200), np.empty(200)
    limit_setpoint(wanted, previous, LIMIT, STEP, compiled)
    limit_setpoint.py_func(wanted, previous, LIMIT, STEP, plain)
    np.testing.assert_array_equal(compiled, plain)
