"""What a network refuses when asked politely, and what it survives inside a running loop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wormctl.bench.allocation import allocations
from wormctl.neural.cfc import CfCLayer, CfCParams, Dense
from wormctl.neural.ltc import initial_params
from wormctl.neural.network import CfCNetwork, InputError, LTCNetwork, Network
from wormctl.neural.wiring import Wiring, auto_ncp, make_wiring


def ncp() -> Wiring:
    return auto_ncp(12, 3, inputs=2, seed=1)


def ltc_network() -> Network:
    return LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=0.02)


def cfc_network() -> Network:
    rng = np.random.default_rng(0)
    ff1, ff2, a, b = (Dense(rng.normal(size=(12, 14)), rng.normal(size=12)) for _ in range(4))
    return CfCNetwork(CfCParams(layers=(CfCLayer(ff1, ff2, a, b),)), dt_s=0.02)


both = pytest.mark.parametrize("make", [ltc_network, cfc_network])
Make = Callable[[], Network]
GOOD = np.ones(2, dtype=np.bool_)


@both
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([0.0], r"input has shape \(1,\), must be \(2,\)"),
        ([[0.0, 0.0]], r"input has shape \(1, 2\), must be \(2,\)"),
        ([0.0, np.nan], r"input\[1\] = nan, must be finite"),
        ([np.inf, 0.0], r"input\[0\] = inf, must be finite"),
        ([0.0, None], r"input\[1\] = nan|input is not an array of numbers"),
        (["a", "b"], "input is not an array of numbers, must be 2 numbers"),
    ],
)
def test_bad_input_is_refused_by_name(make: Make, x: Any, message: str) -> None:
    network = make()
    before = network.state.copy()
    with pytest.raises(InputError, match=message):
        network.step(x)
    np.testing.assert_array_equal(network.state, before)


@pytest.mark.parametrize("dt_s", [0.0, -0.02, np.nan, np.inf, 5e-324, 1e9])
def test_bad_periods_are_refused(dt_s: float) -> None:
    with pytest.raises(InputError, match="dt_s = "):
        LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=dt_s)
    with pytest.raises(InputError, match="elapsed = "):
        LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=0.02, elapsed=dt_s)


@pytest.mark.parametrize("unfolds", [0, -1, 1000])
def test_bad_unfolds_are_refused(unfolds: int) -> None:
    with pytest.raises(InputError, match=r"unfolds = .*, must be 1\.\.100"):
        LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=0.02, unfolds=unfolds)


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_an_input_that_cannot_be_used_keeps_its_last_value(make: Make, bad: float) -> None:
    held, told = make(), make()
    for network in (held, told):
        network.step([0.5, -0.5])
    held.step_held(np.array([bad, 0.25]), GOOD)
    told.step([0.5, 0.25])
    np.testing.assert_array_equal(held.state, told.state)
    np.testing.assert_array_equal(held.outputs, told.outputs)
    assert (held.guarded_ticks, told.guarded_ticks) == (1, 0)


@both
def test_an_input_marked_bad_is_not_used_though_it_looks_fine(make: Make) -> None:
    held, told = make(), make()
    for network in (held, told):
        network.step([0.5, -0.5])
    held.step_held(np.array([0.9, 0.25]), np.array([False, True]))
    told.step([0.5, 0.25])
    np.testing.assert_array_equal(held.state, told.state)
    assert held.guarded_ticks == 1


@both
def test_reset_is_a_new_life(make: Make) -> None:
    used, new = make(), make()
    used.step([0.5, -0.5])
    used.step_held(np.full(2, np.nan), GOOD)
    used.reset()
    assert used.guarded_ticks == 0
    assert not used.state.any()
    np.testing.assert_array_equal(used.step([0.1, 0.2]), new.step([0.1, 0.2]))


anything = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([1e38, -1e38, 1e30, 1e-320])
)


@both
@settings(deadline=None, max_examples=50)
@given(xs=st.lists(st.tuples(anything, anything), max_size=8))
def test_no_input_makes_anything_non_finite(make: Make, xs: list[tuple[float, float]]) -> None:
    network = make()
    for x in xs:
        network.step_held(np.array(x), GOOD)
        for array in (network.state, network.outputs, network.activity):
            assert np.isfinite(array).all()
        assert ((network.activity >= 0) & (network.activity <= 1)).all()


def test_a_neuron_that_cannot_be_solved_is_counted() -> None:
    wiring = make_wiring(1, 1, 1, ([], [], []), ([], [], []))
    params = replace(initial_params(wiring, 0), cm=np.zeros(1), gleak=np.zeros(1), epsilon=0.0)
    network = LTCNetwork(wiring, params, dt_s=0.02)
    network.set_state([0.5])
    network.step_held(np.zeros(1), np.ones(1, dtype=np.bool_))
    assert network.state[0] == 0.5
    assert network.guarded_ticks == 1


def test_a_cut_ltc_neuron_is_not_heard() -> None:
    wiring = make_wiring(3, 1, 1, ([2, 1], [1, 0], [1, 1]), ([0], [2], [1]), ([1], [2]))
    answers = []
    for x in (0.0, 5.0):
        network = LTCNetwork(wiring, initial_params(wiring, 0), dt_s=0.02)
        network.cut([1])
        for _ in range(5):
            network.step([x])
        answers.append(float(network.outputs[0]))
    assert answers[0] == answers[1]
    network = LTCNetwork(wiring, initial_params(wiring, 0), dt_s=0.02)
    for _ in range(5):
        network.step([5.0])
    assert float(network.outputs[0]) != answers[0]


@both
def test_a_tick_allocates_nothing_that_stays(make: Make) -> None:
    network, x = make(), np.array([0.3, -0.3])
    made = allocations(lambda: network.step_held(x, GOOD), lambda times: None, ticks=200)
    assert made.python_bytes_kept == 0


def test_cells_run_the_same_with_compilation_off() -> None:
    program = """
import numpy as np
from tests.neural.test_network import cfc_network, ltc_network
for network in (ltc_network(), cfc_network()):
    for x in ([0.5, -0.5], [0.1, 0.9]):
        network.step(x)
    print(",".join(str(float(v)) for v in network.state))
"""
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line, make in zip(printed.split(), (ltc_network, cfc_network), strict=True):
        network = make()
        for x in ([0.5, -0.5], [0.1, 0.9]):
            network.step(x)
        np.testing.assert_allclose(network.state, [float(v) for v in line.split(",")], rtol=0, atol=1e-6)
