"""The robot files: each fits the worm; the scripted one backs up from a poked nose and hurries from a poked tail."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import wormctl_poke
from wormctl_poke.channels import CHANNELS

from wormctl.cli import main
from wormctl.config import convert
from wormctl.device import Config
from wormctl.motion.events import reversals
from wormctl.motion.path import advance_body_lengths
from wormctl.plugins import load_plugins
from wormctl.robot import load_robot
from wormctl.runs import read_run

ROBOTS = Path(wormctl_poke.__file__).parent / "robots"
README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("name", ["keyboard", "gamepad", "scripted"])
def test_a_robot_files_settings_are_those_of_its_sensors(name: str) -> None:
    robot, plugins = load_robot(ROBOTS / f"{name}.toml"), load_plugins()
    for part in robot.sensors:
        offer = plugins.sensors[part.use].thing
        assert isinstance(convert(part.settings, offer.config, where=name), Config)
    assert {bind.channel for bind in robot.binds} >= set(CHANNELS)


@pytest.mark.parametrize("text", BLOCKS)
def test_a_robot_file_of_the_readme_fits(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that does not say so stands for lines to add to the worm's."""
    file = tmp_path / "my_robot.toml"
    file.write_text(text if "extends" in text else f'extends = "worm"\n{text}', encoding="utf-8")
    assert main(["robot", "check", str(file)]) == 0, capsys.readouterr().err


def test_the_readme_has_robot_files() -> None:
    assert len(BLOCKS) == 2


def test_a_poked_worm_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "--robot", str(ROBOTS / "scripted.toml"), "--body", "planar", "--seconds", "20"]
    assert main([*command, "--json", "--no-media", "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["bad_samples"] == {}
    assert "a script presses n at 6 s, t at 15 s" in told.err
    run = read_run(tmp_path / "run")
    record, time_s = run.record, run.record["time_s"] + run.info.period_s
    assert np.flatnonzero(record["poke.nose"]).tolist() == list(range(300, 325))
    advance = advance_body_lengths(record["pose"], run.info.snake.length_m)
    (backing,) = reversals(advance, time_s)
    assert 6.0 < backing.onset_s < 7.5
    assert backing.length_body_lengths > 1 / 3
    before, after = (advance[b] - advance[a] for a, b in ((600, 750), (750, 900)))
    assert after > 1.1 * before > 0.0
