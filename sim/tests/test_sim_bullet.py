"""The PyBullet bodies: they agree with the planar body, lie still, crawl, feel, and repeat themselves."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim.arena import Arena
from wormctl_sim.bullet_config import BulletConfig, bullet_installed, make_bullet_body
from wormctl_sim.ground import Ground
from wormctl_sim.planar_body import PlanarBody, PlanarConfig
from wormctl_sim.simulated import SimulatedBody
from wormctl_sim.world_files import load_world

from wormctl.device import Context, DeviceError
from wormctl.snake import Snake, load_snake

pytestmark = pytest.mark.skipif(not bullet_installed(), reason="PyBullet is not installed")

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
PERIOD_S = 0.02
JOINTS = np.arange(SNAKE.joints)


def crawl(
    body: SimulatedBody,
    seconds: float,
    *,
    bend: float = 0.5,
    hz: float = 0.7,
    lag: float = 0.65,
    bias: float = 0.0,
    world: Arena | None = None,
    snake: Snake = SNAKE,
) -> FloatArray:
    """Every tick's link poses, (ticks, links, 3), as a wave runs from head to tail; the body is closed."""
    body.configure(Context(snake=snake, period_s=PERIOD_S, seed=1, world=world))
    body.arm(0.0)
    poses = np.zeros((round(seconds / PERIOD_S), SNAKE.links, 3))
    for k, pose in enumerate(poses):
        now = k * PERIOD_S
        wave = bend * np.sin(2 * math.pi * hz * now - lag * JOINTS) + bias
        body.write(min(1.0, now / 0.5) * wave, now)
        pose[:] = body.truth.pose
    body.close()
    return poses


def speed_and_turn(poses: FloatArray, hz: float, warm_s: float = 2.0) -> tuple[float, float]:
    """Body lengths a second along the path of whole cycles, and mean turn rate in rad/s."""
    middle = poses.mean(axis=1)
    cycles = int((len(poses) * PERIOD_S - warm_s) * hz)
    at = np.minimum(np.round((warm_s + np.arange(cycles + 1) / hz) / PERIOD_S), len(poses) - 1).astype(int)
    path = np.hypot(*np.diff(middle[at, :2], axis=0).T).sum()
    return path * hz / cycles / SNAKE.length_m, (middle[at[-1], 2] - middle[at[0], 2]) * hz / cycles


def bullet(form: str, ground: Ground | None = None) -> SimulatedBody:
    assert form in ("planar_root", "gravity")
    config = BulletConfig(form=form, ground=ground or Ground())  # type: ignore[arg-type]
    return make_bullet_body(config)


GAITS = list(itertools.product((0.25, 0.5), (0.4, 0.8), (0.5, 0.8), (0.0, 0.1)))
# Long waves with a wide swing: most of what they ask of the servos is more than a servo has.
GAITS += list(itertools.product((0.6,), (0.5, 0.8), (0.3, 0.5), (0.0, 0.1)))


@pytest.mark.parametrize(("bend", "hz", "lag", "bias"), GAITS)
def test_planar_and_pybullet_agree_within_four_percent(
    bend: float, hz: float, lag: float, bias: float
) -> None:
    seconds = 2.0 + 2.0 / hz
    found = [
        speed_and_turn(crawl(body, seconds, bend=bend, hz=hz, lag=lag, bias=bias), hz)
        for body in (PlanarBody(), bullet("planar_root"))
    ]
    assert found[0][0] == pytest.approx(found[1][0], rel=0.04)
    assert found[0][1] == pytest.approx(found[1][1], rel=0.04, abs=0.01)
    assert found[1][0] > 0.02
    if bias:
        assert found[1][1] < -0.05


def test_they_agree_on_coulomb_ground() -> None:
    ground = Ground(law="coulomb", along=0.07, across=0.7)
    planar = speed_and_turn(crawl(PlanarBody(PlanarConfig(ground=ground)), 6.0, bias=0.1), 0.7)
    root = speed_and_turn(crawl(bullet("planar_root", ground), 6.0, bias=0.1), 0.7)
    free = speed_and_turn(crawl(bullet("gravity", ground), 6.0, bias=0.1), 0.7)
    assert planar == pytest.approx(root, rel=0.1)
    assert free == pytest.approx(root, rel=0.1)


