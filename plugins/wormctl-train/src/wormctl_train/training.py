"""One training: from a task to the genome that the search ends with, with its journal and its picture in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from wormctl import __version__
from wormctl.config import ConfigError
from wormctl.jit import sources
from wormctl_train import plot
from wormctl_train.evolve import Journal, Progress, evolve
from wormctl_train.executors import Crew, Workers
from wormctl_train.progress import Display, Length
from wormctl_train.recipe import Task
from wormctl_train.scoring import Bench, Scorer
from wormctl_train.start import beginning
from wormctl_train.strategy import make_strategy

JOURNAL, PICTURE = "journal.jsonl", "training.png"

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """A task that was checked, and the folder that it is done in."""

    task: Task
    journal: Journal
    begin: FloatArray
    """The genome (genes,) that the first stage starts from."""

    @property
    def policy(self) -> Path:
        """Where the policy goes."""
        return self.journal.path.with_name(f"{self.task.recipe.name}.safetensors")


def open_training(task: Task, folder: Path, console: Console, *, resume: bool) -> Training:
    """Check the task, and open its journal in `folder`.

    Raises `ConfigError` for anything that cannot be, for the journal of another task, and, without `resume`, for one
    that holds generations.
    """
    bench = Bench(task)
    begin, told = beginning(task, bench.express)
    header = {
        "recipe": msgspec.to_builtins(task.recipe),
        "files": bench.digest,
        "begin": begin.tolist(),
        "wormctl": __version__,
        "sources": sources(),
    }
    journal = Journal(folder / JOURNAL, header)
    if journal.generations and not resume:
        raise ConfigError(
            f"{journal.path}: holds {journal.generations} generations of this run: add --resume to go on, "
            "or choose another --out"
        )
    if told:
        console.print(told)
    return Training(task, journal, begin)


def search(training: Training, who: Workers, console: Console) -> tuple[FloatArray, list[Progress]]:
    """The final genome, and every generation. However it ends, there is a picture of it."""
    shown: list[Progress] = []
    genome, recipe = training.begin, training.task.recipe
    stages = [Length(stage.name, stage.generations, stage.population) for stage in recipe.stage]
    try:
        with who.hire() as crew, Display(console, stages) as display:
            for index in range(len(recipe.stage)):
                genome = _stage(training, index, genome, crew, display, shown)
    finally:
        if shown:
            _draw(shown, training.journal.path.with_name(PICTURE), console)
    return genome, shown


def _stage(
    training: Training, index: int, genome: FloatArray, crew: Crew, display: Display, shown: list[Progress]
) -> FloatArray:
    """The genome that a stage ends with, from the one it starts from."""
    task = training.task
    stage = task.recipe.stage[index]
    scorer = Scorer.of(task, index, genome)
    free = genome[scorer.free]
    strategy = make_strategy(
        stage.strategy, free, population=stage.population, sigma=stage.sigma, seed=task.recipe.seed + index,
        bounds=scorer.bounds, es=stage.es,
    )  # fmt: skip
    for done, mean in evolve(
        scorer, strategy, stage=stage.name, generations=stage.generations, journal=training.journal, crew=crew
    ):
        free = mean
        shown.append(done)
        display.show(done, crew.busy_s, crew.lanes)
    return scorer.whole(free)


def _draw(shown: Sequence[Progress], path: Path, console: Console) -> None:
    try:
        plot.draw(shown, path)
    except OSError as error:  # the training itself is safe
        console.print(f"{path}: cannot be written: {error.strerror}")
