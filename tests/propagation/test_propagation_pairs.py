"""Which pairs of an atlas count: each that does not has its reason, and the reasons add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.propagation.atlas import Atlas
from wormctl.propagation.pairs import match

WORM = ("A", "B", "C", "D")


def atlas(q: NDArray[np.float64], names: str = "CXA", q_eq: NDArray[np.float64] | None = None) -> Atlas:
    return Atlas(path=Path("a.npz"), sha256="", neurons=tuple(names), q=q, q_eq=q_eq)


def test_pairs_are_indices_into_the_worm_and_the_rest_is_counted() -> None:
    nan = np.nan
    q = np.array([[0.5, 0.01, 0.04], [0.2, nan, nan], [0.05, 0.3, nan]])
    q_eq = np.array([[0.0, 0.0, 0.0], [0.0, nan, nan], [0.01, 0.0, nan]])
    pairs, counts = match(atlas(q, q_eq=q_eq), WORM)
    # q[0, 2]: C responded to A; q[2, 0]: A did not respond to C.
    assert list(zip(pairs.post.tolist(), pairs.pre.tolist(), pairs.connected.tolist(), strict=True)) == [
        (2, 0, True),
        (0, 2, False),
    ]
    assert pairs.unconnected is not None
    assert pairs.unconnected.tolist() == [False, True]
    assert (counts.measured, counts.connected, counts.shown_unconnected) == (2, 1, 1)
    assert (counts.itself, counts.not_in_worm, counts.not_measured) == (1, 3, 0)
    assert (counts.stimulated, counts.responding) == (2, 2)
    assert (counts.names_not_in_worm, counts.names_not_in_atlas) == (["X"], ["B", "D"])
    assert counts.measured + counts.itself + counts.not_in_worm == np.isfinite(q).sum()
    left = pairs.without([2])
    assert left.post.size == 0
    assert pairs.without([1]).post.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("q", "names", "message"),
    [
        (np.full((3, 3), 0.01), "XYZ", "a.npz: neurons names no neuron of the worm, must be names as A, D"),
        (np.full((3, 3), np.nan), "ABC", "a.npz: q is NaN for every pair of two of the worm's neurons"),
        (np.where(np.eye(3) > 0.0, 0.01, np.nan), "ABC", "a.npz: q is NaN for every pair"),
        (np.full((3, 3), 0.01), "ABC", "a.npz: q is below 0.05 in all of its 6 measured pairs"),
        (np.full((3, 3), 0.05), "ABX", "a.npz: q is below 0.05 in none of its 2 measured pairs"),
    ],
)
def test_an_atlas_that_tells_nothing_apart_is_refused(
    q: NDArray[np.float64], names: str, message: str
) -> None:
    with pytest.raises(ConfigError) as told:
        match(atlas(q, names), WORM)
    assert str(told.value).startswith(message)
