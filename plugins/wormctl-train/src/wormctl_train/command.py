"""`wormctl train`: run a recipe, show how it goes, write the policy."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wormctl import __version__
from wormctl.console import make_console
from wormctl.jit import say_if_cold, sources
from wormctl.options import typed, whole
from wormctl.options import workers as worker_count
from wormctl.policy import save_policy
from wormctl.signals import EXIT_INTERRUPTED
from wormctl.trials import Trial
from wormctl.workers import process_pool
from wormctl_train.confirm import bodies, confirm, scores
from wormctl_train.evolve import Journal, evolve
from wormctl_train.genome import GENES
from wormctl_train.make import make_policy
from wormctl_train.recipe import LEAST_SEED, MOST_SEED, Recipe, load_recipe
from wormctl_train.scoring import Scorer, bounds, free_genes

LOG_EVERY = 10
"""Generations between two lines where there is no terminal to show a bar on."""

EPILOG = """\
examples:
  wormctl train worm302 --out training/            make the shipped worm again
  wormctl train my-recipe.toml --out t --seed 7    another recipe, another seed

The journal in the output folder is written after every generation. Run the same command again to go on
after a kill or Ctrl-C: it continues exactly where it stopped. Training uses the planar body; at the end the
policy is tried in the planar body and in PyBullet, with and without its sense of smell, on seeds of its own.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("recipe", help="a shipped recipe (worm302) or the path of a TOML file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the journal and the policy")
    parser.add_argument("--seed", type=whole(LEAST_SEED, MOST_SEED), help="instead of the recipe's seed")
    parser.add_argument(
        "--workers",
        type=worker_count,
        default=os.cpu_count() or 1,
        help="processes; 1 = in this one (default: every core)",
    )


def run(args: argparse.Namespace) -> int:
    """Train; 130 if interrupted."""
    say_if_cold()
    recipe = load_recipe(args.recipe)
    if args.seed is not None:
        recipe = msgspec.structs.replace(recipe, seed=args.seed)
    console = make_console(stderr=True)
    journal = Journal(
        args.out / "journal.jsonl",
        {"recipe": msgspec.to_builtins(recipe), "wormctl": __version__, "sources": sources()},
    )
    path = args.out / f"{recipe.name}.safetensors"
    try:
        with _workers(args.workers) as executor:
            genome, evaluations = _train(recipe, journal, executor, console)
        command = shlex.join(
            ["wormctl", "train", args.recipe, "--out", str(args.out), "--seed", str(recipe.seed)]
        )
        save_policy(path, *make_policy(recipe, genome, command, evaluations))
        console.print(f"{path}: {evaluations} evaluations")
        if recipe.confirm:
            found = _confirm(path, recipe.confirm, args.workers, console)
            save_policy(path, *make_policy(recipe, genome, command, evaluations, found))
    except KeyboardInterrupt:
        console.print(f"stopped; run the same command again to go on from {journal.path}")
        return EXIT_INTERRUPTED
    console.print(f"next: {typed(['wormctl', 'run', '--policy', str(path)])}")
    return 0


def _confirm(path: Path, trials: int, workers: int, console: Console) -> dict[str, float]:
    found: dict[str, float] = {}
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    for body in bodies():
        lives: list[list[Trial]] = []
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            for blind in (False, True):
                label = f"{body}{', smell cut' if blind else ''}"
                bar = bars.add_task(label, total=trials)
                lives.append([])
                for life in confirm(path, body, trials, workers, blind):
                    lives[-1].append(life)
                    bars.advance(bar)
        found |= scores(body, *lives)
        whole, cut = (sum(life.reached for life in some) for some in lives)
        console.print(f"{body}: reached food in {whole} of {trials} trials, with smell cut in {cut}")
    return found


def _train(
    recipe: Recipe, journal: Journal, executor: Executor | None, console: Console
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], int]:
    genome = np.zeros(len(GENES))
    evaluations = 0
    columns = (
        TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[scores]}"),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        for index, stage in enumerate(recipe.stage):
            bar = bars.add_task(stage.name, total=stage.generations, scores="")
            scorer = Scorer(stage, tuple(genome.tolist()))
            free = genome[free_genes(stage)]
            for progress, mean in evolve(
                scorer, free, stage=stage.name, generations=stage.generations, population=stage.population,
                sigma=stage.sigma, seed=recipe.seed + index, journal=journal, executor=executor, bounds=bounds(stage),
            ):  # fmt: skip
                free = mean
                evaluations += stage.population
                scores = f"best {progress.best:.3f}  mean {progress.mean:.3f}  step {progress.spread:.3f}"
                bars.update(bar, advance=1, scores=scores)
                if not console.is_terminal and progress.generation % LOG_EVERY == 0:
                    console.print(f"{stage.name} {progress.generation}/{stage.generations}  {scores}")
            genome = scorer.whole(free)
    return genome, evaluations


@contextlib.contextmanager
def _workers(count: int) -> Iterator[Executor | None]:
    if count <= 1:
        yield None
        return
    executor = process_pool(count)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
