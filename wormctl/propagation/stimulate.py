"""How strongly every neuron of a worm answers a brief current into one of them: an experiment on the circuit alone.

What the answers are compared with is not this file's affair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.propagation.kernel import follow
from wormctl.worm.parts import Packed, State, worm_parts

CURRENT = 1.0
"""What is injected, in units of leak times potential: held for ever, it would take a neuron without contacts,
whose leak is 1, from its rest at 0 to 1, where its activity is full."""
CURRENT_S = 0.5
"""For how long: about as long as the laser shone on a neuron for the atlas."""
WINDOW_S = 30.0
"""From the current's onset; the atlas watched for about as long."""
LONGEST_REST_S = 60.0
STILL = 1e-9
"""A worm in which no potential moved more than this in a second has settled."""


@dataclass(frozen=True, eq=False)
class Responses:
    """What n neurons did."""

    strength: NDArray[np.float64]
    """(n, n), indexed [responding, stimulated]: peak absolute deviation of the potential from the course that
    it would have taken without the current. NaN where nothing was stimulated."""
    rest_s: float
    """How long the worm rested before."""
    settled: bool
    """Whether it had come to rest by then. Where it had not, it is compared with its own unrest."""


def stimulate(
    packed: Packed, state: State, neurons: Sequence[int], tell: Callable[[], None] = lambda: None
) -> Responses:
    """Stimulate each of `neurons` in turn, always from the same rest; `tell` is called after each.

    The worm has no body and senses nothing; `state` is where it begins to rest, and is used up. It had better be
    of float64: in float32 many an answer would be lost, less than a millionth of its cause.
    """
    n, dt_s = state.v.size, worm_parts(packed.ints, packed.floats).dt_s
    second = np.empty((max(1, math.ceil(1.0 / dt_s)), n))
    rested = 0
    settled = False
    while not settled and rested * dt_s < LONGEST_REST_S:
        follow(packed, state, -1, 0.0, 0, second)
        rested += len(second)
        settled = bool(np.ptp(second, axis=0).max() <= STILL)
    rest = [part.copy() for part in state]

    def course(neuron: int) -> NDArray[np.float64]:
        for part, kept in zip(state, rest, strict=True):
            part[:] = kept
        path = np.empty((math.ceil(WINDOW_S / dt_s), n))
        follow(packed, state, neuron, CURRENT, max(1, round(CURRENT_S / dt_s)), path)
        return path

    alone = course(-1)
    strength = np.full((n, n), np.nan)
    for neuron in neurons:
        strength[:, neuron] = np.abs(course(neuron) - alone).max(axis=0)
        tell()
    return Responses(strength, rested * dt_s, settled)
