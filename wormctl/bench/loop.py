"""`wormctl bench loop`: what the control loop itself costs. Arguments and printing only."""

from __future__ import annotations

import argparse
import json

from wormctl.config import ConfigError

SUMMARY = "time a tick of the control loop without body and nervous system"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--ticks", type=int, default=20_000, help="ticks to time (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    from wormctl.bench.loop_timing import measure

    if not 1 <= args.ticks <= 10_000_000:
        raise ConfigError(f"--ticks = {args.ticks}: must be 1..10000000")
    measured = measure(args.ticks)
    if args.json:
        print(json.dumps(measured))
    else:
        print(f"a tick of the loop: median {measured['tick_us_median']:.1f} us, ", end="")
        print(f"99 of 100 within {measured['tick_us_p99']:.1f} us")
    return 0
