"""A real sensor beside a simulated body: the run keeps its pace, and lives that cannot share it are refused."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from wormctl.cli import main

SENSOR = """
import time
from wormctl.channel import Channel
from wormctl.device import Config, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl
from wormctl.slow import SlowSensor

CHANNEL = Channel(name="ticker.s", unit="s", low=0.0, high=1e9, rate_hz=50.0, max_age_s=0.2)


class Ticker(SlowSensor):
    def __init__(self, config):
        super().__init__(DeviceSpec(name="ticker", channels=(CHANNEL,), simulated=False))

    def measure(self, now_s, out):
        out.put("ticker.s", time.monotonic(), now_s)


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="ticker", summary="tells the time", config=Config, make=Ticker, api_version=1))
"""

ROBOT = """
extends = "worm"
plugins = ["sim", "ticker.py"]

[body]
use = "planar"

[[sensor]]
use = "ticker"
"""


@pytest.fixture
def robot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ticker.py").write_text(SENSOR)
    path = tmp_path / "real.toml"
    path.write_text(ROBOT)
    monkeypatch.chdir(tmp_path)
    return path


def test_a_run_with_a_real_sensor_goes_at_life_speed(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--robot", str(robot), "--seconds", "1.5", "--no-media", "--json", "--out", "out"]
    began_s = time.monotonic()
    assert main(words) == 0
    assert time.monotonic() - began_s >= 1.5
    said = capsys.readouterr()
    assert "wormctl: at life speed: ticker is real\n" in said.err
    told = np.load("out/record.npy")["ticker.s"]
    assert np.unique(told).size > 20, "it saw the sensor change"
    assert json.loads(said.out)["bad_samples"].get("ticker.s", 0) < 20


def test_what_to_try_next_keeps_to_what_is_possible(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--robot", str(robot), "--seconds", "0.1", "--no-media", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "wormctl evaluate" not in said
    assert "--ablate ASE" in said


@pytest.mark.parametrize("command", [["evaluate"], ["evaluate", "--assay", "food"], ["ablate"]])
def test_many_lives_cannot_share_a_real_sensor(
    robot: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command, "--robot", str(robot), "--trials", "2", "--seconds", "1"]
    if command[0] == "ablate" or "--assay" in command:
        words = words[:-2]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "real.toml: $.sensor[0].use = 'ticker': is a real device, which many lives cannot share" in said
    assert "Traceback" not in said


def test_what_real_sensors_measure_can_be_watched(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = robot.read_text() + '\n[[bind]]\nchannel = "ticker.s"\nto = ["AWCL", "AWCR"]\n'
    robot.write_text(text)
    assert main(["robot", "watch", str(robot), "--seconds", "2.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 3
    assert all(" s  ticker.s " in line and line.endswith(" s") for line in lines)
    assert main(["robot", "watch", str(robot), "--seconds", "1.5", "--json"]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    (row,) = second["channels"]
    assert (row["channel"], row["unit"], row["to"], row["trouble"]) == (
        "ticker.s",
        "s",
        ["AWCL", "AWCR"],
        None,
    )
    assert row["values"][0] > first["channels"][0]["values"][0]


def test_why_nothing_comes_is_told(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = robot.parent / "ticker.py"
    file.write_text(file.read_text().replace("time.monotonic(), now_s)", "-1.0, now_s)"))
    assert main(["robot", "watch", str(robot), "--seconds", "1.2"]) == 0
    assert "ticker.s reads -1; allowed 0..1e+09 s" in capsys.readouterr().out
    file.write_text(file.read_text().replace("out.put(", "1 / 0, out.put("))
    assert main(["robot", "watch", str(robot), "--seconds", "1.2"]) == 0
    said = capsys.readouterr().out
    assert (
        "ticker.s the device could not measure (ZeroDivisionError: division by zero (ticker.py, line 16))"
        in said
    )


def test_without_a_real_sensor_there_is_nothing_to_watch(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robot", "watch", "worm"]) == 2
    assert "worm.toml: has no real sensor to watch" in capsys.readouterr().err


def test_one_that_takes_long_to_open_is_named(
    robot: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wormctl.assembly.SLOW_S", 0.05)
    file = robot.parent / "ticker.py"
    opens = "    def open(self, context):\n        time.sleep(0.5)\n\n    def measure"
    file.write_text(file.read_text().replace("    def measure", opens))
    assert main(["robot", "watch", str(robot), "--seconds", "0.1"]) == 0
    assert "wormctl: waiting for ticker to be opened; Ctrl-C gives up\n" in capsys.readouterr().err
