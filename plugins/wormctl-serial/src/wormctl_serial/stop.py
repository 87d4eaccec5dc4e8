"""`wormctl stop`: end a run from another shell, in order if it listens, for certain if it does not."""

from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path

from wormctl.config import ConfigError
from wormctl.device import DeviceError

PATIENCE_S = 3.0

EPILOG = """\
A run that drives a robot is asked to end, as Ctrl-C asks it: its pulses end at once and its folder is complete. One
that does not listen within 3 s is killed; then the firmware holds the joints within 0.2 s and ends the pulses within
2 s. A switch in the servos' supply is quicker and surer than any program: have one.

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
        print(f"no robot is being driven from here{f' on {args.port}' if args.port else ''}")
        return 1
    for pid, port in found:
        _end(pid, port)
    return 0


def claims() -> Path:
    """Where those who drive a robot leave their number: one folder for each person, whatever the shell's variables."""
    return Path(f"/tmp/wormctl-{os.getuid()}")


def claim(port: str) -> Path:
    """Say that this process drives the robot on `port`. Returns the file to take away afterwards.

    Raises `DeviceError` where that cannot be said: then `wormctl stop` would not find it, and nothing should move.
    """
    folder = claims()
    file = folder / str(os.getpid())
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise DeviceError(f"{folder}: belongs to somebody else, so `wormctl stop` cannot work: remove it")
        file.write_text(f"{os.path.abspath(port)}\n{_born(os.getpid())}\n")
    except OSError as error:
        raise DeviceError(
            f"{file}: cannot be written ({error.strerror}), so `wormctl stop` would find nothing: mend that first"
        ) from None
    return file


def drivers() -> list[tuple[int, str]]:
    """Every process that drives a robot, and on which port. What the dead left behind is taken away."""
    found = []
    for file in sorted(claims().glob("[0-9]*")):
        pid = int(file.name)
        try:
            port, born = file.read_text().split("\n")[:2]
        except (OSError, ValueError):
            continue
        if _born(pid) == born:  # the number may have gone to another process since
            found.append((pid, port))
        else:
            file.unlink(missing_ok=True)
    return found


def _end(pid: int, port: str) -> None:
    try:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGCONT)  # one that was suspended could not listen
    except ProcessLookupError:
        return
    except PermissionError:
        raise ConfigError(f"process {pid} on {port} belongs to somebody else: sudo kill {pid}") from None
    end_s = time.monotonic() + PATIENCE_S
    born = _born(pid)
    while time.monotonic() < end_s:
        if _born(pid) != born or pid not in {one for one, _ in drivers()}:
            print(f"stopped the run on {port} (process {pid})")
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    print(
        f"killed the run on {port} (process {pid}), which did not listen: the firmware ends its pulses within 2 s"
    )


def _born(pid: int) -> str:
    """When a process started, by the kernel's clock; empty if there is none, or none that still runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]
