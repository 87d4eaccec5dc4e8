"""`wormctl evaluate --assay`: arguments, progress and printing. `wormctl.assay` does the rest."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wormctl.ablation import parse_ablation
from wormctl.assay.file import ALL, Assay, load_assay, shipped_assays
from wormctl.assay.folder import ASSAYS, make_folder, write_results, write_scenes
from wormctl.assay.lives import Outcome, Trialled, artists, live_all, trialled, try_out
from wormctl.assay.outcome import AssayRun, Assays, Checked, Measured, Result, result
from wormctl.config import ConfigError
from wormctl.console import make_console
from wormctl.drawing import draw_folder
from wormctl.jit import say_if_cold
from wormctl.options import SECONDS
from wormctl.signals import EXIT_INTERRUPTED, stop_on_signals
from wormctl.stdout import stdout_to_stderr

TRIALS = 200

EPILOG = f"""
Of --assay (--trials {TRIALS} by default; --seconds, --world and --full are the assay's own): the worm lives so many
lives in each assay and a judge says what it did. NAME is a shipped assay ({ALL} for every one), FILE your own, a
.toml file like those in wormctl/assays/: world, seconds, what is cut or bound, the judge, and what must come out.

  wormctl evaluate --assay food --trials 20 --body planar       a quick look
  wormctl evaluate --assay all --out results                    everything, with pictures of every way
  wormctl evaluate --assay touch_nose --ablate ASH,FLP,OLQ      without the cells that feel it

Of several assays a table comes last. Exit status: 0, whatever the judges say (--json tells a script whether each
passed), or {EXIT_INTERRUPTED} if you stopped it: what was finished is told, and kept in --out.
"""

_WIDTH = 24
_TELL_S = 60.0
"""Away from a terminal, a line so often says how far it is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, and explain them below the others."""
    parser.add_argument(
        "--assay",
        metavar="NAME|FILE",
        action="append",
        help=f"measure a behaviour instead, may be given again; {ALL} for every shipped one (see below)",
    )
    parser.add_argument("--out", metavar="FOLDER", help="with --assay: keep results and pictures here")
    parser.epilog = f"{parser.epilog or ''}{EPILOG}"


def run(args: argparse.Namespace) -> int:
    """Run the assays, and say what came out; 130 if they were cut short."""
    with stdout_to_stderr() if args.json else nullcontext():
        status, text = _run(args)
    print(text, end="")
    return status


def _run(args: argparse.Namespace) -> tuple[int, str]:
    for name, given in (("world", args.world), ("full", args.full), ("seconds", args.seconds != SECONDS)):
        if given:
            raise ConfigError(f"--{name}: means nothing with --assay, which has its own")
    assays = _chosen(args.assay)
    ablate = parse_ablation(args.ablate)
    folder = None if args.out is None else make_folder(args.out)
    say_if_cold()
    trials, about = _prepare(args, assays, ablate, keep=folder is not None)
    outcomes = follow(list(trials.values()), range(args.seed, args.seed + args.trials), args.workers)
    found = _add_up(args, assays, ablate, about, outcomes)
    text = msgspec.json.encode(found).decode() + "\n" if args.json else _text(found)
    interrupted = found.interrupted
    if folder is not None:
        write_results(folder / ASSAYS, found)
        for assay in assays:
            write_scenes(folder, assay.name, outcomes[assay.name])
        drawn = draw_folder(folder, artists(trials.values()), kind="assays")
        interrupted = interrupted or drawn.interrupted
        if not args.json:
            text += f"\nkept in {folder}: {', '.join([ASSAYS, *(path.name for path in drawn.files)])}\n"
    return EXIT_INTERRUPTED if interrupted else 0, text


def _chosen(names: Sequence[str]) -> list[Assay]:
    wanted = [name for given in names for name in (shipped_assays() if given == ALL else [given])]
    assays = [load_assay(name) for name in dict.fromkeys(wanted)]
    for assay in assays:
        if [other.name for other in assays].count(assay.name) > 1:
            raise ConfigError(f"--assay = {assay.name!r}: is the name of two of the assays: rename one file")
    return assays


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Where an assay is run."""

    world: str | None
    body: str
    policy: str
    policy_sha256: str


def _prepare(
    args: argparse.Namespace, assays: Sequence[Assay], ablate: Sequence[str], *, keep: bool
) -> tuple[dict[str, Trialled], dict[str, About]]:
    """What is to be lived, by name, those beside which others stand included; what is wrong shows here."""
    trials: dict[str, Trialled] = {}
    about: dict[str, About] = {}
    told: set[str] = set()
    for assay in (one for each in assays for one in (each, each.beside) if one is not None):
        if assay.name in trials:
            continue
        trial = trialled(
            assay,
            args.robot,
            body=args.body,
            policy=args.policy,
            plugin=args.plugin,
            ablate=ablate,
            keep=keep,
        )
        about[assay.name] = look_at(trial, args.seed, told)
        trials[assay.name] = trial
    return trials, about


def look_at(trial: Trialled, seed: int, told: set[str]) -> About:
    """Open the robot once, before any worker starts; notes that are not among those `told` are told.

    Raises `ConfigError` or `DeviceError`.
    """
    with try_out(trial, seed) as assembly:
        for note in assembly.notes:
            if note not in told:
                told.add(note)
                print(f"wormctl: {note}", file=sys.stderr)
        policy = assembly.policy
        return About(
            world=assembly.world_name,
            body=assembly.body_name,
            policy=assembly.policy_name,
            policy_sha256=policy.sha256 if policy else "",
        )


def follow(trials: Sequence[Trialled], seeds: Sequence[int], workers: int) -> dict[str, list[Outcome]]:
    """Live all lives, with a bar for each trial in a terminal; Ctrl-C keeps those that are finished."""
    stopping: list[bool] = []
    outcomes: dict[str, list[Outcome]] = {trial.key: [] for trial in trials}
    console = make_console(stderr=True)
    lives, told_s = len(trials) * len(seeds), time.monotonic()
    waiting: list[bool] = []

    def stop() -> bool:
        if stopping and not waiting:
            waiting.append(True)
            console.print("stopping; lives that have begun are finished first")
        return bool(stopping)

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(compact=True),
    )  # fmt: skip
    with (
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars,
        stop_on_signals(lambda: stopping.append(True)),
    ):
        rows = {trial.key: bars.add_task(trial.key, total=len(seeds), said="") for trial in trials}
        for done, life in enumerate(live_all(trials, seeds, workers, stop), start=1):
            outcomes[life.key].append(life)
            if not console.is_terminal and time.monotonic() - told_s >= _TELL_S:
                told_s = time.monotonic()
                console.print(f"{done} of {lives} lives")
            good = sum(other.good for other in outcomes[life.key])
            bars.update(rows[life.key], advance=1, said=f"{good} good")
    return outcomes