def with_stiffness(nm_rad: float) -> Snake:
    return msgspec.structs.replace(SNAKE, servo=msgspec.structs.replace(SNAKE.servo, stiffness_nm_rad=nm_rad))


@pytest.mark.parametrize("stiffness", [0.5, 3.0, 1e4])
def test_soft_and_stiff_servos_bend_alike_in_all_bodies(stiffness: float) -> None:
    """The wave that comes of it is smaller the softer they are: the bodies agree on how small."""
    snake = with_stiffness(stiffness)
    swings, speeds = [], []
    for body in (PlanarBody(), bullet("planar_root"), bullet("gravity")):
        poses = crawl(body, 6.0, bend=0.4, hz=0.5, bias=0.05, snake=snake)
        swings.append(np.diff(poses[100:, :, 2], axis=1).std(axis=0))
        speeds.append(speed_and_turn(poses, 0.5))
        assert np.abs(np.diff(poses[100:, :, 2], 2, axis=0)).max() < 0.03  # nothing trembles
    for swing, speed in zip(swings[1:], speeds[1:], strict=True):
        np.testing.assert_allclose(swing, swings[0], atol=0.004)
        assert speed == pytest.approx(speeds[0], rel=0.02)
    lost = 1.0 - swings[0].min() / (0.4 / math.sqrt(2))
    assert lost > 0.1 if stiffness == 0.5 else lost < 0.1


@pytest.mark.parametrize("form", ["planar_root", "gravity"])
@pytest.mark.parametrize(("stiffness", "load_nm"), [(3.0, 0.6), (7.5, -1.2), (1e4, 1.2)])
def test_a_joint_under_a_steady_load_sags_by_the_load_over_the_stiffness(
    form: str, stiffness: float, load_nm: float
) -> None:
    from wormctl_sim.bullet_client import p

    body = bullet(form)
    period_s = 1 / body.config.physics_hz  # a push from outside lasts one physics step
    body.configure(Context(snake=with_stiffness(stiffness), period_s=period_s, seed=1))
    body.arm(0.0)
    number = body.snake_id, body.client  # type: ignore[attr-defined]
    first = p.getNumJoints(number[0], physicsClientId=number[1]) - SNAKE.joints
    target = np.full(SNAKE.joints, 0.1)
    for k in range(1000):
        for link, torque in ((first + 4, load_nm), (first + 3, -load_nm)):
            p.applyExternalTorque(number[0], link, [0, 0, torque], p.WORLD_FRAME, physicsClientId=number[1])
        body.write(target, k * period_s)
    sag = np.diff(body.truth.pose[:, 2]) - target
    body.close()
    np.testing.assert_allclose(sag, np.where(JOINTS == 4, load_nm / stiffness, 0.0), atol=2e-3)


def test_overloaded_servos_give_way_alike() -> None:
    swings = []
    for body in (PlanarBody(), bullet("planar_root")):
        poses = crawl(body, 8.0, bend=0.6, hz=0.8, lag=0.2)
        swings.append(np.diff(poses[100:, :, 2], axis=1).std(axis=0))
    assert np.abs(swings[0] - 0.6 / math.sqrt(2)).max() > 0.02
    np.testing.assert_allclose(swings[0], swings[1], atol=0.012)


@pytest.mark.parametrize("form", ["planar_root", "gravity"])
def test_a_joint_wrenched_past_its_range_is_held_by_its_stop(form: str) -> None:
    body = bullet(form)
    body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
    body.arm(0.0)
    rng = np.random.default_rng(3)
    angles, target = [], np.zeros(SNAKE.joints)
    for k in range(1500):
        if k % 20 == 0:  # all joints the same way: far more than the servos can do
            target = np.sign(rng.normal(size=SNAKE.joints) + rng.normal())
        body.write(target, k * PERIOD_S)
        angles.append(np.diff(body.truth.pose[:, 2]))
    body.close()
    beyond = np.abs(angles) > SNAKE.limit_rad + math.radians(1.0)
    assert beyond.mean() < 0.04  # PyBullet's stops give a little when hit hard


