"""`wormctl ablate`: a table of ablations, run and compared with the whole worm in the same worlds and seeds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec

from wormctl.assay.compare import Ablations, Compared, RowResult, key, row_result
from wormctl.assay.controls import CONTROLS, Controls, told
from wormctl.assay.folder import ABLATIONS, make_folder, read_results, write_results
from wormctl.assay.lives import Trialled, artists, trialled
from wormctl.assay.table import CONTROLS as CONTROLS_TABLE
from wormctl.assay.table import DEFAULT, Row, load_table, pick
from wormctl.commands.assays import About, follow, look_at
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.drawing import draw_folder
from wormctl.jit import say_if_cold
from wormctl.options import add_robot_arguments, last_seed_fits, whole
from wormctl.options import seed as seed_type
from wormctl.options import workers as worker_count
from wormctl.signals import EXIT_INTERRUPTED
from wormctl.stdout import stdout_to_stderr

TRIALS, MOST_TRIALS = 50, 100_000
FIRST_SEED = 1000

EPILOG = """\
examples:
  wormctl ablate                                 the published ablations, every row
  wormctl ablate --rows AWA,AWC --trials 20      two of them, quickly
  wormctl ablate --rows 1,2,3 --out results      the first three, with a picture
  wormctl ablate mine.toml                       rows of your own: see wormctl/ablations/published.toml
  wormctl ablate --controls                      and weights dealt out anew, no gap junctions, no sensors
  wormctl ablate --controls out/controls.json    and the shuffled wirings of `wormctl train controls --shuffles 10`
  wormctl ablate controls                        the controls alone

A row cuts cells, classes, synapses or gap junctions, or moves a receptor, and says what the worm must then do
compared with the whole worm in the same worlds and seeds. Each assay is run once with the whole worm, whatever number
of rows ask for it. Effects come with 95 % bootstrap intervals over the seeds; a row passes by its effects themselves.
Ctrl-C tells what is finished so far. Exit status: 0, or 130 if you stopped it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "table",
        nargs="?",
        default=DEFAULT,
        metavar="TABLE",
        help="a table of rows, a .toml file (default: %(default)s)",
    )
    add_robot_arguments(parser, fixed=True)
    parser.add_argument("--rows", metavar="NAMES", help="only these, by name or number, separated by commas")
    parser.add_argument(
        "--controls",
        nargs="?",
        const="",
        metavar="FILE",
        help="run the table `controls` beside it; with FILE, a controls.json, show what shuffled wirings came to",
    )
    parser.add_argument(
        "--trials",
        type=whole(2, MOST_TRIALS),
        default=TRIALS,
        metavar="N",
        help="seeds (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed_type,
        default=FIRST_SEED,
        metavar="S",
        help="the first seed (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=worker_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes (default: every core)",
    )
    parser.add_argument("--json", action="store_true", help="everything as one JSON object on stdout")
    parser.add_argument("--out", metavar="FOLDER", help="keep results and a picture here")


def run(args: argparse.Namespace) -> int:
    """Run the rows, and say what came out; 130 if they were cut short."""
    with stdout_to_stderr() if args.json else nullcontext():
        status, text = _run(args)
    print(text, end="")
    return status


def _run(args: argparse.Namespace) -> tuple[int, str]:
    last_seed_fits(args.seed, args.trials)
    table = load_table(args.table)
    rows = pick(table, args.rows)
    controls, retrained = _controls(args, table.path)
    folder = None if args.out is None else make_folder(args.out)
    say_if_cold()
    trials, about = _prepare(args, [*rows, *controls])
    lives = follow(list(trials.values()), range(args.seed, args.seed + args.trials), args.workers)
    results = [row_result(row, lives) for row in rows]
    found = Ablations(
        table=str(table.path),
        policy=about.policy,
        policy_sha256=about.policy_sha256,
        body=about.body,
        seed=args.seed,
        trials=args.trials,
        interrupted=any(len(seen) < args.trials for seen in lives.values()),
        passed=sum(row.passed for row in results),
        rows=results,
        controls=[row_result(row, lives) for row in controls],
        retrained=retrained,
    )
    text = msgspec.json.encode(found).decode() + "\n" if args.json else _text(found, table.summary)
    interrupted = found.interrupted
    if folder is not None:
        write_results(folder / ABLATIONS, found)
        kept = [ABLATIONS]
        plugins = artists(trials.values())
        drawn = draw_folder(folder, plugins, kind="ablations")
        pictures, interrupted = drawn.files, interrupted or drawn.interrupted
        if retrained is not None:
            write_results(folder / CONTROLS, retrained)
            kept.append(CONTROLS)
            drawn = draw_folder(folder, plugins, kind="controls")
            pictures, interrupted = [*pictures, *drawn.files], interrupted or drawn.interrupted
        if not args.json:
            text += f"\nkept in {folder}: {', '.join([*kept, *(path.name for path in pictures)])}\n"
    return EXIT_INTERRUPTED if interrupted else 0, text


