"""A small robot for the commands: an untrained network in the planar body, with food near or far."""

from pathlib import Path

import pytest

from wormctl.controller import Port
from wormctl.neural.ltc import initial_params
from wormctl.neural.store import ltc_tensors
from wormctl.neural.wiring import fully_connected
from wormctl.policy import Kind, Made, Origin, Output, Parameters, PolicyMeta, save_policy

JOINTS = 12

ROBOT = """
policy = "small.safetensors"
[body]
use = "planar"
[world]
file = "far.toml"
[[sensor]]
use = "odour"
[[bind]]
channel = "odour.food"
to = ["ASEL"]
gain = 5.0
[[bind]]
channel = "joint.position"
to = ["stretch"]
"""

WORLD = """
kind = "arena"
[[odour]]
name = "food"
[[odour.source]]
distance_m = {distance}
bearing_deg = {bearing}
"""


@pytest.fixture(scope="session")
def robot_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robot")
    wiring = fully_connected(units=JOINTS + 4, inputs=1 + JOINTS, motors=JOINTS)
    tensors = ltc_tensors(wiring, initial_params(wiring, seed=3))
    meta = PolicyMeta(
        kind=Kind.LTC,
        dt_s=0.02,
        unfolds=2,
        neurons=wiring.names,
        inputs=(Port(name="ASEL"), Port(name="stretch", size=JOINTS, unit="rad")),
        joints=JOINTS,
        outputs=tuple(Output(joint=j) for j in range(JOINTS)),
        made=Made(command="none", seed=3),
        parameters=(Parameters(tensors=tuple(tensors), origin=Origin.RANDOM),),
    )
    save_policy(folder / "small.safetensors", meta, tensors)
    (folder / "robot.toml").write_text(ROBOT)
    (folder / "far.toml").write_text(WORLD.format(distance="[1.0, 2.0]", bearing="[-180, 180]"))
    # Nearer than 0.3 body lengths of the nose: reached in the first tick.
    (folder / "near.toml").write_text(WORLD.format(distance=0.2, bearing=0))
    # Some seeds put it within reach, others do not.
    (folder / "sometimes.toml").write_text(WORLD.format(distance="[0.1, 0.6]", bearing=0))
    return folder


@pytest.fixture(scope="session")
def robot_file(robot_folder: Path) -> Path:
    return robot_folder / "robot.toml"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
