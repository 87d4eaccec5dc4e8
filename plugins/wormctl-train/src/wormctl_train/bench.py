"""`wormctl bench train`: candidates and rollouts a second, and what a second core adds. Arguments and printing only."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from wormctl.config import ConfigError
from wormctl.options import MOST_WORKERS, whole

SUMMARY = "time training with one worker and with all cores"

QUIET = 0.95
"""Share of the time that one worker is on a core where nothing else wants it."""

EPILOG = """\
A round is the same generations twice: in one process, and on all workers. Printed are medians over the rounds, and
the ratio is the median of the ratios of single rounds, so that whatever else the machine does weighs on both sides.
A rollout is one life in one trial; a candidate has as many as there are trials worth living in a generation.
"simulated s/s" is how much of the worm's time passes in a second.
"with work" is the share of the time in which workers had a candidate to score: what it lacks was lost waiting for
the last of a generation, for the strategy and for the disk. "on a core" is the processor time they got, which other
programs can take from them.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--recipe", default="worm302", help="whose stage to run (%(default)s)")
    parser.add_argument("--stage", metavar="NAME", help="which of its stages (default: the last)")
    parser.add_argument(
        "--workers",
        type=whole(2, MOST_WORKERS),
        default=max(2, os.cpu_count() or 1),
        help="processes to compare with one (default: every core)",
    )
    parser.add_argument(
        "--generations", type=whole(1, 1000), default=1, help="generations in a round (%(default)s)"
    )
    parser.add_argument("--rounds", type=whole(1, 1000), default=3, help="rounds (%(default)s)")
    parser.add_argument(
        "--cost",
        type=float,
        metavar="S",
        help="instead of the worm, a function that takes so many seconds: what the engine itself costs",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    from wormctl.jit import say_if_cold
    from wormctl_train.recipe import load_recipe
    from wormctl_train.timing import measure

    if args.cost is not None and not 0.0 <= args.cost <= 60.0:
        raise ConfigError(f"--cost = {args.cost:g}: must be 0..60 s")
    task = load_recipe(args.recipe)
    stages = [stage.name for stage in task.recipe.stage]
    name = args.stage or stages[-1]
    if name not in stages:
        raise ConfigError(f"--stage = {name}: {args.recipe} has {', '.join(stages)}")
    say_if_cold()
    result = measure(task, stages.index(name), args.workers, args.generations, args.rounds, args.cost)
    if args.json:
        print(json.dumps(result))
    else:
        _print(result)
    return 0


def _print(result: dict[str, Any]) -> None:
    from rich.table import Table

    from wormctl.console import make_console

    one, many = result["one"], result["many"]
    title = f"{result['what']}, {result['population']} candidates a generation, {result['rounds']} rounds"
    headings = ["workers", "candidates/s", "rollouts/s", "simulated s/s", "with work", "on a core"]
    rows = [
        [
            str(row["workers"]), f"{row['candidates_per_s']:.3g}", f"{row['rollouts_per_s']:.3g}",
            f"{row['simulated_s_per_s']:.3g}", f"{row['with_work']:.1%}", f"{row['on_a_core']:.1%}",
        ]
        for row in (one, many)
    ]  # fmt: skip
    if one["rollouts"]:
        title += f", {one['rollouts']:.3g} rollouts a candidate"
    else:  # a function in the worm's place lives no life
        for row in (headings, *rows):
            del row[2:4]
    table = Table()
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    console = make_console()
    console.print(title)
    console.print(table)
    console.print(
        f"{many['workers']} workers against one: {result['ratio']:.2f} times as fast "
        f"(rounds: {min(result['ratios']):.2f} to {max(result['ratios']):.2f})"
    )
    if one["on_a_core"] < QUIET:
        console.print(
            f"other programs are using the cores; on a machine of its own it would be about "
            f"{result['ratio_if_idle']:.2f} times"
        )
