"""`wormctl bench`: which measurement; each is a module with `SUMMARY`, `add_arguments` and `run`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util

SUMMARY = "Measure how fast this machine runs the worm"

BENCHES = {
    "isolation": "wormctl.bench.isolation",
    "loop": "wormctl.bench.loop",
    "neural": "wormctl.bench.neural",
}
"""Name -> module. All are imported for their arguments, so they import what they measure only when run."""
if importlib.util.find_spec("wormctl_sim") is not None:
    BENCHES["sim"] = "wormctl_sim.bench"
if importlib.util.find_spec("wormctl_train") is not None:
    BENCHES["train"] = "wormctl_train.bench"
if importlib.util.find_spec("wormctl_emulator") is not None:
    BENCHES["firmware"] = "wormctl_emulator.bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds one subcommand for each measurement to `parser`."""
    parser.description = SUMMARY + "."
    which = parser.add_subparsers(dest="bench", required=True, metavar="WHAT")
    for name, module in BENCHES.items():
        bench = importlib.import_module(module)
        bench.add_arguments(which.add_parser(name, help=bench.SUMMARY, description=bench.SUMMARY))


def run(args: argparse.Namespace) -> int:
    """Runs the measurement."""
    status: int = importlib.import_module(BENCHES[args.bench]).run(args)
    return status
