"""The command line: which subcommand, and what an error looks like. Subcommands are imported when asked for.

`wormctl --help` must stay quick on a Raspberry Pi: nothing heavy is imported at the top of this file.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from wormctl import __version__
from wormctl.printable import one_line
from wormctl.signals import EXIT_INTERRUPTED

COMMANDS = {
    "run": "let the worm crawl: watch it, and get a folder with what it did",
    "evaluate": "run many trials and count how many reach the food",
    "ablate": "cut out what published experiments cut, and compare with the whole worm",
    "connectome": "ask the connectome: partners of a cell, paths between cells, counts",
    "policy": "show, list and import policy files",
    "stop": "end a run that drives a robot, from another shell",
    "bench": "measure how fast this machine runs the worm",
    "plugin": "list, show and check plugins, or start a new one",
    "robot": "list robots, and see what a robot file comes to",
}
"""Subcommand -> what it does. Each is a module of `wormctl.commands` with `add_arguments` and `run`."""

USER_ERRORS = (
    ("wormctl.config", "ConfigError"),
    ("wormctl.device", "DeviceError"),
)
"""Errors that say what a user can do about them, named so that none is imported before it is raised."""

EXIT_USER_ERROR = 2
EXIT_BUG = 70
EXIT_BROKEN_PIPE = 141

Run = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. No traceback reaches the user unless WORMCTL_DEBUG is set."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        try:
            status = _dispatch(arguments)
        except SystemExit:
            # argparse has printed a help text, which nobody may be there to read.
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left. Python flushes stdout once more at exit: give it a place to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except Exception as error:
        if os.environ.get("WORMCTL_DEBUG"):
            raise
        text = _text(error)
        if _is_user_error(error):
            return _complain(text, EXIT_USER_ERROR)
        return _complain(
            f"unexpected {type(error).__name__}: {text} (set WORMCTL_DEBUG=1 for the traceback)", EXIT_BUG
        )
    return status


def _open_streams() -> None:
    """Somewhere to print, whatever the shell closed, and a sign that a poor terminal lacks is no reason to end."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (open until the end)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_parser().format_help(), end="")
        return 0
    if arguments[0].startswith("-"):
        _parser().parse_args(arguments)
        return 0
    name, rest = arguments[0], arguments[1:]
    summary, add_arguments, run = _builtin(name) if name in COMMANDS else _from_plugin(name, rest)
    command = argparse.ArgumentParser(
        prog=f"wormctl {name}",
        description=f"{summary[:1].upper()}{summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(command)
    return run(command.parse_args(rest))


def _parser() -> argparse.ArgumentParser:
    from importlib.metadata import entry_points  # as slow as all the rest together

    plugins = sorted({entry.name for entry in entry_points(group="wormctl")})
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="wormctl",
        usage="wormctl COMMAND ...",
        description="A worm's nervous system in a snake robot.",
        epilog=f"commands:\n{commands}\n\n"
        "`wormctl COMMAND --help` explains it. Plugins bring more, such as `doctor` and\n"
        "`calibrate` for a robot and `train` for its worm: `wormctl plugin list` lists them\n"
        f"(plugins here: {', '.join(plugins) or 'none'}).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"wormctl {__version__}")
    return parser


def _builtin(name: str) -> tuple[str, Callable[[argparse.ArgumentParser], None], Run]:
    module = importlib.import_module(f"wormctl.commands.{name}")
    return COMMANDS[name], module.add_arguments, module.run


def _from_plugin(name: str, rest: list[str]) -> tuple[str, Callable[[argparse.ArgumentParser], None], Run]:
    from wormctl.plugin_command import find_command

    command = find_command(name, rest)
    return command.summary, command.add_arguments, command.run


def _is_user_error(error: Exception) -> bool:
    return any(
        module in sys.modules and isinstance(error, getattr(sys.modules[module], name, ()))
        for module, name in USER_ERRORS
    )


def _text(error: Exception) -> str:
    """What it says. That of a plugin may not even do that."""
    try:
        return str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    except Exception:
        return "(an error that cannot be shown)"


def _complain(text: str, status: int) -> int:
    print(f"wormctl: {one_line(text)}", file=sys.stderr)
    return status
