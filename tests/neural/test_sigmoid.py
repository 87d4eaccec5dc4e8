"""The polynomial logistic and hyperbolic tangent against numpy's, over their whole range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.neural.sigmoid import sigmoid_in_place, tanh_in_place

EPSILON = {np.float32: 2e-7, np.float64: 5e-16}


@njit(cache=True)
def compiled_sigmoid(x: Any, slope: Any, centre: Any) -> None:
    sigmoid_in_place(x, slope, centre)


@njit(cache=True)
def compiled_tanh(x: Any, gain: Any) -> None:
    tanh_in_place(x, gain)


def range_of(dtype: type[np.floating]) -> NDArray[np.floating]:
    wide = np.concatenate([np.linspace(-120, 120, 4001), np.linspace(-3, 3, 4001), [0.0, 1e30, -1e30]])
    return wide.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid(dtype: type[np.floating]) -> None:
    x = range_of(dtype)
    slope, centre = np.full_like(x, 1.5), np.full_like(x, 0.25)
    with np.errstate(over="ignore"):
        expected = 1.0 / (1.0 + np.exp(-1.5 * (x.astype(np.float64) - 0.25)))
    out = x.copy()
    compiled_sigmoid(out, slope, centre)
    np.testing.assert_allclose(out, expected, rtol=0, atol=EPSILON[dtype])
    assert (out >= np.finfo(dtype).tiny).all(), "a subnormal activation costs several times as much"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_keeps_its_relative_precision_where_it_is_small(dtype: type[np.floating]) -> None:
    x = np.linspace(-40, 0, 500).astype(dtype)
    out = x.copy()
    compiled_sigmoid(out, np.ones_like(x), np.zeros_like(x))
    exact = 1.0 / (1.0 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(out, exact, rtol=8 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh(dtype: type[np.floating]) -> None:
    x = range_of(dtype)
    out = x.copy()
    compiled_tanh(out, 0.666)
    np.testing.assert_allclose(out, np.tanh(0.666 * x.astype(np.float64)), rtol=0, atol=EPSILON[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_functions_run_without_compilation_too(dtype: type[np.floating]) -> None:
    x = range_of(dtype)
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    plain, fast = x.copy(), x.copy()
    sigmoid_in_place(plain, ones, zeros)
    compiled_sigmoid(fast, ones, zeros)
    np.testing.assert_allclose(plain, fast, rtol=0, atol=EPSILON[dtype])
    plain, fast = x.copy(), x.copy()
    tanh_in_place(plain, 1.0)
    compiled_tanh(fast, 1.0)
    np.testing.assert_allclose(plain, fast, rtol=0, atol=EPSILON[dtype])
