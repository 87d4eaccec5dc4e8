"""`wormctl plugin list` and `show` with plugins that misbehave when they are looked at, and with single files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wormctl.cli import main

PLUGIN = """
import sys

from wormctl.channel import Channel
from wormctl.device import Config, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl


class EyeConfig(Config, frozen=True, kw_only=True):
    gain: float = 1.0


class Eye:
    def __init__(self, config):
        channel = Channel(name="eye.light", unit="1", low=0.0, high=1.0)
        self.spec = DeviceSpec(name="eye", channels=(channel,), simulated=True)


class SpecRaises:
    def __init__(self, config): ...

    @property
    def spec(self):
        raise RuntimeError("too early")


class Named:
    def __init__(self, config):
        self.spec = DeviceSpec(name="eye", channels=("eye.light",), simulated=True)


@hookimpl
def wormctl_register_sensors(register):
    made = {"eye-x": Eye, "raises-x": SpecRaises, "exits-x": lambda config: sys.exit(0), "named-x": Named}
    for name, make in made.items():
        register(Offer(name=name, summary="sees \\x1b[31mred", config=EyeConfig, make=make))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "eyes.py"
    path.write_text(PLUGIN)
    return path


def test_what_misbehaves_when_it_is_made_is_listed_all_the_same(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "list", "--kind", "sensor", "--plugin", str(file), "--json"]) == 0
    offers = {offer["name"]: offer["channels"] for offer in json.loads(capsys.readouterr().out)["offers"]}
    assert offers["eye-x"] == ["eye.light"]
    assert offers["raises-x"] == offers["exits-x"] == offers["named-x"] == []
    assert main(["plugin", "list", "--plugin", str(file)]) == 0
    out = capsys.readouterr().out
    assert "exits-x" in out
    assert "\x1b" not in out


def test_a_single_file_is_shown_by_its_path(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    assert main(["plugin", "show", "./eyes.py"]) == 0
    out = capsys.readouterr().out
    assert "sensor eye-x" in out
    assert "setting   gain: number; default 1.0" in out
    assert "channel   eye.light, 0 to 1 1, 50 Hz" in out
    assert "range" not in out, "nothing but the file"
    assert "\x1b" not in out
    assert main(["plugin", "show", "nowhere.py"]) == 2
    assert "nowhere.py: no such file" in capsys.readouterr().err
