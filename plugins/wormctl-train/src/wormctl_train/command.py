"""`wormctl train`: run a recipe, show how it goes, write the policy."""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from wormctl import __version__
from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.device import DeviceError
from wormctl.jit import say_if_cold, sources
from wormctl.options import typed, whole
from wormctl.policy import save_policy
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals
from wormctl.trials import Trial
from wormctl_train import plot
from wormctl_train.confirm import bodies, confirm, scores
from wormctl_train.evolve import Journal, Progress, evolve
from wormctl_train.executors import Crew, Workers, workers
from wormctl_train.make import make_policy
from wormctl_train.progress import Display, Length
from wormctl_train.recipe import LEAST_SEED, MOST_SEED, Task, load_recipe
from wormctl_train.scoring import Bench, Scorer
from wormctl_train.start import beginning
from wormctl_train.strategy import make_strategy

JOURNAL, PICTURE = "journal.jsonl", "training.png"

EPILOG = f"""\
examples:
  wormctl train worm302 --out training/            make the shipped worm again
  wormctl train my-recipe.toml --out t --seed 7    another recipe, another seed
  wormctl train worm302 --out training/ --resume   go on after Ctrl-C, a kill or a power cut
  wormctl train worm302 --out training/ --workers dask:tcp://10.0.0.5:8786

{JOURNAL} in the output folder is written after every generation. With --resume training goes on exactly where it
stopped, with any --workers; without it, a folder that holds generations is left alone. {PICTURE} shows how it
went. Training uses the planar body; at the end the policy is tried in the planar body and in PyBullet, with and
without its sense of smell, on seeds of its own.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("recipe", help="a shipped recipe (worm302) or the path of a TOML file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the journal and the policy")
    parser.add_argument("--seed", type=whole(LEAST_SEED, MOST_SEED), help="instead of the recipe's seed")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in --out; begins it where there is none yet",
    )
    parser.add_argument(
        "--workers",
        type=workers,
        default=Workers(os.cpu_count() or 1),
        metavar="WHO",
        help="who scores: serial, N processes (or local:N), dask:tcp://HOST:PORT; the result is the same "
        "(default: every core)",
    )


def run(args: argparse.Namespace) -> int:
    """Train; 130 if interrupted."""
    say_if_cold()
    task = load_recipe(args.recipe)
    if args.seed is not None:
        task = replace(task, recipe=msgspec.structs.replace(task.recipe, seed=args.seed))
    recipe, bench = task.recipe, Bench(task)  # what is wrong with the task shows here
    begin, told = beginning(task, bench.express)
    console = make_console(stderr=True)
    journal = Journal(
        args.out / JOURNAL,
        {
            "recipe": msgspec.to_builtins(recipe),
            "files": bench.digest,
            "begin": begin.tolist(),
            "wormctl": __version__,
            "sources": sources(),
        },
    )
    if journal.generations and not args.resume:
        raise ConfigError(
            f"{journal.path}: holds {journal.generations} generations of this run: add --resume to go on, "
            "or choose another --out"
        )
    if told:
        console.print(told)
    path = args.out / f"{recipe.name}.safetensors"
    try:
        with stop_on_signals(_interrupt):
            genome, evaluations = _train(task, begin, journal, args.workers, console)
            command = shlex.join(
                ["wormctl", "train", args.recipe, "--out", str(args.out), "--seed", str(recipe.seed)]
            )
            save_policy(path, *make_policy(task, genome, command, evaluations))
            console.print(f"{path}: {evaluations} evaluations")
            if recipe.confirm:
                found = _confirm(path, task, args.workers.count, console)
                save_policy(path, *make_policy(task, genome, command, evaluations, found))
    except KeyboardInterrupt:
        console.print(f"stopped; {_kept(journal)}")
        return EXIT_INTERRUPTED
    except DeviceError as error:
        raise DeviceError(f"{error}; {_kept(journal)}") from None
    console.print(f"next: {typed(['wormctl', 'run', '--policy', str(path)])}")
    return 0


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _kept(journal: Journal) -> str:
    return f"{journal.path} keeps {journal.generations} generations: the same command with --resume goes on"


def _confirm(path: Path, task: Task, workers: int, console: Console) -> dict[str, float]:
    found: dict[str, float] = {}
    trials, robot = task.recipe.confirm, task.find(task.recipe.robot)
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    for body in bodies():
        lives: list[list[Trial]] = []
        with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            for blind in (False, True):
                label = f"{body}{', smell cut' if blind else ''}"
                bar = bars.add_task(label, total=trials)
                lives.append([])
                for life in confirm(path, body, trials, workers, blind, robot):
                    lives[-1].append(life)
                    bars.advance(bar)
        found |= scores(body, *lives)
        whole, cut = (sum(life.reached for life in some) for some in lives)
        console.print(f"{body}: reached food in {whole} of {trials} trials, with smell cut in {cut}")
    return found


def _train(
    task: Task, genome: NDArray[np.float64], journal: Journal, who: Workers, console: Console
) -> tuple[NDArray[np.float64], int]:
    """The final genome, and how many evaluations it took. However it ends, there is a picture of it."""
    shown: list[Progress] = []
    recipe = task.recipe
    stages = [Length(stage.name, stage.generations, stage.population) for stage in recipe.stage]
    try:
        with who.hire() as crew, Display(console, stages) as display:
            for index in range(len(recipe.stage)):
                genome = _stage(task, index, genome, journal, crew, display, shown)
    finally:
        if shown:
            _draw(shown, journal.path.with_name(PICTURE), console)
    return genome, sum(done.candidates for done in shown)


def _stage(
    task: Task, index: int, genome: NDArray[np.float64], journal: Journal, crew: Crew, display: Display,
    shown: list[Progress],
) -> NDArray[np.float64]:  # fmt: skip
    """The genome that a stage ends with, from the one it starts from."""
    stage = task.recipe.stage[index]
    scorer = Scorer.of(task, index, genome)
    free = genome[scorer.free]
    strategy = make_strategy(
        stage.strategy, free, population=stage.population, sigma=stage.sigma, seed=task.recipe.seed + index,
        bounds=scorer.bounds, es=stage.es,
    )  # fmt: skip
    for done, mean in evolve(
        scorer, strategy, stage=stage.name, generations=stage.generations, journal=journal, crew=crew
    ):
        free = mean
        shown.append(done)
        display.show(done, crew.busy_s, crew.lanes)
    return scorer.whole(free)


def _draw(shown: list[Progress], path: Path, console: Console) -> None:
    try:
        plot.draw(shown, path)
    except OSError as error:  # the training itself is safe
        console.print(f"{path}: cannot be written: {error.strerror}")
