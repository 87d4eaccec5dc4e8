"""What cutting changed: effects over the same seeds with intervals, and whether they are as a row expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from wormctl.assay.controls import Controls
from wormctl.assay.lives import Outcome
from wormctl.assay.outcome import Interval, by_seed
from wormctl.assay.pooling import POOLED, parts_by_seed, pool
from wormctl.assay.statistics import interval95
from wormctl.assay.table import Bounds, Row, Test
from wormctl.motion.path import FloatArray

Lives = Mapping[str, Sequence[Outcome]]
"""By `key`."""


_ROUNDING = 1e-9
"""A difference of exactly the bound must not fail by its last digit."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a row. Means are over the seeds in which both worms showed the number; a number that lives only give
    together is made of all these seeds at once."""

    assay: str
    number: str
    reference: list[str]
    """What was cut in the worm compared with; nothing in the whole one."""
    word: str
    bounds: str
    seeds: int
    cut_mean: float | None
    reference_mean: float | None
    ratio: float | None
    """None where the reference has nothing."""
    ratio_ci95: Interval | None
    difference: float | None
    difference_ci95: Interval | None
    faults: int
    passed: bool
    why_not: str


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """One row: it passes if all its tests do."""

    number: int
    name: str
    ablated: list[str]
    expected: str
    source: str
    passed: bool
    tests: list[Compared]


class Ablations(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a table: the contents of `ablations.json`."""

    table: str
    policy: str
    policy_sha256: str
    body: str
    seed: int
    trials: int
    interrupted: bool
    passed: int
    """Rows."""
    rows: list[RowResult]
    controls: list[RowResult] = []
    """The rows of the table `controls`, where they were asked for."""
    retrained: Controls | None = None
    """Shuffled wirings that were trained like the true one, where such results were given."""


def key(assay: str, terms: Sequence[str]) -> str:
    """Names the lives of an assay with these terms cut."""
    return f"{assay} -{','.join(terms)}" if terms else assay


def row_result(row: Row, lives: Lives) -> RowResult:
    """A row's result from all lives there are."""
    tests = [compared(test, lives) for test in row.tests]
    return RowResult(
        number=row.number,
        name=row.name,
        ablated=list(row.ablated),
        expected=row.expected,
        source=row.source,
        passed=all(test.passed for test in tests),
        tests=tests,
    )


def compared(test: Test, lives: Lives) -> Compared:
    """One comparison, paired over seeds."""
    here = lives.get(key(test.assay.name, test.ablated), ())
    there = lives.get(key(test.assay.name, test.reference), ())
    cut, whole = _seen(here, test.number), _seen(there, test.number)
    together = _together(test.number)
    pairs = np.array([(cut[seed], whole[seed]) for seed in sorted(cut) if seed in whole])
    ratio: float | None = None
    difference: float | None = None
    if len(pairs):
        means = together(pairs)
        ratio = float(means[0] / means[1]) if means[1] != 0.0 else None
        difference = float(means[0] - means[1])
    else:
        # Nothing to pair: where a cut worm never shows a number at all, its own mean is still worth telling.
        means = np.array(
            [together(np.array(list(each.values()))[:, None])[0] if each else np.nan for each in (cut, whole)]
        )
    faults = sum(life.faulted for life in (*here, *there))
    why = _why_not(test, means, ratio, difference)
    return Compared(
        assay=test.assay.name,
        number=test.number,
        reference=list(test.reference),
        word=test.word,
        bounds=test.bounds.words(),
        seeds=len(pairs),
        cut_mean=_known(float(means[0])),
        reference_mean=_known(float(means[1])),
        ratio=ratio,
        ratio_ci95=None if ratio is None else interval95(pairs, lambda drawn: _over(together(drawn))),
        difference=difference,
        difference_ci95=None
        if difference is None
        else interval95(pairs, lambda drawn: _less(together(drawn))),
        faults=faults,
        passed=not why,
        why_not=why,
    )


def _why_not(test: Test, means: FloatArray, ratio: float | None, difference: float | None) -> str:
    """The first thing that is not as expected, in words; empty if all is."""
    if not np.isfinite(means).all():
        return "never seen in the same seeds"
    least = test.reference_at_least
    if least is not None and means[1] < least:
        return f"nothing to compare: the reference has {means[1]:.3g}, less than {least:g}"
    found = {"ratio": ratio, "difference": difference, "value": float(means[0])}
    for name in Bounds.__struct_fields__:
        bound = getattr(test.bounds, name)
        if bound is None:
            continue
        what, _, side = name.partition("_")
        value = found[what]
        if value is None:
            return "nothing to compare: the reference has none of it"
        if what == "ratio" and means[1] < 0.0:
            return f"nothing to compare: the reference has {means[1]:.3g}, which is no size to lose"
        if (value - bound if side == "at_most" else bound - value) > _ROUNDING:
            return f"{what} is {value:.3g}, must be {side.replace('_', ' ')} {bound:g}"
    return ""


def _seen(lives: Sequence[Outcome], number: str) -> Mapping[int, float] | Mapping[int, FloatArray]:
    """What each life has to give to a number."""
    return parts_by_seed(lives, number) if number in POOLED else by_seed(lives, number)


def _together(number: str) -> Callable[[FloatArray], FloatArray]:
    """From what lives gave, (..., lives, worms) and parts where the number has them, to the number: (..., worms)."""
    if number in POOLED:
        return lambda given: pool(np.moveaxis(given, -3, -2), number)
    return lambda given: np.asarray(given.mean(axis=-2))


def _over(both: FloatArray) -> FloatArray:
    """The first worm's as a share of the second's, (..., 2); NaN where the second has none."""
    second = np.where(both[..., 1] == 0.0, np.nan, both[..., 1])
    return np.asarray(both[..., 0] / second)


def _less(both: FloatArray) -> FloatArray:
    return np.asarray(both[..., 0] - both[..., 1])


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
