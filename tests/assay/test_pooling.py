"""Numbers that lives only give together: pooled over lives of unequal weight, in criteria and in rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.assay.test_steering import lives as sampled
from wormctl.assay.compare import compared, key
from wormctl.assay.file import load_assay
from wormctl.assay.lives import Outcome
from wormctl.assay.outcome import result
from wormctl.assay.pooling import POOLED, parts_by_seed, pool
from wormctl.assay.steering import steered
from wormctl.assay.table import load_table

SLOPE = "klinotaxis_slope"
TABLE = f"""
[[row]]
name = "RIA"
ablate = ["RIA"]
[[row.test]]
assay = "steering"
number = "{SLOPE}"
ratio_at_most = 0.25
reference_at_least = 0.05
"""


def outcomes(samples: list[NDArray[np.float64]], first: int = 0) -> list[Outcome]:
    """Lives whose own slopes are nonsense."""
    return [
        Outcome(
            key="",
            seed=first + i,
            verdict="",
            good=True,
            numbers={SLOPE: [-1e6], "klinokinesis_per_min": [-1e6], "reached": [1.0]},
            reason="time",
            samples={"steering": one.astype(np.float32)},
        )
        for i, one in enumerate(samples)
    ]


def test_what_is_pooled_is_what_steering_finds() -> None:
    samples = sampled(20, taxis=0.8, kinesis=4.0)
    found = steered(samples)
    assert found.klinotaxis is not None
    assert found.klinokinesis is not None
    for number, effect in ((SLOPE, found.klinotaxis), ("klinokinesis_per_min", found.klinokinesis)):
        parts = np.array(list(parts_by_seed(outcomes(samples), number).values()))
        assert float(pool(parts, number)) == pytest.approx(effect.value, rel=1e-3)
    assert set(POOLED) == {SLOPE, "klinokinesis_per_min"}


@pytest.mark.parametrize(
    ("taxis", "kinesis", "passed"), [(0.8, 4.0, True), (0.0, 4.0, False), (0.8, 1.0, False)]
)
def test_the_criteria_of_steering_are_about_all_lives_together(
    taxis: float, kinesis: float, passed: bool
) -> None:
    found = result(load_assay("steering"), outcomes(sampled(40, taxis, kinesis)), (), 40)
    assert found.passed is passed
    assert [(c.what, c.n) for c in found.criteria] == [("pooled", 40)] * 2
    assert all(c.value is not None and abs(c.value) < 100.0 for c in found.criteria)


def test_without_lives_nothing_is_pooled() -> None:
    found = result(load_assay("steering"), [], (), 40)
    assert not found.passed
    assert all(c.value is None for c in found.criteria)


@pytest.mark.parametrize(("taxis", "passed"), [(0.02, True), (0.8, False)])
def test_a_row_compares_what_is_pooled_over_the_same_seeds(
    tmp_path: Path, taxis: float, passed: bool
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TABLE)
    (test,) = load_table(str(path)).rows[0].tests
    cut = outcomes(sampled(40, taxis, 1.0)) + outcomes(sampled(3, -9.0, 1.0), first=100)
    whole = outcomes(sampled(40, 0.8, 1.0))
    found = compared(test, {key("steering", ("RIA",)): cut, "steering": whole})
    assert found.seeds == 40, "three seeds have no life of the whole worm"
    assert found.reference_mean == pytest.approx(0.8, abs=0.1)
    assert found.cut_mean == pytest.approx(taxis, abs=0.1)
    assert found.ratio_ci95 is not None
    assert found.ratio is not None
    assert found.ratio_ci95[0] <= found.ratio <= found.ratio_ci95[1]
    assert found.passed is passed
