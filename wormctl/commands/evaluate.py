"""`wormctl evaluate`: how often the worm reaches the food, over many fresh seeds."""

from __future__ import annotations

import argparse
import math
import os
import sys
from contextlib import nullcontext

import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wormctl.ablation import parse_ablation
from wormctl.commands import assays, propagation
from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.jit import say_if_cold
from wormctl.options import (
    SECONDS,
    add_robot_arguments,
    chosen_plugins,
    chosen_robot,
    command_words,
    last_seed_fits,
    same_robot,
    seconds,
    typed,
    whole,
)
from wormctl.options import seed as seed_type
from wormctl.options import workers as worker_count
from wormctl.robot import DEFAULT
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals
from wormctl.stdout import stdout_to_stderr
from wormctl.trials import Plan, Tally, Trial, open_trial, run_trials, tally

WORLD = "food"
TRIALS, MOST_TRIALS = 20, 100_000
FIRST_SEED = 1000

EPILOG = f"""\
examples:
  wormctl evaluate --trials 100                  how often, how fast, with a 95 % confidence interval
  wormctl evaluate --ablate chemosensory         the same worm without smell and taste
  wormctl evaluate --body planar --json          quicker, and for a script
  wormctl evaluate --policy mine.safetensors     another worm in the same {TRIALS} worlds

The shipped worm is tried in the world `{WORLD}`, any other robot in its own, unless --world says where.
Trial k uses seed S + k, and is the same however many workers there are. To see the trial with seed K:
`wormctl run --world {WORLD} --seed K`. The food counts as reached when the nose is within 0.3 body lengths.
Ctrl-C tells what is finished so far.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    add_robot_arguments(parser)
    parser.add_argument(
        "--trials",
        type=whole(1, MOST_TRIALS),
        metavar="N",
        help=f"how many (default: {TRIALS})",
    )
    parser.add_argument(
        "--seed",
        type=seed_type,
        default=FIRST_SEED,
        metavar="S",
        help="the first seed (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=seconds, default=SECONDS, help="longest trial (default: %(default)g)"
    )
    parser.add_argument("--full", action="store_true", help="let trials go on after the food was reached")
    parser.add_argument(
        "--workers",
        type=worker_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: every core)",
    )
    parser.add_argument("--json", action="store_true", help="everything as one JSON object on stdout")
    assays.add_arguments(parser)
    propagation.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the trials, and say what they add up to; 130 if they were cut short."""
    if args.signal_propagation is not None and args.assay:
        raise ConfigError("--assay: means nothing with --signal-propagation, which runs no trials")
    if args.signal_propagation is not None:
        return propagation.run(args)
    if args.trials is None:
        args.trials = assays.TRIALS if args.assay else TRIALS
    last_seed_fits(args.seed, args.trials)
    if args.assay:
        return assays.run(args)
    if args.out is not None:
        raise ConfigError("--out: goes with --assay; `wormctl run --out` keeps a life")
    with stdout_to_stderr() if args.json else nullcontext():
        status, text = _evaluate(args)
    print(text, end="")
    return status


def _evaluate(args: argparse.Namespace) -> tuple[int, str]:
    """The exit status, and what stdout is for."""
    say_if_cold()
    if args.world is None and args.robot == DEFAULT:
        args.world = WORLD  # food ahead, as the shipped robot file has it, would be too easy
    choice = chosen_plugins(args)
    plan = Plan(
        robot=chosen_robot(args, choice, choice.load()),
        ablated=tuple(parse_ablation(args.ablate)),
        seconds=args.seconds,
        full=args.full,
    )
    with open_trial(plan, args.seed) as assembly:  # what is wrong shows here, before any worker starts
        for note in assembly.notes:
            print(f"wormctl: {note}", file=sys.stderr)
        if assembly.truth is None or assembly.world is None:
            raise ConfigError(
                f"{plan.robot.file}: trials need a simulated body in a world: add --world {WORLD}"
            )
        if math.isinf(assembly.world.goal_distance_m(0.0, 0.0)):
            raise ConfigError(
                f"world {assembly.world_name}: there is no food to reach: add --world {WORLD}, or another"
            )
        about = {
            "seed": args.seed,
            "seconds": args.seconds,
            "body": assembly.body_name,
            "world": assembly.world_name,
            "policy": assembly.policy_name,
            "policy_sha256": assembly.policy.sha256 if assembly.policy else "",
            "ablated": list(plan.ablated),
        }
    trials = _run(plan, args)
    result = tally(trials)
    cut_short = len(trials) < args.trials
    if args.json:
        numbers = {**about, "interrupted": cut_short, **msgspec.to_builtins(result)}
        text = msgspec.json.encode(numbers).decode() + "\n"
    else:
        text = _text(args, about, result)
    return EXIT_INTERRUPTED if cut_short else 0, text


def _run(plan: Plan, args: argparse.Namespace) -> list[Trial]:
    stopping: list[bool] = []
    trials: list[Trial] = []
    seeds = range(args.seed, args.seed + args.trials)
    console = make_console(stderr=True)
    columns = (
        TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[reached]} reached"),
        TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars,
        stop_on_signals(lambda: stopping.append(True)),
    ):
        bar = bars.add_task("", total=args.trials, reached=0)
        for trial in run_trials(plan, seeds, args.workers, stop=lambda: bool(stopping)):
            trials.append(trial)
            bars.update(bar, advance=1, reached=sum(t.reached for t in trials))
    return trials


def _text(args: argparse.Namespace, about: dict[str, object], t: Tally) -> str:
    ablated = about["ablated"]
    cut = f", without {', '.join(ablated)}" if isinstance(ablated, list) and ablated else ""
    short = f" (stopped after {t.trials} of {args.trials})" if t.trials < args.trials else ""
    lines = [f"{about['policy']} in body {about['body']}, world {about['world']}{cut}{short}", ""]
    low, high = t.ci95
    lines.append(
        f"  reached     {t.reached} of {t.trials} = {t.rate:.0%}, 95 % interval {low:.0%} to {high:.0%}"
    )
    if t.time_to_food_s_median is not None:
        lines.append(f"  time        {t.time_to_food_s_median:.1f} s to the food, median")
    if t.speed_bl_per_s is not None:
        lines.append(f"  speed       {t.speed_bl_per_s:.3f} body lengths/s, mean")
    if t.frequency_hz is not None:
        lines.append(f"  wave        {t.frequency_hz:.2f} Hz, mean")
    missed = [trial.seed for trial in t.per_trial if not trial.reached]
    if missed:
        shown = ", ".join(map(str, missed[:12])) + (", ..." if len(missed) > 12 else "")
        lines.append(f"  not reached seeds {shown}")
        again = command_words("run", {**same_robot(args), "seed": missed[0]})
        lines.append(f"  watch one   {typed(again)}")
    if t.faults:
        first = next(trial for trial in t.per_trial if trial.reason.startswith("fault: "))
        lines.append(f"  faults      {t.faults}; seed {first.seed}: {first.reason.removeprefix('fault: ')}")
    return "\n".join(lines) + "\n"
