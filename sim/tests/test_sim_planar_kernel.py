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

from wormctl.snake import load_snake

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
N = SNAKE.links
DT_S = 1 / 200
MASS = SNAKE.link.mass_kg
INERTIA = MASS * (SNAKE.link.length_m**2 + 4 * SNAKE.link.radius_m**2) / 12


def centres(heading: float, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Link centres (n, 2) about their mean, and headings, laid out link by link."""
    angles = heading + np.concatenate([[0.0], np.cumsum(q)])
    axis = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = -0.5 * SNAKE.link.length_m * (axis[:-1] + axis[1:])
    places = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return places - places.mean(axis=0), angles


class Oracle:
    """The same physics written with matrices and numerical derivatives."""

    def __init__(self, ground: Ground, heading: float) -> None:
        self.ground = ground
        self.q: FloatArray = np.zeros(N - 1)
        self.place: FloatArray = np.zeros(2)
        self.heading = heading
        self.u: FloatArray = np.zeros(3)
        self.momentum: FloatArray = np.zeros(3)

    def step(self, targets: FloatArray) -> None:
        servo = SNAKE.servo
        speed = (targets - self.q) * (1 - math.exp(-DT_S / servo.time_constant_s)) / DT_S
        new = self.q + np.clip(speed, -servo.max_speed_rad_s, servo.max_speed_rad_s) * DT_S
        new = np.clip(new, -SNAKE.limit_rad, SNAKE.limit_rad)
        rate = (new - self.q) / DT_S
        self.q = np.asarray(new)
        r, angles = centres(self.heading, new)
        h = 1e-6
        s = (centres(self.heading, new + h * rate)[0] - centres(self.heading, new - h * rate)[0]) / (2 * h)
        spin = np.concatenate([[0.0], np.cumsum(rate)])
        matrix = np.zeros((3, 3))
        right = np.zeros(3)
        inertia = own_spin = 0.0
        for i in range(N):
            jacobian = np.array([[1.0, 0.0, -r[i, 1]], [0.0, 1.0, r[i, 0]]])
            turn = np.array(
                [[math.cos(angles[i]), -math.sin(angles[i])], [math.sin(angles[i]), math.cos(angles[i])]]
            )
            drag = np.diag([self.ground.along, self.ground.across])
            if self.ground.law == "coulomb":
                slip = turn.T @ (jacobian @ self.u + s[i])
                ratio = self.ground.along / self.ground.across
                pace = math.sqrt((ratio * slip[0]) ** 2 + slip[1] ** 2 + self.ground.creep_speed_m_s**2)
                drag = np.diag([self.ground.across * ratio**2, self.ground.across]) / pace
            tensor = turn @ drag @ turn.T
            matrix += jacobian.T @ tensor @ jacobian
            right -= jacobian.T @ tensor @ s[i]
            inertia += MASS * r[i] @ r[i] + INERTIA
            own_spin += MASS * (r[i, 0] * s[i, 1] - r[i, 1] * s[i, 0]) + INERTIA * spin[i]
        mass = np.diag([N * MASS, N * MASS, inertia])
        right += (self.momentum - np.array([0.0, 0.0, own_spin])) / DT_S
        self.u = np.linalg.solve(matrix + mass / DT_S, right).astype(np.float64)
        self.momentum = mass @ self.u + np.array([0.0, 0.0, own_spin])
        self.place = self.place + self.u[:2] * DT_S
        self.heading += self.u[2] * DT_S


@pytest.mark.parametrize("ground", [Ground(), Ground(law="coulomb", along=0.07, across=0.7)])
def test_step_agrees_with_the_oracle(ground: Ground) -> None:
    rng = np.random.default_rng(3)
    servo = msgspec.structs.replace(SNAKE.servo, stall_torque_nm=1e6)
    strong = msgspec.structs.replace(SNAKE, servo=servo)
    params, state = pl.planar_params(strong, ground), pl.planar_state(strong, heading_rad=0.4)
    oracle = Oracle(ground, 0.4)
    start = state[[pl.X_M, pl.Y_M]].copy()
    for _ in range(60):
        targets = rng.uniform(-1.2, 1.2, N - 1)
        oracle.step(targets)
        pk.planar_step(params, state, targets, DT_S)
        np.testing.assert_allclose(pl.joint_angles(N, state), oracle.q, atol=1e-12)
        np.testing.assert_allclose(state[[pl.X_M, pl.Y_M]] - start, oracle.place, atol=1e-8)
        np.testing.assert_allclose(state[pl.HEADING_RAD], oracle.heading, atol=1e-8)


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
    wanted = np.array(targets)
    for sign in (1.0, -1.0, 1.0):
        for _ in range(20):
            before = pl.joint_angles(N, state).copy()
            pk.planar_step(params, state, sign * wanted, dt_s)
            moved = np.abs(pl.joint_angles(N, state) - before)
            fastest = SNAKE.servo.max_speed_rad_s * (1 + 1e-9)
            overpowered = np.abs(pl.servo_torques(N, state)) >= SNAKE.servo.stall_torque_nm * (1 - 1e-6)
            assert (moved <= fastest * dt_s)[~overpowered].all()
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
        assert side * state[pl.Y_M] < -0.001


def test_obstacles_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="obstacles"):
        pl.planar_params(SNAKE, obstacles=np.zeros((2, 4)))
