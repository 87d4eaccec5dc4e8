"""The command line from outside: what errors look like, what it costs to start, who may bring commands."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from wormctl import __version__, cli
from wormctl.config import ConfigError
from wormctl.connectome import UnknownCell
from wormctl.device import DeviceError
from wormctl.hookspecs import Command
from wormctl.plugins import Origin, Plugins, Registered
from wormctl.policy import PolicyError


def command(run: Callable[[Any], int]) -> types.SimpleNamespace:
    return types.SimpleNamespace(add_arguments=lambda parser: None, run=run)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], int]], int]:
    """Call `wormctl bench` with another function in its place."""
    monkeypatch.delenv("WORMCTL_DEBUG", raising=False)

    def call(run: Callable[[Any], int]) -> int:
        monkeypatch.setitem(sys.modules, "wormctl.commands.bench", command(run))
        return cli.main(["bench"])

    return call


def raising(error: BaseException) -> Callable[[Any], int]:
    def run(args: Any) -> int:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ConfigError("r.toml: $.x: no"), 2, "wormctl: r.toml: $.x: no\n"),
        (DeviceError("no port: plug it in"), 2, "wormctl: no port: plug it in\n"),
        (PolicyError("p.safetensors: cut short"), 2, "wormctl: p.safetensors: cut short\n"),
        (
            UnknownCell("AVQ", ["AVA"]),
            2,
            "wormctl: 'AVQ' is no neuron or neuron class, did you mean 'AVA'?\n",
        ),
        (DeviceError("two\nlines"), 2, "wormctl: two lines\n"),
        (ConfigError("a \x1b[31mred\x07 name"), 2, "wormctl: a \\x1b[31mred\\x07 name\n"),
        (
            ZeroDivisionError("oops"),
            70,
            "wormctl: unexpected ZeroDivisionError: oops (set WORMCTL_DEBUG=1 for the traceback)\n",
        ),
        (KeyboardInterrupt(), 130, "wormctl: interrupted\n"),
    ],
)
def test_an_error_is_one_line_and_a_status(
    error: BaseException,
    status: int,
    line: str,
    running: Callable[[Any], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert running(raising(error)) == status
    assert capsys.readouterr() == ("", line)


def test_for_those_who_ask_there_is_a_traceback(
    running: Callable[[Any], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORMCTL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        running(raising(ZeroDivisionError()))


def test_the_status_of_a_command_is_that_of_the_program(running: Callable[[Any], int]) -> None:
    assert running(lambda args: 7) == 7


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in cli.COMMANDS)
    assert "sim" in shown


def test_the_version_is_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"wormctl {__version__}\n"


def test_a_misspelt_command_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["conectome"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("wormctl: conectome: no such command, did you mean 'connectome'?")
    assert "train" in said, "commands of plugins too"


def test_a_misspelt_option_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--hlep"])
    assert caught.value.code == 2


def test_a_plugin_may_bring_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--times", type=int, default=1)

    dance = Command(
        name="dance",
        summary="wriggle for a while",
        add_arguments=add_arguments,
        run=lambda args: int(args.times),
    )
    plugins = Plugins()
    plugins.commands["dance"] = Registered(dance, Origin("ball", "ball", "1"))
    monkeypatch.setattr("wormctl.plugins.load_plugins", lambda: plugins)
    assert cli.main(["dance", "--times", "3"]) == 3
    with pytest.raises(SystemExit):
        cli.main(["dance", "--help"])
    assert "Wriggle for a while." in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: wormctl {name}")
    assert len(shown.splitlines()) > 5


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from wormctl.cli import main; main(['--help']);"
        "heavy = {'numpy', 'numba', 'msgspec', 'rich', 'pluggy', 'pybullet'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["connectome", "--help"], ["connectome", "show", "AVAL"], ["policy", "list", "--json"]],
)
def test_a_reader_that_leaves_is_no_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "wormctl", *arguments]
    # Unbuffered, argparse notices by itself, and keeps it to itself.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_it_is_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "wormctl", "--version"], capture_output=True, text=True)
    assert done.stdout == f"wormctl {__version__}\n"
