"""The loop of evolution and its journal: what is stopped goes on bit for bit, and what does not fit is refused."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.evolve import Journal, evolve
from wormctl_train.executors import Crew, Evaluate
from wormctl_train.sphere import Sphere
from wormctl_train.strategy import make_strategy

from wormctl.config import ConfigError

HEADER = {"recipe": "bowl", "seed": 3}
Name = Literal["cma", "es"]
STRATEGIES = ("cma", "es")


def search(
    path: Path,
    generations: int,
    strategy: Name = "cma",
    evaluate: Evaluate | None = None,
    crew: Crew | None = None,
) -> NDArray[np.float64]:
    mean = np.zeros(5)
    for _, mean in evolve(  # noqa: B007
        evaluate or Sphere(), make_strategy(strategy, np.zeros(5), population=8, sigma=0.5, seed=3), stage="bowl",
        generations=generations, journal=Journal(path, HEADER), crew=crew,
    ):  # fmt: skip
        pass
    return mean


def never(genomes: Sequence[NDArray[np.float64]], generation: int) -> list[float]:
    raise AssertionError("scored again")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_search_that_was_killed_goes_on_bit_for_bit(tmp_path: Path, strategy: Name) -> None:
    whole = search(tmp_path / "whole.jsonl", 30, strategy)
    search(tmp_path / "cut.jsonl", 11, strategy)
    data = (tmp_path / "cut.jsonl").read_bytes()
    # Killed in the middle of a write: the last line is half there.
    (tmp_path / "cut.jsonl").write_bytes(data[: len(data) - 20])
    assert Journal(tmp_path / "cut.jsonl", HEADER).generations == 10
    np.testing.assert_array_equal(search(tmp_path / "cut.jsonl", 30, strategy), whole)
    assert (tmp_path / "cut.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_finished_search_is_not_evaluated_again(tmp_path: Path, strategy: Name) -> None:
    first = search(tmp_path / "j.jsonl", 10, strategy)
    before = (tmp_path / "j.jsonl").read_bytes()
    np.testing.assert_array_equal(search(tmp_path / "j.jsonl", 10, strategy, never), first)
    assert (tmp_path / "j.jsonl").read_bytes() == before


def test_a_journal_is_left_as_it_is_until_there_is_something_to_add(tmp_path: Path) -> None:
    search(tmp_path / "j.jsonl", 2)
    with (tmp_path / "j.jsonl").open("ab") as file:
        file.write(b'{"stage": "bo')
    before = (tmp_path / "j.jsonl").read_bytes()
    assert Journal(tmp_path / "j.jsonl", HEADER).generations == 2
    assert (tmp_path / "j.jsonl").read_bytes() == before


def test_a_lent_executor_gives_what_this_process_gives(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        many = search(tmp_path / "many.jsonl", 10, crew=Crew.of(pool, 3))
    np.testing.assert_array_equal(many, search(tmp_path / "one.jsonl", 10))


def test_what_a_generation_gave_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", HEADER)
    strategy = make_strategy("es", np.zeros(2), population=4, sigma=0.5, seed=3)
    told: list[list[float]] = []
    for scores in ([1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 0.0, 4.0]):
        journal.add("bowl", len(told), scores)
        told.append(scores)
    one, two = (done for done, _ in evolve(never, strategy, stage="bowl", generations=2, journal=journal))
    assert (one.best, one.mean, one.step, one.generation, one.candidates) == (6.0, 3.0, 0.5, 1, 4)
    assert one.spread == pytest.approx(np.sqrt(3.5))
    assert (two.best, two.mean, two.generation, two.generations, two.replayed) == (4.0, 1.0, 2, 2, True)


@pytest.mark.parametrize("scores", [[float("nan")] * 8, [0.0] * 7, []])
def test_scores_that_cannot_be_used_are_not_kept(tmp_path: Path, scores: list[float]) -> None:
    with pytest.raises(ValueError, match="bowl, generation 0: not one finite score for each of 8"):
        search(tmp_path / "j.jsonl", 1, evaluate=lambda genomes, generation: scores)
    assert Journal(tmp_path / "j.jsonl", HEADER).generations == 0


def test_the_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    search(path, 2)
    with pytest.raises(ConfigError, match="another recipe"):
        Journal(path, {"recipe": "bowl", "seed": 4})
    journal = Journal(path, HEADER)
    journal.add("bowl", 2, [1.0])
    with pytest.raises(ConfigError, match="not the journal of this run"):
        search(path, 3)


@pytest.mark.parametrize(
    "line", [b"", b"no journal\n", b"\xff\n", b'{"recipe": "bowl", "seed": 3}\n{"a": 1}\n', b"{}"]
)
def test_what_is_no_journal_is_refused(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "j.jsonl").write_bytes(line)
    with pytest.raises(ConfigError, match="not a training journal"):
        Journal(tmp_path / "j.jsonl", HEADER)
    assert (tmp_path / "j.jsonl").read_bytes() == line
