"""A tick of an LTC or CfC network as one compiled call: inputs judged and held, the cell, and what it shows.

Kernels and their layout only; `wormctl.neural.network` validates what comes in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.neural.cfc import cfc_tick
from wormctl.neural.jagged import TINY, copy
from wormctl.neural.ltc import ltc_tick
from wormctl.neural.sections import Floats, Ints
from wormctl.neural.sigmoid import FASTMATH, sigmoid_in_place

INPUT_LIMIT = 1e30
"""An input beyond this counts as not finite: in float32 it would not stay so."""
HOLD_S = 0.2
"""An input that is missing, or not finite, keeps its last good value for this long. Then it fades to 0, which is
an input that says nothing, with this time constant; until it has been good once it is 0."""


class Life(NamedTuple):
    """The named parts of the one array that a tick changes, for n neurons, i inputs, o outputs."""

    v: Floats
    """(n,) membrane state."""
    activity: Floats
    """(n,) what each neuron sends on, 0..1; to show, where the cell has no such thing."""
    y: Floats
    """(o,) outputs."""
    held: Floats
    """(i,) the inputs in use."""
    missing: Floats
    """(i,) for how many ticks each input has been missing; -1 before it was good once."""
    slope: Floats
    centre: Floats
    """(n,) the activation that is shown of an LTC neuron; a CfC has none."""


@njit(cache=True)
def life_parts(where: Ints, life: Floats) -> Life:
    """The named views of a `life`, whose sections start at `where`."""
    return Life(
        life[where[0] : where[1]],
        life[where[1] : where[2]],
        life[where[2] : where[3]],
        life[where[3] : where[4]],
        life[where[4] : where[5]],
        life[where[5] : where[6]],
        life[where[6] : where[7]],
    )


@njit(fastmath=FASTMATH, error_model="numpy")
def _hold(
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    held: Floats,
    missing: Floats,
    longest: float,
    fade: float,
) -> int:
    """Refresh `held` where the input can be used, else see `HOLD_S`; how many that were good once are missing."""
    lost = 0
    for i in range(held.size):
        # Written so that NaN compares false.
        if good[i] and abs(x[i]) <= INPUT_LIMIT:
            held[i] = x[i]
            missing[i] = 0
        elif missing[i] >= 0:
            lost += 1
            missing[i] += 1
            if missing[i] > longest:
                held[i] = held[i] * fade if abs(held[i]) > TINY else 0
    return lost


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def ltc_step(
    ints: Ints,
    floats: Floats,
    where: Ints,
    life: Floats,
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    elapsed: float,
    unfolds: int,
    hold_ticks: float,
    fade: float,
) -> bool:
    """`ltc_tick` with inputs as `Network.step_held` takes them, on a `life`; whether anything was refused."""
    here = life_parts(where, life)
    refused = _hold(x, good, here.held, here.missing, hold_ticks, fade)
    refused += ltc_tick(ints, floats, here.v, here.held, here.y, elapsed, unfolds)
    activity = here.activity
    copy(here.v, activity)
    sigmoid_in_place(activity, here.slope, here.centre)
    return refused > 0


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def cfc_step(
    ints: Ints,
    floats: Floats,
    where: Ints,
    life: Floats,
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    elapsed: float,
    hold_ticks: float,
    fade: float,
) -> bool:
    """`cfc_tick` with inputs as `Network.step_held` takes them, on a `life`; whether anything was refused."""
    here = life_parts(where, life)
    refused = _hold(x, good, here.held, here.missing, hold_ticks, fade)
    refused += cfc_tick(ints, floats, here.v, here.held, here.y, elapsed)
    v, activity = here.v, here.activity
    for i in range(v.size):
        activity[i] = min(abs(v[i]), 1.0)
    return refused > 0
