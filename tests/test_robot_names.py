"""Robots by name, and the files that a robot file names: found, or one line that says who asked for them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from wormctl.assay.file import load_assay
from wormctl.assay.table import load_table
from wormctl.config import ConfigError
from wormctl.plugins import load_plugins
from wormctl.robot import allowed_plugins, load_robot, shipped_robots


@pytest.mark.parametrize("name", sorted(shipped_robots()))
def test_a_shipped_robot_names_what_is_installed(name: str) -> None:
    robot, installed = load_robot(name), load_plugins()
    installed.body(robot.body.fallback or robot.body.use, "body")
    for sensor in robot.sensors:
        installed.sensor(sensor.use, "sensor")
    if robot.world is not None:
        installed.world(robot.world.use, "world")


def test_an_unknown_robot_says_which_are_shipped() -> None:
    with pytest.raises(ConfigError, match="no such robot, did you mean 'worm'"):
        load_robot("wurm")
    with pytest.raises(ConfigError, match=r"mine\.toml: no such file"):
        load_robot("mine.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('plugins = ["sim", "nope.py"]', "$.plugins[1] = 'nope.py': no such file"),
        ('plugins = ["simm"]', "$.plugins[0] = 'simm': no such plugin, did you mean 'sim'?"),
        ('plugins = ["sim", "bad.py"]', "$.plugins[1] = 'bad.py': cannot be loaded: RuntimeError: no"),
    ],
)
def test_plugins_are_asked_for_by_the_file_that_names_them(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise RuntimeError('no')")
    base = tmp_path / "base.toml"
    base.write_text(text)
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "base.toml"')
    for robot in (base, mine):
        with pytest.raises(ConfigError) as caught:
            allowed_plugins(robot).load()
        assert str(caught.value).startswith(f"{base}: {says}")


LONG, WIDE = "x" * 300, "é" * 200


@pytest.mark.parametrize("name", [LONG, WIDE, f"{LONG}.toml", f"{WIDE}.toml", f"{LONG}/mine.toml"])
def test_a_name_that_no_file_can_have_is_one_line(name: str, tmp_path: Path) -> None:
    worm = '"worm"\n[world]\nuse = "food"\n'
    (tmp_path / "base.toml").write_text("extends = " + worm)
    mine = tmp_path / "mine.toml"
    for key, rest in (
        ("extends", ""),
        ("policy", f"\nextends = {worm}"),
        ("description", f"\nextends = {worm}"),
        ("policy", '\n[body]\nuse = "planar"\n'),
        ("world", ""),
    ):
        value = f'{{file = "{name}"}}\nextends = "worm"' if key == "world" else f'"{name}"'
        mine.write_text(f"{key} = {value}{rest}")
        with contextlib.suppress(ConfigError):  # a policy may be a name that only a plugin knows
            assert load_robot(mine).policy == name
    with pytest.raises(ConfigError, match=r"no such robot|no such file|File name too long"):
        load_robot(name)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f"a = {'[' * 2000}{']' * 2000}", ""),
        (f"a = {'[' * 40}{']' * 40}", " $.a:"),
        (f"[{'.'.join(['a'] * 2000)}]", " $.a:"),
        (f"extends = 'worm'\nbody.nose = {'{a = ' * 40}1{'}' * 40}", " $.body:"),
    ],
)
def test_tables_in_tables_in_tables_are_one_line(text: str, at: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(text)
    says = re.escape(f"{mine}:{at} tables and lists stand more than 32 deep in one another")
    for load in (load_robot, allowed_plugins):
        with pytest.raises(ConfigError, match=says):
            load(mine)
    robot = tmp_path / "robot.toml"
    robot.write_text('extends = "worm"\n[world]\nfile = "mine.toml"\n')
    with pytest.raises(ConfigError, match=says):
        load_robot(robot)
    with pytest.raises(ConfigError, match=says):
        load_assay(str(mine))
    with pytest.raises(ConfigError, match=says):
        load_table(str(mine))


def test_what_is_kept_of_a_robot_is_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    worm = load_robot("worm")
    assert worm.replace().raw == worm.raw
    (tmp_path / "here.toml").write_text('kind = "plate"\n')
    (tmp_path / "mine.safetensors").write_text("")
    other = worm.replace(body="planar", policy="wave", world="here.toml", rate_hz=100.0)
    assert other.raw == {
        **worm.raw,
        "body": {"use": "planar"},
        "policy": "wave",
        "world": {"file": str(tmp_path / "here.toml")},
        "rate_hz": 100.0,
    }
    assert worm.raw == load_robot("worm").raw, "the one it was made of stays"
    filed = worm.replace(policy="mine.safetensors", world="food")
    assert filed.raw["policy"] == str(tmp_path / "mine.safetensors")
    assert filed.raw["world"] == {"use": "food"}
    same = worm.replace(body=worm.body.use, port="/dev/ttyUSB7")
    assert same.raw["body"] == {**worm.body.settings, "use": worm.body.use, "port": "/dev/ttyUSB7"}
    assert "fallback" in worm.raw["body"], "which was not asked for any more"
