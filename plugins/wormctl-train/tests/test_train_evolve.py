"""The strategy and its journal: what is stopped goes on bit for bit, and what does not fit is refused."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.evolve import Journal, evolve

from wormctl.config import ConfigError

HEADER = {"recipe": "bowl", "seed": 3}


def bowl(genomes: Sequence[NDArray[np.float64]], generation: int) -> list[float]:
    """Best at 1 everywhere; every generation a little different, as resampled trials are."""
    return [-float(np.square(g - 1.0).sum()) - 0.01 * (generation % 3) for g in genomes]


def search(
    path: Path, generations: int, executor: concurrent.futures.Executor | None = None, seed: int = 3
) -> NDArray[np.float64]:
    mean = np.zeros(5)
    for _, mean in evolve(  # noqa: B007
        bowl, np.zeros(5), stage="bowl", generations=generations, population=8, sigma=0.5, seed=seed,
        journal=Journal(path, HEADER), executor=executor,
    ):  # fmt: skip
        pass
    return mean


def test_evolution_finds_the_bottom_of_a_bowl(tmp_path: Path) -> None:
    assert np.abs(search(tmp_path / "j.jsonl", 80) - 1.0).max() < 0.05


def test_no_genome_leaves_its_bounds(tmp_path: Path) -> None:
    seen: list[NDArray[np.float64]] = []

    def watched(genomes: Sequence[NDArray[np.float64]], generation: int) -> list[float]:
        seen.extend(genomes)
        return bowl(genomes, generation)

    low, high = np.full(5, -0.4), np.array([0.5, 0.5, 0.5, 3.0, 3.0])
    mean = np.zeros(5)
    for _, mean in evolve(  # noqa: B007
        watched, np.zeros(5), stage="bowl", generations=80, population=8, sigma=0.5, seed=3,
        journal=Journal(tmp_path / "j.jsonl", HEADER), bounds=(low, high),
    ):  # fmt: skip
        pass
    assert all((low <= genome).all() and (genome <= high).all() for genome in seen)
    np.testing.assert_allclose(mean, [0.5, 0.5, 0.5, 1.0, 1.0], atol=0.05)


def test_a_search_that_was_killed_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = search(tmp_path / "whole.jsonl", 30)
    search(tmp_path / "cut.jsonl", 11)
    text = (tmp_path / "cut.jsonl").read_text()
    # Killed in the middle of a write: the last line is half there.
    (tmp_path / "cut.jsonl").write_text(text[: len(text) - 20])
    np.testing.assert_array_equal(search(tmp_path / "cut.jsonl", 30), whole)
    assert (tmp_path / "cut.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_finished_search_is_not_evaluated_again(tmp_path: Path) -> None:
    first = search(tmp_path / "j.jsonl", 10)
    before = (tmp_path / "j.jsonl").read_bytes()
    np.testing.assert_array_equal(search(tmp_path / "j.jsonl", 10), first)
    assert (tmp_path / "j.jsonl").read_bytes() == before


def test_many_workers_give_what_one_gives(tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        many = search(tmp_path / "many.jsonl", 10, pool)
    np.testing.assert_array_equal(many, search(tmp_path / "one.jsonl", 10))


def test_the_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    search(tmp_path / "j.jsonl", 2)
    with pytest.raises(ConfigError, match="another recipe"):
        Journal(tmp_path / "j.jsonl", {"recipe": "bowl", "seed": 4})
    (tmp_path / "j.jsonl").write_text("no journal\n")
    with pytest.raises(ConfigError, match="not a training journal"):
        Journal(tmp_path / "j.jsonl", HEADER)
