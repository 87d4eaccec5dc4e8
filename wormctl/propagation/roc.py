"""The area under the ROC curve, and how sure it is: pure functions of scores. Nothing about worms here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranking:
    """How well a score ranks positives above negatives, kept by group so that groups can be weighted."""

    wins: Real
    """(g, g) pairs of a positive in group a and a negative in group b that are ranked right; a tie is half."""
    positives: Real
    """(g,) in each group."""
    negatives: Real
    """(g,)"""

    def area(self, weights: Real | None = None) -> Real:
        """The area under the ROC curve where group i counts `weights[..., i]` times, shape of `weights` less one.

        It is the share of (positive, negative) pairs that are ranked right (Hanley and McNeil 1982, The meaning
        and use of the area under a ROC curve). NaN where no positive or no negative is left.
        """
        w = np.ones(self.positives.size) if weights is None else weights
        right = np.einsum("...a,...a->...", w @ self.wins, w)
        all_pairs = (w @ self.positives) * (w @ self.negatives)
        share: Real = np.divide(
            right, all_pairs, out=np.full(np.shape(all_pairs), np.nan), where=all_pairs > 0.0
        )
        return share


def rank(score: Real, positive: NDArray[np.bool_], group: NDArray[np.intp]) -> Ranking:
    """Rank k things by `score`, larger meaning likelier positive; `group`, (k,), numbers them from 0."""
    groups = int(group.max()) + 1 if group.size else 0
    mine, found = group[positive], score[positive]
    wins = np.zeros((groups, groups))
    negatives = np.zeros(groups)
    for other in range(groups):
        missed = np.sort(score[~positive & (group == other)])
        negatives[other] = missed.size
        below, not_above = np.searchsorted(missed, found, "left"), np.searchsorted(missed, found, "right")
        wins[:, other] = np.bincount(mine, (below + not_above) / 2.0, groups)
    return Ranking(wins, np.bincount(mine, minlength=groups).astype(np.float64), negatives)


def resamples(groups: int, count: int, seed: int) -> Real:
    """How often each group is drawn when as many are drawn, with replacement, `count` times: (count, groups)."""
    chances = np.full(groups, 1.0 / groups)
    return np.random.default_rng(seed).multinomial(groups, chances, size=count).astype(np.float64)


def interval(values: Real) -> tuple[float, float]:
    """The middle 95 % of resampled `values`, NaN left out (percentile bootstrap, Efron 1979); NaN if all are."""
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
