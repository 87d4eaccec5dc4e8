"""Options that several commands share, and the command lines that are suggested from them."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wormctl.ablation import HELP as ABLATE_HELP
from wormctl.config import ConfigError
from wormctl.plugins import Choice, Plugins
from wormctl.robot import DEFAULT, Robot, allowed_plugins, load_robot

SECONDS, LONGEST_S = 120.0, 3600.0
LARGEST_SEED = 2**32 - 1
MOST_WORKERS = 1024


def add_robot_arguments(parser: argparse.ArgumentParser, *, fixed: bool = False) -> None:
    """Declare the options that say which robot, for every command that runs one.

    `fixed`: where it lives and what is cut is not for them to say.
    """
    parser.add_argument(
        "--robot", metavar="FILE", default=DEFAULT, help="robot file (default: the shipped worm)"
    )
    parser.add_argument("--policy", metavar="NAME|FILE", help="instead of the robot file's policy")
    add_plugin_argument(parser)
    parser.add_argument("--body", metavar="NAME", help="instead of its body: pybullet, planar, serial, ...")
    if fixed:
        return
    parser.add_argument("--port", metavar="PATH", help="of a physical body: its serial port, or auto")
    parser.add_argument("--world", metavar="NAME|FILE", help="instead of its world: food_ahead, pegs, ...")
    parser.add_argument("--ablate", metavar="CELLS", help=ABLATE_HELP)


def add_plugin_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `--plugin`."""
    parser.add_argument(
        "--plugin",
        metavar="FILE.py|NAME",
        action="append",
        default=[],
        help="load this single-file plugin as well; or, of the installed ones, no others than those named so",
    )


def chosen_plugins(args: argparse.Namespace) -> Choice:
    """The plugins to load: those installed, or those that `--plugin` or the robot file says, and single files."""
    return allowed_plugins(args.robot).given(args.plugin)


def chosen_robot(args: argparse.Namespace, choice: Choice, plugins: Plugins) -> Robot:
    """The robot file with the options' replacements. Where none is named, that which suits the body, if it has one."""
    file: str | Path = args.robot
    body = args.body
    if file == DEFAULT and body in plugins.bodies:
        file = plugins.bodies[body].thing.robot or file
    robot = load_robot(file, choice).replace(body=body, world=args.world, policy=args.policy, port=args.port)
    if args.port is not None:
        offer = plugins.body(robot.body.use, robot.body.at(".use"))
        if "port" not in offer.config.__struct_fields__:
            raise ConfigError(
                f"--port: the body {robot.body.use} has none: add --body serial, or another robot"
            )
    return robot


def same_robot(args: argparse.Namespace) -> dict[str, object]:
    """The options that say which robot, and for how long it runs, as they were given: for `command_words`."""
    given = {
        name: getattr(args, name)
        for name in ("robot", "policy", "body", "port", "world", "ablate", "plugin", "seconds")
    }
    usual = {"robot": DEFAULT, "plugin": [], "seconds": SECONDS}
    return {name: value for name, value in given.items() if value != usual.get(name)}


def typed(words: Sequence[str]) -> str:
    """A command line as it is typed where this one was: after `uv run`, or by itself."""
    return shlex.join([*(("uv", "run") if "UV_RUN_RECURSION_DEPTH" in os.environ else ()), *words])


def command_words(command: str, options: Mapping[str, object]) -> list[str]:
    """The command line that gives these options; None and False are left out, True is a flag, a list is one each."""
    words = ["wormctl", command]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif isinstance(value, list):
            words += [word for one in value for word in (option, str(one))]
        elif value is not None and value is not False:
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return words


def last_seed_fits(seed: int, trials: int) -> None:
    """Raise `ConfigError` where the last of so many seeds would be too large."""
    if seed + trials - 1 > LARGEST_SEED:
        most = LARGEST_SEED - trials + 1
        raise ConfigError(f"--seed = {seed}: with {trials} trials it must be at most {most}")


def seconds(text: str) -> float:
    """A duration in s, as an option's type."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"{text}: must be a number of seconds, more than 0, at most {LONGEST_S:g}"
        )
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number in `low`..`high`, as an option's type."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"{text}: must be a whole number from {low} to {high}")
        return int(text)

    return number


seed = whole(0, LARGEST_SEED)
"""A seed, as an option's type."""
workers = whole(1, MOST_WORKERS)
"""A number of processes, as an option's type."""
