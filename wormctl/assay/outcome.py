"""What the lives of an assay add up to: rates and medians with intervals, and whether each criterion is met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from wormctl.assay.file import Assay, Criterion
from wormctl.assay.judges import JUDGES
from wormctl.assay.lives import Outcome
from wormctl.assay.pooling import POOLED, parts_by_seed, pool
from wormctl.assay.statistics import interval95, mean, median
from wormctl.assay.steering import Steered, steered
from wormctl.summary import wilson_interval

Interval = tuple[float, float]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One number over all lives."""

    number: str
    what: str
    unit: str
    kind: Literal["rate", "median"]
    value: float | None
    """None where it was never seen."""
    ci95: Interval | None
    """Wilson's for a rate; bootstrap over lives for a median."""
    n: int
    """Observations of a rate; lives of a median."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One criterion."""

    number: str
    what: str
    """What was compared: the rate, the median, the mean, the mean difference to the assay beside, or what all lives
    give together."""
    value: float | None
    ci95: Interval | None
    n: int
    criterion: str
    passed: bool


class LifeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One life in the result."""

    seed: int
    verdict: str
    good: bool
    numbers: dict[str, list[float]]
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """An assay's result."""

    assay: str
    summary: str
    judge: str
    lives: int
    asked: int
    faults: int
    passed: bool | None
    """Every criterion is met, and no life ended by a fault; None for an assay without criteria."""
    criteria: list[Checked]
    numbers: list[Measured]
    steering: Steered | None
    per_life: list[LifeSeen]


class AssayRun(msgspec.Struct, frozen=True, kw_only=True):
    """One assay: where it was run, and its result."""

    world: str | None
    body: str
    robot: str
    seconds: float
    ablated: list[str]
    result: Result


class Assays(msgspec.Struct, frozen=True, kw_only=True):
    """The results of several assays of one worm: the contents of `assays.json`."""

    policy: str
    policy_sha256: str
    ablated: list[str]
    seed: int
    trials: int
    interrupted: bool
    passed: int
    """Of the assays with criteria."""
    assays: list[AssayRun]


def result(assay: Assay, outcomes: Sequence[Outcome], beside: Sequence[Outcome], asked: int) -> Result:
    """The result of an assay; `outcomes` are its lives so far, `beside` those of the assay it is compared with."""
    lives = sorted(outcomes, key=lambda life: life.seed)
    faults = sum(life.faulted for life in lives)
    criteria = [_check(c, assay, lives, beside) for c in assay.file.criterion]
    return Result(
        assay=assay.name,
        summary=assay.file.summary,
        judge=assay.file.judge,
        lives=len(lives),
        asked=asked,
        faults=faults,
        passed=all(c.passed for c in criteria) and not faults and bool(lives) if criteria else None,
        criteria=criteria,
        numbers=[measured(assay.file.judge, name, lives) for name in JUDGES[assay.file.judge].numbers],
        steering=steered([life.samples["steering"] for life in lives if "steering" in life.samples])
        if assay.file.judge == "steering"
        else None,
        per_life=[
            LifeSeen(seed=x.seed, verdict=x.verdict, good=x.good, numbers=x.numbers, reason=x.reason)
            for x in lives
        ],
    )


def measured(judge: str, name: str, lives: Sequence[Outcome]) -> Measured:
    """One number over `lives`."""
    number = JUDGES[judge].numbers[name]
    if number.share:
        seen = [value for life in lives for value in life.numbers.get(name, [])]
        value: float | None = float(np.mean(seen)) if seen else None
        ci95: Interval | None = wilson_interval(round(sum(seen)), len(seen)) if seen else None
        n = len(seen)
    else:
        values = np.array(list(by_seed(lives, name).values()))
        n = len(values)
        value = float(np.median(values)) if n else None
        ci95 = interval95(values, median)
    return Measured(
        number=name, what=number.what, unit=number.unit, kind="rate" if number.share else "median",
        value=_short(value), ci95=_shorts(ci95), n=n,
    )  # fmt: skip


def by_seed(lives: Sequence[Outcome], name: str) -> dict[int, float]:
    """The mean of a number's observations in each life that has any."""
    return {life.seed: float(np.mean(seen)) for life in lives if (seen := life.numbers.get(name))}


def _check(c: Criterion, assay: Assay, lives: Sequence[Outcome], beside: Sequence[Outcome]) -> Checked:
    if c.of == "value" and c.interval_above is None:
        seen = measured(assay.file.judge, c.number, lives)
        what, value, ci95, n = str(seen.kind), seen.value, seen.ci95, seen.n
    elif c.number in POOLED:
        parts = np.array(list(parts_by_seed(lives, c.number).values()))
        what, n = "pooled", len(parts)
        found = float(pool(parts, c.number)) if n else math.nan
        value = _short(found) if math.isfinite(found) else None
        ci95 = _shorts(interval95(parts, lambda drawn: pool(drawn, c.number)))
    else:
        here, there = by_seed(lives, c.number), by_seed(beside, c.number)
        if c.of == "gain":
            values = np.array([here[seed] - there[seed] for seed in here if seed in there])
            what = f"mean difference to {assay.file.beside}"
        else:
            values = np.array(list(here.values()))
            what = "mean"
        n = len(values)
        value, ci95 = _short(float(values.mean())) if n else None, _shorts(interval95(values, mean))
    passed = value is not None
    if value is not None:
        passed &= c.at_least is None or value >= c.at_least
        passed &= c.at_most is None or value <= c.at_most
    if c.interval_above is not None:
        passed &= ci95 is not None and ci95[0] > c.interval_above
    return Checked(
        number=c.number,
        what=what,
        value=value,
        ci95=ci95,
        n=n,
        criterion=c.words(what == "rate"),
        passed=bool(passed),
    )


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _shorts(ends: Interval | None) -> Interval | None:
    return None if ends is None else (float(f"{ends[0]:.6g}"), float(f"{ends[1]:.6g}"))
