"""`wormctl doctor`: is the robot fit to run? One line a check: pass, warn or fail, and what to do. Moves nothing."""

from __future__ import annotations

import argparse
import enum
import grp
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wormctl.console import make_console
from wormctl.device import DeviceError
from wormctl.options import typed
from wormctl_serial.body import REFERENCE_V
from wormctl_serial.codec import number
from wormctl_serial.config import AUTO
from wormctl_serial.find import connect, connection_options
from wormctl_serial.joint_table import fetch
from wormctl_serial.line import BAUDS
from wormctl_serial.messages import JOINTS, NOSE_FULL, SAFETY, Fault, Input, Reset
from wormctl_serial.talk import FIRMWARE, Talk, explain_fault, explain_reset, schema_fits

PINGS = 200
_WATCHED_S = 0.2
OFF_MV = 500
"""A rail below is not weak, but off."""
SLOW_S = 0.010
"""A round trip as long as this leaves too little of a tick of 20 ms."""

EPILOG = """\
examples:
  wormctl doctor                          looks for the robot on every USB serial port
  wormctl doctor --port /dev/ttyUSB0
  wormctl doctor --watch                  then show noses, contacts and voltages until Ctrl-C
  wormctl doctor --json                   for a script

Nothing moves. Exit status: 0 if nothing fails (a warning does not), else 1.
"""


class Verdict(enum.StrEnum):
    """How a check came out."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True):
    """One line."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    add_line_arguments(parser)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--json", action="store_true", help="the checks as JSON on stdout")
    told.add_argument(
        "--watch", action="store_true", help="afterwards show what the robot measures, until Ctrl-C"
    )


def add_line_arguments(parser: argparse.ArgumentParser) -> None:
    """Which robot, for every command that talks to one."""
    parser.add_argument(
        "--port", metavar="PATH", default=AUTO, help="its serial port (default: whichever answers)"
    )
    parser.add_argument("--baud", type=int, choices=BAUDS, default=BAUDS[0], help="as its firmware was built")


