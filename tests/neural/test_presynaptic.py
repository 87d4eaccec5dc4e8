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
    pack_structure,
    presynaptic_tick,
)
from wormctl.neural.wiring import Wiring, make_wiring

Precision = type[np.float32] | type[np.float64]

ATOL: dict[Precision, float] = {np.float32: 5e-6, np.float64: 1e-12}


def structure_of(wiring: Wiring) -> PresynapticStructure:
    return pack_structure(wiring.units, wiring.pre, wiring.post, wiring.gap_a, wiring.gap_b)


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


def test_a_cut_neuron_neither_sends_nor_receives() -> None:
    wiring, params = chain()
    cut = params.without([1]).without([2])
    assert cut.cut == (1, 2)
    v = np.array([0.9, -0.4, 0.7])
    alone = replace(params, w=np.zeros(2), g=np.zeros(1), gself=np.array([params.gself[0], 0.0, 0.0]))
    ours = tick(wiring, cut, v, np.zeros(3), 0.02, 6, np.float64)
    for mine, expected in zip(ours, presynaptic(wiring, alone, v, np.zeros(3), 0.02, 6), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-12)


def test_the_parameters_cut_are_not_changed_themselves() -> None:
    wiring, params = chain()
    structure = structure_of(wiring)
    before = structure.pack(params)
    structure.pack(params.without([0, 1, 2]))
    np.testing.assert_array_equal(structure.pack(params), before)


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
        ("w", np.array([0.1, -0.1]), r"w has a value of -0.1, must be >= 0"),
        ("g", np.array([np.nan]), "g has a value that is not finite"),
        ("cm", np.array([0.1, 0.0, 0.1]), "cm has a value of 0, must be > 0"),
        ("mu", np.zeros((3, 1)), r"mu has shape \(3, 1\)"),
        ("cut", (3,), r"cut names a neuron outside 0\.\.2"),
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
        ((2, [0], [0, 1], [], []), "pre has 1 entries, post has 2"),
        ((2, [2], [0], [], []), r"pre names a neuron outside 0\.\.1"),
        ((2, [], [], [0], [-1]), r"gap_b names a neuron outside 0\.\.1"),
    ],
)
def test_bad_structures_are_refused(ends: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pack_structure(*ends)
