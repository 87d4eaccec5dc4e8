"""Trials: a compiled life is the life of the real loop, tick for tick; and what is drawn, cut, bound and refused."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim.compiled_life import live
from wormctl_sim.ground import Ground
from wormctl_sim.planar_layout import DRAG_ACROSS, DRAG_ALONG, MASS_KG, TIME_CONSTANT_S
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import load_blueprint
from wormctl_train.course import DT_S, PHYSICS_HZ, UNFOLDS, CheatError, Course
from wormctl_train.express import Expression
from wormctl_train.payable import Shown
from wormctl_train.task import TrialSpec, Vary

from wormctl.assembly import assemble
from wormctl.config import ConfigError, read_toml
from wormctl.episode import Episode
from wormctl.loop import TickView
from wormctl.plugins import load_plugins
from wormctl.policy import Kind, Made, Origin, Parameters, PolicyMeta, load_policy, save_policy
from wormctl.robot import load_robot, parse_robot, shipped_robots
from wormctl.worm.controller import WormController
from wormctl.worm.model import WormModel

FloatArray = NDArray[np.float64]

WORLD = """
kind = "arena"
[start]
heading_deg = [-180, 180]
[[odour]]
name = "food"
[[odour.source]]
distance_m = [0.8, 1.2]
bearing_deg = [-60, 60]
circle = { radius_m = 0.2, period_s = 15 }
[[odour]]
name = "diacetyl"
food = false
[[odour.source]]
distance_m = [0.8, 1.2]
bearing_deg = [-60, 60]
[[poison]]
name = "copper"
kind = "gaussian"
scale_m = 0.25
[[poison.source]]
distance_m = [0.3, 0.5]
bearing_deg = [-15, 15]
[[pegs]]
count = 40
distance_m = [0.1, 0.6]
clearance_m = 0.03
[[poke]]
region = "front"
at_s = [2, 4]
[[poke]]
region = "tail"
at_s = [5, 6]
"""
SECONDS = 9.0
SLIPPERY = Ground(along=0.03, across=0.6)


@cache
def model() -> WormModel:
    blueprint = load_blueprint("worm302")
    return Expression(blueprint, anatomy())(blueprint.values(np.zeros(len(blueprint.genes))))


def course(world: str = "empty", **fields: object) -> Course:
    spec = TrialSpec(**{"name": "one", "world": world, "seconds": 3.0} | fields)  # type: ignore[arg-type]
    return Course(spec, load_robot(), anatomy(), world, "$.trial[0]")


def lives(of: Course, generation: int = 0) -> list[Shown]:
    return of.run(of.worm(model()), model().structure(), of.scenes(generation))


def saved(folder: Path) -> Path:
    """The worm in a policy file, as `wormctl run` takes it."""
    controller = WormController(model(), DT_S, UNFOLDS)
    tensors = model().tensors()
    meta = PolicyMeta(
        kind=Kind.WORM,
        dt_s=DT_S,
        unfolds=UNFOLDS,
        neurons=controller.neurons,
        inputs=controller.inputs,
        joints=controller.joints,
        made=Made(command="none"),
        parameters=(Parameters(tensors=tuple(tensors), origin=Origin.RANDOM),),
    )
    save_policy(folder / "worm.safetensors", meta, tensors)
    return folder / "worm.safetensors"


@pytest.mark.parametrize(
    ("generation", "ablate"), [(0, []), (1, ["RIA", "AVA~VA", "AWA>AIZ", "ASE=>AWC"])], ids=["whole", "cut"]
)
def test_a_compiled_life_is_the_life_of_the_real_loop(
    generation: int, ablate: list[str], tmp_path: Path
) -> None:
    world, policy = tmp_path / "w.toml", saved(tmp_path)
    world.write_text(WORLD)
    one = course(str(world), seconds=SECONDS, ablate=ablate)
    (scene,) = one.scenes(generation)

    body = {"use": "planar", "physics_hz": PHYSICS_HZ}
    raw = read_toml(shipped_robots()["worm"]) | {
        "policy": str(policy), "world": {"file": str(world)}, "body": body,
    }  # fmt: skip
    poses: list[FloatArray] = []
    inputs: list[FloatArray] = []

    def watch(view: TickView) -> None:
        assert view.truth is not None
        poses.append(view.truth.pose.copy())
        inputs.append(view.x.copy())

    robot = parse_robot(raw, where="robot", folder=tmp_path)
    with assemble(robot, load_plugins(), seed=scene.arena.seed, ablate=ablate) as assembly:
        episode = Episode(assembly, seconds=SECONDS, linger_s=math.inf)
        assert not episode.live([watch]).faulted
        rows = episode.recorder.rows()
        ports = [port.name for port in assembly.controller.inputs]

    loaded = WormModel.from_tensors(load_policy(policy).tensors)
    (shown,) = one.run(one.worm(loaded), loaded.structure(), [scene])
    assert len(shown.record) == len(poses) == round(SECONDS / DT_S)
    np.testing.assert_allclose(shown.record["pose"], poses, rtol=0, atol=1e-9)
    for field in ("joint.position", "goal_distance_m", "nose", "time_s"):
        np.testing.assert_allclose(shown.record[field], rows[field], rtol=0, atol=1e-5, err_msg=field)

    # It was a life with everything in it.
    felt = dict(zip(ports, np.array(inputs).T[: len(ports)], strict=True))
    assert shown.record["joint.position"].std() > 0.1
    assert felt["ALML"].max() >= 1.0
    assert felt["PLML"].max() >= 1.0
    assert felt["ASHL"].max() > 0.05
    assert np.ptp(felt["AWCL" if ablate else "ASEL"]) > 0.01
    calm = (shown.time_s < shown.pokes[0, 1]) | (shown.time_s > shown.pokes[-1, 2] + 0.1)
    assert (felt["ALML"] + felt["PLML"] + felt["FLPL"])[calm].max() > 0.0, "it touched no peg"


def test_a_generation_has_its_scenes_whoever_draws_them() -> None:
    def look(generation: int, name: str = "one") -> list[list[float]]:
        scenes = course("food", lives=3, name=name).scenes(generation)
        return [[*scene.arena.home.ravel(), *scene.body.start] for scene in scenes]

    assert look(4) == look(4)
    assert look(4) != look(5)
    assert look(4) != look(4, "two")
    assert len({tuple(scene) for scene in look(4)}) == 3


def test_a_life_repeats_bit_for_bit() -> None:
    for field in ("pose", "joint.position"):
        one, other = (lives(course("food"))[0].record[field] for _ in range(2))
        np.testing.assert_array_equal(one, other)


def test_a_fan_heads_in_all_directions_evenly() -> None:
    one = course(lives=5, fan=True)
    turned = set()
    for generation in (0, 1):
        headings = [float(scene.body.start[2]) for scene in one.scenes(generation)]
        steps = [math.remainder(step, 2 * math.pi) for step in np.diff(headings)]
        assert steps == pytest.approx([2 * math.pi / 5] * 4)
        turned.add(headings[0])
    assert len(turned) == 2


def test_what_varies_is_drawn_from_its_range_for_every_life() -> None:
    vary = Vary(
        mass=(0.5, 2.0), drag=(0.5, 0.8), anisotropy=(1.1, 1.4), servo_lag=(2.0, 3.0), latency_s=(0.02, 0.06),
        odour_noise=(0.01, 0.03),
    )  # fmt: skip
    (plain,) = course("food").scenes(0)
    scenes = course("food", lives=12, vary=vary).scenes(0)
    for name, at, (low, high) in (
        ("mass", MASS_KG, vary.mass),
        ("drag", DRAG_ALONG, vary.drag),
        ("lag", TIME_CONSTANT_S, vary.servo_lag),
    ):
        factors = [scene.body.params[at] / plain.body.params[at] for scene in scenes]
        assert low <= min(factors) < max(factors) <= high, name
    across = [scene.body.params[DRAG_ACROSS] / scene.body.params[DRAG_ALONG] / 20.0 for scene in scenes]
    assert 1.1 <= min(across) < max(across) <= 1.4
    assert {scene.body.latency for scene in scenes} == {1, 2, 3}
    spread = [scene.around.noise.std() for scene in scenes]
    assert 0.008 < min(spread) < max(spread) < 0.033
    assert plain.body.latency == 0
    assert not plain.around.noise.any()


def test_latency_delays_the_joints_by_so_many_ticks() -> None:
    first = []
    for latency_s in (0.0, 0.06):
        (life,) = lives(course(vary=Vary(latency_s=(latency_s, latency_s))))
        first.append(int(np.flatnonzero(np.abs(life.record["joint.position"]).max(axis=1))[0]))
    assert first[1] - first[0] == 3


def test_noise_reaches_the_worm() -> None:
    paths = [
        lives(course("food", vary=Vary(odour_noise=(noise, noise))))[0].record["pose"]
        for noise in (0.0, 0.05)
    ]
    assert not np.array_equal(paths[0], paths[1])


def test_the_ground_and_steady_currents_and_cuts_are_the_trial_s() -> None:
    one = course(ablate=["premotor"], excite={"RIVL": 8.0, "SMDD": 1.0}, ground=SLIPPERY)
    changed = one.worm(model())
    names = list(anatomy().connectome.names)
    moved = changed.neuron_bias - model().neuron_bias
    expected = {"RIVL": 8.0, "SMDDL": 1.0, "SMDDR": 1.0}
    assert {name: value for name, value in zip(names, moved, strict=True) if value > 0.0} == expected
    assert not changed.chem_w[anatomy().mask("AVA", "AVB")[changed.chem_pre]].any()
    (scene,) = one.scenes(0)
    assert (scene.body.params[DRAG_ALONG], scene.body.params[DRAG_ACROSS]) == (0.03, 0.6)


def test_a_life_knows_the_ground_that_was_drawn_for_it() -> None:
    one = course(ground=SLIPPERY, vary=Vary(drag=(0.5, 2.0), anisotropy=(0.5, 2.0)))
    for generation in (0, 1):
        (scene,) = one.scenes(generation)
        (life,) = one.run(model(), model().structure(), [scene])
        drag = (life.ground.along, life.ground.across)
        assert drag == (scene.body.params[DRAG_ALONG], scene.body.params[DRAG_ACROSS])
        assert drag != (SLIPPERY.along, SLIPPERY.across)


def reached(of: Course, channel: int) -> set[str]:
    (scene,) = of.scenes(0)
    cells, around = anatomy().connectome.names, scene.around
    return {cells[anatomy().receptor_neuron[t]] for t in around.target[around.channel == channel]}


def test_a_channel_reaches_the_cells_of_the_robot_file_or_those_of_the_trial() -> None:
    assert reached(course("food"), 0) >= {"ASEL", "ASER"}
    moved = course("food", bind={"odour.food": ["AWAL", "AWAR"]})
    (scene,) = moved.scenes(0)
    food = int(np.flatnonzero(scene.around.extent[:, 1] > scene.around.extent[:, 0])[0])
    assert reached(moved, food) == {"AWAL", "AWAR"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"world": "foood"}, r"\$\.trial\[0\]\.world: .*no such world, did you mean 'food'"),
        ({"world": "rough"}, r"\$\.trial\[0\]\.world: 'rough' is uneven, and training is done in a plane"),
        ({"excite": {"AVZ": 1.0}}, r"\$\.trial\[0\]\.excite: no such cell or class, did you mean"),
        ({"ablate": ["AVZ"]}, r"\$\.trial\[0\]\.ablate: 'AVZ' is no neuron or neuron class"),
        ({"ablate": ["ASE>DD"]}, r"\$\.trial\[0\]\.ablate: 'ASE>DD': there is no chemical synapse"),
        ({"ablate": ["AVA=>AVB"]}, r"\$\.trial\[0\]\.ablate: 'AVA=>AVB': .* binds nothing to AVA"),
        (
            {"bind": {"odour.fod": ["ASEL"]}},
            r"\$\.trial\[0\]\.bind: no such channel, did you mean 'odour.food'",
        ),
        ({"bind": {"odour.food.left": ["ASEL"]}}, r"\$\.trial\[0\]\.bind: no such channel"),
        ({"bind": {"odour.food": ["AVAL"]}}, r"\$\.trial\[0\]: \$\.bind of odour.food: no such input"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        course(**fields).worm(model())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bind", "told"),
    [
        (
            {"channel": "odour.food.left", "to": ["ASEL"]},
            "odour.food.left of the robot: training knows smells at one",
        ),
        (
            {"channel": "range.front", "to": ["ASEL"]},
            "range.front of the robot: training knows smells at one nose",
        ),
        ({"channel": "odour.food", "to": ["ASEL"], "offset": 0.1}, "offset = 0.1: must be 0 in training"),
    ],
)
def test_a_robot_that_training_cannot_give_is_refused(bind: dict[str, object], told: str) -> None:
    raw = read_toml(shipped_robots()["worm"])
    raw["bind"].append(bind)
    spec = TrialSpec(name="one", world="empty", seconds=1.0)
    with pytest.raises(ConfigError, match=told):
        Course(spec, parse_robot(raw, where="robot", folder=Path()), anatomy(), "empty", "$.trial[0]")


@pytest.mark.parametrize("value", [math.nan, 1.2])
def test_a_life_that_cannot_be_is_a_cheat(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    def bent(*args: Any) -> bool:
        fine = live(*args)
        args[-1].joints[20, 3] = value
        return bool(fine)

    one = course(seconds=1.0)
    assert lives(one)
    monkeypatch.setattr("wormctl_train.course.live", bent)
    with pytest.raises(CheatError):
        lives(one)
