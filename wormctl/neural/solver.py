"""How a value enters a state or an output: not if it is absurd. Kernels only, shared by the cells."""

from __future__ import annotations

from wormctl.jit import njit
from wormctl.neural.sections import Floats
from wormctl.neural.sigmoid import FASTMATH

STATE_LIMIT = 2.0**40
"""No value beyond this, or not finite, enters a state or an output.

A power of two: a limit that float32 holds exactly is compared in float32."""


@njit(fastmath=FASTMATH, error_model="numpy")
def settle(top: Floats, bottom: Floats, v: Floats) -> int:
    """End a solver step: v = top / bottom, but where that cannot be a neuron keeps its state; how many did."""
    kept = 0
    for j in range(v.size):
        new = top[j] / bottom[j]
        # Written so that NaN counts as out of bounds, and without a branch, so that it vectorises.
        usable = abs(new) <= STATE_LIMIT
        v[j] = new if usable else v[j]
        kept += 0 if usable else 1
    return kept


@njit(fastmath=FASTMATH, error_model="numpy")
def accept(new: Floats, out: Floats) -> int:
    """out = new, but where that cannot be `out` keeps its value; how many did."""
    kept = 0
    for j in range(out.size):
        usable = abs(new[j]) <= STATE_LIMIT
        out[j] = new[j] if usable else out[j]
        kept += 0 if usable else 1
    return kept
