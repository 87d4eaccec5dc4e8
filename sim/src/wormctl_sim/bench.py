"""`wormctl bench sim`: how fast the simulated bodies are. Arguments and printing only."""

from __future__ import annotations

import argparse
import json
from typing import Any

from wormctl.config import ConfigError

SUMMARY = "time the simulated bodies against real time"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the benchmark to `parser`."""
    parser.add_argument("--seconds", type=float, default=10.0, help="simulated seconds in a round (10)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each body (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    if not 0.1 <= args.seconds <= 1000.0:
        raise ConfigError(f"--seconds = {args.seconds:g}: must be 0.1..1000")
    if not 1 <= args.rounds <= 1000:
        raise ConfigError(f"--rounds = {args.rounds}: must be 1..1000")
    result = bench_sim(args.seconds, args.rounds)
    if args.json:
        print(json.dumps(result))
    else:
        print_table(result)
    return 0


def bench_sim(simulated_s: float = 10.0, rounds: int = 5) -> dict[str, Any]:
    """Real-time factors of every body there is here, on one core; see `body_rates.measure`.

    One key more: `skipped`, from the name of a body that cannot be had here to the reason.
    """
    from wormctl_sim.body_rates import measure
    from wormctl_sim.bullet_config import why_no_bullet

    why = why_no_bullet()
    return {**measure(simulated_s, rounds), "skipped": {} if why is None else {"pybullet": why}}


def print_table(result: dict[str, Any]) -> None:
    """Show what `bench_sim` found."""
    from rich.table import Table

    from wormctl.console import make_console

    title = f"simulated seconds per second of one core, physics at {result['physics_hz']:g} Hz"
    table = Table(title=title, title_justify="left")
    for heading in ("body", "ground", "what"):
        table.add_column(heading)
    for heading in ("median", "best round"):
        table.add_column(heading, justify="right")
    for row in result["rows"]:
        table.add_row(
            row["body"], row["ground"], row["what"], f"{row['rtf_median']:,.0f}", f"{row['rtf_best']:,.0f}"
        )
    console = make_console()
    console.print(table)
    for body, why in result.get("skipped", {}).items():
        console.print(f"{body} is left out: {why}", markup=False, highlight=False)
