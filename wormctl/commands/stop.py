"""`wormctl stop`: end a run from another shell, in order if it listens, for certain if it does not."""

from __future__ import annotations

import argparse
import os
import signal
import time

from wormctl.config import ConfigError
from wormctl.driving import born, drivers

PATIENCE_S = 3.0

EPILOG = """\
A run that drives a robot is asked to end, as Ctrl-C asks it: its motors are made safe at once and its folder is
complete. One that does not listen within 3 s is killed; then the robot's own watchdog has it: our firmware holds the
joints within 0.2 s and ends the pulses within 2 s. A switch in the servos' supply is quicker and surer than any
program: have one.

examples:
  wormctl stop                       whatever drives a robot
  wormctl stop --port /dev/ttyUSB0   what drives the robot there

Exit status: 0 if something was stopped, 1 if nothing was running.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--port", metavar="PATH", help="only what drives the robot on this port")


def run(args: argparse.Namespace) -> int:
    """Stop whatever drives a robot; the exit status."""
    found = drivers()
    if args.port is not None:
        found = [(pid, port) for pid, port in found if os.path.realpath(port) == os.path.realpath(args.port)]
    if not found:
        print(f"no robot is being driven here{f' on {args.port}' if args.port else ''}")
        return 1
    for pid, port in found:
        _end(pid, port)
    return 0


def _end(pid: int, port: str) -> None:
    try:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGCONT)  # one that was suspended could not listen
    except ProcessLookupError:
        return
    except PermissionError:
        raise ConfigError(
            f"the run on {port} (process {pid}) belongs to somebody else: sudo kill -INT {pid}"
        ) from None
    end_s = time.monotonic() + PATIENCE_S
    began = born(pid)
    while time.monotonic() < end_s:
        if born(pid) != began or pid not in {one for one, _ in drivers()}:
            print(f"stopped the run on {port} (process {pid})")
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    print(
        f"killed the run on {port} (process {pid}), which did not listen: what its robot does now is for its own "
        "watchdog; cut the servos' power if it moves"
    )