def _add_up(
    args: argparse.Namespace,
    assays: Sequence[Assay],
    ablate: Sequence[str],
    about: Mapping[str, About],
    outcomes: Mapping[str, Sequence[Outcome]],
) -> Assays:
    runs = []
    for assay in assays:
        beside = outcomes[assay.beside.name] if assay.beside is not None else ()
        here = about[assay.name]
        runs.append(
            AssayRun(
                world=here.world,
                body=here.body,
                robot=assay.file.robot or args.robot,
                seconds=assay.file.seconds,
                ablated=list(dict.fromkeys((*assay.ablated, *ablate))),
                result=result(assay, outcomes[assay.name], beside, args.trials),
            )
        )
    first = about[assays[0].name]
    return Assays(
        policy=first.policy,
        policy_sha256=first.policy_sha256,
        ablated=list(ablate),
        seed=args.seed,
        trials=args.trials,
        interrupted=any(len(lives) < args.trials for lives in outcomes.values()),
        passed=sum(run.result.passed is True for run in runs),
        assays=runs,
    )


def _text(found: Assays) -> str:
    blocks = [_block(run, found) for run in found.assays]
    if len(found.assays) > 1:
        blocks.append(_table([run.result for run in found.assays], found.passed))
    return "\n".join(blocks)


