"""The worm as a controller: the file must describe what it holds, and nothing wrong reaches compiled code."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest

from wormctl.controller import Port
from wormctl.policy import Output, Policy, PolicyError, find_policy, load_policy
from wormctl.worm.controller import WormController


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return load_policy(find_policy("worm302"))


@pytest.fixture
def worm(shipped: Policy) -> WormController:
    return WormController.from_policy(shipped)


def other(policy: Policy, **changes: Any) -> Policy:
    return dataclasses.replace(policy, meta=msgspec.structs.replace(policy.meta, **changes))


def changed(policy: Policy, **tensors: Any) -> Policy:
    named = {name.replace("_", ".", 1): value for name, value in tensors.items()}
    arrays = {name: np.full_like(policy.tensors[name], value) for name, value in named.items()}
    return dataclasses.replace(policy, tensors=policy.tensors | arrays)


def arrays(worm: WormController) -> tuple[Any, Any, Any]:
    size = sum(port.size for port in worm.inputs)
    return np.zeros(size), np.ones(size, dtype=np.bool_), np.zeros(worm.joints)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: {"neurons": m.neurons[::-1]}, r"neurons\[0\] = VD9, must be ADAL"),
        (lambda m: {"neurons": m.neurons[:-1]}, r"neurons\[301\] = nothing, must be VD9"),
        (lambda m: {"joints": 11}, "joints = 11, must be 12"),
        (lambda m: {"inputs": m.inputs[1:]}, r"inputs\[0\] = ADFR \(1 in 1\), must be ADFL \(1 in 1\)"),
        (lambda m: {"inputs": m.inputs[:-1]}, r"inputs\[36\] = nothing, must be stretch \(12 in rad\)"),
        (
            lambda m: {"inputs": (*m.inputs, Port(name="x"))},
            r"inputs\[37\] = x \(1 in no unit\), must be nothing",
        ),
        (lambda m: {"outputs": (Output(joint=0),)}, "outputs has 1 entries, must be empty"),
    ],
)
def test_a_file_that_describes_another_worm_is_refused(shipped: Policy, change: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        other(shipped, **change(shipped.meta)).controller()


@pytest.mark.parametrize(("name", "value"), [("neuron_cm", 1e38), ("chem_w", 1e38), ("neuron_vleak", 3e38)])
def test_a_worm_that_would_overflow_is_refused(shipped: Policy, name: str, value: float) -> None:
    with pytest.raises(PolicyError, match=rf"{name.replace('_', '.', 1)}\[0\] = .*, must be"):
        changed(shipped, **{name: value}).controller()


@pytest.mark.parametrize(
    "name", ["neuron_cm", "chem_w", "gap_g", "neuron_gself", "nmj_weight", "stretch_gain"]
)
@pytest.mark.parametrize("value", [1e-9, 1e6])
def test_the_extremes_that_are_accepted_leave_the_worm_finite(
    shipped: Policy, name: str, value: float
) -> None:
    worm = WormController.from_policy(changed(shipped, **{name: value}))
    x, good, setpoint = arrays(worm)
    for tick in range(50):
        x[:] = np.sin(0.3 * tick)
        worm.step(x, good, setpoint)
    for array in (worm.state, worm.activity, setpoint):
        assert np.isfinite(array).all()


def test_a_state_that_could_not_be_is_never_entered_and_is_counted(worm: WormController) -> None:
    x, good, setpoint = arrays(worm)
    worm.step(x, good, setpoint)
    assert worm.guarded_ticks == 0
    before = worm.state.copy()
    # No policy holds such a capacitance: this is what the guard is for when a check was wrong.
    circuit = worm._packed.circuit_floats
    circuit[np.isin(circuit, worm._model.neuron_cm.astype(circuit.dtype))] = np.inf
    for _ in range(3):
        worm.step(x, good, setpoint)
    np.testing.assert_array_equal(worm.state, before)
    assert np.isfinite(setpoint).all()
    assert worm.guarded_ticks == 3
    worm.reset()
    assert worm.guarded_ticks == 0


def test_a_missing_input_is_counted_once_it_has_been_there(worm: WormController) -> None:
    x, good, setpoint = arrays(worm)
    worm.step(x, np.zeros_like(good), setpoint)
    assert worm.guarded_ticks == 0
    worm.step(x, good, setpoint)
    x[0] = np.nan
    worm.step(x, good, setpoint)
    assert worm.guarded_ticks == 1


@pytest.mark.parametrize(
    ("which", "wrong", "message"),
    [
        (0, np.zeros(3), r"x is float64 of shape \(3,\), must be float64 of shape \(48,\)"),
        (0, np.zeros(48, np.float32), "x is float32"),
        (0, np.zeros(96)[::2], "with gaps"),
        (1, np.ones(47, dtype=np.bool_), r"good is bool of shape \(47,\)"),
        (2, np.zeros(3), r"setpoint_rad is float64 of shape \(3,\), must be float64 of shape \(12,\)"),
        (2, np.zeros((12, 1)), "setpoint_rad is"),
    ],
)
def test_arrays_that_compiled_code_must_not_see_are_refused(
    worm: WormController, which: int, wrong: Any, message: str
) -> None:
    given = [*arrays(worm)]
    given[which] = wrong
    before = worm.state.copy()
    with pytest.raises(ValueError, match=message):
        worm.step(*given)
    np.testing.assert_array_equal(worm.state, before)


@pytest.mark.parametrize(
    ("dt_s", "unfolds", "message"),
    [
        ("x", 2, "dt_s = 'x', must be"),
        (0.0, 2, "dt_s = 0.0"),
        (0.02, None, "unfolds = None"),
        (0.02, 2.5, "unfolds"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    worm: WormController, dt_s: Any, unfolds: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        WormController(worm._model, dt_s, unfolds)
