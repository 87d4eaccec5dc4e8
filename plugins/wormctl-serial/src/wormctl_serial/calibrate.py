"""`wormctl calibrate`: joint by joint from the terminal, and the joint table on its ways. Asks before it moves."""

from __future__ import annotations

import argparse
import math
import select
import sys
from pathlib import Path

import msgspec

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.signals import EXIT_INTERRUPTED
from wormctl_serial.config import JointTable
from wormctl_serial.doctor import add_line_arguments
from wormctl_serial.find import connect
from wormctl_serial.jog import Jog, jog
from wormctl_serial.joint_table import fetch, keep, read_file, send, write_file
from wormctl_serial.messages import ANGLE_PER_RAD, JOINTS, SAFETY, Result
from wormctl_serial.talk import Talk, explain, schema_fits

NUDGE_DEG = 1.0
MOST_NUDGE_DEG = 10.0
SHOW_DEG = 10.0
SEARCH_DEG = 40.0
"""How far from its present middle a joint may be moved while its middle is looked for."""
TEMPLATE = Path(__file__).parent / "snake.toml"

EPILOG = f"""\
examples:
  cp {TEMPLATE} my_snake.toml
  wormctl calibrate --robot my_snake.toml             all joints, one after another
  wormctl calibrate --robot my_snake.toml --joint 3   joint 3 again
  wormctl calibrate --show                            the table in the robot
  wormctl calibrate --robot my_snake.toml --send      the file's table into the robot
  wormctl calibrate --robot my_snake.toml --fetch     the robot's table into the file

Take the snake off the ground, or let it lie freely. One joint at a time is switched on; it moves by what you type
and by no more, at 30 degrees/s. What is found is kept in the robot after every joint, so you may stop at any time with
Ctrl-C and go on later; once every joint is set up, the table is written into the robot file as well.

At each question + or - moves by {NUDGE_DEG:g} degree, +5 or -5 by so many (at most {MOST_NUDGE_DEG:g}).
Enter alone says: that is it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    add_line_arguments(parser)
    parser.add_argument(
        "--robot", type=Path, metavar="FILE", help="robot file for the table: a copy of snake.toml"
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
        raise ConfigError(
            f"--robot: name a robot file to write to: cp {TEMPLATE} my_snake.toml, then --robot my_snake.toml"
        )
    if args.robot is not None and not args.robot.is_file():
        raise ConfigError(f"--robot = {args.robot}: no such file: cp {TEMPLATE} {args.robot}")
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
        elif args.fetch:
            _write(args.robot, fetch(talk))
        else:
            return _dialogue(talk, args)
    finally:
        talk.line.close()
    return 0


def _dialogue(talk: Talk, args: argparse.Namespace) -> int:
    joints = fetch(talk)
    chosen = range(JOINTS) if args.joint is None else [args.joint]
    try:
        for joint in chosen:
            known = joints[joint]
            if args.joint is None and known is not None:
                answer = _ask(f"joint {joint} is set up ({_line(known)}). Enter keeps it, r does it again: ")
                if answer != "r":
                    continue
            joints[joint] = calibrate_joint(talk, joint, known or JointTable())
            keep(talk)
            print(f"joint {joint}: {_line(joints[joint])}; kept")
    except (KeyboardInterrupt, EOFError):
        print("\nstopped; joints that are done are kept in the robot. The same command goes on.")
        return EXIT_INTERRUPTED
    _write(args.robot, joints)
    return 0


def calibrate_joint(talk: Talk, joint: int, start: JointTable) -> JointTable:
    """Find the middle, the direction and the limits of one joint with a person's help. Returns its new line.

    The firmware's line is `start` until it is done, with room to look for the middle, and the new one afterwards.
    """
    room = _within(msgspec.structs.replace(start, low_deg=-SEARCH_DEG, high_deg=SEARCH_DEG))
    _set(talk, joint, room)
    _ask(
        f"\njoint {joint} will be switched on, and goes to its middle from wherever it stands: straighten it by hand, "
        "keep fingers away. Enter switches it on: "
    )
    with jog(talk, joint) as one:
        one.move_to(0)
        _nudge(one, f"joint {joint}: is it straight? +, -, or Enter: ", SEARCH_DEG)
        middle_rad = one.angle / ANGLE_PER_RAD
        one.move_to(one.angle + _angle(SHOW_DEG))
        answer = _answer(
            one,
            f"joint {joint}: it was told to bend to its left, seen from above, head ahead. Did it? Enter or n: ",
        )
        reverse = answer.startswith("n")
        one.move_to(round(middle_rad * ANGLE_PER_RAD))
        _settle(one)
    centre_us = round(room.pulse_us(middle_rad))
    scale = -start.us_per_rad if reverse else start.us_per_rad
    found = _within(msgspec.structs.replace(start, centre_us=centre_us, us_per_rad=scale))
    _set(talk, joint, found)
    limits = []
    with jog(talk, joint) as one:
        for side, most_deg in (("left", found.high_deg), ("right", found.low_deg)):
            one.move_to(0)
            text = (
                f"joint {joint}: how far may it bend to the {side}? + and - move it; Enter takes where it is, or "
                f"{most_deg:g} if it was not moved: "
            )
            _nudge(one, text, abs(most_deg))
            limits.append(math.degrees(one.angle / ANGLE_PER_RAD) or most_deg)
        one.move_to(0)
        _settle(one)
    high, low = max(limits[0], 0.0), min(limits[1], 0.0)
    found = msgspec.structs.replace(found, low_deg=round(low, 2), high_deg=round(high, 2))
    _set(talk, joint, found)
    return found


def _nudge(one: Jog, text: str, most_deg: float) -> None:
    """Move by what is typed until it is right."""
    while answer := _answer(one, text):
        deg = _nudged(answer)
        if deg is None:
            print(
                f"{answer}: must be +, -, or a number of degrees from -{MOST_NUDGE_DEG:g} to +{MOST_NUDGE_DEG:g}"
            )
            continue
        wanted = one.angle + _angle(deg)
        if abs(wanted) > _angle(most_deg):
            print(f"that would be beyond {most_deg:g} degrees; it stays where it is")
            continue
        one.move_to(wanted)


def _nudged(answer: str) -> float | None:
    """Degrees, from what was typed."""
    if answer in ("+", "-"):
        return NUDGE_DEG if answer == "+" else -NUDGE_DEG
    try:
        deg = float(answer)
    except ValueError:
        return None
    return deg if abs(deg) <= MOST_NUDGE_DEG else None


def _answer(one: Jog, text: str) -> str:
    """Ask while the joint is kept alive."""
    print(text, end="", flush=True)
    while True:
        one.feed()
        if select.select([sys.stdin], [], [], 0.0)[0]:
            line = sys.stdin.readline()
            if not line:
                raise EOFError
            return line.strip()


def _settle(one: Jog) -> None:
    """Let it get there: at 30 degrees/s, from 90 degrees at most."""
    for _ in range(200):
        one.feed()
        if one.talk.telemetry.numbers("angle")[one.joint] == one.angle:
            return


def _ask(text: str) -> str:
    print(text, end="", flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip()


def _set(talk: Talk, joint: int, table: JointTable) -> None:
    talk.command("SET_JOINT", {"session": talk.session, **table.line(joint)})


def _within(joint: JointTable) -> JointTable:
    """The same with limits drawn in to what its pulses allow."""
    shortest, longest = SAFETY["PULSE_MIN_US"][0], SAFETY["PULSE_MAX_US"][0]
    ends = sorted(math.degrees((us - joint.centre_us) / joint.us_per_rad) for us in (shortest, longest))
    low, high = max(joint.low_deg, ends[0]), min(joint.high_deg, ends[1])
    low, high = math.ceil(low * 10.0) / 10.0, math.floor(high * 10.0) / 10.0
    return msgspec.structs.replace(joint, low_deg=min(low, 0.0), high_deg=max(high, 0.0))


def _angle(deg: float) -> int:
    return round(math.radians(deg) * ANGLE_PER_RAD)


def _line(joint: JointTable | None) -> str:
    if joint is None:
        return "not set up"
    reach = f"{joint.low_deg:g} to {joint.high_deg:+g} degrees"
    return f"straight at {joint.centre_us} us, {joint.us_per_rad:+} us/rad, {reach}"


def _told(joints: list[JointTable | None]) -> str:
    return "\n".join(f"joint {j:2}: {_line(joint)}" for j, joint in enumerate(joints))


def _write(path: Path, joints: list[JointTable | None]) -> None:
    ready = [joint for joint in joints if joint is not None]
    missing = [str(j) for j, joint in enumerate(joints) if joint is None]
    if missing:
        print(f"not yet in {path}: joints {', '.join(missing)} are not set up")
        return
    write_file(path, tuple(ready))
    print(f"{path} has the joint table, as the robot does: wormctl run --robot {path}")
