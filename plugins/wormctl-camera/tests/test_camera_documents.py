"""What a user copies must work: the robot files of the README and the example files. Importing loads no library."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from wormctl_camera.config import CameraConfig
from wormctl_camera.plugin import make_camera

from wormctl.assay.file import load_assay
from wormctl.config import convert
from wormctl.policy import find_policy, load_policy
from wormctl.robot import load_robot

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE / "examples"
BLOCKS = re.findall(r"^```toml\n(.*?)^```", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.M | re.S)
ASSAYS = [
    path.name for path in sorted(EXAMPLES.glob("*.toml")) if "judge" in path.read_text(encoding="utf-8")
]


@pytest.fixture(scope="module")
def inputs() -> set[str]:
    """What the shipped worm can be given."""
    return {port.name for port in load_policy(find_policy("worm302")).meta.inputs}


@pytest.mark.parametrize("text", BLOCKS)
def test_the_readme_binds_what_there_is(text: str, inputs: set[str]) -> None:
    robot = tomllib.loads(text)
    offered = {"joint.position"}
    for sensor in robot["sensor"]:
        assert sensor.pop("use") == "camera"
        device = make_camera(convert(sensor, CameraConfig, where="README.md"))
        offered |= {channel.name for channel in device.spec.channels}
    for bind in robot.get("bind", []):
        assert bind["channel"] in offered
        assert set(bind["to"]) <= inputs


def test_the_readme_has_robot_files() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize("name", ["light_robot.toml", "ball_robot.toml"])
def test_the_example_robots_can_be_read(name: str) -> None:
    robot = load_robot(str(EXAMPLES / name))
    assert [part.use for part in robot.sensors] == ["camera"]


@pytest.mark.parametrize("name", ASSAYS)
def test_the_example_assays_can_be_read(name: str) -> None:
    robot = load_assay(name, EXAMPLES).robot("worm")
    assert [part.use for part in robot.sensors] == ["camera"]
    assert len(robot.binds) == (1 if name in ("dark.toml", "ball_unseen.toml") else 2)


def test_the_lamp_stands_where_the_world_marks_it() -> None:
    (place,) = re.findall(
        r"at_m = \[(.*), (.*)\]", (EXAMPLES / "lamp_world.toml").read_text(encoding="utf-8")
    )
    for name in ("light_robot.toml", "ball_robot.toml"):
        sensor = dict(load_robot(str(EXAMPLES / name)).sensors[0].settings)
        config = convert(sensor, CameraConfig, where=name)
        assert (config.lamp_x_m, config.lamp_y_m) == (float(place[0]), float(place[1]))


def test_importing_the_plugin_loads_no_library() -> None:
    code = (
        "import sys, wormctl_camera.plugin; "
        "print([name for name in ('PIL', 'cv2', 'picamera2') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
