"""Which pairs of an atlas count, as indices into the worm's neurons, and how many do not and why. No statistics."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.propagation.atlas import Atlas

SIGNIFICANT = 0.05
"""Below this false discovery rate the atlas's authors call a pair connected, or shown not to be."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many ordered pairs (stimulated -> responding) count, and what was left out."""

    measured: int
    """Pairs that count: of two different neurons of the worm, with a q."""
    connected: int
    """Of those, with q < 0.05."""
    shown_unconnected: int | None
    """Of those, with q >= 0.05 and q_eq < 0.05; None where the atlas has no q_eq."""
    stimulated: int
    """Neurons that were stimulated in a pair that counts."""
    responding: int
    """Neurons that were watched in a pair that counts."""
    itself: int
    """Measured, but of a neuron with itself."""
    not_in_worm: int
    """Measured, but with a neuron that the worm does not have."""
    not_measured: int
    """Of two different neurons of the worm that the atlas names, without a q."""
    names_not_in_worm: list[str]
    """Neurons of the atlas that the worm does not have."""
    names_not_in_atlas: list[str]
    """Neurons of the worm that the atlas does not name."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """k ordered pairs of neurons that were measured, by their indices in the worm."""

    post: NDArray[np.intp]
    """(k,) the responding neuron."""
    pre: NDArray[np.intp]
    """(k,) the stimulated neuron."""
    connected: NDArray[np.bool_]
    """(k,) whether q < 0.05."""
    unconnected: NDArray[np.bool_] | None
    """(k,) whether it was shown not to be connected; None where the atlas has no q_eq."""

    def only(self, keep: NDArray[np.bool_]) -> Pairs:
        """The pairs for which `keep`, (k,), is True."""
        shown = None if self.unconnected is None else self.unconnected[keep]
        return Pairs(self.post[keep], self.pre[keep], self.connected[keep], shown)

    def without(self, cells: Collection[int]) -> Pairs:
        """The pairs of which no neuron is among `cells`."""
        cut = list(cells)
        return self.only(~np.isin(self.post, cut) & ~np.isin(self.pre, cut))


def match(atlas: Atlas, names: Sequence[str]) -> tuple[Pairs, Counts]:
    """The pairs of `atlas` that count for a worm whose neurons are called `names`.

    Raises `ConfigError`, naming the array, where none does, or none or all of them are connected.
    """
    known = {name: i for i, name in enumerate(names)}
    place = np.array([known.get(name, -1) for name in atlas.neurons])
    both = (place[:, None] >= 0) & (place[None, :] >= 0)
    measured, other = np.isfinite(atlas.q), ~np.eye(place.size, dtype=bool)
    rows, columns = np.nonzero(measured & other & both)
    connected = atlas.q[rows, columns] < SIGNIFICANT
    if not (place >= 0).any():
        raise ConfigError(
            f"{atlas.path}: neurons names no neuron of the worm, must be names as {names[0]}, {names[-1]}"
        )
    if not rows.size:
        raise ConfigError(
            f"{atlas.path}: q is NaN for every pair of two of the worm's neurons, must be a number for some"
        )
    if connected.all() or not connected.any():
        share = "all" if connected.all() else "none"
        raise ConfigError(
            f"{atlas.path}: q is below {SIGNIFICANT} in {share} of its {rows.size} measured pairs, must be in some"
        )
    shown = None
    if atlas.q_eq is not None:
        shown = ~connected & (atlas.q_eq[rows, columns] < SIGNIFICANT)  # NaN is not below anything
    pairs = Pairs(place[rows], place[columns], connected, shown)
    return pairs, Counts(
        measured=rows.size,
        connected=int(connected.sum()),
        shown_unconnected=None if shown is None else int(shown.sum()),
        stimulated=np.unique(columns).size,
        responding=np.unique(rows).size,
        itself=int((measured & ~other).sum()),
        not_in_worm=int((measured & other & ~both).sum()),
        not_measured=int((~measured & other & both).sum()),
        names_not_in_worm=[name for name in atlas.neurons if name not in known],
        names_not_in_atlas=[name for name in names if name not in set(atlas.neurons)],
    )
