"""`wormctl bench isolation`: how late ticks come while a sensor burns a whole core. Arguments and printing only."""

from __future__ import annotations

import argparse
import json

from wormctl.options import seconds

SUMMARY = "how late ticks come beside a sensor that burns a core, by where the sensor runs"

EPILOG = """\
The worm's own loop at 50 Hz and at life speed, on a body that does nothing, beside a sensor whose every read computes
for 20 ms without a pause: without it, read in the tick, by a thread, and in a process of its own (`run = "..."` in a
robot file). Late is how long after its deadline a tick began, in ms; over is the share that began more than 2 ms late.
What else the machine does counts as well: compare the lines of one table.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--seconds", type=seconds, default=20.0, help="of each (default: %(default)g)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Measure, and print."""
    from wormctl.bench.isolation_timing import PLACES, measure

    measured = {}
    if not args.json:
        print(
            f"{'the sensor':22}{'late, median':>14}{'99 of 100':>12}{'worst':>10}{'over 2 ms':>12}{'samples':>10}"
        )
    for place in PLACES:
        m = measured[place] = measure(place, args.seconds)
        if not args.json:
            print(
                f"{PLACES[place]:22}{m.median_ms:>11.2f} ms{m.p99_ms:>9.2f} ms{m.worst_ms:>7.1f} ms"
                f"{m.over:>11.1%}{m.samples:>10}",
                flush=True,
            )
    if args.json:
        print(json.dumps({place: m._asdict() for place, m in measured.items()}))
    return 0
