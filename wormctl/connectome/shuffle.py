"""Shuffled wirings, the controls of the published one: who ends where is drawn anew, how many contacts each has is not.

Double-edge swaps (Maslov and Sneppen 2002, Science 296:910) on arrays of indices; nothing else of a worm is known here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]

SWAPS_PER_EDGE = 10
"""Swaps that are tried, over the number of contacts. More than five leave no fewer contacts where they were."""


def shuffled_synapses(pre: IntArray, post: IntArray, seed: int) -> IntArray:
    """Where each synapse ends instead of at `post`, (e,): each keeps where it begins, `pre` (e,).

    Every neuron keeps its number of outgoing and of incoming synapses. No two synapses join the same neurons in the
    same direction, as long as none did. Those from a neuron to itself stay, and no others come about. The same for
    the same seed.
    """
    return _swapped(pre, post, np.random.default_rng(seed), directed=True)


def shuffled_junctions(a: IntArray, b: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Where each gap junction lies instead of between `a` and `b`, each (g,): `a` below `b`, as in the connectome.

    Each junction keeps one of its two neurons, which one is drawn. Every neuron keeps its number of junctions. No two
    join the same neurons, as long as none did, and none joins a neuron with itself. The same for the same seed.
    """
    rng = np.random.default_rng(seed)
    turned = rng.random(a.size) < 0.5
    kept, moved = np.where(turned, b, a), np.where(turned, a, b)
    moved = _swapped(kept, moved, rng, directed=False)
    return np.minimum(kept, moved), np.maximum(kept, moved)


def _swapped(kept: IntArray, moved: IntArray, rng: np.random.Generator, *, directed: bool) -> IntArray:
    """`moved` (e,) after swaps between two contacts at a time; a swap that would break a rule is left out."""
    # Plain numbers: a swap looks at four of them, and arrays would take ten times as long.
    here, there = kept.tolist(), moved.tolist()
    high = max([*here, *there], default=0) + 1

    def pair(one: int, other: int) -> int:
        return one * high + other if directed or one < other else other * high + one

    taken = {pair(one, other) for one, other in zip(here, there, strict=True)}
    free = [i for i, (one, other) in enumerate(zip(here, there, strict=True)) if one != other]
    if len(free) < 2:
        return moved.copy()
    draws = rng.integers(0, len(free), (SWAPS_PER_EDGE * len(free), 2)).tolist()
    for first, second in draws:
        i, k = free[first], free[second]
        one, other = here[i], here[k]
        if one == there[k] or other == there[i]:
            continue
        new, also = pair(one, there[k]), pair(other, there[i])
        if new in taken or also in taken or new == also:
            continue
        taken -= {pair(one, there[i]), pair(other, there[k])}
        taken |= {new, also}
        there[i], there[k] = there[k], there[i]
    return np.array(there, moved.dtype)
