"""Logistic and hyperbolic tangent over whole arrays, by a polynomial that the compiler can vectorise.

libm's `exp` is a scalar call and dominates a tick; these loops are several times faster. Kernels only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from wormctl.jit import njit
from wormctl.neural.sections import Floats

FASTMATH = {"contract", "reassoc", "nsz", "arcp", "afn"}
"""Every freedom but the one to assume that there are no NaNs: guards must keep working."""

_OPTIONS: Any = {"fastmath": FASTMATH, "error_model": "numpy"}

_LIMIT_32 = np.float32(60.0)
_LIMIT_64 = 300.0
_LOG2E_32 = np.float32(1.4426950408889634)
_LOG2E_64 = 1.4426950408889634
# ln 2 in two parts, so that x - k ln 2 is exact enough (Cody and Waite 1980).
_LN2_HIGH_32, _LN2_LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
_LN2_HIGH_64, _LN2_LOW_64 = 0.693145751953125, 1.42860682030941723e-06
# exp(r) on |r| <= ln(2)/2: the Taylor series is accurate to the last bit at these lengths.
_T2_32, _T3_32, _T4_32 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
_T5_32, _T6_32, _T7_32 = np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)
_ONE_32, _TWO_32, _HALF_32 = np.float32(1.0), np.float32(2.0), np.float32(0.5)
_BIAS_32, _SHIFT_32 = np.int32(127), np.int32(23)
_BIAS_64, _SHIFT_64 = np.int64(1023), np.int64(52)


@njit(inline="always", fastmath=FASTMATH)
def _exp32(x: Any) -> Any:
    x = min(max(x, -_LIMIT_32), _LIMIT_32)
    k = np.floor(x * _LOG2E_32 + _HALF_32)
    r = x - k * _LN2_HIGH_32 - k * _LN2_LOW_32
    p = _T7_32
    p = p * r + _T6_32
    p = p * r + _T5_32
    p = p * r + _T4_32
    p = p * r + _T3_32
    p = p * r + _T2_32
    p = p * (r * r) + r + _ONE_32
    scale = np.int32((np.int32(k) + _BIAS_32) << _SHIFT_32)
    return p * scale.view(np.float32)


@njit(inline="always", fastmath=FASTMATH)
def _exp64(x: Any) -> Any:
    x = min(max(x, -_LIMIT_64), _LIMIT_64)
    k = np.floor(x * _LOG2E_64 + 0.5)
    r = x - k * _LN2_HIGH_64 - k * _LN2_LOW_64
    p = 1 / 6227020800
    p = p * r + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 1 / 2
    p = p * (r * r) + r + 1.0
    scale = np.int64((np.int64(k) + _BIAS_64) << _SHIFT_64)
    return p * scale.view(np.float64)


def sigmoid_in_place(x: Floats, slope: Floats, centre: Floats) -> None:
    """Replace `x` by the logistic of `slope * (x - centre)`; all of one shape (n,) and one dtype.

    The exponent is clipped at 60 (float32) or 300 (float64), so no activation is subnormal: subnormal
    operands cost several times as much. In place, because then no array can overlap another, which is what
    lets the loop vectorise.
    """
    limit = 60.0 if x.dtype == np.float32 else 300.0
    x[:] = 1.0 / (1.0 + np.exp(np.clip(slope * (centre - x), -limit, limit)))


def tanh_in_place(x: Floats, gain: float) -> None:
    """Replace `x`, shape (n,), by tanh(`gain` * x)."""
    x[:] = np.tanh(gain * x)


@overload(sigmoid_in_place, jit_options=_OPTIONS)
def _sigmoid_in_place(x: Any, slope: Any, centre: Any) -> Any:
    if x.dtype == types.float32:

        def single(x: Any, slope: Any, centre: Any) -> Any:
            for i in range(x.size):
                x[i] = _ONE_32 / (_ONE_32 + _exp32(slope[i] * (centre[i] - x[i])))

        return single

    def double(x: Any, slope: Any, centre: Any) -> Any:
        for i in range(x.size):
            x[i] = 1.0 / (1.0 + _exp64(slope[i] * (centre[i] - x[i])))

    return double


@overload(tanh_in_place, jit_options=_OPTIONS)
def _tanh_in_place(x: Any, gain: Any) -> Any:
    # tanh z = 1 - 2 / (1 + exp 2z): wrong by about one rounding of 1, which is what a state needs.
    if x.dtype == types.float32:

        def single(x: Any, gain: Any) -> Any:
            twice = _TWO_32 * np.float32(gain)
            for i in range(x.size):
                x[i] = _ONE_32 - _TWO_32 / (_ONE_32 + _exp32(twice * x[i]))

        return single

    def double(x: Any, gain: Any) -> Any:
        for i in range(x.size):
            x[i] = 1.0 - 2.0 / (1.0 + _exp64(2.0 * gain * x[i]))

    return double
