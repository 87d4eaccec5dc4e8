"""The loop of evolution: ask, score, tell; and its journal, which is the checkpoint.

The journal holds all scores, one JSON line a generation. Resuming replays it through a strategy with the same
seed, which gives the same state bit for bit, scores nothing again and never loads code.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.files import whole_file
from wormctl_train.executors import Crew, Evaluate
from wormctl_train.strategy import Strategy

__all__ = ["Evaluate", "Journal", "Progress", "evolve"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """What one generation gave. Scores: higher is better."""

    stage: str
    generation: int
    """Those done in this stage, this one included."""
    generations: int
    """Those of the whole stage."""
    candidates: int
    best: float
    mean: float
    spread: float
    """Standard deviation of the scores."""
    step: float
    """`Strategy.spread` after this generation, in genome units."""
    replayed: bool
    """Whether the scores came from the journal."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the journal but the first: the scores of a generation, in the order of its candidates."""

    stage: str
    generation: int
    scores: list[float]


class Journal:
    """The scores of every generation so far, in a file that survives a kill at any moment.

    `header` says what decides them all; it is the first line, and the journal of another is refused. Raises
    `ConfigError` for what is no such journal, or cannot be written; until `add` nothing is changed that is there.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path = path
        self._scores: dict[tuple[str, int], list[float]] = {}
        self._whole: int | None = None
        """Bytes that are whole lines, where a kill left a part of one after them."""
        with self._writing():
            if path.exists():
                self._read(header)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole_file(path) as partial:
                    partial.write_text(json.dumps(header) + "\n", encoding="utf-8")

    @property
    def generations(self) -> int:
        """How many it holds, over all stages."""
        return len(self._scores)

    def _read(self, header: dict[str, Any]) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        try:
            first, *lines = whole.splitlines()
            found = json.loads(first)
            rows = [msgspec.json.decode(line, type=_Row) for line in lines]
        except ValueError:
            raise ConfigError(
                f"{self.path}: is not a training journal; remove it or choose another --out"
            ) from None
        if found != json.loads(json.dumps(header)):
            raise ConfigError(
                f"{self.path}: was made by another recipe, seed or version; choose another --out, or remove it"
            )
        self._scores = {(row.stage, row.generation): row.scores for row in rows}
        self._whole = len(whole) if whole != data else None

    def scores(self, stage: str, generation: int) -> list[float] | None:
        """What that generation scored, or None if it has not been run."""
        return self._scores.get((stage, generation))

    def add(self, stage: str, generation: int, scores: Sequence[float]) -> None:
        """Record a generation; it is on the disk when this returns."""
        row = _Row(stage=stage, generation=generation, scores=list(scores))
        with self._writing(), self.path.open("ab") as file:
            if self._whole is not None:
                file.truncate(self._whole)
                self._whole = None
            file.write(msgspec.json.encode(row) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._scores[stage, generation] = row.scores

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot be written: {error.strerror}; choose another --out"
            ) from None


def evolve(
    evaluate: Evaluate,
    strategy: Strategy,
    *,
    stage: str,
    generations: int,
    journal: Journal,
    crew: Crew | None = None,
) -> Iterator[tuple[Progress, FloatArray]]:
    """Yield, a generation at a time, its progress and the mean (d,) of the strategy.

    Generations that `journal` has under the name `stage` are told to the strategy as they are there; the others are
    scored by `crew` (this process, if there is none) and added. Raises `ValueError` if `evaluate` breaks its contract.
    """
    crew = crew or Crew()
    for generation in range(generations):
        genomes = strategy.ask()
        scores = journal.scores(stage, generation)
        if replayed := scores is not None:
            if len(scores) != len(genomes):
                raise ConfigError(f"{journal.path}: is not the journal of this run; choose another --out")
        else:
            scores = [float(score) for score in crew.score(evaluate, genomes, generation)]
            if len(scores) != len(genomes) or not all(map(math.isfinite, scores)):
                raise ValueError(
                    f"{stage}, generation {generation}: not one finite score for each of {len(genomes)} genomes"
                )
            journal.add(stage, generation, scores)
        strategy.tell(scores)
        yield (
            Progress(
                stage=stage, generation=generation + 1, generations=generations, candidates=len(scores),
                best=max(scores), mean=float(np.mean(scores)), spread=float(np.std(scores)), step=strategy.spread,
                replayed=replayed,
            ),
            strategy.mean,
        )  # fmt: skip
