"""The area under the ROC curve against a slow count of pairs, with ties and weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wormctl.propagation.roc import interval, rank, resamples

THINGS = st.lists(
    # Few different scores, so that there are ties; inf and -0.0 are scores like any other.
    st.tuples(st.sampled_from([-math.inf, -1.0, -0.0, 0.0, 0.5, 1e-300, math.inf]), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)  # fmt: skip


def slow_area(score: list[float], positive: list[bool]) -> float:
    won = [
        1.0 if s > t else 0.5 if s == t else 0.0
        for s, p in zip(score, positive, strict=True)
        for t, q in zip(score, positive, strict=True)
        if p and not q
    ]
    return sum(won) / len(won) if won else math.nan


def columns(
    things: list[tuple[float, bool, int]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    score, positive, group = zip(*things, strict=True)
    return np.array(score), np.array(positive), np.array(group, np.intp)


@given(THINGS)
def test_the_area_is_the_share_of_pairs_ranked_right(things: list[tuple[float, bool, int]]) -> None:
    score, positive, group = columns(things)
    expected = slow_area(score.tolist(), positive.tolist())
    assert float(rank(score, positive, group).area()) == pytest.approx(expected, nan_ok=True)


@given(THINGS, st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_a_weight_is_a_number_of_copies(things: list[tuple[float, bool, int]], copies: list[int]) -> None:
    ranking = rank(*columns(things))
    weights = np.array(copies, float)[: ranking.positives.size]
    copied = [thing for thing in things for _ in range(copies[thing[2]])]
    expected = slow_area([s for s, _, _ in copied], [p for _, p, _ in copied])
    together = ranking.area(np.stack([weights, np.zeros_like(weights)]))
    assert together[0] == pytest.approx(expected, nan_ok=True)
    assert math.isnan(together[1])


def test_draws_have_their_seed_and_their_size() -> None:
    draws = resamples(7, 200, seed=3)
    assert draws.shape == (200, 7)
    assert set(draws.sum(axis=1)) == {7.0}
    np.testing.assert_array_equal(draws, resamples(7, 200, seed=3))
    assert (draws != resamples(7, 200, seed=4)).any()


def test_the_interval_is_the_middle_of_what_is_known() -> None:
    values = np.concatenate([np.arange(1001.0), [np.nan] * 500])
    assert interval(values) == (25.0, 975.0)
    assert all(map(math.isnan, interval(np.array([np.nan]))))
