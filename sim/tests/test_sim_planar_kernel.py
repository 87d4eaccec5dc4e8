"""The planar snake's kernels against a slow oracle, and what any snake on a plane must do."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from wormctl_sim import planar_kernel as pk
from wormctl_sim import planar_layout as pl
from wormctl_sim.ground import Ground

from wormctl.snake import Snake, load_snake

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
N = SNAKE.links
DT_S = 1 / 200
MASS = SNAKE.link.mass_kg
INERTIA = MASS * (SNAKE.link.length_m**2 + 4 * SNAKE.link.radius_m**2) / 12


def with_servo(**numbers: float) -> Snake:
    """The reference snake with another servo."""
    return msgspec.structs.replace(SNAKE, servo=msgspec.structs.replace(SNAKE.servo, **numbers))


def places(z: FloatArray) -> FloatArray:
    """Link centres (n, 2) of a snake at z = (x, y, heading, joint angles), laid out link by link."""
    angles = z[2] + np.concatenate([[0.0], np.cumsum(z[3:])])
    axis = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = -0.5 * SNAKE.link.length_m * (axis[:-1] + axis[1:])
    return np.asarray(z[:2] + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]))


class Oracle:
    """The same physics written with one big matrix and numerical derivatives. Its servos never stall."""

    def __init__(self, ground: Ground, stiffness_nm_rad: float, heading: float) -> None:
        self.ground, self.stiffness = ground, stiffness_nm_rad
        self.z: FloatArray = np.zeros(N + 2)
        self.z[2] = heading
        self.w: FloatArray = np.zeros(N + 2)
        self.v: FloatArray = np.zeros((N, 2))

    def step(self, targets: FloatArray) -> None:
        servo = SNAKE.servo
        share = 1 - math.exp(-DT_S / servo.time_constant_s)
        speed = (targets - self.z[3:]) * share / DT_S
        aim = np.clip(speed, -servo.max_speed_rad_s, servo.max_speed_rad_s)
        soft = self.stiffness * DT_S / share
        middle = self.z + 0.5 * DT_S * self.w
        h = 1e-6
        jacobian = np.zeros((N, 2, N + 2))
        for k in range(N + 2):
            step = np.eye(N + 2)[k] * h
            jacobian[:, :, k] = (places(middle + step) - places(middle - step)) / (2 * h)
        matrix = np.diag(np.concatenate([np.zeros(3), np.full(N - 1, soft)]))
        right = np.concatenate([np.zeros(3), soft * aim])
        turns = np.tril(np.ones((N, N + 2)), 2)
        turns[:, :2] = 0.0
        matrix += turns.T @ turns * INERTIA / DT_S
        right += turns.T @ turns @ self.w * INERTIA / DT_S
        for i in range(N):
            angle = turns[i] @ middle
            turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
            drag = np.diag([self.ground.along, self.ground.across])
            if self.ground.law == "coulomb":
                slip = turn.T @ self.v[i]
                ratio = self.ground.along / self.ground.across
                pace = math.sqrt((ratio * slip[0]) ** 2 + slip[1] ** 2 + self.ground.creep_speed_m_s**2)
                drag = np.diag([self.ground.across * ratio**2, self.ground.across]) / pace
            matrix += jacobian[i].T @ (turn @ drag @ turn.T + np.eye(2) * MASS / DT_S) @ jacobian[i]
            right += jacobian[i].T @ self.v[i] * MASS / DT_S
        self.w = np.asarray(np.linalg.solve(matrix, right))
        self.v = jacobian @ self.w
        self.z = self.z + self.w * DT_S


@pytest.mark.parametrize("stiffness", [0.5, 7.5, 1e4])
@pytest.mark.parametrize("ground", [Ground(), Ground(law="coulomb", along=0.07, across=0.7)])
def test_step_agrees_with_the_oracle(ground: Ground, stiffness: float) -> None:
    rng = np.random.default_rng(3)
    snake = with_servo(stall_torque_nm=1e6, stiffness_nm_rad=stiffness)
    params, state = pl.planar_params(snake, ground), pl.planar_state(snake, heading_rad=0.4)
    oracle = Oracle(ground, stiffness, 0.4)
    for _ in range(60):
        targets = rng.uniform(-0.9, 0.9, N - 1)
        oracle.step(targets)
        pk.planar_step(params, state, targets, DT_S)
        np.testing.assert_allclose(pl.joint_angles(N, state), oracle.z[3:], atol=1e-7)
        np.testing.assert_allclose(state[: pl.STATE_HEADER], oracle.z[:3], atol=1e-7)
    assert 0.05 < np.abs(oracle.z[3:]).max() < SNAKE.limit_rad


@pytest.mark.parametrize("stiffness", [0.5, 7.5, 1e4])
@pytest.mark.parametrize("dt_s", [1 / 1000, 1 / 200, 1 / 100])
def test_a_shaken_snake_comes_to_rest_however_soft_its_servos(dt_s: float, stiffness: float) -> None:
    """No shape that its joints can take may grow: tried with all of them at once."""
    snake = with_servo(stiffness_nm_rad=stiffness)
    params, state = pl.planar_params(snake), pl.planar_state(snake)
    pl.joint_angles(N, state)[:] = np.random.default_rng(0).normal(0.0, 1e-3, N - 1)
    for k in range(round(4.0 / dt_s)):
        pk.planar_step(params, state, np.zeros(N - 1), dt_s)
        assert np.abs(pl.joint_angles(N, state)).max() < 3e-3
        if k * dt_s > 3.5:
            assert np.abs(pl.joint_angles(N, state)).max() < 5e-4
            assert np.abs(pl.servo_torques(N, state)).max() < 1e-3


def test_a_joint_under_a_steady_load_sags_by_the_load_over_the_stiffness() -> None:
    for stiffness, load_nm in ((3.0, 0.6), (7.5, 1.2), (7.5, -1.2), (1e4, 1.2)):
        snake = with_servo(stiffness_nm_rad=stiffness)
        params, state = pl.planar_params(snake), pl.planar_state(snake)
        pl.snake_load(N, state)[3 + 4] = load_nm
        for _ in range(2000):
            pk.planar_step(params, state, np.full(N - 1, 0.1), DT_S)
        sag = pl.joint_angles(N, state) - 0.1
        expected = np.where(np.arange(N - 1) == 4, load_nm / stiffness, 0.0)
        np.testing.assert_allclose(sag, expected, atol=1e-4)
        assert pl.servo_torques(N, state)[4] == pytest.approx(-load_nm, rel=1e-3)


def crawl(
    params: FloatArray, state: FloatArray, seconds: float, bend: float = 0.5, bias: float = 0.0
) -> FloatArray:
    """Follow a travelling wave; returns the link poses at the end of every 20 ms, (ticks, links, 3)."""
    joints = np.arange(N - 1)
    poses = np.zeros((round(seconds * 50), N, 3))
    for k, pose in enumerate(poses):
        wave = bend * np.sin(2 * math.pi * 0.7 * k * 0.02 - 0.65 * joints) + bias
        pk.planar_advance(params, state, wave, DT_S, 4)
        pk.link_poses(params, state, pose)
    return poses


def test_starts_where_it_is_put_and_stays_there() -> None:
    params, state = pl.planar_params(SNAKE), pl.planar_state(SNAKE, 1.0, -2.0, 0.7)
    pose = np.zeros((N, 3))
    for _ in range(100):
        pk.planar_step(params, state, np.zeros(N - 1), DT_S)
    pk.link_poses(params, state, pose)
    np.testing.assert_allclose(pose[0], [1.0, -2.0, 0.7], atol=1e-12)
    back = (N - 1) * SNAKE.link.length_m
    np.testing.assert_allclose(
        pose[-1], [1.0 - back * math.cos(0.7), -2.0 - back * math.sin(0.7), 0.7], atol=1e-12
    )


def test_crawls_forward_with_a_wave_from_head_to_tail() -> None:
    poses = crawl(pl.planar_params(SNAKE), pl.planar_state(SNAKE), 10.0)
    assert poses[-1, :, 0].mean() - poses[0, :, 0].mean() > 2.5
    assert abs(poses[-1, :, 1].mean()) < 0.2


def test_a_mirrored_wave_makes_a_mirrored_path() -> None:
    params = pl.planar_params(SNAKE)
    left = crawl(params, pl.planar_state(SNAKE), 4.0, 0.5, 0.1)
    right = crawl(params, pl.planar_state(SNAKE), 4.0, -0.5, -0.1)
    np.testing.assert_allclose(left[..., 0], right[..., 0], atol=1e-9)
    np.testing.assert_allclose(left[..., 1:], -right[..., 1:], atol=1e-9)


def test_the_heading_makes_no_difference() -> None:
    params = pl.planar_params(SNAKE)
    plain = crawl(params, pl.planar_state(SNAKE), 4.0, 0.5, 0.1)
    turned = crawl(params, pl.planar_state(SNAKE, heading_rad=2.0), 4.0, 0.5, 0.1)
    c, s = math.cos(2.0), math.sin(2.0)
    np.testing.assert_allclose(turned[..., 0], c * plain[..., 0] - s * plain[..., 1], atol=1e-9)
    np.testing.assert_allclose(turned[..., 1], s * plain[..., 0] + c * plain[..., 1], atol=1e-9)


def test_no_thrust_without_anisotropy() -> None:
    poses = crawl(pl.planar_params(SNAKE, Ground(along=3.0, across=3.0)), pl.planar_state(SNAKE), 6.0)
    assert abs(poses[-1, :, 0].mean() - poses[0, :, 0].mean()) < 0.15


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=N - 1, max_size=N - 1), st.sampled_from([1 / 1000, 1 / 50]))
def test_any_target_keeps_limits_and_stays_finite(targets: list[float], dt_s: float) -> None:
    params, state = pl.planar_params(SNAKE), pl.planar_state(SNAKE)
    wanted, servo = np.array(targets), SNAKE.servo
    soft = servo.stiffness_nm_rad * dt_s / (1 - math.exp(-dt_s / servo.time_constant_s))
    for sign in (1.0, -1.0, 1.0):
        for _ in range(20):
            before = pl.joint_angles(N, state).copy()
            pk.planar_step(params, state, sign * wanted, dt_s)
            now, torque = pl.joint_angles(N, state), pl.servo_torques(N, state)
            free = np.abs(torque) < servo.stall_torque_nm * (1 - 1e-6)
            free &= np.abs(now) < SNAKE.limit_rad
            unloaded = (now - before) / dt_s + torque / soft
            assert (np.abs(unloaded) <= servo.max_speed_rad_s * (1 + 1e-6))[free].all()
    assert np.abs(pl.joint_angles(N, state)).max() <= SNAKE.limit_rad
    assert np.isfinite(state).all()


def test_the_noses() -> None:
    params, state = pl.planar_params(SNAKE), pl.planar_state(SNAKE, 1.0, 2.0, math.pi / 2)
    one, two = np.zeros(2), np.zeros((2, 2))
    pk.nose(params, state, one)
    pk.two_noses(params, state, two)
    ahead, aside = SNAKE.nose.ahead_m, SNAKE.nose.spread_m / 2
    np.testing.assert_allclose(one, [1.0, 2.0 + ahead])
    np.testing.assert_allclose(two, [[1.0 - aside, 2.0 + ahead], [1.0 + aside, 2.0 + ahead]])


def surface_gap_m(pose: FloatArray, rod: FloatArray) -> float:
    """The smallest gap between any link's skin and a rod's, by sampling the links' axes."""
    half = SNAKE.link.length_m / 2 - SNAKE.link.radius_m
    along = np.linspace(-half, half, 21)[:, None, None]
    w = np.linspace(0, 1, 401)[:, None]
    x = pose[:, 0] + along * np.cos(pose[:, 2]) - rod[0] - w * (rod[2] - rod[0])
    y = pose[:, 1] + along * np.sin(pose[:, 2]) - rod[1] - w * (rod[3] - rod[1])
    return float(np.hypot(x, y).min() - rod[4] - SNAKE.link.radius_m)


