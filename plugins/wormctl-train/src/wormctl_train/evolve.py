"""The evolution strategy: CMA-ES over a stage's genes, on any `concurrent.futures.Executor`, resumable.

A checkpoint is the journal of all scores, one JSON line a generation. Resuming replays it through a strategy
with the same seed, which gives the same state bit for bit and never loads code.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.files import whole_file

FloatArray = NDArray[np.float64]

Evaluate = Callable[[Sequence[FloatArray], int], list[float]]
"""Scores of a batch of genomes in one generation; picklable, so that another process can run it."""


@dataclass(frozen=True)
class Progress:
    """What one generation gave. Scores: higher is better."""

    stage: str
    generation: int
    generations: int
    best: float
    mean: float
    spread: float


class Journal:
    """The scores of every generation so far, in a file that survives a kill at any moment."""

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path = path
        self._rows: list[dict[str, Any]] = []
        try:
            if path.exists():
                self._read(header)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._append(header)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}; choose another --out") from None

    def _read(self, header: dict[str, Any]) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]  # a line cut short by a kill is dropped
            found, *self._rows = [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise ConfigError(
                f"{self.path}: is not a training journal; remove it or choose another --out"
            ) from None
        if found != json.loads(json.dumps(header)):
            raise ConfigError(
                f"{self.path}: was made by another recipe, seed or version; choose another --out, or remove it"
            )
        if whole != text:
            with whole_file(self.path) as partial:
                partial.write_text(whole, encoding="utf-8")

    def scores(self, stage: str, generation: int) -> list[float] | None:
        """What that generation scored, or None if it has not been run."""
        for row in self._rows[generation:] if len(self._rows) > generation else []:
            if row["stage"] == stage and row["generation"] == generation:
                return [float(s) for s in row["scores"]]
        return None

    def add(self, stage: str, generation: int, scores: Sequence[float]) -> None:
        """Record a generation; it is on the disk when this returns."""
        row = {"stage": stage, "generation": generation, "scores": list(scores)}
        self._rows.append(row)
        self._append(row)

    def _append(self, row: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())


def evolve(
    evaluate: Evaluate,
    start: FloatArray,
    *,
    stage: str,
    generations: int,
    population: int,
    sigma: float,
    seed: int,
    journal: Journal,
    bounds: tuple[FloatArray, FloatArray] | None = None,
    executor: Executor | None = None,
    batch: int = 4,
) -> Iterator[tuple[Progress, FloatArray]]:
    """Yield, a generation at a time, its progress and the mean of the search distribution.

    `start` (d,) is the first mean, `sigma` the first step size in genome units; no genome ever leaves `bounds`,
    lowest and highest, each (d,). The mean is what should be used: the best candidate is the luckiest one. With an
    executor the population is scored in batches of `batch`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cma wants matplotlib for plots that nobody asked for
        import cma

    strategy = cma.CMAEvolutionStrategy(
        start,
        sigma,
        {
            "popsize": population,
            "seed": seed,
            "verbose": -9,
            "CMA_diagonal": len(start) > 40,
            "maxiter": np.inf,
            "bounds": [None, None] if bounds is None else [bounds[0].tolist(), bounds[1].tolist()],
        },
    )
    for generation in range(generations):
        genomes = strategy.ask()
        scores = journal.scores(stage, generation)
        if scores is None:
            scores = _score(evaluate, genomes, generation, executor, batch)
            journal.add(stage, generation, scores)
        strategy.tell(genomes, [-s for s in scores])
        yield (
            Progress(
                stage, generation + 1, generations, max(scores), float(np.mean(scores)), float(strategy.sigma)
            ),
            np.array(strategy.result.xfavorite, dtype=np.float64),
        )


def _score(
    evaluate: Evaluate, genomes: Sequence[FloatArray], generation: int, executor: Executor | None, batch: int
) -> list[float]:
    if executor is None:
        return evaluate(genomes, generation)
    parts = [genomes[i : i + batch] for i in range(0, len(genomes), batch)]
    return [
        score for part in [executor.submit(evaluate, p, generation) for p in parts] for score in part.result()
    ]
