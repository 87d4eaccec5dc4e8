"""Sparse matrices as jagged diagonals, the layout that makes a synapse sum vectorise; no parameters here.

Rows are cut into pieces of at most `PIECE` entries and sorted by length. The k-th entries of all pieces stand
next to one another, so each sum runs over hundreds of pieces with stride one; at the end every piece is added
to its row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.neural.sections import Floats, Ints
from wormctl.neural.sigmoid import FASTMATH

PIECE = 16
"""Longest piece: short enough that a hub neuron adds no diagonals, long enough to make few pieces."""

TINY = 1e-20
"""Weights smaller than this become 0: subnormal operands cost five times as much."""


@dataclass(frozen=True)
class Jagged:
    """The layout of E entries, in P pieces and K <= `PIECE` diagonals.

    Diagonal k is entries `offsets[k]` to `offsets[k + 1]`, one for each of the first pieces.
    """

    rows: Ints
    """(P,) the row that each piece adds to."""
    offsets: Ints
    """(K + 1,)"""
    columns: Ints
    """(E,) column of every entry, in layout order."""
    order: NDArray[np.intp]
    """(E,) place of every entry in the caller's list: `values[order]` is in layout order."""

    def ints(self) -> list[Ints]:
        """What a kernel needs: offsets, rows, columns."""
        return [self.offsets, self.rows, self.columns]


def jagged_diagonals(row: NDArray[np.integer], column: NDArray[np.integer]) -> Jagged:
    """Lay out the entries (row[i], column[i]); a pair may occur more than once and its values then add up."""
    row = np.asarray(row, dtype=np.int64)
    by_row = np.argsort(row, kind="stable")
    sorted_row = row[by_row]
    rank_in_row = np.arange(row.size) - np.searchsorted(sorted_row, sorted_row)
    piece_key = sorted_row * (row.size + 1) + rank_in_row // PIECE
    keys, piece, length = np.unique(piece_key, return_inverse=True, return_counts=True)
    longest_first = np.argsort(-length, kind="stable")
    place = np.empty_like(longest_first)
    place[longest_first] = np.arange(longest_first.size)
    diagonal = rank_in_row % PIECE
    diagonals = int(length.max()) if length.size else 0
    sizes = [int((length > k).sum()) for k in range(diagonals)]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    order = np.empty(row.size, dtype=np.intp)
    order[offsets[diagonal] + place[piece]] = by_row
    return Jagged(
        rows=(keys[longest_first] // (row.size + 1)).astype(np.int32),
        offsets=offsets,
        columns=np.asarray(column)[order].astype(np.int32),
        order=order,
    )


def pruned(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """A copy of `weights` in which every one smaller than `TINY` is 0."""
    return np.where(np.abs(weights) < TINY, 0.0, weights)


@njit(fastmath=FASTMATH, error_model="numpy")
def copy(x: Floats, out: Floats) -> None:
    """out[i] = x[i]. A loop, because a slice assignment takes seconds to compile."""
    for i in range(out.size):
        out[i] = x[i]


@njit(fastmath=FASTMATH, error_model="numpy")
def gather(x: Floats, index: Ints, out: Floats) -> None:
    """out[i] = x[index[i]]. Indices are trusted."""
    for i in range(out.size):
        # Unsigned, so that no check for a negative index stands in the loop.
        out[i] = x[np.uint32(index[i])]


# Below, entries are found by an unsigned index, so that no check for a negative one stands in the loop, and not by
# slices: a slice counts references, which takes longer than the few products on a small network's diagonal.


@njit(fastmath=FASTMATH, error_model="numpy")
def add_sum(offsets: Ints, rows: Ints, weight: Floats, value: Floats, part: Floats, out: Floats) -> None:
    """out[row] += sum of weight * value over each row's entries; `weight`, `value` (E,) in layout order.

    `part`, shape (P,), is scratch.
    """
    for p in range(part.size):
        part[p] = 0
    for k in range(offsets.size - 1):
        a, b = offsets[k], offsets[k + 1]
        for p in range(b - a):
            i = np.uint32(a + p)
            part[p] += weight[i] * value[i]
    for p in range(part.size):
        out[np.uint32(rows[p])] += part[p]


@njit(fastmath=FASTMATH, error_model="numpy")
def add_sums(
    offsets: Ints,
    rows: Ints,
    weight: Floats,
    other: Floats,
    value: Floats,
    part: Floats,
    other_part: Floats,
    out: Floats,
    other_out: Floats,
) -> None:
    """As `add_sum`, with two weights for each value: `weight` adds to `out`, `other` to `other_out`."""
    for p in range(part.size):
        part[p] = 0
        other_part[p] = 0
    for k in range(offsets.size - 1):
        a, b = offsets[k], offsets[k + 1]
        for p in range(b - a):
            i = np.uint32(a + p)
            part[p] += weight[i] * value[i]
            other_part[p] += other[i] * value[i]
    for p in range(part.size):
        row = np.uint32(rows[p])
        out[row] += part[p]
        other_out[row] += other_part[p]
