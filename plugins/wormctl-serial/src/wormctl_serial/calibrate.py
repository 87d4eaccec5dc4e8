"""`wormctl calibrate`: joint by joint from the terminal, and the joint table on its ways. Asks before it moves."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.options import typed
from wormctl.signals import EXIT_INTERRUPTED
from wormctl.snake import load_snake
from wormctl_serial.config import JointTable
from wormctl_serial.dialogue import MOST_NUDGE_DEG, NUDGE_DEG, SHOW_DEG, ask, calibrate_joint
from wormctl_serial.doctor import add_line_arguments
from wormctl_serial.find import connect, connection_options
from wormctl_serial.joint_table import check_file, fetch, keep, read_file, send, write_file
from wormctl_serial.messages import JOINTS, Result
from wormctl_serial.talk import Talk, explain, schema_fits

INTRODUCTION = f"""\
Take the snake off the ground, or let it lie freely. One joint at a time is switched on. It moves by what you type, to
straight, and {SHOW_DEG:g} degrees aside when you are asked which way that is: at 30 degrees/s, and it is told before.
Between finding its middle and finding its limits it is limp for a third of a second.

+ or - moves by {NUDGE_DEG:g} degree, +5 or -5 by so many, at most {MOST_NUDGE_DEG:g}; Enter alone says: that is it.
What is found is kept in the robot after every joint. Ctrl-C stops at any time: the joint that is not done is then as it
was before, and the same command goes on. Once every joint is set up, the table is written into the robot file as well.
"""
EPILOG = f"""\
examples:
  wormctl calibrate --robot my_snake.toml             all joints, one after another; makes the file if there is none
  wormctl calibrate --robot my_snake.toml --joint 3   joint 3 again
  wormctl calibrate --show                            the table in the robot
  wormctl calibrate --robot my_snake.toml --send      the file's table into the robot
  wormctl calibrate --robot my_snake.toml --fetch     the robot's table into the file

{INTRODUCTION}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    add_line_arguments(parser)
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file for the table; is made if there is none"
    )
    parser.add_argument(
        "--joint", type=int, choices=range(JOINTS), metavar="N", help="this one only, 0 is the head's"
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--show", action="store_true", help="print the table in the robot")
    ways.add_argument("--send", action="store_true", help="give the robot the file's table")
    ways.add_argument("--fetch", action="store_true", help="write the robot's table into the file")


def run(args: argparse.Namespace) -> int:
    """Calibrate, or carry the table; the exit status."""
    if args.robot is None and not args.show:
        raise ConfigError("--robot: name the robot file that the table is for: --robot my_snake.toml")
    if args.robot is not None:
        check_file(args.robot, new=not args.send)
    wanted = read_file(args.robot) if args.send else ()
    talk = connect(args.port, args.baud)
    try:
        if not schema_fits(talk.welcome or {"schema": -1}):
            raise DeviceError(explain(Result.WRONG_SCHEMA, talk))
        if args.show:
            print(_told(fetch(talk)))
        elif args.send:
            send(talk, wanted)
            print(f"the robot has the table of {args.robot}, and keeps it")
            _warn(wanted)
        elif args.fetch:
            return int(not _write(args, fetch(talk)))
        else:
            return _dialogue(talk, args)
    finally:
        talk.line.close()
    return 0


def _warn(joints: Sequence[JointTable]) -> None:
    """Of limits that can never be reached, or let no wave through."""
    most_deg = math.degrees(load_snake().limit_rad)
    for j, joint in enumerate(joints):
        if min(joint.high_deg, -joint.low_deg) < 1.0:
            print(
                f"warning: joint {j} bends to one side only ({_line(joint)}): the worm cannot crawl like that"
            )
        elif max(joint.high_deg, -joint.low_deg) > most_deg + 0.1:
            print(f"note: joint {j} may bend further than the {most_deg:g} degrees that the worm asks for")


def _dialogue(talk: Talk, args: argparse.Namespace) -> int:
    joints = fetch(talk)
    chosen = range(JOINTS) if args.joint is None else [args.joint]
    print(INTRODUCTION)
    try:
        for joint in chosen:
            known = joints[joint]
            if args.joint is None and known is not None:
                text = f"joint {joint} is set up ({_line(known)}). Enter keeps it, r does it again: "
                if ask(text, ["", "r"]) != "r":
                    continue
            joints[joint] = calibrate_joint(talk, joint, known)
            keep(talk)
            print(f"joint {joint}: {_line(joints[joint])}; kept")
    except (KeyboardInterrupt, EOFError):
        print(
            "\nstopped; joints that are done are kept in the robot, and no other has changed. The same command goes on."
        )
        return EXIT_INTERRUPTED
    _write(args, joints)
    return 0


def _line(joint: JointTable | None) -> str:
    if joint is None:
        return "not set up"
    reach = f"{round(joint.low_deg, 1):g} to {round(joint.high_deg, 1):+g} degrees"
    return f"straight at {joint.centre_us} us, {joint.us_per_rad:+} us/rad, {reach}"


def _told(joints: list[JointTable | None]) -> str:
    return "\n".join(f"joint {j:2}: {_line(joint)}" for j, joint in enumerate(joints))


def _write(args: argparse.Namespace, joints: list[JointTable | None]) -> bool:
    """Write the table into the file, if it is whole; whether it is."""
    path: Path = args.robot
    ready = [joint for joint in joints if joint is not None]
    missing = [str(j) for j, joint in enumerate(joints) if joint is None]
    if missing:
        print(f"not yet in {path}: joints {', '.join(missing)} are not set up")
        return False
    write_file(path, tuple(ready))
    _warn(ready)
    words = typed(["wormctl", "run", "--robot", str(path), *connection_options(args.port, args.baud)])
    print(f"{path} has the joint table, as the robot does: {words}")
    return True
