"""Shuffled wirings beside the true one, on planted numbers: who is beaten, how clearly, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wormctl.assay.controls import CONTROLS, MEASURES, Controls, Retrained, seen, told, verdicts
from wormctl.assay.folder import read_results, write_results
from wormctl.assay.lives import Outcome
from wormctl.config import ConfigError

SPEED = "speed_body_lengths_s"
SEEDS = range(20)


def lives(number: str, values: list[float]) -> list[Outcome]:
    return [
        Outcome(key="", seed=seed, verdict="", good=True, numbers={number: [value]}, reason="time")
        for seed, value in zip(SEEDS, values, strict=False)
    ]


def worm(shuffle: int | None, reached: int, speed: float) -> Retrained:
    """Food reached in the first so many seeds; a speed that differs a little from seed to seed."""
    return Retrained(
        wiring="true" if shuffle is None else f"shuffle-{shuffle}",
        shuffle=shuffle,
        policy="p.safetensors",
        policy_sha256="",
        evaluations=16,
        score=1.0,
        faults=0,
        numbers=[
            seen("food", "reached", lives("reached", [float(k < reached) for k in SEEDS])),
            seen("gait", SPEED, lives(SPEED, [speed + 0.001 * (k % 3) for k in SEEDS])),
        ],
    )


def controls(wirings: list[Retrained], shuffles: int) -> Controls:
    return Controls(
        recipe="controls", command="", wormctl="", body="planar", seed=0, trials=20, shuffles=shuffles,
        wirings=wirings, verdicts=verdicts(wirings),
    )  # fmt: skip


def test_the_true_wiring_beats_every_shuffle_or_it_is_said_that_it_does_not() -> None:
    food, speed = verdicts([worm(None, 20, 0.2), worm(1, 4, 0.21), worm(2, 19, 0.1), worm(3, 12, 0.2)])
    assert [(v.assay, v.number) for v in (food, speed)] == list(MEASURES)
    assert (food.shuffles, food.beaten, food.clearly, food.rank_p) == (3, 3, 2, 0.25)
    assert food.sentence == (
        "The true wiring beats every shuffle (3 of 3; in 2 the 95 % interval of the difference lies above 0)."
    )
    assert (speed.beaten, speed.rank_p) == (1, 0.75)
    assert speed.sentence == (
        "The true wiring does not beat every shuffle (1 of 3; in 1 the 95 % interval of the difference lies above 0): "
        "not shuffle-1, shuffle-3."
    )
    assert speed.against[1].difference == pytest.approx(0.1)
    assert speed.against[2].beaten is False, "as good is not better"


def test_a_number_has_its_mean_and_interval() -> None:
    reached, speed = worm(None, 15, 0.2).numbers
    assert (reached.mean, reached.share) == (0.75, True)
    assert reached.ci95 == pytest.approx((0.531, 0.888), abs=1e-3)
    assert speed.mean == pytest.approx(0.20095)
    assert speed.ci95 is not None
    assert speed.ci95[0] < 0.20095 < speed.ci95[1]
    never = seen("gait", SPEED, [])
    assert (never.mean, never.ci95, never.values) == (None, None, [])


def test_without_lives_nothing_is_beaten() -> None:
    never = [seen(assay, number, []) for assay, number in MEASURES]
    food, _ = verdicts([worm(None, 20, 0.2), msgspec.structs.replace(worm(1, 0, 0.0), numbers=never)])
    assert (food.beaten, food.against[0].difference) == (0, None)


def test_a_person_reads_every_wiring_and_what_is_missing_yet(tmp_path: Path) -> None:
    found = controls([worm(None, 20, 0.2), worm(1, 4, 0.1)], shuffles=3)
    write_results(tmp_path / CONTROLS, found)
    found = read_results(tmp_path / CONTROLS, Controls)
    first, true, shuffle, food, speed = told(found)
    assert "16 worms each (so far 1 of 3 shuffles)" in first
    assert true.startswith("   true       food.reached 100% (84% to 100%); gait.speed_body_lengths_s 0.201")
    assert "food.reached 20%" in shuffle
    assert food.startswith("   food.reached: The true wiring beats every shuffle (1 of 1;")
    assert "gait.speed_body_lengths_s: The true wiring" in speed
    assert told(controls([worm(None, 20, 0.2)], 3))[1].startswith("   true  food")


def test_a_file_that_is_no_such_result_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / CONTROLS
    path.write_text('{"recipe": "x"}')
    with pytest.raises(ConfigError, match=r"controls.json: .*command"):
        read_results(path, Controls)
