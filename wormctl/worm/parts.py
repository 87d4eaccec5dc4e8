"""The arrays of one worm, packed into a few so that a compiled tick is cheap to call, and the named views of them.

`Packed` is what a worm is made of, `State` what a tick changes; `Worm` and `Life` name their parts. Shapes:
n neurons, r receptors, j joints, m muscles, and COO triples where a map is sparse.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

CHEMICAL = 0
"""Receptor kind: feels a concentration."""
TOUCH = 1
"""Receptor kind: feels a force in newtons, and its beginning and end alike; see `wormctl.worm.kernel.sense`."""

# Where the sizes stand in `Packed.ints`.
NEURONS, RECEPTORS, JOINTS, MUSCLES, STRETCHES, NMJS, UNFOLDS, HEADER = range(8)


class Packed(NamedTuple):
    """A worm's constants: sizes, indices, values, and its circuit as `wormctl.neural.presynaptic` packs it.

    `circuit_floats` also holds the circuit's scratch space, so two worms that live at once need two of it.
    """

    ints: IntArray
    floats: FloatArray
    circuit_ints: IntArray
    circuit_floats: NDArray[np.floating]


class State(NamedTuple):
    """What a tick changes."""

    v: NDArray[np.floating]
    """(n,) membrane state."""
    activity: NDArray[np.floating]
    """(n,) what each neuron sends on, 0..1."""
    floats: FloatArray
    """Everything else; see `Life`."""


class Worm(NamedTuple):
    """The named parts of a worm's constants. Currents are in units of the leak times potential."""

    dt_s: float
    unfolds: int
    bias: FloatArray
    """(n,) constant current."""
    receptor_neuron: IntArray
    """(r,)"""
    receptor_kind: IntArray
    """(r,) `CHEMICAL` or `TOUCH`."""
    receptor_fast: FloatArray
    """(r,) share of the difference that the fast running mean closes in a tick, 0..1."""
    receptor_slow: FloatArray
    """(r,) the same for the slow mean."""
    receptor_gain: FloatArray
    """(r,) current for a unit of stimulus; its sign is the receptor's polarity (+ on, - off)."""
    receptor_floor: FloatArray
    """(r,) concentration or force below which a receptor is all but blind (added before the logarithm)."""
    receptor_top: FloatArray
    """(r,) largest current."""
    stretch_neuron: IntArray
    stretch_joint: IntArray
    stretch_gain: FloatArray
    """COO: current into a neuron for a radian of bend at a joint."""
    nmj_neuron: IntArray
    nmj_muscle: IntArray
    nmj_weight: FloatArray
    """COO: drive of a muscle by a neuron's activity; negative where the transmitter relaxes muscle."""
    muscle_joint: IntArray
    """(m,) the joint a muscle acts on."""
    muscle_side: FloatArray
    """(m,) +1 dorsal (bends towards +y), -1 ventral."""
    muscle_rate: float
    """Share of the difference that muscle activation closes in a tick."""
    amplitude_rad: FloatArray
    """(j,) bend at full contraction of one side."""


class Life(NamedTuple):
    """The named parts of a worm's state besides its membrane."""

    current: FloatArray
    """(n,) the current into each neuron this tick."""
    fast: FloatArray
    """(r,) fast mean of the log concentration; NaN before the first good sample."""
    slow: FloatArray
    """(r,) slow mean."""
    bend: FloatArray
    """(j,) the last good joint angles, rad."""
    drive: FloatArray
    """(m,) what the neurons ask of each muscle this tick."""
    muscle: FloatArray
    """(m,) muscle activation after the lag."""
    balance: FloatArray
    """(j,) dorsal less ventral contraction at each joint."""
    seen: FloatArray
    """(r + j,) 1 where an input has been good since the reset, else 0: without that it is not missing."""


