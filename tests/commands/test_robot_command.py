"""`wormctl robot`: robots by name, and what a file comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wormctl.cli import main


def test_robots_of_core_and_plugins_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robot", "list"]) == 0
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"worm", "serial-snake", "emulated-snake", "bus-servo-snake", "keyboard", "gamepad"} <= names


def test_what_a_file_comes_to_and_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'extends = "worm"\n[body]\nuse = "planar"\n[[bind]]\nchannel = "odour.food"\ngain = 2.0\n'
    )
    assert main(["robot", "check", str(mine), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    values = {entry["path"]: entry for entry in told["values"]}
    assert values["$.body.use"] == {"path": "$.body.use", "value": "planar", "file": str(mine)}
    assert values["$.bind[0].gain"]["file"] == str(mine)
    assert values["$.bind[0].to"]["file"].endswith("worm.toml")
    assert "$.body.fallback" not in values
    assert main(["robot", "check", str(mine)]) == 0
    shown = capsys.readouterr().out
    assert 'A  body.use = "planar"' in shown
    assert f"fits: wormctl run --robot {mine}" in shown


def test_a_physical_robot_is_checked_without_being_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "serial-snake"\n[body]\nport = "/dev/nowhere"\n')
    assert main(["robot", "check", str(mine)]) == 0
    mine.write_text('extends = "serial-snake"\n[body]\nbaud = 9600\n')
    assert main(["robot", "check", str(mine)]) == 2
    said = capsys.readouterr().err
    assert f"{mine}: $.body.baud = 9600" in said
    assert "500000" in said
