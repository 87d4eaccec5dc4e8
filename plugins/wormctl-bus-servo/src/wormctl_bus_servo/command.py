"""`wormctl servo`: for a person at the bus. Its arguments, and who does what. None of it moves a servo."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from wormctl.config import ConfigError, Where, convert
from wormctl_bus_servo import bench, numbering, relief, trying
from wormctl_bus_servo.config import AUTO, DYNAMIXEL_BAUDS, FEETECH_BAUDS, BusServoConfig
from wormctl_bus_servo.kinds import HIGHEST_ID, KINDS
from wormctl_bus_servo.robot_file import body_settings

BAUDS = sorted({*FEETECH_BAUDS, *DYNAMIXEL_BAUDS})

EPILOG = """\
examples:
  wormctl servo scan                                  who is on the bus, where, how hot, at how many volts
  wormctl servo scan --kind xl330 --baud 57600        new Dynamixels speak at 57600 baud
  wormctl servo set-id 1 7                            with nobody else of id 1 or 7 on the bus
  wormctl servo set-baud 7 1000000 --kind xl330 --baud 57600
  wormctl servo zero --robot my_snake.toml --write    lay the snake straight first; puts its zeros into the file
  wormctl servo off                                   torque off for every id: after a crash, say
  wormctl servo fake --kind xl330                     a bus without servos, to try all this on

Nothing here moves a servo or switches a torque on. Exit status: 0 if it was done, 1 or 2 if not.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the commands below `servo`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    below = parser.add_subparsers(dest="what", metavar="WHAT", required=True)

    def add(
        name: str, text: str, do: Callable[[argparse.Namespace, BusServoConfig], int]
    ) -> argparse.ArgumentParser:
        one = below.add_parser(name, help=text, description=text)
        one.set_defaults(do=do)
        one.add_argument(
            "--robot", type=Path, metavar="FILE", help="take kind, port, baud and ids from its [body]"
        )
        one.add_argument("--kind", choices=sorted(KINDS), help="of the servos (default: sts3215)")
        if name != "fake":
            one.add_argument("--port", metavar="PATH", help="the adapter's (default: the only one there is)")
            one.add_argument(
                "--baud", type=int, choices=BAUDS, help="as the servos are set (default: 1000000)"
            )
        return one

    add("scan", "list every servo that answers", _scan)
    set_id = add("set-id", "give one servo another id", _set_id)
    set_id.add_argument("old", type=_id, metavar="OLD")
    set_id.add_argument("new", type=_id, metavar="NEW")
    set_baud = add("set-baud", "have one servo speak at another baud rate", _set_baud)
    set_baud.add_argument("id", type=_id, metavar="ID")
    set_baud.add_argument("to", type=int, metavar="BAUD", choices=BAUDS)
    zero = add("zero", "print the present pose as the straight one, as lines for a robot file", _zero)
    zero.add_argument(
        "--write", action="store_true", help="put them into the --robot file, in place of those it has"
    )
    add("off", "switch the torque of all servos off", _off)
    fake = add("fake", "play a bus of servos on a pseudo-terminal until Ctrl-C", _fake)
    fake.add_argument("--servos", type=int, default=12, metavar="N", help="ids 1 to N (default: 12)")
    fake.add_argument(
        "--trouble",
        action="append",
        default=[],
        metavar="WHAT:ID",
        help="one of " + ", ".join(trying.TROUBLES),
    )


def run(args: argparse.Namespace) -> int:
    """Do it; the exit status."""
    do: Callable[[argparse.Namespace, BusServoConfig], int] = args.do
    return do(args, _config(args))


def _config(args: argparse.Namespace) -> BusServoConfig:
    """What a robot file says, if one is named, and what the options say instead."""
    body: dict[str, object] = {}
    where: Where = "wormctl servo"
    if args.robot is not None:
        body, where = body_settings(args.robot)
    options = {}
    for name in ("kind", "port", "baud"):
        if (given := getattr(args, name, None)) is not None:
            body[name], options[f"$.body.{name}"] = given, f"--{name}"
    body.setdefault("port", AUTO)
    return convert(body, BusServoConfig, where=where, under="$.body", options=options)


def _id(text: str) -> int:
    value = int(text)
    if not 0 <= value <= HIGHEST_ID:
        raise argparse.ArgumentTypeError(f"{text}: must be 0 to {HIGHEST_ID}")
    return value


def _scan(args: argparse.Namespace, config: BusServoConfig) -> int:
    named = args.robot is not None
    return bench.scan(config, expected=config.servos if named else (), everywhere=args.baud is None)


def _set_id(args: argparse.Namespace, config: BusServoConfig) -> int:
    return numbering.set_id(config, args.old, args.new)


def _set_baud(args: argparse.Namespace, config: BusServoConfig) -> int:
    return numbering.set_baud(config, args.id, args.to)


def _zero(args: argparse.Namespace, config: BusServoConfig) -> int:
    if args.write and args.robot is None:
        raise ConfigError("--write: name the file with --robot")
    return bench.zero(config, args.robot, write=args.write)


def _off(args: argparse.Namespace, config: BusServoConfig) -> int:
    named = args.robot is not None
    return relief.off(
        config,
        expected=config.servos if named else (),
        any_kind=not named and args.kind is None,
        any_baud=not named and args.baud is None,
    )


def _fake(args: argparse.Namespace, config: BusServoConfig) -> int:
    return trying.fake(config, args.servos, args.trouble)
