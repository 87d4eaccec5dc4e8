"""`wormctl servo` and the robot file: what it takes from one, and the zeros it puts there."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.for_tests import rig

from wormctl.cli import main
from wormctl.config import convert

HEAD = """# My snake.
policy = "worm302"

[body]
use = "bus-servo"
ids = [4, 9]
port = "{port}"
"""
BIND = """
# Feels its bend.
[[bind]]
channel = "joint.position"
to = ["stretch"]
"""


def made(folder: Path, port: str, rest: str = BIND) -> Path:
    """A robot file of the servos 4 and 9."""
    robot = folder / "snake.toml"
    robot.write_text(HEAD.format(port=port) + rest)
    return robot


def servo(*words: object) -> int:
    return main(["servo", *map(str, words)])


def test_what_a_robot_extends_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with rig("xl330", joints=3) as snake:
        (tmp_path / "below.toml").write_text(
            'extends = "bus-servo-snake"\n[body]\nkind = "xl330"\nids = [1, 2, 3]\n'
        )
        robot = tmp_path / "snake.toml"
        robot.write_text(f'extends = "below.toml"\n[body]\nport = "{snake.port.path}"\n')
        assert servo("zero", "--robot", robot) == 0
        assert capsys.readouterr().out.count("[[body.joint]]") == 3


def test_the_number_of_joints_is_that_of_the_description(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import wormctl.snake

    text = wormctl.snake.REFERENCE.read_text()
    (tmp_path / "short.toml").write_text(text.replace("links = 13", "links = 5"))
    with rig(joints=4) as snake:
        robot = tmp_path / "snake.toml"
        robot.write_text(
            f'description = "short.toml"\n[body]\nuse = "bus-servo"\nport = "{snake.port.path}"\n'
        )
        assert servo("zero", "--robot", robot) == 0
        assert capsys.readouterr().out.count("[[body.joint]]") == 4


def test_a_mistake_is_found_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    below = tmp_path / "below.toml"
    below.write_text('[body]\nuse = "bus-servo"\nkind = "sts"\n')
    robot = tmp_path / "snake.toml"
    robot.write_text('extends = "below.toml"\n')
    assert servo("scan", "--robot", robot) == 2
    assert f"{below}: $.body.kind" in capsys.readouterr().err
    assert servo("scan", "--robot", robot, "--kind", "xl330", "--baud", "500000") == 2
    assert "baud = 500000: a xl330 has" in capsys.readouterr().err


def test_a_robot_file_of_another_body_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robot = tmp_path / "snake.toml"
    robot.write_text('[body]\nuse = "serial"\n')
    assert main(["servo", "scan", "--robot", str(robot)]) == 2
    assert 'body.use: must be "bus-servo"' in capsys.readouterr().err


def test_zero_prints_lines_that_make_the_pose_straight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    robot = tmp_path / "snake.toml"
    with rig(ids=[4, 9], joints=2) as snake:
        snake.bus[4]["present_position"], snake.bus[9]["present_position"] = 1900, 500
        robot.write_text(f'[body]\nuse = "bus-servo"\nids = [4, 9]\nport = "{snake.port.path}"\n')
        assert main(["servo", "zero", "--robot", str(robot)]) == 0
        out, err = capsys.readouterr()
        body = tomllib.loads(robot.read_text() + out)["body"]
        assert [joint["zero"] for joint in body["joint"]] == [1900, 500]
        del body["use"]
        assert convert({**body, "joints": 2}, BusServoConfig, where="test").joint[1].zero == 500
        assert err == (
            "servo 9 can bend from -44 to +60 degrees only: mount its horn so that it is straight near tick 2048\n"
        )
        assert snake.unmoved()


def test_zero_tells_of_stiff_and_missing_servos(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=12) as snake:
        snake.bus[2]["torque_enable"] = 1
        snake.bus[2]["goal_position"] = 2048
        assert servo("zero", "--port", snake.port.path) == 0
        assert "servo 2 is stiff: `wormctl servo off`" in capsys.readouterr().err
        snake.bus[3].silent = True
        assert servo("zero", "--port", snake.port.path) == 2
        assert "no answer of servo 3" in capsys.readouterr().err


def test_zero_says_nothing_before_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with rig(joints=12) as snake:
        snake.bus[5]["present_position"] = 4095
        assert servo("zero", "--port", snake.port.path) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "servo 5 stands at tick 4095, at the end of its turn" in err


def test_zero_writes_into_the_file_again_and_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(ids=[4, 9], joints=2) as snake:
        robot = made(tmp_path, snake.port.path)
        robot.chmod(0o640)
        before = tomllib.loads(robot.read_text())
        for zeros in ([1900, 2100], [1901, 2099]):
            snake.bus[4]["present_position"], snake.bus[9]["present_position"] = zeros
            assert servo("zero", "--robot", robot, "--write") == 0
            assert capsys.readouterr().out == f"2 zeros written to {robot}\n"
            now = tomllib.loads(robot.read_text())
            assert [joint["zero"] for joint in now["body"].pop("joint")] == zeros
            assert now == before
        text = robot.read_text()
        assert text.startswith(HEAD.format(port=snake.port.path) + BIND)
        assert text.count("as `wormctl servo zero` found them") == 1
        assert robot.stat().st_mode & 0o777 == 0o640
        assert [file.name for file in tmp_path.iterdir()] == ["snake.toml"]


def test_zero_keeps_what_a_person_has_set_and_said(tmp_path: Path) -> None:
    joints = """
[[body.joint]]  # 0: servo 4
zero = 1000
direction = -1
low_deg = -20
# Stiff cable here.

[[ body . joint ]]
high_deg = 30.5
"""
    with rig(ids=[4, 9], joints=2) as snake:
        robot = made(tmp_path, snake.port.path, joints + BIND)
        assert servo("zero", "--robot", robot, "--write") == 0
        first, second = tomllib.loads(robot.read_text())["body"]["joint"]
        assert first == {"zero": 2048, "direction": -1, "low_deg": -20, "high_deg": 60}
        assert second == {"zero": 2048, "direction": 1, "low_deg": -60, "high_deg": 30.5}
        assert "# Stiff cable here.\n" in robot.read_text()
        assert BIND in robot.read_text()


def test_joints_that_are_written_otherwise_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with rig(ids=[4, 9], joints=2) as snake:
        robot = made(tmp_path, snake.port.path, "joint = [{zero = 7}, {zero = 8}]\n")
        before = robot.read_text()
        assert servo("zero", "--robot", robot, "--write") == 2
        assert "its joints cannot be replaced: take them out by hand" in capsys.readouterr().err
        assert robot.read_text() == before
        assert servo("zero", "--write", "--port", snake.port.path) == 2
        assert "--write: name the file with --robot" in capsys.readouterr().err


def test_printing_behind_a_file_that_has_its_joints_does_not_spoil_it(tmp_path: Path) -> None:
    with rig(ids=[4, 9], joints=2) as snake:
        robot = made(tmp_path, snake.port.path)
        words = [sys.executable, "-m", "wormctl", "servo", "zero", "--robot", str(robot)]
        assert servo("zero", "--robot", robot, "--write") == 0
        before = robot.read_text()
        with robot.open("a") as out:
            done = subprocess.run(words, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 2
        assert "has its joints already: let `--write` put others in their place" in done.stderr
        assert robot.read_text() == before
