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

from wormctl.neural.cfc import CfCLayer, CfCParams, Dense
from wormctl.neural.checks import InputError
from wormctl.neural.ltc import initial_params
from wormctl.neural.network import CfCNetwork, LTCNetwork, Network
from wormctl.neural.network_kernel import HOLD_S
from wormctl.neural.wiring import Wiring, auto_ncp, make_wiring


def ncp() -> Wiring:
    return auto_ncp(12, 3, inputs=2, seed=1)


def ltc_network() -> Network:
    return LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=0.02)


def cfc_params() -> CfCParams:
    rng = np.random.default_rng(0)
    ff1, ff2, a, b = (Dense(rng.normal(size=(12, 14)), rng.normal(size=12)) for _ in range(4))
    return CfCParams(layers=(CfCLayer(ff1, ff2, a, b),))


def cfc_network() -> Network:
    return CfCNetwork(cfc_params(), dt_s=0.02)


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


@pytest.mark.parametrize("dt_s", [0.0, -0.02, np.nan, np.inf, 5e-324, 1e9, "x", None, [0.02]])
def test_bad_periods_are_refused(dt_s: Any) -> None:
    with pytest.raises(InputError, match="dt_s = "):
        LTCNetwork(ncp(), initial_params(ncp(), 0), dt_s=dt_s)
    with pytest.raises(InputError, match="elapsed = "):
        CfCNetwork(cfc_params(), dt_s=0.02, elapsed=dt_s)


@pytest.mark.parametrize("unfolds", [0, -1, 1000, 2.5, None, "6"])
def test_bad_unfolds_are_refused(unfolds: Any) -> None:
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
@pytest.mark.parametrize("missing", [np.nan, 5.0])
def test_an_input_that_stays_away_is_held_and_then_fades_to_nothing(make: Make, missing: float) -> None:
    held, told, none = make(), make(), make()
    good = np.array([missing != missing, True])
    hold_ticks = round(HOLD_S / held.dt_s)
    for network in (held, told):
        network.step([0.5, -0.5])
    for _ in range(hold_ticks):
        held.step_held(np.array([missing, -0.5]), good)
        told.step([0.5, -0.5])
    np.testing.assert_array_equal(held.state, told.state)
    seen = [0.5]
    for _ in range(2000):
        held.step_held(np.array([missing, -0.5]), good)
        seen.append(float(held._held[0]))
    assert np.all(np.diff(seen) <= 0.0)
    assert seen[hold_ticks] == pytest.approx(0.5 * np.exp(-1.0), rel=1e-3)
    assert seen[-1] == 0.0
    none.set_state(held.state)
    none.step([0.0, -0.5])
    held.step_held(np.array([missing, -0.5]), good)
    np.testing.assert_array_equal(held.state, none.state)
    assert held.guarded_ticks == hold_ticks + 2001
    held.step([0.25, -0.5])
    assert held._held[0] == 0.25


@both
def test_an_input_that_was_never_good_is_not_missing(make: Make) -> None:
    unbound, zero = make(), make()
    for _ in range(5):
        unbound.step_held(np.array([7.0, 0.5]), np.array([False, True]))
        zero.step([0.0, 0.5])
    np.testing.assert_array_equal(unbound.state, zero.state)
    assert unbound.guarded_ticks == 0


@both
@pytest.mark.parametrize(
    ("x", "good", "message"),
    [
        (np.zeros(3), GOOD, r"x is float64 of shape \(3,\), must be float64 of shape \(2,\)"),
        (np.zeros(1), GOOD, r"x is float64 of shape \(1,\)"),
        (np.zeros((2, 1)), GOOD, r"x is float64 of shape \(2, 1\)"),
        (np.zeros(2, np.float32), GOOD, "x is float32"),
        (np.zeros(4)[::2], GOOD, "with gaps"),
        (np.zeros(2), np.ones(1, dtype=np.bool_), r"good is bool of shape \(1,\)"),
        (np.zeros(2), np.ones(2), "good is float64"),
    ],
)
def test_arrays_that_compiled_code_must_not_see_are_refused(
    make: Make, x: Any, good: Any, message: str
) -> None:
    network = make()
    with pytest.raises(InputError, match=message):
        network.step_held(x, good)
    assert not network.state.any()


@pytest.mark.parametrize("name", ["sigma", "mu", "w", "sensory_mu", "cm"])
def test_parameters_of_the_wrong_shape_are_named_by_the_network_too(name: str) -> None:
    wrong: Any = {name: np.ones(2)}
    with pytest.raises(InputError, match=rf"{name} has shape \(2,\), must be \(\d+,\)"):
        LTCNetwork(ncp(), replace(initial_params(ncp(), 0), **wrong), dt_s=0.02)


@both
@pytest.mark.parametrize(
    ("neurons", "message"), [([0, 99], r"cut\[1\] = 99"), ([-1], r"cut\[0\] = -1"), ([0.5], "cut")]
)
def test_only_neurons_that_are_there_can_be_cut(make: Make, neurons: Any, message: str) -> None:
    network, whole = make(), make()
    with pytest.raises(InputError, match=message):
        network.cut(neurons)
    for _ in range(3):
        network.step([0.5, -0.5])
        whole.step([0.5, -0.5])
    np.testing.assert_array_equal(network.state, whole.state)


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
    params = replace(initial_params(wiring, 0), cm=np.full(1, 1e38))
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