@njit(cache=True)
def worm_parts(ints: IntArray, floats: FloatArray) -> Worm:
    """The named views of a packed worm."""
    n, r, j, m = ints[NEURONS], ints[RECEPTORS], ints[JOINTS], ints[MUSCLES]
    s, k = ints[STRETCHES], ints[NMJS]
    i0 = HEADER
    i1 = i0 + 2 * r
    i2 = i1 + 2 * s
    i3 = i2 + 2 * k
    f0 = 2
    f1 = f0 + n
    f2 = f1 + 5 * r
    f3 = f2 + s
    f4 = f3 + k
    f5 = f4 + m
    return Worm(
        floats[0],
        ints[UNFOLDS],
        floats[f0:f1],
        ints[i0 : i0 + r],
        ints[i0 + r : i1],
        floats[f1 : f1 + r],
        floats[f1 + r : f1 + 2 * r],
        floats[f1 + 2 * r : f1 + 3 * r],
        floats[f1 + 3 * r : f1 + 4 * r],
        floats[f1 + 4 * r : f2],
        ints[i1 : i1 + s],
        ints[i1 + s : i2],
        floats[f2:f3],
        ints[i2 : i2 + k],
        ints[i2 + k : i3],
        floats[f3:f4],
        ints[i3 : i3 + m],
        floats[f4:f5],
        floats[1],
        floats[f5 : f5 + j],
    )


@njit(cache=True)
def life_parts(ints: IntArray, floats: FloatArray) -> Life:
    """The named views of a state's `floats`."""
    n, r, j, m = ints[NEURONS], ints[RECEPTORS], ints[JOINTS], ints[MUSCLES]
    a = n + 2 * r
    b = a + j + 2 * m
    return Life(
        floats[:n],
        floats[n : n + r],
        floats[n + r : a],
        floats[a : a + j],
        floats[a + j : a + j + m],
        floats[a + j + m : b],
        floats[b : b + j],
        floats[b + j : b + 2 * j + r],
    )


def pack_worm(worm: Worm, circuit_ints: IntArray, circuit_floats: NDArray[np.floating]) -> Packed:
    """The inverse of `worm_parts`."""
    sizes = {
        NEURONS: worm.bias.size,
        RECEPTORS: worm.receptor_neuron.size,
        JOINTS: worm.amplitude_rad.size,
        MUSCLES: worm.muscle_joint.size,
        STRETCHES: worm.stretch_neuron.size,
        NMJS: worm.nmj_neuron.size,
        UNFOLDS: worm.unfolds,
    }
    ints = np.concatenate(
        [
            [sizes[i] for i in range(HEADER)],
            worm.receptor_neuron, worm.receptor_kind, worm.stretch_neuron, worm.stretch_joint,
            worm.nmj_neuron, worm.nmj_muscle, worm.muscle_joint,
        ]
    ).astype(np.int32)  # fmt: skip
    floats = np.concatenate(
        [
            [worm.dt_s, worm.muscle_rate],
            worm.bias, worm.receptor_fast, worm.receptor_slow, worm.receptor_gain, worm.receptor_floor,
            worm.receptor_top, worm.stretch_gain, worm.nmj_weight, worm.muscle_side, worm.amplitude_rad,
        ]
    ).astype(np.float64)  # fmt: skip
    return Packed(ints, floats, circuit_ints, circuit_floats)


def new_state(packed: Packed, v_rest: NDArray[np.floating]) -> State:
    """A resting worm: every neuron at `v_rest`, straight, relaxed, with no smell remembered."""
    n, r, j, m = (int(packed.ints[i]) for i in (NEURONS, RECEPTORS, JOINTS, MUSCLES))
    state = State(np.zeros(n, v_rest.dtype), np.zeros(n, v_rest.dtype), np.zeros(n + 3 * r + 3 * j + 2 * m))
    reset_state(packed, state, v_rest)
    return state


def reset_state(packed: Packed, state: State, v_rest: NDArray[np.floating]) -> None:
    """Put an existing state back to rest, in place."""
    state.v[:] = v_rest
    state.activity[:] = 0.0
    state.floats[:] = 0.0
    life = life_parts(packed.ints, state.floats)
    life.fast[:] = np.nan
    life.slow[:] = np.nan
