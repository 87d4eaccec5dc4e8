"""The potentials a worm rests at while it senses nothing and lies straight: where its life begins. No body here.

Begun anywhere else, all neurons would rush to their rest at once and twitch the muscles as they go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.neural.presynaptic import presynaptic_tick
from wormctl.worm.parts import FloatArray, Packed, worm_parts

REST_S = 8.0
"""How long it rests: several time constants of the slowest neurons."""
STEP_S = 0.1
"""Coarse steps will do: the solver is stable in them, and where it comes to rest does not hang on them."""


def resting_potential(packed: Packed, v_start: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n,) The potentials after `REST_S` that begin at `v_start`, (n,), with the dtype of it.

    A worm that never rests, because it oscillates by itself, is caught somewhere on its way.
    """
    v = v_start.copy()
    current = worm_parts(packed.ints, packed.floats).bias.copy()
    activity = np.zeros_like(v)
    _rest(packed.circuit_ints, packed.circuit_floats, v, activity, current, round(REST_S / STEP_S))
    return v


@njit(cache=True)
def _rest(
    ints: NDArray[np.int32],
    floats: NDArray[np.floating],
    v: NDArray[np.floating],
    activity: NDArray[np.floating],
    current: FloatArray,
    steps: int,
) -> None:
    for _ in range(steps):
        presynaptic_tick(ints, floats, v, activity, current, STEP_S, 1)
