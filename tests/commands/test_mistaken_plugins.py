"""What a plugin author got wrong, as `wormctl run` says it: one line that names the device and where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from wormctl.cli import main

PLUGIN = """
import sys
from wormctl.channel import Channel
from wormctl.device import Config, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl


class Settings(Config, frozen=True, kw_only=True):
    SETTING


class Sensor:
    def __init__(self, config):
        channel = Channel(**(dict(name="eye.light", unit="1", low=0.0, high=1.0) | CHANNEL))
        self.spec = DeviceSpec(name="eye", channels=(channel,), simulated=True)
        MAKE

    def configure(self, context):
        CONFIGURE

    def read(self, now_s, out):
        out.put("eye.light", 0.5, now_s)

    def close(self): ...


class Policy:
    def __init__(self, config):
        POLICY

    def reset(self): ...

    def step(self, inputs, dt, outputs):
        outputs[:] = 0.0


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="eye", summary="sees", config=Settings, make=Sensor, api_version=1))


@hookimpl
def wormctl_register_policies(register):
    register(Offer(name="mine", summary="lies", config=Config, make=Policy, api_version=1))
"""

ROBOT = """
extends = "worm"
plugins = ["sim", "eye.py"]

[body]
use = "planar"

[[sensor]]
use = "eye"
"""


def said(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *words: str,
    robot: str = "",
    **parts: str,
) -> str:
    """What `wormctl run` says with these parts of the plugin, on its way out."""
    text = PLUGIN
    for name, usual in {
        "SETTING": "...", "CHANNEL": "{}", "MAKE": "...", "CONFIGURE": "...", "POLICY": "...",
    }.items():  # fmt: skip
        text = text.replace(name, parts.get(name.lower(), usual))
    (folder / "eye.py").write_text(text)
    (folder / "robot.toml").write_text(ROBOT + robot)
    assert main(["run", "--robot", str(folder / "robot.toml"), "--seconds", "1", "--quiet", *words]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    return err


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("dict(size=-1)", "size -1: must be at least 1"),
        ("dict(name=3)", "Expected `str`, got `int`"),
        ("dict(on_error='explode')", "Invalid enum value 'explode'"),
        ("dict(high=float('nan'))", "must be less than high"),
        ("dict(unit='ppm')", "unit 'ppm': must be SI; a share is a pure number, \"1\": 1 ppm is 1e-6"),
        ("dict(unit='mV')", "must be SI without prefixes: 1 mV is 1e-3 V"),
    ],
)
def test_a_channel_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], channel: str, told: str
) -> None:
    err = said(tmp_path, capsys, channel=channel)
    assert "robot.toml: $.sensor[0]: eye: channel " in err
    assert told in err


def test_no_declaration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "eye cannot be made: AttributeError" in said(tmp_path, capsys, make="del self.spec")
    assert "its spec must be a DeviceSpec" in said(tmp_path, capsys, make="self.spec = ('eye.light',)")


@pytest.mark.parametrize("part", ["make", "configure"])
def test_one_that_exits(tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    assert "SystemExit: 3" in said(tmp_path, capsys, **{part: "sys.exit(3)"})


def test_a_setting_without_a_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = said(tmp_path, capsys, setting='port = "/dev/ttyUSB0"', robot='port = "/dev/ttyACM0"\n')
    assert "eye takes no settings: write `port: TYPE = ...` in Settings" in err


@pytest.mark.parametrize("run", ["process", "thread"])
def test_a_simulated_one_stays_in_the_tick(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: str
) -> None:
    err = said(tmp_path, capsys, robot=f'run = "{run}"\n')
    assert f'$.sensor[0].run = "{run}": eye is simulated' in err


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("self.inputs = ['smell']", "inputs = ['smell']: must be a list of wormctl.controller.Port"),
        ("self.inputs = None", "inputs = None: must be a list"),
        ("self.dt_s = 0.0", "dt_s = 0.0: must be a time in s, greater than 0"),
        ("self.dt_s = None", "dt_s = None: must be a time in s"),
    ],
)
def test_a_policy_that_declares_nonsense(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], policy: str, told: str
) -> None:
    assert told in said(tmp_path, capsys, "--policy", "mine", policy=policy)
