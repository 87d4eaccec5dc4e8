"""`wormctl connectome`: arguments and printing. The answers come from `wormctl.connectome.queries`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wormctl.connectome import load_connectome
from wormctl.connectome.checks import check
from wormctl.connectome.queries import Cells, Muscle, Partner, Paths, PathStep, Stats, describe, routes, stats

if TYPE_CHECKING:
    from rich.console import Console

SUMMARY = "Ask the connectome: who talks to whom, by which way, how strongly"

EPILOG = """\
examples:
  wormctl connectome show AVAL               partners, transmitter, gap junctions and muscles of a neuron
  wormctl connectome show AVA                the same for a class, with its partners by class
  wormctl connectome show MDL05              the neurons that drive a body-wall muscle
  wormctl connectome path ASEL SMBVL         the shortest and the strongest ways from one cell to another
  wormctl connectome path PLM AVA --gap-junctions
  wormctl connectome stats --json            counts, signs and hubs, as one JSON object
  wormctl connectome check                   is the table what was published?

Cells and classes are named as published: AVAL, AVA, VB5, SMD, SMDD. Weights are EM sections (Cook et al.
2019, adult hermaphrodite). Signs are predicted from gene expression (Fenyves et al. 2020) unless marked.
"""

HIDDEN_BEYOND = 12
"""Partners shown in each list unless all are asked for."""

TYPE_WORDS = {
    "sensory": "sensory neuron",
    "inter": "interneuron",
    "motor": "motor neuron",
    "pharyngeal": "pharyngeal neuron",
    "canal": "canal-associated neuron",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the questions and their options to `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = SUMMARY + "."
    parser.epilog = EPILOG
    questions = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")

    show = questions.add_parser("show", help="a neuron, a class or a muscle, and everything it touches")
    show.add_argument("name", metavar="NAME", help="cell (AVAL), class (AVA) or muscle (MDL05)")
    show.add_argument("--all", action="store_true", help=f"every partner, not only the first {HIDDEN_BEYOND}")

    path = questions.add_parser("path", help="ways from one cell or class to another")
    path.add_argument("start", metavar="FROM", help="cell or class")
    path.add_argument("end", metavar="TO", help="cell or class")
    path.add_argument(
        "--limit", type=_positive, default=5, metavar="N", help="paths of each kind (default 5)"
    )
    path.add_argument("--gap-junctions", action="store_true", help="let paths cross gap junctions too")

    numbers = questions.add_parser("stats", help="the connectome in numbers")
    checks = questions.add_parser("check", help="compare the table with what was published")
    for question in (show, path, numbers, checks):
        question.add_argument("--json", action="store_true", help="one JSON object on stdout, nothing else")


def run(args: argparse.Namespace) -> int:
    """Answers one question. Returns 0, or 1 when a check failed or there is no path.

    Raises `UnknownCell`, a `ConfigError`, for a name that is not in the connectome.
    """
    connectome = load_connectome()
    if args.question == "show":
        answer: Any = describe(connectome, args.name)
        failed = False
    elif args.question == "path":
        answer = routes(connectome, args.start, args.end, args.limit, gap_junctions=args.gap_junctions)
        failed = not answer.shortest
    elif args.question == "stats":
        answer, failed = stats(connectome), False
    else:
        results = check(connectome)
        failed = not all(r.ok for r in results)
        rows = [{"name": r.name, "expected": r.expected, "found": r.found, "ok": r.ok} for r in results]
        answer = {"ok": not failed, "checks": rows}

    if args.json:
        _print_json(answer)
    else:
        _print(answer, args)
    return int(failed)


def _positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number in 1..100")
    return int(text)


def _print_json(answer: object) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


def _print(answer: object, args: argparse.Namespace) -> None:
    from wormctl.console import make_console

    console = make_console()
    if isinstance(answer, Cells):
        _print_cells(console, answer, sys.maxsize if args.all else HIDDEN_BEYOND)
    elif isinstance(answer, Muscle):
        _print_muscle(console, answer)
    elif isinstance(answer, Paths):
        _print_paths(console, answer, f"{args.start} to {args.end}")
    elif isinstance(answer, Stats):
        _print_stats(console, answer)
    elif isinstance(answer, dict):
        _print_checks(console, answer["checks"])


def _print_cells(console: Console, cells: Cells, limit: int) -> None:
    single = len(cells.cells) == 1
    what = f"class {cells.classes[0]}" if single else f"{len(cells.cells)} cells: {' '.join(cells.cells)}"
    low, high = cells.position
    place = f"{low:.2f}" if high - low < 0.005 else f"{low:.2f}-{high:.2f}"
    console.print(f"[bold]{cells.name}[/]  {', '.join(TYPE_WORDS[t] for t in cells.types)}, {what}")
    console.print(
        f"transmitter {', '.join(cells.transmitters)}; cell body at {place} of the body (0 nose, 1 tail)"
    )
    console.print()
    _print_partners(console, "gets chemical input from", cells.inputs, limit)
    _print_partners(console, "sends chemical output to", cells.outputs, limit)
    _print_partners(console, "gap junctions with", cells.gap_junctions, limit)
    _print_partners(console, "drives muscles", cells.muscles, limit)
    if any("*" in transmitter for transmitter in cells.transmitters):
        console.print("* dim and variable expression")
    signs = {partner.sign for partner in (*cells.inputs[:limit], *cells.outputs[:limit])}
    if "complex" in signs:
        console.print("complex: receptors of both signs are expressed (Fenyves et al. 2020)")
    if "mixed" in signs:
        console.print("mixed: the pairs of cells differ")


def _print_muscle(console: Console, muscle: Muscle) -> None:
    side = (
        {"D": "dorsal", "V": "ventral"}[muscle.quadrant[0]],
        {"L": "left", "R": "right"}[muscle.quadrant[1]],
    )
    console.print(
        f"[bold]{muscle.name}[/]  body-wall muscle, {' '.join(side)}, row {muscle.row} of 24 from the head"
    )
    console.print()
    _print_partners(console, "is driven by", muscle.inputs, sys.maxsize)


def _print_partners(console: Console, title: str, partners: Sequence[Partner], limit: int) -> None:
    from rich.table import Table

    if not partners:
        console.print(f"[bold]{title}[/]: none\n")
        return
    total = sum(partner.sections for partner in partners)
    console.print(f"[bold]{title}[/] ({len(partners)} partners, {total} sections)")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(min_width=8)
    table.add_column(justify="right")
    for partner in partners[:limit]:
        pairs = f"{partner.contacts} pairs" if partner.contacts > 1 else ""
        table.add_row(
            "  " + partner.name, str(partner.sections), _sign(partner.sign, partner.evidence), pairs
        )
    console.print(table)
    if len(partners) > limit:
        console.print(f"  and {len(partners) - limit} more (--all)")
    console.print()


def _print_paths(console: Console, found: Paths, what: str) -> None:
    from rich.table import Table

    if not found.shortest:
        console.print(f"no path from {what}")
        return
    for title, group in (("fewest steps", found.shortest), ("strongest", found.strongest)):
        table = Table(box=None, title=f"{what}, {title} first", title_justify="left", title_style="bold")
        table.add_column("cells")
        table.add_column("sections")
        table.add_column("strength", justify="right")
        table.add_column("in all")
        for path in group:
            sections = "  ".join(f"{step.sections}{_mark(step)}" for step in path.steps)
            effect = {"+": "excites", "-": "inhibits"}.get(path.sign, "?")
            table.add_row(" > ".join(path.cells), sections, f"{path.strength:.2f}", effect)
        console.print(table)
        console.print()
    console.print("Sections: 12+ excites, 12- inhibits, 12? sign unknown or complex, 12= gap junction.")
    console.print("Strength: sections of the single contact that would conduct as well as the whole path.")


def _mark(step: PathStep) -> str:
    if step.kind == "gap":
        return "="
    return step.sign if step.sign in ("+", "-") else "?"


def _print_stats(console: Console, numbers: Stats) -> None:
    groups = {
        "counts": numbers.counts,
        "chemical pairs by sign": numbers.signs,
        "chemical pairs by evidence for the sign": numbers.evidence,
        "neurons by first transmitter": numbers.transmitters,
        "most presynaptic partners": numbers.most_inputs,
        "most postsynaptic partners": numbers.most_outputs,
    }
    for title, values in groups.items():
        console.print(f"[bold]{title}[/]")
        for name, value in values.items():
            console.print(f"  {name:<32} {value:>6}", markup=False)
        console.print()


def _print_checks(console: Console, results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        if result["ok"]:
            console.print(f"ok    {result['name']}: {result['found']}", markup=False)
        else:
            console.print(
                f"WRONG {result['name']}: {result['found']}, expected {result['expected']}", markup=False
            )


def _sign(sign: str, evidence: str) -> str:
    colour = {"+": "green", "-": "red"}.get(sign)
    shown = f"[{colour}]{sign}[/]" if colour else sign
    return f"{shown} ({evidence})" if evidence in ("confirmed", "disputed") else shown