def _controls(args: argparse.Namespace, table: Path) -> tuple[tuple[Row, ...], Controls | None]:
    """The rows that `--controls` adds, and the results that it names."""
    if args.controls is None:
        return (), None
    controls = load_table(CONTROLS_TABLE)
    rows = () if controls.path == table else controls.rows
    return rows, read_results(Path(args.controls), Controls) if args.controls else None


def _prepare(args: argparse.Namespace, rows: Sequence[Row]) -> tuple[dict[str, Trialled], About]:
    """What has to be lived, by key, each worm in each assay once; what is wrong shows here, with the row it is in."""
    trials: dict[str, Trialled] = {}
    about: About | None = None
    told: set[str] = set()
    worms = [(test, terms) for row in rows for test in row.tests for terms in (test.reference, test.ablated)]
    for test, terms in worms:
        name = key(test.assay.name, terms)
        if name in trials:
            continue
        try:
            trials[name] = trialled(
                test.assay,
                args.robot,
                body=args.body,
                policy=args.policy,
                plugin=args.plugin,
                ablate=terms,
                key=name,
            )
            seen = look_at(trials[name], args.seed, told)
        except (ConfigError, DeviceError) as error:
            raise ConfigError(f"{test.where}: {error}") from None
        about = about or seen
    assert about is not None, "a table has rows, and a row tests"
    return trials, about


def _text(found: Ablations, summary: str) -> str:
    short = " (stopped before the end)" if found.interrupted else ""
    lines = [f"{found.policy} in body {found.body}, {found.trials} seeds from {found.seed}{short}"]
    lines += [summary] if summary else []
    for row in found.rows:
        lines += ["", *_row(row)]
    if found.controls:
        lines += ["", "controls"]
        for row in found.controls:
            lines += ["", *_row(row)]
    if found.retrained is not None:
        lines += ["", *told(found.retrained)]
    lines += ["", _count("rows", found.rows)]
    lines += [_count("controls", found.controls)] if found.controls else []
    return "\n".join(lines) + "\n"


def _count(what: str, rows: Sequence[RowResult]) -> str:
    failed = [row.name for row in rows if not row.passed]
    rest = f"; not: {', '.join(failed)}" if failed else ""
    return f"{len(rows) - len(failed)} of {len(rows)} {what} as expected{rest}"


def _row(row: RowResult) -> list[str]:
    word = "as expected" if row.passed else "NOT as expected"
    lines = [
        f"{row.number:2} {row.name}: {word}",
        f"   {row.expected}" + (f" [{row.source}]" if row.source else ""),
    ]
    return lines + [f"   {test.assay}.{test.number}: {_test(test)}" for test in row.tests]


def _test(t: Compared) -> str:
    beside = f"without {', '.join(t.reference)}" if t.reference else "whole"
    means = f"{_number(t.cut_mean)} ({beside} {_number(t.reference_mean)}, {t.seeds} seeds)"
    effects = _effects(t)
    wanted = f"{t.word} ({t.bounds})" if t.word else t.bounds
    faults = f"; {t.faults} faults" if t.faults else ""
    return f"{means}{effects}; expected {wanted}: {'yes' if t.passed else f'NO, {t.why_not}'}{faults}"


def _effects(t: Compared) -> str:
    parts: Mapping[str, tuple[float | None, tuple[float, float] | None, str]] = {
        "ratio": (t.ratio, t.ratio_ci95, ".2f"),
        "difference": (t.difference, t.difference_ci95, "+.3g"),
    }
    said = ""
    for name, (value, ends, form) in parts.items():
        if value is not None and (name in t.bounds or (name == "difference" and "ratio" not in t.bounds)):
            interval = "" if ends is None else f" (95 %: {ends[0]:{form}} to {ends[1]:{form}})"
            said += f", {name} {value:{form}}{interval}"
    return said


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"
