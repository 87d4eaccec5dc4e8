"""A policy of one's own, in a single file, in place of the worm: the same senses, limits and recording."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from wormctl.cli import main
from wormctl.config import ConfigError
from wormctl.controller import Port
from wormctl.own_policy import OwnController
from wormctl.runs import read_run

MINE = '''
"""A sine wave that stops where it smells food."""
import math
from wormctl.device import Config
from wormctl.hookspecs import Offer, hookimpl


class WaveConfig(Config, frozen=True, kw_only=True):
    hz: float = 0.5


class Wave:
    def __init__(self, config):
        self.hz = config.hz
        self.time_s = 0.0

    def reset(self):
        self.time_s = 0.0

    def step(self, inputs, dt, outputs):
        self.time_s += dt
        assert set(inputs) == {"smell", "bend"} and inputs["bend"].shape == (12,)
        for j in range(outputs.size):
            outputs[j] = BEND * math.sin(6.283 * (self.hz * self.time_s - j / 12))


@hookimpl
def wormctl_register_policies(register):
    register(Offer(name="wave", summary="a sine wave", config=WaveConfig, make=Wave, api_version=1))
'''

ROBOT = """
[policy]
use = "wave"
hz = 0.7
[body]
use = "planar"
[world]
use = "food_ahead"
[[sensor]]
use = "odour"
[[bind]]
channel = "odour.food"
to = ["smell"]
[[bind]]
channel = "joint.position"
to = ["bend"]
"""


@pytest.fixture
def robot(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE.replace("BEND", "0.5"))
    path = tmp_path / "robot.toml"
    path.write_text('plugins = ["sim", "mine.py"]\n' + ROBOT)
    return path


def test_it_crawls_in_place_of_the_worm(
    robot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        main(["run", "--robot", str(robot), "--seconds", "6", "--json", "--no-media", "--out", str(out)]) == 0
    )
    summary = json.loads(capsys.readouterr().out)
    assert summary["frequency_hz"] == pytest.approx(0.7, abs=0.1)
    assert summary["speed_bl_per_s"] > 0.05
    run = read_run(out)
    assert np.abs(np.diff(run.record["setpoint_rad"], axis=0)).max() < math.radians(360) * 0.02, "limited"
    assert "hz = 0.7" in run.info.robot


def test_a_single_file_needs_no_robot_file_to_be_named(
    robot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    robot.write_text(ROBOT)
    words = [
        "run",
        "--robot",
        str(robot),
        "--seconds",
        "1",
        "--json",
        "--no-media",
        "--out",
        str(tmp_path / "o"),
    ]
    assert main(words) == 2
    assert "$.policy.use = 'wave': no such policy" in capsys.readouterr().err
    assert main([*words, "--plugin", str(tmp_path / "mine.py")]) == 0
    assert (
        main([*words[:-1], str(tmp_path / "p"), "--plugin", str(tmp_path / "mine.py"), "--plugin", "sim"])
        == 0
    )


def test_only_what_is_allowed_is_loaded(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    robot.write_text('plugins = ["mine.py"]\n' + ROBOT)
    assert main(["run", "--robot", str(robot), "--seconds", "1", "--json", "--no-media"]) == 2
    said = capsys.readouterr().err
    assert "$.world.use = 'food_ahead': no such world" in said
    assert "`plugins` or --plugin allow only files" in said
    robot.write_text('plugins = ["simm"]\n' + ROBOT)
    assert main(["run", "--robot", str(robot), "--seconds", "1", "--json", "--no-media"]) == 2
    assert f"{robot}: $.plugins[0] = 'simm': no such plugin, did you mean 'sim'?" in capsys.readouterr().err
    robot.write_text('plugins = ["nobody.py"]\n' + ROBOT)
    assert main(["run", "--robot", str(robot), "--seconds", "1", "--json", "--no-media"]) == 2
    assert f"{robot}: $.plugins[0] = 'nobody.py': no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("bend", "status", "said"),
    [
        ("float('nan')", 1, "not finite for joints [0, 1"),
        ("1 / 0", 2, "its first step fails: ZeroDivisionError"),
        ("1e9", 0, ""),
    ],
)
def test_whatever_it_asks_for_no_joint_gets_what_it_may_not(
    robot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bend: str, status: int, said: str
) -> None:
    (tmp_path / "mine.py").write_text(MINE.replace("BEND", bend))
    out = tmp_path / "out"
    words = ["run", "--robot", str(robot), "--seconds", "2", "--json", "--no-media", "--out", str(out)]
    assert main(words) == status
    assert said in capsys.readouterr().err
    if status == 0:
        assert np.abs(read_run(out).record["setpoint_rad"]).max() <= math.radians(61)


def test_a_missing_sample_is_nan_and_a_good_one_its_value() -> None:
    seen = []

    class Policy:
        def reset(self) -> None: ...

        def step(self, inputs: object, dt: float, outputs: object) -> None:
            seen.append((dt, {name: values.tolist() for name, values in inputs.items()}))  # type: ignore[attr-defined]

    controller = OwnController("mine", Policy(), [Port(name="a"), Port(name="b", size=2)], 3, 0.02)
    good = np.array([True, False, True])
    controller.step(np.array([1.0, 2.0, 3.0]), good, np.zeros(3))
    dt, values = seen[0]
    assert (dt, values["a"]) == (0.02, [1.0])
    assert math.isnan(values["b"][0])
    assert values["b"][1] == 3.0
    with pytest.raises(KeyError, match="no cells"):
        controller.ablate(["AVA"])


def test_an_object_that_is_no_policy_is_told_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match=r"mine: has no method step: a policy needs reset"):
        OwnController("mine", type("P", (), {"reset": lambda self: None})(), [], 3, 0.02)


def test_a_step_that_returns_its_setpoints_is_told_where_they_belong() -> None:
    class Returning:
        def reset(self) -> None: ...

        def step(self, inputs: object, dt: float, outputs: object) -> None:
            return [0.0] * 12  # type: ignore[return-value]

    controller = OwnController("mine", Returning(), [], 12, 0.02)
    with pytest.raises(TypeError, match="step of mine returns something: it must fill outputs"):
        controller.step(np.zeros(0), np.zeros(0, dtype=np.bool_), np.zeros(12))


def test_trials_tell_which_policy_lived(robot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--robot", str(robot), "--trials", "1", "--seconds", "1", "--workers", "1"]
    assert main(["evaluate", *words]) == 0
    assert capsys.readouterr().out.startswith("wave in body planar")
