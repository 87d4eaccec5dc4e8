"""From numbers to a score: each pay is worth its weight, nothing is lived for nothing, and cheats come last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from wormctl_train import scoring
from wormctl_train.course import CheatError, Course
from wormctl_train.pay import Paid, drawn, pay_out
from wormctl_train.payable import NUMBERS, Shown
from wormctl_train.recipe import load_recipe
from wormctl_train.scoring import WORST, Bench
from wormctl_train.task import Pay

LIVES = {"a": [0.5], "b": [0.2, 0.6], "zero": [0.0], "minus": [-2.0], "full": [1.0]}


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that is the life itself."""
    monkeypatch.setitem(NUMBERS, "told", cast(Callable[[Shown], float], lambda shown: shown))


def pay(name: str, trial: str = "a", **fields: object) -> Pay:
    return Pay(**{"name": name, "trial": trial, "number": "told"} | fields)  # type: ignore[arg-type]


def paid(pays: Sequence[Pay], part: float = 1.0, lived: list[str] | None = None) -> Paid:
    def live(trial: str) -> Sequence[Shown]:
        if lived is not None:
            lived.append(trial)
        return cast(Sequence[Shown], LIVES[trial])

    return pay_out(pays, part, live)


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({}, 0.5),
        ({"low": 0.25, "high": 0.75}, 0.5),
        ({"low": 0.0, "high": 0.4}, 1.0),
        ({"low": 0.6, "high": 1.0}, 0.0),
        ({"low": 0.6, "high": 1.0, "malus": 0.1}, -0.1),
        ({"low": 0.6, "high": 1.0, "malus": 0.5}, -0.25),
        ({"low": 1.0, "high": 0.0}, 0.5),
        ({"low": 0.8, "high": 0.6}, 1.0),
        ({"low": 0.5, "high": 0.1}, 0.0),
        ({"trial": "b"}, 0.4),
        ({"trial": "b", "lives": "worst"}, 0.2),
        ({"trial": "b", "over": "a"}, 0.8),
        ({"trial": "minus", "over": "a", "low": 0.0, "high": -8.0}, 0.5),
        ({"over": "zero"}, 0.0),
        ({"over": "zero", "low": 1.0, "high": 0.0}, 0.0),
    ],
)
def test_a_number_is_worth_its_share(fields: dict[str, object], share: float) -> None:
    found = paid([pay("one", **{"weight": 3.0} | fields)])  # type: ignore[arg-type]
    assert found.shares["one"] == pytest.approx(share)
    assert found.score == pytest.approx(3.0 * share)


def test_pays_multiply_and_what_is_below_nothing_multiplies_as_nothing() -> None:
    pays = [
        pay("half", weight=0.0),
        pay("both", "full", times=["half"], weight=2.0),
        pay("deep", "full", times=["both", "half"], weight=4.0),
        pay("less", "minus", malus=1.0, weight=1.0),
        pay("none", "full", times=["less"], weight=8.0),
    ]
    found = paid(pays)
    assert found.shares == {"half": 0.5, "both": 0.5, "deep": 0.25, "less": -1.0, "none": 0.0}
    assert found.score == pytest.approx(2.0 * 0.5 + 4.0 * 0.25 - 1.0)


def test_a_trial_is_lived_once_and_only_where_it_can_count() -> None:
    lived: list[str] = []
    pays = [
        pay("gate", "zero"),
        pay("behind", "full", times=["gate"]),
        pay("ratio", "b", over="full", times=["gate"]),
        pay("one"),
        pay("two", over="minus"),
        pay("three", "minus"),
    ]
    found = paid(pays, lived=lived)
    assert lived == ["zero", "a", "minus"]
    assert "behind" not in found.values


PAYS = [
    pay("always", weight=2.0, always=True),
    pay("gate", "b", weight=1.0),
    pay("by gate", "full", times=["gate"], weight=3.0),
    pay("by both", "a", times=["by gate", "always"], weight=5.0),
    pay("free", "minus", weight=4.0, malus=0.5),
]


@pytest.mark.parametrize("part", [0.3, 0.7])
def test_over_the_generations_each_pay_is_worth_its_weight(part: float) -> None:
    whole = paid(PAYS).score
    scores = [paid(drawn(PAYS, part, generation), part).score for generation in range(4000)]
    assert np.std(scores) > 0.1
    assert np.mean(scores) == pytest.approx(whole, abs=4 * float(np.std(scores)) / np.sqrt(4000))


def test_what_counts_is_drawn_by_lot_with_what_multiplies_it_before_it() -> None:
    names = [pay.name for pay in PAYS]
    counted = dict.fromkeys(names, 0)
    for generation in range(2000):
        chosen = drawn(PAYS, 0.4, generation)
        order = [names.index(one.name) for one in chosen]
        assert order == sorted(order)
        assert "always" in [one.name for one in chosen]
        for one in chosen:
            assert set(one.times) <= {other.name for other in chosen}
            counted[one.name] += one.weight > 0.0
        assert chosen == drawn(PAYS, 0.4, generation)
    assert counted.pop("always") == 2000
    assert all(700 < count < 900 for count in counted.values())
    assert drawn(PAYS, 1.0, 3) == PAYS


RECIPE = """
name = "tiny"
seed = 3
[[trial]]
name = "rest"
world = "empty"
seconds = 2
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
[[stage]]
name = "one"
generations = 1
population = 4
sigma = 0.1
"""


def test_a_cheat_scores_worst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "r.toml"
    file.write_text(RECIPE)
    task = load_recipe(str(file))
    bench, stage = Bench(task), task.recipe.stage[0]
    genome = np.zeros(len(bench.blueprint.genes))
    honest = bench.pay(stage, genome, 0).score
    assert honest > WORST + 5.0
    far = bench.pay(stage, bench.blueprint.bounds()[0], 0).score
    assert far > WORST

    def cheat(*args: object) -> list[Shown]:
        raise CheatError

    monkeypatch.setattr(Course, "run", cheat)
    assert bench.pay(stage, genome, 0) == Paid(WORST, {}, {})


def test_without_evidence_a_gene_is_pulled_to_where_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "r.toml"
    file.write_text(RECIPE)
    task = load_recipe(str(file))
    bench = Bench(task)
    monkeypatch.setattr(scoring, "pay_out", lambda *_: Paid(1.0, {}, {}))
    at_start = bench.pay(task.recipe.stage[0], np.zeros(len(bench.blueprint.genes)), 0).score
    away = bench.pay(task.recipe.stage[0], np.full(len(bench.blueprint.genes), 0.1), 0).score
    assert at_start == 1.0
    assert 0.999 < away < 1.0