def test_on_flat_ground_gravity_changes_little() -> None:
    root = speed_and_turn(crawl(bullet("planar_root"), 6.0, bias=0.1), 0.7)
    free = speed_and_turn(crawl(bullet("gravity"), 6.0, bias=0.1), 0.7)
    assert free == pytest.approx(root, rel=0.03)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_crawls_over_rough_ground_without_falling_over(seed: int) -> None:
    from wormctl_sim.bullet_client import p

    world = load_world("rough")
    world.reset(seed)
    body = bullet("gravity")
    body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1, world=world))
    body.arm(0.0)
    start = body.truth.pose[:, :2].mean(axis=0)
    heights = []
    for k in range(500):
        now = k * PERIOD_S
        body.write(min(1.0, now) * 0.5 * np.sin(2 * math.pi * 0.7 * now - 0.65 * JOINTS), now)
        place, turn = p.getBasePositionAndOrientation(body.snake_id, physicsClientId=body.client)  # type: ignore[attr-defined]
        roll, pitch, _ = p.getEulerFromQuaternion(turn)
        assert abs(roll) < 0.3
        assert abs(pitch) < 0.3
        heights.append(place[2])
    travelled = np.hypot(*(body.truth.pose[:, :2].mean(axis=0) - start))
    body.close()
    assert travelled > 0.15 * SNAKE.length_m * 10.0
    assert min(heights) > 0.02
    assert max(heights) < 0.06
    assert max(heights) - min(heights) > 0.002


def test_it_lies_still() -> None:
    for form in ("planar_root", "gravity"):
        body = bullet(form)
        poses = crawl(body, 2.0, bend=0.0)
        np.testing.assert_allclose(poses[-1], poses[0], atol=1e-6)
        np.testing.assert_allclose(poses[-1, 0], 0.0, atol=1e-6)


def test_it_starts_where_the_world_says_with_unwrapped_headings() -> None:
    world = load_world("food")
    for seed in (1, 2):
        world.reset(seed)
        for body in (PlanarBody(), bullet("planar_root"), bullet("gravity")):
            poses = crawl(body, 0.1, bend=0.0, world=world)
            np.testing.assert_allclose(poses[-1, 0], world.start, atol=1e-4)
    world.start[2] = 3.1
    turning = crawl(bullet("gravity"), 10.0, bias=0.15, world=world)
    assert np.abs(np.diff(turning[:, :, 2], axis=0)).max() < 0.5
    assert abs(turning[-1, 0, 2] - 3.1) > math.pi


@pytest.mark.parametrize("name", ["planar", "planar_root", "gravity"])
def test_walls_and_pegs_are_felt_and_hold(name: str) -> None:
    world = load_world("wall")
    body: SimulatedBody = PlanarBody() if name == "planar" else bullet(name)
    body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1, world=world))
    body.arm(0.0)
    wall_x = world.obstacles[0, 0] - world.obstacles[0, 4]
    felt = np.zeros(SNAKE.links)
    for k in range(300):
        now = k * PERIOD_S
        body.write(0.5 * np.sin(2 * math.pi * 0.7 * now - 0.65 * JOINTS), now)
        felt = np.maximum(felt, body.truth.contact_n)
        if abs(body.truth.pose[0, 1]) < 0.4:
            assert body.truth.pose[0, 0] < wall_x
        if k < 20:
            assert not felt.any()
    body.close()
    assert felt[0] > 0.5
    assert felt.max() < 500.0


def test_servos_obey_their_speed_limit_and_joints_their_limits() -> None:
    for body in (PlanarBody(), bullet("planar_root"), bullet("gravity")):
        body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
        body.arm(0.0)
        before = np.zeros(SNAKE.joints)
        for k in range(40):
            body.write(np.where(JOINTS % 2 == 0, 2.0, -2.0) * (1 if k < 20 else -1), k * PERIOD_S)
            angles = np.diff(body.truth.pose[:, 2])
            assert np.abs(angles - before).max() < SNAKE.servo.max_speed_rad_s * PERIOD_S * 1.05
            assert np.abs(angles).max() < SNAKE.limit_rad * 1.02
            before = angles
        assert np.abs(before).min() > 0.9 * SNAKE.limit_rad
        body.close()