def run(args: argparse.Namespace) -> int:
    """Check, and tell; the exit status."""
    checks = list(_checks(args.port, args.baud))
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    if args.json:
        print(msgspec.json.encode({"fit": not failed, "checks": checks}).decode())
        return int(failed)
    console = make_console()
    colours = {Verdict.PASS: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
    for check in checks:
        console.print(
            f"[{colours[check.verdict]}]{check.verdict:4}[/]  {check.name:14} {check.found}", soft_wrap=True
        )
        if check.remedy:
            console.print(f"{'':20} -> {check.remedy}", soft_wrap=True)
    go = typed(["wormctl", "run", "--body", "serial", *connection_options(args.port, args.baud)])
    console.print(
        "not fit to run" if failed else f"fit to run: {go}, or your own --robot file", soft_wrap=True
    )
    if args.watch:
        _watch(args.port, args.baud)
    return int(failed)


def _watch(port: str, baud: int) -> None:
    """One line that changes five times a second. Moves nothing."""
    talk = connect(port, baud)
    try:
        while True:
            telemetry = talk.look()
            left, right = (raw / NOSE_FULL * REFERENCE_V for raw in telemetry.numbers("nose"))
            inputs = Input(telemetry.number("inputs"))
            closed = (
                ", ".join(flag.name.lower().replace("_", " ") for flag in inputs if flag.name)
                or "nothing closed"
            )
            servo_v, logic_v = (telemetry.number(name) / 1000 for name in ("servo_mv", "logic_mv"))
            line = (
                f"noses {left:.3f} V {right:.3f} V   rail {servo_v:.2f} V   pack {logic_v:.2f} V   {closed}"
            )
            print(f"\r{line}\x1b[K" if sys.stdout.isatty() else line, end="", flush=True)
            if not sys.stdout.isatty():
                print()
            talk.listen_for(_WATCHED_S)
    except KeyboardInterrupt:
        print()
    finally:
        talk.line.close()


def _checks(port: str, baud: int) -> Iterator[Check]:
    yield _permission()
    yield _governor()
    try:
        talk = connect(port, baud)
    except DeviceError as error:
        said = str(error)
        yield Check("link", Verdict.FAIL, said.removeprefix("$."))
        return
    try:
        yield Check("link", Verdict.PASS, f"{talk.line.name} at {baud} baud")
        yield from _robot(talk)
    except DeviceError as error:
        yield Check("link", Verdict.FAIL, str(error), "is the cable in, is the robot on?")
    finally:
        talk.line.close()


def _robot(talk: Talk) -> Iterator[Check]:
    welcome = talk.welcome or {}
    firmware = welcome["firmware"]
    version = ".".join(map(str, firmware)) if isinstance(firmware, tuple) else "?"
    if not schema_fits(welcome):
        yield Check(
            "firmware",
            Verdict.FAIL,
            f"{version}, which speaks another language",
            f"flash firmware {FIRMWARE}",
        )
        return
    yield Check("firmware", Verdict.PASS, f"{version}, schema {number(welcome, 'schema'):08x}")
    yield _reset(Reset(number(welcome, "reset")))
    telemetry = talk.look()
    yield _joints(talk)
    yield _voltage("pack", telemetry.number("logic_mv"), "LOGIC_WARN_MV", "LOGIC_STOP_MV", "charge it")
    open_, rail_mv = bool(telemetry.number("inputs") & Input.ESTOP_OPEN), telemetry.number("servo_mv")
    remedy = (
        "release the e-stop" if open_ else "switch it on" if rail_mv < OFF_MV else "is the regulator right?"
    )
    yield _voltage("servo rail", rail_mv, "SERVO_STOP_MV", "SERVO_STOP_MV", remedy)
    yield Check(
        "e-stop",
        Verdict.FAIL if open_ else Verdict.PASS,
        "open" if open_ else "closed",
        "release it; if it is: is it wired normally closed?" if open_ else "",
    )
    fault = Fault(telemetry.number("fault"))
    if fault is Fault.NONE:
        yield Check("fault", Verdict.PASS, "none")
    else:
        yield Check("fault", Verdict.WARN, explain_fault(fault), "the next `wormctl run` clears it")
    yield from _line(talk)


def _reset(why: Reset) -> Check:
    names = explain_reset(why)
    if not why:
        return Check("last start", Verdict.PASS, f"{names}: the bootloader keeps it to itself")
    if why & Reset.BROWNOUT:
        return Check(
            "last start", Verdict.WARN, names, "its supply broke down: thicker wires, a better regulator?"
        )
    if why & Reset.WATCHDOG:
        return Check("last start", Verdict.WARN, names, "its program hung: tell the authors, with this line")
    return Check("last start", Verdict.PASS, names)


def _joints(talk: Talk) -> Check:
    ready = [joint for joint in fetch(talk) if joint is not None]
    if not ready:
        return Check("joint table", Verdict.FAIL, "empty: no joint may move", "wormctl calibrate")
    told = f"{len(ready)} of {JOINTS} joints set up"
    return Check("joint table", Verdict.PASS if len(ready) == JOINTS else Verdict.WARN, told)


def _voltage(name: str, mv: int, warn: str, stop: str, remedy: str) -> Check:
    warn_mv, stop_mv = SAFETY[warn][0], SAFETY[stop][0]
    verdict = Verdict.FAIL if mv < stop_mv else Verdict.WARN if mv < warn_mv else Verdict.PASS
    bound = f", must be {warn_mv / 1000:g} V or more" if mv < warn_mv else ""
    return Check(name, verdict, f"{mv / 1000:.2f} V{bound}", remedy if bound else "")


def _line(talk: Talk) -> Iterator[Check]:
    """How long the line is, and what gets lost on it."""
    before = talk.look().values
    times_s = sorted(talk.ping_s() for _ in range(PINGS))
    after = talk.look().values
    median_s, worst_s = statistics.median(times_s), times_s[-1]
    slow = median_s > SLOW_S
    yield Check(
        "round trip",
        Verdict.WARN if slow else Verdict.PASS,
        f"median {median_s * 1e3:.1f} ms, longest {worst_s * 1e3:.1f} ms of {PINGS}",
        "a USB hub, or an FTDI adapter with its latency timer at 16 ms?" if slow else "",
    )
    lost = talk.damaged_here + sum(
        (number(after, name) - number(before, name)) & 0xFFFF for name in ("damaged", "old", "lost")
    )
    yield Check(
        "frames",
        Verdict.PASS if lost == 0 else Verdict.WARN,
        f"{lost} damaged or lost while {PINGS} were asked for",
        "a bad cable, or servo leads beside it?" if lost else "",
    )
    yield Check("clock", Verdict.PASS, f"up for {number(after, 'time_us') / 1e6:.0f} s")


def _permission() -> Check:
    """Whether this person may use serial ports."""
    if os.geteuid() == 0:
        return Check("permission", Verdict.PASS, "you are root")
    try:
        group = grp.getgrnam("dialout")
    except KeyError:
        return Check("permission", Verdict.PASS, "this system has no group dialout")
    if group.gr_gid in os.getgroups():
        return Check("permission", Verdict.PASS, "you are in the group dialout")
    return Check(
        "permission",
        Verdict.WARN,
        "you are not in the group dialout",
        "sudo usermod -aG dialout $USER, then log out and in again",
    )


def _governor() -> Check:
    """Whether the processor is kept quick. Read from where Linux tells it."""
    files = sorted(Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor"))
    found = {file.read_text().strip() for file in files}
    if not found or found <= {"performance", "schedutil"}:
        return Check("CPU governor", Verdict.PASS, ", ".join(sorted(found)) or "not told here")
    return Check(
        "CPU governor",
        Verdict.WARN,
        ", ".join(sorted(found)),
        "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
    )
