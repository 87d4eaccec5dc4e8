"""`wormctl robot`: which robots there are by name, and what a robot file comes to with all that it extends."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from wormctl.assembly import check
from wormctl.console import make_console
from wormctl.layers import Settings, Sources, read_layers
from wormctl.options import add_plugin_argument, chosen_plugins, command_words, seconds
from wormctl.plugins import Choice
from wormctl.robot import EVERY, known_robots, load_robot
from wormctl.robot import find_robot as find
from wormctl.stdout import stdout_to_stderr
from wormctl.watching import open_readings, watch

EPILOG = """\
examples:
  wormctl robot list                     robots by name: --robot NAME, extends = "NAME"
  wormctl robot check my_snake.toml      what it comes to, and where in which file each value stands; opens nothing
  wormctl robot watch my_snake.toml      what its real sensors measure now, and why if they do not; nothing moves
  wormctl robot check --plugin ./my_sensor.py my_snake.toml      with a sensor that stands in a file of its own

A robot file may begin with `extends = "NAME"` (or a .toml file) and then say only what differs:

  extends = "worm"
  [body]
  use = "planar"          # another body comes without the settings of the last
  [[bind]]
  channel = "odour.food"  # changes the bind of that channel
  gain = 2.0
  [[sensor]]
  use = "poison"
  remove = true
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the robots that can be named")
    checking = actions.add_parser("check", help="check a robot file, and show what it comes to")
    checking.add_argument("robot", help="a name, or a .toml file")
    watching = actions.add_parser(
        "watch", help="show what a robot's real sensors measure; its body is left alone"
    )
    watching.add_argument("robot", help="a name, or a .toml file")
    watching.add_argument(
        "--seconds", type=seconds, default=math.inf, help="for so long (default: until Ctrl-C)"
    )
    for action in (listing, checking, watching):
        add_plugin_argument(action)
        how = "one JSON object a second" if action is watching else "one JSON object on stdout"
        action.add_argument("--json", action="store_true", help=how)


def run(args: argparse.Namespace) -> int:
    """List, check or watch; the exit status."""
    if args.action == "watch":
        return _watch(args)
    with stdout_to_stderr() if args.json else nullcontext():
        told = _list(EVERY.given(args.plugin)) if args.action == "list" else _check(args)
    if args.json:
        print(json.dumps(told))
    elif args.action == "list":
        for robot in told["robots"]:
            print(f"{robot['name']:20} {robot['file']}")
    else:
        _print(told)
    return 0


def _watch(args: argparse.Namespace) -> int:
    choice = chosen_plugins(args)
    with open_readings(load_robot(args.robot, choice), choice.load()) as (readings, notes):
        for note in notes:
            print(f"wormctl: {note}", file=sys.stderr)
        with suppress(KeyboardInterrupt):  # it is how one ends it
            watch(
                readings, make_console(), args.seconds, say=partial(print, flush=True) if args.json else None
            )
    return 0


def _list(choice: Choice) -> dict[str, Any]:
    known = known_robots(choice)
    return {"robots": [{"name": name, "file": str(path)} for name, path in sorted(known.items())]}


def _check(args: argparse.Namespace) -> dict[str, Any]:
    """The resolved robot, and where its values stand. Raises `ConfigError` or `DeviceError` if it cannot be."""
    name, choice = args.robot, chosen_plugins(args)
    path = find(name, plugins=choice)
    raw, sources = read_layers(path, lambda wanted, folder, at: find(wanted, folder, at, choice))
    notes = check(load_robot(name, choice), choice.load())
    values = []
    for where, value in _leaves(raw, "$"):
        file, own = sources.find(where)
        values.append({"path": where, "value": value, "file": file, "path_in_file": own})
    return {
        "robot": name,
        "files": _files(path, sources),
        "values": values,
        "notes": notes,
        "run": command_words("run", {"robot": name, "plugin": args.plugin}),
    }


def _files(path: Path, sources: Sources) -> list[str]:
    """The files it is made of, uppermost first."""
    below = {file for file, _ in sources.places.values()} - {str(path)}
    return [str(path), *sorted(below)]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that is no table, and its path; lists of plain values are one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for i, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{i}]")
    else:
        yield path, value


def _print(told: Settings) -> None:
    letters = {file: chr(ord("A") + i) for i, file in enumerate(told["files"])}
    for file, letter in letters.items():
        print(f"{letter}  {file}")
    print()
    for entry in told["values"]:
        own = entry["path_in_file"].removeprefix("$.")  # as a message about it would say
        print(f"{letters[entry['file']]}  {own} = {json.dumps(entry['value'])}")
    print()
    for note in told["notes"]:
        print(f"note: {note}")
    print(f"fits: {shlex.join(told['run'])}")
