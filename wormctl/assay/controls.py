"""Shuffled wirings beside the true one, each trained alike: what each came to, and whether the true one is better.

The contents of `controls.json`, and how they add up. Nothing is trained or lived here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from wormctl.assay.file import load_assay
from wormctl.assay.judges import JUDGES
from wormctl.assay.lives import Outcome
from wormctl.assay.outcome import Interval, by_seed
from wormctl.assay.statistics import difference_of_means, interval95, mean
from wormctl.summary import wilson_interval

CONTROLS = "controls.json"
TRUE = "true"
"""The name of the published wiring."""

MEASURES = (("food", "reached"), ("gait", "speed_body_lengths_s"))
"""Assays and the numbers that wirings are compared by; the first is what decides. Higher is better."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One number over the lives of one worm."""

    assay: str
    number: str
    unit: str
    share: bool
    """Whether it is a share of the lives."""
    mean: float | None
    """None where it was never seen."""
    ci95: Interval | None
    """Wilson's for a share, else bootstrap over the lives."""
    seeds: list[int]
    """Of the lives in which it was seen."""
    values: list[float]
    """In each of those."""


class Retrained(msgspec.Struct, frozen=True, kw_only=True):
    """One wiring after training."""

    wiring: str
    """`TRUE`, or the name of a shuffle."""
    shuffle: int | None
    """The seed of `wormctl.connectome.shuffle`."""
    policy: str
    """The file, from where this stands."""
    policy_sha256: str
    evaluations: int
    score: float
    """Mean of the last generation, in what training pays."""
    faults: int
    numbers: list[Seen]


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """The true wiring against one shuffle, over the same seeds."""

    wiring: str
    difference: float | None
    """True less shuffled."""
    ci95: Interval | None
    beaten: bool
    """Whether the difference is above 0."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How the true wiring compares by one number."""

    assay: str
    number: str
    shuffles: int
    beaten: int
    clearly: int
    """Those of which the interval of the difference lies above 0."""
    rank_p: float
    """Share of all wirings, the true one included, that do as well as the true one: the chance of a rank like this if
    the wiring made no difference."""
    sentence: str
    against: list[Against]


class Controls(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of `controls.json`."""

    recipe: str
    command: str
    wormctl: str
    body: str
    seed: int
    """The first of those that no training drew from."""
    trials: int
    """Lives in each assay."""
    shuffles: int
    """How many were asked for; fewer are there while it runs, or where it was stopped."""
    wirings: Annotated[list[Retrained], msgspec.Meta(min_length=1)]
    """The true one first."""
    verdicts: list[Verdict]
    """By each of `MEASURES`; none before there is a shuffle."""


def seen(assay: str, number: str, lives: Sequence[Outcome]) -> Seen:
    """One number over `lives`, those of one worm in one assay."""
    what = JUDGES[load_assay(assay).file.judge].numbers[number]
    found = by_seed(lives, number)
    seeds = sorted(found)
    values = np.array([found[seed] for seed in seeds])
    ci95 = interval95(values, mean)
    if what.share and len(values):
        ci95 = wilson_interval(round(float(values.sum())), len(values))
    return Seen(
        assay=assay,
        number=number,
        unit=what.unit,
        share=what.share,
        mean=float(values.mean()) if len(values) else None,
        ci95=ci95,
        seeds=seeds,
        values=values.tolist(),
    )


def verdicts(wirings: Sequence[Retrained]) -> list[Verdict]:
    """The true wiring, which is the first, against all others."""
    if len(wirings) < 2:
        return []
    true, *shuffles = wirings
    return [_verdict(assay, number, true, shuffles) for assay, number in MEASURES]


def _verdict(assay: str, number: str, true: Retrained, shuffles: Sequence[Retrained]) -> Verdict:
    against = [_against(assay, number, true, other) for other in shuffles]
    beaten = sum(one.beaten for one in against)
    clearly = sum(one.ci95 is not None and one.ci95[0] > 0.0 for one in against)
    return Verdict(
        assay=assay,
        number=number,
        shuffles=len(against),
        beaten=beaten,
        clearly=clearly,
        rank_p=(1 + len(against) - beaten) / (1 + len(against)),
        sentence=_sentence(against, beaten, clearly),
        against=against,
    )


def _against(assay: str, number: str, true: Retrained, other: Retrained) -> Against:
    here, there = (_by_seed(one, assay, number) for one in (true, other))
    pairs = np.array([(here[seed], there[seed]) for seed in sorted(here) if seed in there]).reshape(-1, 2)
    difference = float(pairs[:, 0].mean() - pairs[:, 1].mean()) if len(pairs) else None
    return Against(
        wiring=other.wiring,
        difference=difference,
        ci95=interval95(pairs, difference_of_means) if len(pairs) else None,
        beaten=difference is not None and difference > 0.0,
    )


def _by_seed(worm: Retrained, assay: str, number: str) -> dict[int, float]:
    wanted = (one for one in worm.numbers if (one.assay, one.number) == (assay, number))
    return {seed: value for one in wanted for seed, value in zip(one.seeds, one.values, strict=True)}


def _sentence(against: Sequence[Against], beaten: int, clearly: int) -> str:
    n = len(against)
    sure = f"in {clearly} the 95 % interval of the difference lies above 0"
    if beaten == n:
        return f"The true wiring beats every shuffle ({beaten} of {n}; {sure})."
    others = ", ".join(one.wiring for one in against if not one.beaten)
    return f"The true wiring does not beat every shuffle ({beaten} of {n}; {sure}): not {others}."


def told(found: Controls) -> list[str]:
    """The same in words, a line for each wiring and each verdict."""
    first = found.wirings[0]
    short = len(found.wirings) - 1
    cut = f" (so far {short} of {found.shuffles} shuffles)" if short < found.shuffles else ""
    lines = [
        f"wirings trained by recipe {found.recipe}, {first.evaluations} worms each{cut}; "
        f"body {found.body}, {found.trials} seeds from {found.seed}"
    ]
    width = max(len(worm.wiring) for worm in found.wirings)
    for worm in found.wirings:
        numbers = "; ".join(map(_said, worm.numbers))
        faults = f"; {worm.faults} faults" if worm.faults else ""
        lines.append(f"   {worm.wiring:{width}}  {numbers}{faults}")
    return lines + [f"   {v.assay}.{v.number}: {v.sentence}" for v in found.verdicts]


def _said(one: Seen) -> str:
    what = f"{one.assay}.{one.number}"
    if one.mean is None:
        return f"{what} never seen"
    form = ".0%" if one.share else ".3g"
    ends = "" if one.ci95 is None else f" ({one.ci95[0]:{form}} to {one.ci95[1]:{form}})"
    return f"{what} {one.mean:{form}}{ends}"
