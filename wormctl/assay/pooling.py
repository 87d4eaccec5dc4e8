"""Numbers that all lives give together: the slope or the rate of a single life may be next to nothing but noise.

A life gives parts that add up, and what is measured is made of their sum. Means of single lives' slopes would count
a life in which smell hardly differed from side to side as much as one that crossed the whole field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from wormctl.assay.steering import exposure, moments, rate_difference, slope_of
from wormctl.motion.path import FloatArray

STEERING = "steering"


class Sampled(Protocol):
    """A life with samples."""

    @property
    def seed(self) -> int:
        """Which life."""

    @property
    def samples(self) -> dict[str, FloatArray]:
        """By what they are of."""


class Pooled(NamedTuple):
    """How a number is pooled."""

    parts: Callable[[FloatArray], FloatArray]
    """From the samples of one life to its parts, (p,)."""
    combine: Callable[[FloatArray], FloatArray]
    """From sums of parts, (..., p), to the number, (...); NaN where they hold too little."""


POOLED = {
    "klinotaxis_slope": Pooled(moments, slope_of),
    "klinokinesis_per_min": Pooled(exposure, rate_difference),
}
"""By the number's name."""


def parts_by_seed(lives: Sequence[Sampled], number: str) -> dict[int, FloatArray]:
    """The parts of each life that has samples."""
    pooled = POOLED[number]
    return {
        life.seed: pooled.parts(np.asarray(life.samples[STEERING], dtype=np.float64))
        for life in lives
        if STEERING in life.samples
    }


def pool(parts: FloatArray, number: str) -> FloatArray:
    """The number of lives whose `parts` run along the axis before the last: (..., lives, p) to (...)."""
    return POOLED[number].combine(parts.sum(axis=-2))