def test_targets_glide_from_setpoint_to_setpoint() -> None:
    """A jump in every tick would shake the snake and saturate the servos."""
    share = 1 - math.exp(-1 / 200 / SNAKE.servo.time_constant_s)
    expected = 0.0
    for step in range(4):
        expected += share * (0.04 * (step + 1) / 4 - expected)
    for body in (PlanarBody(), bullet("planar_root"), bullet("gravity")):
        body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
        body.arm(0.0)
        zigzag = np.where(JOINTS % 2 == 0, 1.0, -1.0)
        body.write(0.04 * zigzag, 0.0)
        np.testing.assert_allclose(np.diff(body.truth.pose[:, 2]) * zigzag, expected, rtol=0.02)
        body.close()


@pytest.mark.parametrize("form", ["planar_root", "gravity"])
def test_configuring_again_starts_over(form: str) -> None:
    body = bullet(form)
    np.testing.assert_array_equal(crawl(body, 1.0), crawl(body, 1.0))


SCRIPT = """
import sys, hashlib
sys.path.insert(0, sys.argv[1])
from test_sim_bullet import fingerprint
print(fingerprint())
"""


def fingerprint() -> str:
    """A digest of everything three bodies did among pegs, and on bumps."""
    digest = hashlib.sha256()
    pegs, rough = load_world("pegs"), load_world("rough")
    for seed in (3, 4):
        pegs.reset(seed)
        rough.reset(seed)
        for body in (PlanarBody(), bullet("planar_root"), bullet("gravity")):
            digest.update(crawl(body, 4.0, world=pegs).tobytes())
        digest.update(crawl(bullet("gravity"), 2.0, world=rough).tobytes())
    return digest.hexdigest()


def test_another_process_finds_exactly_the_same() -> None:
    here = os.path.dirname(__file__)
    found = subprocess.run([sys.executable, "-c", SCRIPT, here], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == fingerprint()
    assert found.stderr == ""


def test_nothing_is_printed() -> None:
    script = SCRIPT.replace("import fingerprint", "import *").replace(
        "print(fingerprint())", "crawl(bullet('planar_root'), 0.1)"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, os.path.dirname(__file__)], check=True, capture_output=True, text=True
    )
    assert found.stdout == ""
    assert found.stderr == ""


def test_what_cannot_be_had_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(snake=SNAKE, period_s=PERIOD_S, seed=1, world=load_world("rough"))
    for body in (PlanarBody(), bullet("planar_root")):
        with pytest.raises(DeviceError, match="add --body pybullet_gravity"):
            body.configure(context)
        body.close()
    with pytest.raises(DeviceError, match=r"physics_hz = 200.*multiple of 60"):
        PlanarBody().configure(Context(snake=SNAKE, period_s=1 / 60, seed=1))
    with pytest.raises(DeviceError, match="set joints = 12"):
        PlanarBody(PlanarConfig(joints=9)).configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(DeviceError, match="no screen"):
        make_bullet_body(BulletConfig(gui=True)).configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))


def test_a_setpoint_that_is_not_a_number_moves_nothing() -> None:
    for body in (PlanarBody(), bullet("planar_root")):
        body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
        with pytest.raises(DeviceError, match="not armed"):
            body.write(np.zeros(SNAKE.joints), 0.0)
        body.arm(0.0)
        before = body.truth.pose.copy()
        for wrong in (np.full(SNAKE.joints, np.nan), np.full(SNAKE.joints, np.inf), np.zeros(3)):
            with pytest.raises(DeviceError):
                body.write(wrong, 0.0)
        np.testing.assert_array_equal(body.truth.pose, before)
        body.stop("test")
        with pytest.raises(DeviceError, match="not armed"):
            body.write(np.zeros(SNAKE.joints), 0.0)
        body.close()
