"""A worm's responses and its bare anatomy against an atlas, as one record that also goes out as JSON. No printing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.connectome import Connectome
from wormctl.propagation.atlas import Atlas
from wormctl.propagation.floors import floors
from wormctl.propagation.pairs import Counts, Pairs, match
from wormctl.propagation.roc import Ranking, interval, rank, resamples
from wormctl.propagation.stimulate import CURRENT, CURRENT_S, WINDOW_S, Responses, stimulate
from wormctl.worm.controller import WormController
from wormctl.worm.parts import Packed, State

RESAMPLES = 1000

Range = tuple[float, float]


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """How well one measure tells connected pairs from the others."""

    auc: float
    """Area under the ROC curve: 0.5 is chance, 1 perfect."""
    ci95: Range | None
    """Over stimulated neurons drawn again; None where no draw had an area."""
    auc_shown: float | None
    """The same where only pairs that were shown not to be connected are negatives; None where there are none."""
    worm_better_by: float
    """The worm's area less this one."""
    worm_better_by_ci95: Range | None
    """Of that difference, over the same draws."""


class Stimulus(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the worm."""

    current: float
    current_s: float
    window_s: float
    rest_s: float
    settled: bool


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """The worm with something cut, on the pairs of the cells that are left."""

    terms: list[str]
    """What was cut, in the words of `wormctl.ablation`."""
    measured: int
    connected: int
    whole: Area
    """The worm with all of it, on the same pairs."""
    cut: Area
    settled: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    pairs: Counts
    stimulus: Stimulus
    worm: Area
    floors: dict[str, Area]
    """By the names of `wormctl.propagation.floors.floors`."""
    without: Cut | None
    resamples: int
    seed: int


def stimulations(atlas: Atlas, connectome: Connectome, terms: Sequence[str]) -> int:
    """How many stimulations `compare` will do. Raises what `compare` raises, at once."""
    pairs, _ = match(atlas, connectome.names)
    count = np.unique(pairs.pre).size
    return count + (np.unique(_uncut(pairs, connectome, terms).pre).size if terms else 0)


def compare(
    atlas: Atlas,
    connectome: Connectome,
    worm: WormController,
    *,
    cut: WormController | None = None,
    terms: Sequence[str] = (),
    seed: int = 0,
    tell: Callable[[], None] = lambda: None,
) -> Comparison:
    """Stimulate the worm as the atlas's animals were, and rank the atlas's pairs by its answers and by anatomy.

    `cut` is the same worm without what `terms` name. `tell` is called after each stimulation. Raises `ConfigError`
    where the atlas and the worm have no pairs to compare, or none is left.
    """
    pairs, counts = match(atlas, connectome.names)
    left = None if cut is None else _uncut(pairs, connectome, terms)
    whole = _stimulated(worm, pairs, tell)
    scores = {"worm": whole.strength, **floors(connectome)}
    areas = _areas(pairs, scores, "worm", seed)
    without = None
    if cut is not None and left is not None:
        maimed = _stimulated(cut, left, tell)
        both = _areas(left, {"whole": whole.strength, "cut": maimed.strength}, "whole", seed)
        without = Cut(
            terms=list(terms),
            measured=left.post.size,
            connected=int(left.connected.sum()),
            whole=both["whole"],
            cut=both["cut"],
            settled=maimed.settled,
        )
    return Comparison(
        pairs=counts,
        stimulus=Stimulus(
            current=CURRENT,
            current_s=CURRENT_S,
            window_s=WINDOW_S,
            rest_s=round(whole.rest_s, 4),
            settled=whole.settled,
        ),
        worm=areas.pop("worm"),
        floors=areas,
        without=without,
        resamples=RESAMPLES,
        seed=seed,
    )


def _stimulated(worm: WormController, pairs: Pairs, tell: Callable[[], None]) -> Responses:
    worm.reset()
    inputs = sum(port.size for port in worm.inputs)
    parts = worm.arguments(np.zeros(inputs), np.zeros(inputs, np.bool_), np.zeros(worm.joints))
    size = len(Packed._fields)
    packed, state = Packed(*parts[:size]), State(*parts[size : size + len(State._fields)])
    return stimulate(packed, state, np.unique(pairs.pre).tolist(), tell)


def _uncut(pairs: Pairs, connectome: Connectome, terms: Sequence[str]) -> Pairs:
    # Not every term needs to be a cell: contacts can be cut too, and leave both cells alive.
    left = pairs.without(connectome.select(term for term in terms if term in connectome.known_names))
    if left.connected.all() or not left.connected.any():  # both are true of no pairs
        raise ConfigError(
            f"--ablate = {','.join(terms)!r}: of the cells that are left the atlas has no pairs to compare"
        )
    return left


def _areas(pairs: Pairs, scores: dict[str, NDArray[np.float64]], first: str, seed: int) -> dict[str, Area]:
    """The areas of `scores`, each (n, n), by name; `first` is the one whose lead over the others is told."""
    _, group = np.unique(pairs.pre, return_inverse=True)
    draws = resamples(int(group.max()) + 1, RESAMPLES, seed)
    rankings = {
        name: rank(score[pairs.post, pairs.pre], pairs.connected, group) for name, score in scores.items()
    }
    shown = _shown(pairs, group, scores)
    drawn = {name: ranking.area(draws) for name, ranking in rankings.items()}
    return {
        name: Area(
            auc=round(float(ranking.area()), 4),
            ci95=_range(drawn[name]),
            auc_shown=_known(float(shown[name].area())) if shown else None,
            worm_better_by=round(float(rankings[first].area() - ranking.area()), 4),
            worm_better_by_ci95=_range(drawn[first] - drawn[name]),
        )
        for name, ranking in rankings.items()
    }


def _shown(
    pairs: Pairs, group: NDArray[np.intp], scores: dict[str, NDArray[np.float64]]
) -> dict[str, Ranking] | None:
    if pairs.unconnected is None:
        return None
    keep = pairs.connected | pairs.unconnected
    sure = pairs.only(keep)
    return {
        name: rank(score[sure.post, sure.pre], sure.connected, group[keep]) for name, score in scores.items()
    }


def _range(values: NDArray[np.float64]) -> Range | None:
    low, high = interval(values)
    return None if math.isnan(low) else (round(low, 4), round(high, 4))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
