"""The command line from outside: what errors look like, what it costs to start, who may bring commands."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import types
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from wormctl import __version__, cli
from wormctl.config import ConfigError
from wormctl.connectome import UnknownCell
from wormctl.device import DeviceError
from wormctl.hookspecs import Command, hookimpl
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


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


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
        (
            UnspeakableError(),
            70,
            "wormctl: unexpected UnspeakableError: (an error that cannot be shown) "
            "(set WORMCTL_DEBUG=1 for the traceback)\n",
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
    monkeypatch.setattr("wormctl.plugins.load_plugins", lambda **keywords: plugins)
    assert cli.main(["dance", "--times", "3"]) == 3
    with pytest.raises(SystemExit):
        cli.main(["dance", "--help"])
    assert "Wriggle for a while." in capsys.readouterr().out


@pytest.fixture
def sought(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modules of plugins that are loaded, as they come; none is really."""
    loaded: list[str] = []

    def load(entry: EntryPoint) -> object:
        loaded.append(entry.name)

        class Plugin:
            @hookimpl
            def wormctl_register_commands(self, register: Callable[[Command], None]) -> None:
                name = {"serial": "calibrate", "bus_servo": "servo"}.get(entry.name, f"{entry.name}-command")
                register(Command(name=name, summary="x", add_arguments=add_robot, run=lambda args: 0))

        return Plugin()

    monkeypatch.setattr(EntryPoint, "load", load)
    return loaded


def add_robot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--robot")
    parser.add_argument("--joint")


@pytest.mark.parametrize(
    "words",
    [["--robot", "r.toml"], ["--robot=r.toml"], ["--joint", "3", "--ro", "r.toml"], ["--robo=r.toml"]],
)
def test_the_robot_file_says_which_plugins_a_command_may_load(
    words: list[str],
    sought: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.toml").write_text('plugins = ["sim"]\n')
    assert cli.main(["calibrate", *words]) == 0
    assert sought == ["sim", "serial"], "the one it names, and wormctl's own that has the command"
    Path("r.toml").write_text('plugins = ["wormctl-bus-servo"]\n')
    sought.clear()
    assert cli.main(["servo", *words]) == 0
    assert sought == ["bus_servo"]
    Path("r.toml").write_text('plugins = ["sim"]\n')
    sought.clear()
    assert cli.main(["servo", *words]) == 2
    assert not {"bus_servo", "range", "i2c", "camera"} & set(sought)
    said = capsys.readouterr().err
    assert said.startswith("wormctl: servo: no such command")
    assert said.endswith("; no other plugins may be loaded: r.toml: $.plugins[0] = 'sim'\n")


@pytest.mark.parametrize("words", [[], ["--robot", "new.toml"], ["--robot"]])
def test_without_a_word_about_plugins_all_are_loaded(
    words: list[str], sought: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.suppress(SystemExit):  # --robot without a file
        assert cli.main(["calibrate", *words]) == 0
    assert {"sim", "serial", "range"} <= set(sought)


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