def test_a_wall_is_not_passed_and_is_felt() -> None:
    rod = np.array([0.6, -2.0, 0.6, 2.0, 0.02])
    params, state = pl.planar_params(SNAKE, obstacles=rod[None]), pl.planar_state(SNAKE, heading_rad=0.3)
    felt = 0.0
    joints = np.arange(N - 1)
    pose = np.zeros((N, 3))
    for k in range(400):
        pk.planar_advance(params, state, 0.5 * np.sin(0.088 * k - 0.65 * joints), DT_S, 4)
        felt = max(felt, pl.contact_forces(N, state).max())
        if k % 20 == 0:
            pk.link_poses(params, state, pose)
            assert surface_gap_m(pose, rod) > -0.01
            assert (pose[:, 0] < 0.6).all()
    assert felt > 1.0


def test_a_peg_far_away_changes_nothing() -> None:
    free = crawl(pl.planar_params(SNAKE), pl.planar_state(SNAKE), 2.0)
    peg = np.array([[0.0, 5.0, 0.0, 5.0, 0.03]])
    params, state = pl.planar_params(SNAKE, obstacles=peg), pl.planar_state(SNAKE)
    np.testing.assert_array_equal(crawl(params, state, 2.0), free)
    assert not pl.contact_forces(N, state).any()


def test_a_peg_pushes_away_from_itself() -> None:
    for side in (1.0, -1.0):
        peg = np.array([[-0.45, side * 0.05, -0.45, side * 0.05, 0.03]])
        params, state = pl.planar_params(SNAKE, obstacles=peg), pl.planar_state(SNAKE)
        pk.planar_step(params, state, np.zeros(N - 1), DT_S)
        assert np.flatnonzero(pl.contact_forces(N, state)).tolist() == [6]
        for _ in range(40):
            pk.planar_step(params, state, np.zeros(N - 1), DT_S)
        pose = np.zeros((N, 3))
        pk.link_poses(params, state, pose)
        assert side * pose[6, 1] < -0.001


def test_obstacles_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="obstacles"):
        pl.planar_params(SNAKE, obstacles=np.zeros((2, 4)))
