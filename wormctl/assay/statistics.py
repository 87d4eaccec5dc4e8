"""Intervals and p values for numbers measured in many lives, a life being the unit. Seeded; no judgement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wormctl.motion.path import FloatArray

RESAMPLES = 2000
SEED = 20260101
"""Of every resampling: the same lives give the same intervals."""

Statistic = Callable[[FloatArray], FloatArray]
"""From resamples of lives, (resamples, lives, ...), to one number each, (resamples,)."""


def resamples(lives: int, count: int = RESAMPLES) -> NDArray[np.intp]:
    """Which lives each resample holds, drawn with replacement: (count, lives)."""
    return np.random.default_rng(SEED).integers(0, lives, (count, lives))


def interval95(values: FloatArray, statistic: Statistic) -> tuple[float, float] | None:
    """The percentile bootstrap interval (Efron 1979) of `statistic` over lives, which run along the first axis.

    None with fewer than two lives, or where it has no value in most resamples.
    """
    if len(values) < 2:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        found = statistic(values[resamples(len(values))])
    found = found[np.isfinite(found)]
    if found.size < RESAMPLES / 2:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def mean(drawn: FloatArray) -> FloatArray:
    """The mean over lives."""
    return np.asarray(drawn.mean(axis=1))


def median(drawn: FloatArray) -> FloatArray:
    """The median over lives."""
    return np.asarray(np.median(drawn, axis=1))


def difference_of_means(drawn: FloatArray) -> FloatArray:
    """The mean of the first column less that of the second."""
    return np.asarray((drawn[..., 0] - drawn[..., 1]).mean(axis=1))


def sign_flip_p(values: FloatArray, count: int = RESAMPLES * 5) -> float | None:
    """Two-sided p of a mean of 0: how often the mean is as far from 0 when each life's sign is drawn at random.

    An exact null where left and right, or up and down, are exchangeable in each life (Fisher 1935).
    """
    if len(values) < 2:
        return None
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (count, len(values)))
    far = np.abs((signs * values).mean(axis=1)) >= abs(values.mean()) - 1e-15
    return float((far.sum() + 1) / (count + 1))
