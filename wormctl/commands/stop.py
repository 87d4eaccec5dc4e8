"""`wormctl stop`: end a run from another shell, in order if it listens, for certain if it does not."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence

from wormctl.config import ConfigError
from wormctl.driving import Driver, drivers
from wormctl.printable import one_line

PATIENCE_S = 3.0

EPILOG = """\
A run that drives a robot is asked to end, as Ctrl-C asks it: its motors are made safe at once and its folder is
complete. One that does not listen within 3 s is killed; then the robot's own watchdog has it: our firmware holds the
joints within 0.2 s and ends the pulses within 2 s. A switch in the servos' supply is quicker and surer than any
program: have one.

examples:
  wormctl stop                       whatever drives a robot
  wormctl stop --port /dev/ttyUSB0   what drives the robot there

Exit status: 0 if something was stopped, 1 if nothing was running, 2 if all that runs belongs to others.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--port", metavar="PATH", help="only what drives the robot on this port")


def run(args: argparse.Namespace) -> int:
    """Stop whatever drives a robot; the exit status. Nobody waits for another: all are asked first."""
    found = drivers()
    if args.port is not None:
        found = [one for one in found if os.path.realpath(one.robot) == os.path.realpath(args.port)]
    if not found:
        print(f"no robot is being driven here{f' on {args.port}' if args.port else ''}")
        return 1
    foreign = [driver for driver in found if not _asked(driver)]
    refused = [f"{_told(driver)} belongs to somebody else: sudo kill -INT {driver.pid}" for driver in foreign]
    if len(refused) == len(found):
        raise ConfigError("; ".join(refused))
    _wait([driver for driver in found if driver not in foreign])
    for line in refused:
        print(f"wormctl: {line}", file=sys.stderr)
    return 0


def _asked(driver: Driver) -> bool:
    """Ask it to end; whether we may."""
    try:
        if driver.runs():
            os.kill(driver.pid, signal.SIGINT)
            os.kill(driver.pid, signal.SIGCONT)  # one that was suspended could not listen
    except ProcessLookupError:
        pass
    except PermissionError:
        return False
    return True


def _wait(asked: Sequence[Driver]) -> None:
    """Until all have ended; those that do not are killed."""
    end_s = time.monotonic() + PATIENCE_S
    left = list(asked)
    while left:
        driving = {(one.pid, one.began) for one in drivers()}
        for driver in [one for one in left if (one.pid, one.began) not in driving]:
            left.remove(driver)
            print(f"stopped {_told(driver)}")
        if left and time.monotonic() >= end_s:
            break
        time.sleep(0.02)
    for driver in left:
        try:
            os.kill(driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            print(f"stopped {_told(driver)}")
            continue
        print(
            f"killed {_told(driver)}, which did not listen: what its robot does now is for its own watchdog; "
            "cut the servos' power if it moves"
        )


def _told(driver: Driver) -> str:
    return f"the run on {one_line(driver.robot)} (process {driver.pid})"
