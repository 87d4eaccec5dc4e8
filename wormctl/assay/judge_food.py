"""Judges of finding food: whether, when, which, and what was touched on the way."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from wormctl.assay.judging import Judge, Judged, Number, Settings, one
from wormctl.assay.life import Life
from wormctl.motion.path import FloatArray

_POISON_HZ = 10.0
_FARTHEST_M = 5.0
_STEP_M = 0.005

REACHED = {
    "reached": Number("the nose came within reach of food", share=True),
    "time_to_food_s": Number("time to the food, where it was reached", "s"),
    "approach": Number(
        "how much nearer the end was than the start: 1 at the food, 0 as far, -1 twice as far"
    ),
}


class Reach(Settings, frozen=True, kw_only=True):
    """Nothing to set."""


class Poison(Settings, frozen=True, kw_only=True):
    """What counts as having touched poison."""

    core: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.6
    """The poison's core is where its concentration is at least this share of the highest at any of its sources."""


def _reached(life: Life) -> dict[str, list[float]]:
    approach = life.approach()
    if approach is None:
        raise ValueError(f"world {life.world.name} has no food to reach")
    return {
        "reached": [float(life.reached_s is not None)],
        "time_to_food_s": one(life.reached_s),
        "approach": [approach],
    }


def reach(life: Life, settings: Reach) -> Judged:
    """Whether food was reached, and when."""
    numbers = _reached(life)
    good = life.reached_s is not None
    return Judged(verdict="reached" if good else "missed", good=good, numbers=numbers)


def richer(life: Life, settings: Reach) -> Judged:
    """Whether the first food that was reached is the one that smells the most."""
    numbers = _reached(life)
    if life.reached_s is None:
        return Judged(verdict="missed", good=False, numbers=numbers | {"richer_first": [0.0]})
    life.world.advance(life.reached_s)
    foods = life.chart.foods()
    nose = life.nose_m[min(int(np.searchsorted(life.time_s, life.reached_s)), len(life.nose_m) - 1)]
    there = int(np.hypot(*(foods[:, :2] - nose).T).argmin())
    good = bool(foods[there, 2] == foods[:, 2].max())
    word = "richer first" if good else "poorer first"
    return Judged(verdict=word, good=good, numbers=numbers | {"richer_first": [float(good)]})


def poison(life: Life, settings: Poison) -> Judged:
    """Whether food was reached, and whether the nose came into the core of a poison on the way."""
    numbers = _reached(life)
    sources = life.chart.poisons()
    if not len(sources):
        raise ValueError(f"world {life.world.name} has no poison")
    every = max(1, round(1.0 / _POISON_HZ / life.period_s))
    strongest = 0.0
    for now_s, (x, y) in zip(life.time_s[::every].tolist(), life.nose_m[::every].tolist(), strict=True):
        life.world.advance(now_s)
        strongest = max(strongest, life.chart.poison_at(x, y))
    share = strongest / float(sources[:, 2].max())
    touched = share >= settings.core
    word = ("reached" if life.reached_s is not None else "missed") + (", touched" if touched else "")
    return Judged(
        verdict=word,
        good=life.reached_s is not None and not touched,
        numbers=numbers | {"touched": [float(touched)], "poison_share": [share]},
        samples={"core": _cores(life, settings.core)},
    )


def _cores(life: Life, core: float) -> FloatArray:
    """(n, 3): x_m, y_m and the radius in m of the core around each poison, as far as it reaches along +x."""
    life.world.advance(0.0)
    sources = life.chart.poisons()
    least = core * float(sources[:, 2].max())
    radii = []
    for x, y, _ in sources.tolist():
        radius = 0.0
        while radius < _FARTHEST_M and life.chart.poison_at(x + radius, y) >= least:
            radius += _STEP_M
        radii.append(radius)
    return np.column_stack([sources[:, :2], radii])


JUDGES = {
    "reach": Judge("whether food is reached, and when", Reach, REACHED, reach),
    "richer": Judge(
        "whether the richer of several foods is reached first",
        Reach,
        REACHED
        | {"richer_first": Number("the first food reached is the one that smells the most", share=True)},
        richer,
    ),
    "poison": Judge(
        "whether food is reached, and a poison's core touched on the way",
        Poison,
        REACHED
        | {
            "touched": Number("the nose came into the poison's core", share=True),
            "poison_share": Number(
                "the highest concentration at the nose, as a share of the poison's highest"
            ),
        },
        poison,
    ),
}
