"""The per-neuron kernel against its slow oracle, and what it does with bad currents and bad parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.neural.naive import presynaptic
from tests.neural.small_circuits import presynaptic_params, wirings
from wormctl.jit import njit
from wormctl.neural.presynaptic import (
    CURRENT_LIMIT,
    PresynapticParams,
    PresynapticStructure,
    presynaptic_tick,
)
from wormctl.neural.wiring import Wiring, make_wiring

Precision = type[np.float32] | type[np.float64]

ATOL: dict[Precision, float] = {np.float32: 5e-6, np.float64: 1e-12}


def structure_of(wiring: Wiring) -> PresynapticStructure:
    return PresynapticStructure(wiring.units, wiring.pre, wiring.post, wiring.gap_a, wiring.gap_b)


def tick(
    wiring: Wiring, params: PresynapticParams, v: Any, current: Any, dt: float, unfolds: int, dtype: Precision
) -> tuple[Any, Any]:
    structure = structure_of(wiring)
    v = np.asarray(v).astype(dtype)
    s = np.full_like(v, np.nan)
    presynaptic_tick(structure.ints, structure.pack(params, dtype), v, s, np.asarray(current), dt, unfolds)
    return v, s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None, max_examples=60)
@given(
    wiring=wirings(),
    seed=st.integers(0, 999),
    dt=st.sampled_from([1e-3, 0.02, 0.1, 1.0]),
    unfolds=st.integers(1, 6),
)
def test_one_tick_is_that_of_the_oracle(
    dtype: Precision, wiring: Wiring, seed: int, dt: float, unfolds: int
) -> None:
    params = presynaptic_params(wiring, seed)
    rng = np.random.default_rng(seed)
    v: Any = rng.uniform(-1, 1, wiring.units).astype(dtype)
    current = rng.uniform(-0.5, 0.5, wiring.units)
    ours = tick(wiring, params, v, current, dt, unfolds, dtype)
    for mine, expected in zip(ours, presynaptic(wiring, params, v, current, dt, unfolds), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=ATOL[dtype])


def chain() -> tuple[Wiring, PresynapticParams]:
    """0 -> 1 -> 2 with a gap junction 0 - 2 and a persistent conductance everywhere."""
    wiring = make_wiring(3, 1, 1, ([0, 1], [1, 2], [1, 1]), ([], [], []), ([0], [2]))
    return wiring, presynaptic_params(wiring, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, -1.01 * CURRENT_LIMIT])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_absurd_current_counts_as_none(bad: float, dtype: Precision) -> None:
    wiring, params = chain()
    v = np.array([0.1, 0.2, 0.3])
    without = tick(wiring, params, v, [0.3, 0.0, 0.3], 0.02, 6, dtype)
    given_bad = tick(wiring, params, v, [0.3, bad, 0.3], 0.02, 6, dtype)
    np.testing.assert_array_equal(given_bad, without)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("absurd", ["inf", "nan", "max"])
def test_a_neuron_whose_step_has_no_answer_keeps_its_state(dtype: Precision, absurd: str) -> None:
    wiring, params = chain()
    structure = structure_of(wiring)
    packed = structure.pack(params, dtype)
    # Behind the back of `pack`, which accepts no such capacitance.
    packed[packed == dtype(params.cm[1])] = np.finfo(dtype).max if absurd == "max" else dtype(absurd)
    v: Any = np.array([0.1, 0.2, 0.3], dtype)
    s = np.zeros_like(v)
    assert presynaptic_tick(structure.ints, packed, v, s, np.zeros(3), 0.02, 6) == 6
    assert v[1] == dtype(0.2)
    assert np.isfinite(v).all()
    assert np.isfinite(s).all()
    assert v[0] != dtype(0.1), "the others go on"


def test_a_state_beyond_the_limit_is_not_entered() -> None:
    wiring = make_wiring(1, 1, 1, ([], [], []), ([], [], []))
    params = replace(presynaptic_params(wiring, 0), gleak=np.zeros(1), cm=np.full(1, 1e-9), gself=np.zeros(1))
    structure, v, s = structure_of(wiring), np.array([0.5], np.float32), np.zeros(1, np.float32)
    packed = structure.pack(params)
    # No leak, hardly a capacitance, a huge current: every number is allowed, the next potential is not.
    assert presynaptic_tick(structure.ints, packed, v, s, np.full(1, CURRENT_LIMIT), 1e3, 1) == 1
    assert v[0] == 0.5


def test_currents_that_count_as_none_are_counted() -> None:
    wiring, params = chain()
    structure, v = structure_of(wiring), np.zeros(3)
    current = np.array([np.nan, 0.1, 1e300])
    assert (
        presynaptic_tick(structure.ints, structure.pack(params, np.float64), v, v.copy(), current, 0.02, 2)
        == 2
    )


@settings(deadline=None, max_examples=30)
@given(
    wiring=wirings(),
    seed=st.integers(0, 99),
    dt=st.floats(1e-4, 10.0),
    scale=st.sampled_from([0.0, 1e-30, 1.0, 1e6, 1e20]),
)
def test_the_state_stays_finite_whatever_the_currents(
    wiring: Wiring, seed: int, dt: float, scale: float
) -> None:
    structure, params = structure_of(wiring), presynaptic_params(wiring, seed)
    packed, v = structure.pack(params), np.zeros(wiring.units, np.float32)
    s = np.zeros_like(v)
    rng = np.random.default_rng(seed)
    for _ in range(20):
        presynaptic_tick(structure.ints, packed, v, s, rng.normal(size=v.size) * scale, dt, 2)
        assert np.isfinite(v).all()
        assert ((s >= 0) & (s <= 1)).all()


def test_conductances_too_small_to_matter_are_dropped() -> None:
    wiring, params = chain()
    tiny = replace(params, w=np.full(2, 1e-30))
    none = replace(params, w=np.zeros(2))
    structure = structure_of(wiring)
    np.testing.assert_array_equal(structure.pack(tiny), structure.pack(none))


@njit(cache=True)
def many_ticks(ints: Any, floats: Any, v: Any, s: Any, current: Any, times: int) -> None:
    for _ in range(times):
        presynaptic_tick(ints, floats, v, s, current, 0.02, 2)


def test_compiled_code_can_call_it() -> None:
    wiring, params = chain()
    structure, v, current = structure_of(wiring), np.zeros(3, np.float32), np.full(3, 0.2)
    s = np.zeros_like(v)
    many_ticks(structure.ints, structure.pack(params), v, s, current, 5)
    expected = np.zeros(3)
    for _ in range(5):
        expected = presynaptic(wiring, params, expected, current, 0.02, 2)[0]
    np.testing.assert_allclose(v, expected, rtol=0, atol=5e-6)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("w", np.array([0.1]), r"w has shape \(1,\), must be \(2,\)"),
        ("w", np.array([0.1, -0.1]), r"w\[1\] = -0\.1, must be 0\.\.1e\+06"),
        ("w", np.array([0.1, 1e38]), r"w\[1\] = 1e\+38, must be 0\.\.1e\+06"),
        ("g", np.array([np.nan]), r"g\[0\] = nan, must be 0\.\.1e\+06"),
        ("cm", np.array([0.1, 0.0, 0.1]), r"cm\[1\] = 0, must be 1e-09\.\.1e\+06"),
        ("cm", np.full(3, 1e38), r"cm\[0\] = 1e\+38"),
        ("vleak", np.full(3, 3e38), r"vleak\[0\] = 3e\+38, must be -1e\+06\.\.1e\+06"),
        ("mu", np.zeros((3, 1)), r"mu has shape \(3, 1\)"),
    ],
)
def test_bad_parameters_are_named(field: str, value: Any, message: str) -> None:
    wiring, params = chain()
    with pytest.raises(ValueError, match=message):
        structure_of(wiring).pack(replace(params, **{field: value}))


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ((0, [], [], [], []), "at least one neuron"),
        ((2, [0], [0, 1], [], []), r"post has shape \(2,\), must be \(1,\)"),
        ((2, [2], [0], [], []), r"pre\[0\] = 2, must be 0\.\.1"),
        ((2, [], [], [0, 1], [0, -1]), r"gap_b\[1\] = -1, must be 0\.\.1"),
        ((2, [2**32], [0], [], []), r"pre\[0\] = 4294967296, must be 0\.\.1"),
        ((2, [0.5], [0], [], []), "pre is of type float64, must be whole numbers"),
    ],
)
def test_bad_structures_are_refused(ends: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PresynapticStructure(*ends)
