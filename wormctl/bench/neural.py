"""`wormctl bench neural`: our tick against C and against ncps. Arguments and printing only."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from wormctl.config import ConfigError

if TYPE_CHECKING:
    from wormctl.bench.neural_timing import Report

SUMMARY = "time a tick of the nervous system against C and against ncps"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the benchmark to `parser`."""
    parser.add_argument("--rounds", type=int, default=200, help="rounds; each times every rival once (200)")
    parser.add_argument(
        "--ncps", metavar="PYTHON", help="an interpreter that has ncps (this one, where it has)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    import msgspec

    from wormctl.bench.neural_timing import measure
    from wormctl.bench.rival import why_no_ncps

    if not 1 <= args.rounds <= 100_000:
        raise ConfigError(f"--rounds = {args.rounds}: must be 1..100000")
    python = sys.executable if args.ncps is None else args.ncps
    if missing := why_no_ncps(python):
        if args.ncps is not None:
            raise ConfigError(
                f"--ncps = {args.ncps}: must be an interpreter that has ncps and torch: {missing}"
            )
        python = None
    report = measure(args.rounds, python)
    if args.json:
        print(msgspec.json.encode(report).decode())
    else:
        _print(report)
    return 0


def _print(report: Report) -> None:
    from rich.table import Table

    from wormctl.console import make_console

    console = make_console()
    table = Table(title="microseconds a tick (medians)", title_justify="left")
    for name in ("neurons", "activation", "ours", "C", "ours / C", "ncps cell", "ncps / ours"):
        table.add_column(name, justify="left" if name == "activation" else "right")
    for row in report.rows:
        table.add_row(
            str(row.neurons),
            row.activation,
            _shown(row.ours_us),
            _shown(row.c_us),
            _shown(row.of_c, 2),
            _shown(row.ncps_cell_us, 0),
            _shown(row.faster_than_ncps_cell, 0),
        )
    console.print(table)
    for row in report.rows:
        console.print(
            f"{row.neurons} neurons {row.activation}: {row.synapses} synapses, {row.gap_junctions} gap "
            f"junctions, {row.unfolds} unfolds"
        )
    for name, made in report.allocations.items():
        console.print(
            f"{made.ticks} times {name}: {made.compiled} allocations in compiled code, {made.python_bytes_kept} "
            f"bytes kept in Python; a call from Python describes its {made.per_call:g} array arguments"
        )
    if report.compiler is None:
        console.print("No C compiler here, so nothing to compare with in C.")
    if report.ncps is None:
        console.print("No ncps here; name an interpreter that has it with --ncps PYTHON.")
    console.print(
        f"A new process reaches its first tick in {report.start_to_first_tick_s:.2f} s (warm cache)."
    )
    console.print(report.machine)


def _shown(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
