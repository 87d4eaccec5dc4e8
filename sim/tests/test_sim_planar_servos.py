"""Servos of the planar snake under load: held to Newton's law, written out link by link."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim import planar_kernel as pk
from wormctl_sim import planar_layout as pl
from wormctl_sim.ground import Ground

from wormctl.snake import load_snake

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
N = SNAKE.links
DT_S = 1 / 200
STALL_NM = SNAKE.servo.stall_torque_nm
MASS = SNAKE.link.mass_kg
INERTIA = MASS * (SNAKE.link.length_m**2 + 4 * SNAKE.link.radius_m**2) / 12


def chain(heading: float, q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Link centres (n, 2) and joints (n - 1, 2) seen from the head link's centre, and headings (n,)."""
    angles = heading + np.concatenate([[0.0], np.cumsum(q)])
    half = 0.5 * SNAKE.link.length_m * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places = np.concatenate([np.zeros((1, 2)), np.cumsum(-(half[:-1] + half[1:]), axis=0)])
    return places, places[:-1] - half[:-1], angles


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


SOFT = SNAKE.servo.stiffness_nm_rad * DT_S / (1 - math.exp(-DT_S / SNAKE.servo.time_constant_s))
"""Torque for a rad/s that a servo is behind its aim."""


def aims(q: FloatArray, targets: FloatArray) -> FloatArray:
    servo = SNAKE.servo
    speed = (targets - q) * (1 - math.exp(-DT_S / servo.time_constant_s)) / DT_S
    new = q + np.clip(speed, -servo.max_speed_rad_s, servo.max_speed_rad_s) * DT_S
    return np.asarray((np.clip(new, -SNAKE.limit_rad, SNAKE.limit_rad) - q) / DT_S)


def needed(before: FloatArray, after: FloatArray, ground: Ground) -> tuple[FloatArray, FloatArray]:
    """The torques (n - 1,) and the outer force and moment (3,), which should be none, that this step took."""
    past = pl.link_velocities(N, before).reshape(3, N).T
    now = pl.link_velocities(N, after).reshape(3, N)[:, 0]
    q = pl.joint_angles(N, before) + 0.5 * DT_S * pl.joint_rates(N, before)
    rate = pl.joint_rates(N, after)
    r, hinge, angles = chain(before[pl.HEADING_RAD] + 0.5 * DT_S * past[0, 2], q)
    turn = now[2] + np.concatenate([[0.0], np.cumsum(rate)])
    v = np.zeros((N, 2))
    for i in range(N):
        v[i] = now[:2] + now[2] * np.array([-r[i, 1], r[i, 0]])
        for j in range(i):
            arm = r[i] - hinge[j]
            v[i] += rate[j] * np.array([-arm[1], arm[0]])
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    drag = -ground.along * (v * along).sum(1, keepdims=True) * along
    drag -= ground.across * (v * across).sum(1, keepdims=True) * across
    force = MASS * (v - past[:, :2]) / DT_S - drag
    moment = INERTIA * (turn - past[:, 2]) / DT_S
    torque = np.array(
        [(cross(r[j + 1 :] - hinge[j], force[j + 1 :]) + moment[j + 1 :]).sum() for j in range(N - 1)]
    )
    return torque, np.array([*force.sum(axis=0), (cross(r, force) + moment).sum()])


@pytest.mark.parametrize("seed", range(4))
def test_a_servo_gives_what_its_spring_and_damper_ask_or_its_stall_torque(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = Ground()
    params, state = pl.planar_params(SNAKE, ground), pl.planar_state(SNAKE, heading_rad=0.4)
    stalled = stopped = 0
    for _ in range(40):
        targets = rng.uniform(0.3, 1.2) * rng.choice([-1.0, 1.0]) * np.ones(N - 1) + rng.normal(0, 0.3, N - 1)
        load = rng.normal(0.0, 1.5, N - 1) * (rng.random() < 0.5)
        pl.snake_load(N, state)[3:] = load
        for _ in range(10):
            before = state.copy()
            pk.planar_step(params, state, targets, DT_S)
            asked = SOFT * (aims(pl.joint_angles(N, before), targets) - pl.joint_rates(N, state))
            torque, outer = needed(before, state, ground)
            np.testing.assert_allclose(outer, 0.0, atol=1e-6)
            given = np.clip(asked, -STALL_NM, STALL_NM)
            np.testing.assert_allclose(pl.servo_torques(N, state), given, atol=1e-6)
            # What is more than the servo gives is the stop's, which pushes back into the range.
            stop = torque - given - load
            at_stop = np.abs(pl.joint_angles(N, state)) > SNAKE.limit_rad - 1e-9
            np.testing.assert_allclose(stop[~at_stop], 0.0, atol=1e-6)
            assert (stop * np.sign(pl.joint_angles(N, state)) <= 1e-6).all()
            stalled += int((np.abs(asked) > STALL_NM).any())
            stopped += int(at_stop.any())
    assert stalled > 30
    assert stopped > 0


def test_torques_of_a_gentle_gait_are_those_of_newton() -> None:
    ground = Ground()
    params, state = pl.planar_params(SNAKE, ground), pl.planar_state(SNAKE)
    for k in range(400):
        before = state.copy()
        targets = 0.4 * np.sin(2 * math.pi * 0.5 * k * DT_S - 0.65 * np.arange(N - 1)) * min(1.0, k / 100)
        pk.planar_step(params, state, targets, DT_S)
        torque, _ = needed(before, state, ground)
        np.testing.assert_allclose(pl.servo_torques(N, state), torque, atol=1e-6)
    assert 0.05 < np.abs(pl.servo_torques(N, state)).max() < 0.5


@pytest.mark.parametrize("stiffness", [0.5, 7.5, 1e4])
@pytest.mark.parametrize("dt_s", [1 / 400, 1 / 200, 1 / 100])
def test_whatever_is_asked_nothing_runs_away(dt_s: float, stiffness: float) -> None:
    rng = np.random.default_rng(7)
    servo = msgspec.structs.replace(SNAKE.servo, stiffness_nm_rad=stiffness)
    params, state = pl.planar_params(msgspec.structs.replace(SNAKE, servo=servo)), pl.planar_state(SNAKE)
    for _ in range(300):
        targets = np.sign(rng.normal(size=N - 1) + rng.normal()) * 1.2
        for _ in range(rng.integers(1, 40)):
            pk.planar_step(params, state, targets, dt_s)
            assert np.isfinite(state).all()
            assert np.abs(pl.joint_angles(N, state)).max() <= SNAKE.limit_rad + 1e-12
            moves = pl.link_velocities(N, state).reshape(3, N)
            assert np.hypot(moves[0], moves[1]).max() < 6.0
            assert np.abs(moves[2]).max() < 60.0
