"""`wormctl train`: run a recipe, show how it goes, write the policy."""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from wormctl.assay.controls import CONTROLS, told
from wormctl.console import make_console
from wormctl.device import DeviceError
from wormctl.drawing import draw_folder
from wormctl.jit import say_if_cold
from wormctl.options import typed, whole
from wormctl.plugins import load_plugins
from wormctl.policy import save_policy
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals
from wormctl.trials import Trial
from wormctl_train.confirm import bodies, confirm, scores
from wormctl_train.controls import run_controls, wired
from wormctl_train.evolve import Journal
from wormctl_train.executors import Workers, workers
from wormctl_train.make import make_policy
from wormctl_train.recipe import LEAST_SEED, MOST_SEED, Task, load_recipe, shipped_recipes
from wormctl_train.training import JOURNAL, PICTURE, open_training, search

MOST_SHUFFLES = 1000

EPILOG = f"""\
examples:
  wormctl train touch --out touch/                 a small task, from scratch: to back away from a touch
  wormctl train worm302 --out training/            make the shipped worm again
  wormctl train my-recipe.toml --out t --seed 7    another recipe, another seed
  wormctl train worm302 --out training/ --resume   go on after Ctrl-C, a kill or a power cut
  wormctl train worm302 --out training/ --workers dask:tcp://10.0.0.5:8786
  wormctl train controls --shuffles 10 --out c/    the true wiring against ten shuffled ones, trained alike

{JOURNAL} in the output folder is written after every generation. With --resume training goes on exactly where it
stopped, with any --workers; without it, a folder that holds generations is left alone. {PICTURE} shows how it
went. Training uses the planar body; at the end the policy is tried in the planar body and in PyBullet, with and
without its sense of smell, on seeds of its own.

A shuffled wiring is a control: every neuron keeps its number of contacts, every contact its strength, its sign and its
genes, and only whom it ends on is drawn, by the seed. With --shuffles N the recipe is trained N + 1 times, in folders
of their own: on the published wiring and on shuffles 1 to N. Each worm then lives in the assays `food` and `gait`, in
the planar body, in the same seeds; controls.json and controls.png say what came out, and `wormctl ablate --controls`
shows it beside other controls. --resume goes on with it, too.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "recipe", help=f"a shipped recipe ({', '.join(shipped_recipes())}) or the path of a TOML file"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the journal and the policy")
    parser.add_argument("--seed", type=whole(LEAST_SEED, MOST_SEED), help="instead of the recipe's seed")
    wiring = parser.add_mutually_exclusive_group()
    wiring.add_argument(
        "--shuffle-wiring",
        type=whole(LEAST_SEED, MOST_SEED),
        metavar="SEED",
        help="train on the wiring shuffled with this seed, instead of the recipe's (see below)",
    )
    wiring.add_argument(
        "--shuffles",
        type=whole(1, MOST_SHUFFLES),
        metavar="N",
        help="train on the published wiring and on N shuffled ones, and compare what they came to",
    )
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
    if args.shuffle_wiring is not None:
        task = wired(task, args.shuffle_wiring)
    console = make_console(stderr=True)
    return _train(args, task, console) if args.shuffles is None else _controls(args, task, console)


def _command(recipe: str, task: Task, folder: Path) -> str:
    """The command line that makes the policy of `task` in `folder`, again or for the first time."""
    words = ["wormctl", "train", recipe, "--out", str(folder), "--seed", str(task.recipe.seed)]
    shuffle = task.recipe.wiring.shuffle
    return shlex.join([*words, *(("--shuffle-wiring", str(shuffle)) if shuffle is not None else ())])


def _train(args: argparse.Namespace, task: Task, console: Console) -> int:
    training = open_training(task, args.out, console, resume=args.resume)
    path, journal = training.policy, training.journal
    try:
        with stop_on_signals(_interrupt):
            genome, shown = search(training, args.workers, console)
            evaluations = sum(done.candidates for done in shown)
            command = _command(args.recipe, task, args.out)
            save_policy(path, *make_policy(task, genome, command, evaluations))
            console.print(f"{path}: {evaluations} evaluations")
            if task.recipe.confirm:
                found = _confirm(path, task, args.workers.count, console)
                save_policy(path, *make_policy(task, genome, command, evaluations, found))
    except KeyboardInterrupt:
        console.print(f"stopped; {_kept(journal)}")
        return EXIT_INTERRUPTED
    except DeviceError as error:
        raise DeviceError(f"{error}; {_kept(journal)}") from None
    console.print(f"next: {typed(['wormctl', 'run', '--policy', str(path)])}")
    return 0


def _controls(args: argparse.Namespace, task: Task, console: Console) -> int:
    kept = f"{args.out} keeps all that is finished: the same command with --resume goes on"
    try:
        with stop_on_signals(_interrupt):
            found = run_controls(
                task, args.shuffles, args.out, args.workers, console, partial(_command, args.recipe),
                resume=args.resume,
            )  # fmt: skip
    except KeyboardInterrupt:
        console.print(f"stopped; {kept}")
        return EXIT_INTERRUPTED
    except DeviceError as error:
        raise DeviceError(f"{error}; {kept}") from None
    drawn = draw_folder(args.out, load_plugins(), kind="controls")
    print("\n".join(told(found)))
    console.print(f"kept in {args.out}: {', '.join([CONTROLS, *(path.name for path in drawn.files)])}")
    console.print(f"next: {typed(['wormctl', 'ablate', '--controls', str(args.out / CONTROLS)])}")
    return EXIT_INTERRUPTED if drawn.interrupted else 0


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
