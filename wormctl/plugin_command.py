"""The subcommand of a plugin. The robot file on its command line says which plugins may be loaded to find it.

Who offers a command is only known once it is loaded: where no plugin that may be loaded does, wormctl's own are asked
one by one, and no others.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from wormctl.cli import COMMANDS
from wormctl.config import ConfigError
from wormctl.hookspecs import Command
from wormctl.names import unknown
from wormctl.plugins import OURS, Choice, load_plugins
from wormctl.robot import EVERY, allowed_plugins


def find_command(name: str, words: Sequence[str]) -> Command:
    """The command called `name`, with `words` behind it. Raises `ConfigError` if there is none, or it is left out."""
    choice = _choice(words)
    commands = choice.load().commands
    for own in OURS if choice.only is not None else ():
        if name in commands:
            break
        try:
            commands = commands | load_plugins(only=[own]).commands
        except ConfigError:
            continue  # it is not installed
    if name in commands:
        return commands[name].thing
    known = unknown("command", name, [*COMMANDS, *commands])
    only = "" if choice.only is None else f"; {_limit(choice)}"
    raise ConfigError(f"{name}: {known}{only}")


def _choice(words: Sequence[str]) -> Choice:
    """What `--robot` and `--plugin` among `words` say; what is wrong with the words is for the command to say."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    # An abbreviation, if the command has no other option that begins so, is the option.
    parser.add_argument("--robot", "--robo", "--rob", "--ro", "--r", nargs="?")
    parser.add_argument("--plugin", "--plugi", "--plug", action="append", nargs="?")
    known, _ = parser.parse_known_args(words)
    allowed = EVERY if known.robot is None else allowed_plugins(known.robot)
    return allowed.given([word for word in known.plugin or () if word is not None])


def _limit(choice: Choice) -> str:
    """Why no other plugin was asked."""
    asked = dict(choice.asked)
    said = ", ".join(asked.get(name, name) for name in choice.only or ())
    return f"no other plugins may be loaded: {said}" if said else "no installed plugin may be loaded"
