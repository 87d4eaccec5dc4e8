"""The LTC kernel with parameters per synapse against its slow oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.neural.naive import ltc
from tests.neural.small_circuits import wirings
from wormctl.neural.ltc import LTCStructure, initial_params, ltc_tick
from wormctl.neural.network import Precision
from wormctl.neural.wiring import Wiring, fully_connected, make_wiring

ATOL: dict[Precision, float] = {np.float32: 5e-6, np.float64: 1e-12}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None, max_examples=60)
@given(
    wiring=wirings(),
    seed=st.integers(0, 999),
    elapsed=st.sampled_from([1e-3, 0.02, 0.1, 1.0, 10.0]),
    unfolds=st.integers(1, 6),
)
def test_one_tick_is_that_of_the_oracle(
    dtype: Precision, wiring: Wiring, seed: int, elapsed: float, unfolds: int
) -> None:
    rng = np.random.default_rng(seed)
    params = replace(
        initial_params(wiring, seed),
        input_w=rng.normal(size=wiring.inputs),
        input_b=rng.normal(size=wiring.inputs),
        output_w=rng.normal(size=wiring.motors),
        output_b=rng.normal(size=wiring.motors),
    )
    structure = LTCStructure(wiring)
    v: Any = rng.uniform(-1, 1, wiring.units).astype(dtype)
    x: Any = rng.uniform(-1, 1, wiring.inputs).astype(dtype)
    state, y = v.copy(), np.zeros_like(v[: wiring.motors])
    kept = ltc_tick(structure.ints, structure.pack(params, dtype), state, x, y, elapsed, unfolds)
    assert kept == 0
    expected_state, expected_y = ltc(wiring, params, v, x.astype(np.float64), elapsed, unfolds)
    np.testing.assert_allclose(state, expected_state, rtol=0, atol=ATOL[dtype])
    np.testing.assert_allclose(y, expected_y, rtol=0, atol=3 * ATOL[dtype])


def test_a_neuron_whose_step_has_no_answer_keeps_its_state() -> None:
    wiring = make_wiring(2, 1, 1, ([], [], []), ([], [], []))
    params = replace(initial_params(wiring, 0), cm=np.array([1e308, 1.0]))
    structure, v, y = LTCStructure(wiring), np.array([0.25, 0.5]), np.zeros(1)
    kept = ltc_tick(structure.ints, structure.pack(params, np.float64), v, np.zeros(1), y, 0.02, 3)
    assert kept == 3
    assert v[0] == 0.25
    assert v[1] != 0.5


def test_an_output_that_would_not_be_finite_keeps_its_value() -> None:
    wiring = make_wiring(2, 1, 2, ([], [], []), ([], [], []))
    params = replace(
        initial_params(wiring, 0),
        output_w=np.array([3e38, 1.0]),
        output_b=np.array([3e38, 0.0]),
        vleak=np.ones(2),
    )
    structure, v, y = LTCStructure(wiring), np.ones(2, np.float32), np.array([0.5, 0.5], np.float32)
    assert ltc_tick(structure.ints, structure.pack(params), v, np.zeros(1, np.float32), y, 0.02, 3) == 1
    np.testing.assert_array_equal(y, [0.5, v[1]])


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("w", r"w has shape \(2,\), must be \(9,\)"),
        ("output_w", r"output_w has shape \(2,\), must be \(3,\)"),
    ],
)
def test_parameters_of_the_wrong_shape_are_named(field: str, message: str) -> None:
    wiring = fully_connected(3, 1)
    wrong: Any = {field: np.ones(2)}
    with pytest.raises(ValueError, match=message):
        LTCStructure(wiring).pack(replace(initial_params(wiring, 0), **wrong))


def test_parameters_that_are_not_finite_are_named() -> None:
    wiring = fully_connected(3, 1)
    with pytest.raises(ValueError, match="sigma has a value that is not finite"):
        LTCStructure(wiring).pack(replace(initial_params(wiring, 0), sigma=np.full(9, np.inf)))


@pytest.mark.parametrize(("cm", "place"), [([0.4, 0.0, 0.5], "1"), ([0.4, 0.5, -0.1], "2")])
def test_a_capacitance_must_be_positive(cm: list[float], place: str) -> None:
    wiring = fully_connected(3, 1)
    params = replace(initial_params(wiring, 0), cm=np.array(cm))
    with pytest.raises(ValueError, match=rf"cm\[{place}\] = -?0(\.1)?, must be > 0"):
        LTCStructure(wiring).pack(params)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mu": 1e39}, r"mu\[\d+\] = 1e\+39, must be finite and within 3\.4e\+38"),
        ({"w": 1e30, "erev": 1e30}, r"w \* erev\[\d+\] = 1e\+60, must be finite"),
    ],
)
def test_what_float32_cannot_hold_is_refused_for_float32_only(
    changes: dict[str, float], message: str
) -> None:
    wiring = fully_connected(3, 1)
    params = initial_params(wiring, 0)
    large: Any = {name: np.full_like(getattr(params, name), value) for name, value in changes.items()}
    structure = LTCStructure(wiring)
    structure.pack(replace(params, **large), np.float64)
    with pytest.raises(ValueError, match=message):
        structure.pack(replace(params, **large), np.float32)
