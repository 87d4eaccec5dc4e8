"""The course of a worm that senses nothing, with a current into one neuron: compiled, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.worm.kernel import worm_tick
from wormctl.worm.parts import FloatArray, Packed, State, worm_parts


@njit(cache=True)
def follow(
    packed: Packed, state: State, neuron: int, current: float, ticks_on: int, course: NDArray[np.floating]
) -> None:
    """Let the worm live for len(course) ticks, and fill `course`, shape (ticks, n), with its membrane state.

    In the first `ticks_on` ticks `current` flows into `neuron`, beside the current that it always has; none
    for a negative `neuron`. No receptor has a sample, and every joint is straight: what the worm would do
    with its muscles moves nothing. `state` goes on from where it is.
    """
    worm = worm_parts(packed.ints, packed.floats)
    receptors, joints = worm.receptor_neuron.size, worm.amplitude_rad.size
    x = np.zeros(receptors + joints)
    good = np.zeros(receptors + joints, np.bool_)
    good[receptors:] = True
    setpoint_rad: FloatArray = np.zeros(joints)
    # A view into the worm's constants: what is changed there is put back.
    constant = worm.bias[neuron] if neuron >= 0 else 0.0
    for i in range(course.shape[0]):
        if neuron >= 0:
            worm.bias[neuron] = constant + current if i < ticks_on else constant
        worm_tick(
            packed.ints, packed.floats, packed.circuit_ints, packed.circuit_floats,
            state.v, state.activity, state.floats, x, good, setpoint_rad,
        )  # fmt: skip
        course[i] = state.v
    if neuron >= 0:
        worm.bias[neuron] = constant