def _word(r: Result) -> str:
    return {True: "passed", False: "NOT passed", None: "measured"}[r.passed] if r.lives else "not run"


def _table(results: Sequence[Result], passed: int) -> str:
    """One line an assay: whether it passed, in how many lives, and which criteria are not met."""
    rows = [("assay", "verdict", "lives", "criteria met")]
    for r in results:
        missed = [c.number for c in r.criteria if not c.passed and r.lives]
        asked = f"{len(r.criteria) - len(missed)} of {len(r.criteria)}" if r.lives else "-"
        met = asked if r.criteria else "none asked"
        met += f", not: {', '.join(missed)}" if missed else ""
        met += f"; {r.faults} faults" if r.faults else ""
        rows.append((r.assay, _word(r), f"{r.lives} of {r.asked}", met))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    judged = sum(r.passed is not None for r in results)
    return "\n".join([*lines, "", f"{passed} of {judged} passed"]) + "\n"


def _block(run: AssayRun, found: Assays) -> str:
    r = run.result
    word = _word(r)
    cut = f", without {', '.join(run.ablated)}" if run.ablated else ""
    short = f" (stopped after {r.lives} of {r.asked})" if r.lives < r.asked else ""
    lines = [
        f"{r.assay}: {word}{short}",
        f"  {r.summary}",
        f"  {found.policy} in body {run.body}, world {run.world}, {run.seconds:g} s{cut}; {r.lives} lives",
    ]
    said = {(c.number, c.what) for c in r.criteria}
    lines += [f"  {c.number:{_WIDTH}}{_checked(c)}" for c in r.criteria]
    lines += [
        f"  {m.number:{_WIDTH}}{_measured(m)}" for m in r.numbers if m.n and (m.number, m.kind) not in said
    ]
    if r.steering is not None:
        for name, effect in (
            ("klinokinesis", r.steering.klinokinesis),
            ("klinotaxis", r.steering.klinotaxis),
        ):
            if effect is None:
                lines.append(f"  {name:{_WIDTH}}too little was seen to tell")
                continue
            p = "" if effect.p is None else f", p = {effect.p:.2g}"
            lines.append(
                f"  {name:{_WIDTH}}{effect.value:+.3g} {effect.unit}{_ends(effect.ci95, '+.3g')}{p}, "
                f"{effect.lives} lives pooled: {effect.what}"
            )
    if r.faults:
        first = next(life for life in r.per_life if life.reason.startswith("fault: "))
        why = first.reason.removeprefix("fault: ")
        lines.append(f"  {'faults':{_WIDTH}}{r.faults}; seed {first.seed}: {why}")
    return "\n".join(lines) + "\n"


def _checked(c: Checked) -> str:
    met = "met" if c.passed else "NOT met"
    if c.value is None:
        return f"never seen; must be {c.criterion}: {met}"
    value = f"{c.value:.1%} of {c.n}" if c.what == "rate" else f"{c.value:.3g}, {c.what} of {c.n}"
    form = ".1%" if c.what == "rate" else ".3g"
    return f"{value}{_ends(c.ci95, form)}; must be {c.criterion}: {met}"


def _measured(m: Measured) -> str:
    if m.value is None:
        return "never seen"
    if m.kind == "rate":
        return f"{m.value:.1%} of {m.n}{_ends(m.ci95, '.1%')}"
    return f"{m.value:.3g}{f' {m.unit}' if m.unit else ''}, median of {m.n}{_ends(m.ci95, '.3g')}"


def _ends(ends: tuple[float, float] | None, form: str) -> str:
    return "" if ends is None else f" (95 %: {ends[0]:{form}} to {ends[1]:{form}})"
