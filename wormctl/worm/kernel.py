"""One tick of the whole worm, compiled: receptors and stretch -> circuit -> muscles -> joint setpoints.

Kernels only: they fill the caller's arrays and allocate nothing. `wormctl.worm.controller` validates.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.neural.presynaptic import presynaptic_tick
from wormctl.worm.parts import TOUCH, FloatArray, IntArray, Life, Worm, life_parts, worm_parts


@njit(cache=True)
def sense(worm: Worm, life: Life, x: FloatArray, good: NDArray[np.bool_]) -> int:
    """Turn the inputs into `life.current`; how many inputs that were good before are missing.

    `x` holds one value a receptor, then one bend (rad) a joint. A receptor answers to the difference of a fast and a
    slow running mean of the logarithm of what it feels: Weber's law, and adaptation. The two means follow the sensor
    model of Izquierdo and Lockery 2010 for smell: the opposite change gives the opposite current, which a cell that is
    silent at rest does not show. A touch that lasts fades just so, but its end excites as its beginning does (touch
    receptor currents come at both, and inwards: O'Hagan et al. 2005). Where `good` is False, or `x` is not finite, a
    receptor keeps its memory and passes no current, and a joint's bend stays the last good one.
    """
    current, seen = life.current, life.seen
    missing = 0
    for i in range(current.size):
        current[i] = worm.bias[i]
    receptors = worm.receptor_neuron.size
    for r in range(receptors):
        if not good[r] or not math.isfinite(x[r]):
            missing += 1 if seen[r] > 0.0 else 0
            continue
        seen[r] = 1.0
        top = worm.receptor_top[r]
        level = math.log(max(x[r], 0.0) + worm.receptor_floor[r])
        fast = life.fast[r]
        slow = life.slow[r]
        if not math.isfinite(fast):
            fast = level
            slow = level
        fast += worm.receptor_fast[r] * (level - fast)
        slow += worm.receptor_slow[r] * (level - slow)
        life.fast[r] = fast
        life.slow[r] = slow
        change = fast - slow
        if worm.receptor_kind[r] == TOUCH:
            change = abs(change)
        stimulus = worm.receptor_gain[r] * change
        if top > 0.0:
            current[worm.receptor_neuron[r]] += top * math.tanh(stimulus / top)
    bend = life.bend
    for j in range(bend.size):
        i = receptors + j
        if good[i] and math.isfinite(x[i]):
            bend[j] = x[i]
            seen[i] = 1.0
        else:
            missing += 1 if seen[i] > 0.0 else 0
    for k in range(worm.stretch_neuron.size):
        current[worm.stretch_neuron[k]] += worm.stretch_gain[k] * bend[worm.stretch_joint[k]]
    return missing


@njit(cache=True)
def contract(worm: Worm, life: Life, activity: NDArray[np.floating], setpoint_rad: FloatArray) -> None:
    """Turn neuron activity into muscle activation and joint setpoints (rad).

    Each of the muscles follows its neurons with a first-order lag and can only pull; a joint bends by the
    saturated difference between its dorsal and its ventral muscles.
    """
    drive, muscle, balance = life.drive, life.muscle, life.balance
    for m in range(drive.size):
        drive[m] = 0.0
    for k in range(worm.nmj_neuron.size):
        drive[worm.nmj_muscle[k]] += worm.nmj_weight[k] * activity[worm.nmj_neuron[k]]
    for j in range(balance.size):
        balance[j] = 0.0
    for m in range(drive.size):
        muscle[m] += worm.muscle_rate * (drive[m] - muscle[m])
        if muscle[m] > 0.0:
            balance[worm.muscle_joint[m]] += worm.muscle_side[m] * muscle[m]
    for j in range(balance.size):
        setpoint_rad[j] = worm.amplitude_rad[j] * math.tanh(balance[j])


@njit(cache=True)
def worm_tick(
    ints: IntArray,
    floats: FloatArray,
    circuit_ints: IntArray,
    circuit_floats: NDArray[np.floating],
    v: NDArray[np.floating],
    activity: NDArray[np.floating],
    state: FloatArray,
    x: FloatArray,
    good: NDArray[np.bool_],
    setpoint_rad: FloatArray,
) -> int:
    """One tick: `worm_tick(*packed, *state, x, good, setpoint_rad)` fills `setpoint_rad`, shape (joints,).

    Returns how often it had to be guarded: inputs missing, currents refused, neurons that kept their state.
    The arrays come one by one because a call with a nested tuple costs more than the muscles do.
    """
    worm = worm_parts(ints, floats)
    life = life_parts(ints, state)
    guarded = sense(worm, life, x, good)
    guarded += presynaptic_tick(
        circuit_ints, circuit_floats, v, activity, life.current, worm.dt_s, worm.unfolds
    )
    contract(worm, life, activity, setpoint_rad)
    return guarded
