"""The kernels that stand between PyBullet and the snake, against slow oracles with numerical derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim import drag_kernel, weight_kernel
from wormctl_sim.arena_config import Terrain
from wormctl_sim.ground import Ground
from wormctl_sim.planar_layout import planar_params
from wormctl_sim.terrain import Relief, height_and_slope, make_relief

from wormctl.snake import load_snake

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
N = SNAKE.links
LENGTH, RADIUS, MASS = SNAKE.link.length_m, SNAKE.link.radius_m, SNAKE.link.mass_kg
DT_S = 1 / 200
H = 1e-6
GROUNDS = [Ground(), Ground(law="coulomb", along=0.1, across=0.7, creep_speed_m_s=0.05)]


def chain(q: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Seen from the head link: link centres (n, 2), their angles (n,), and joints (n-1, 2)."""
    angles = np.concatenate([[0.0], np.cumsum(q)])
    axis = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = -LENGTH / 2 * (axis[:-1] + axis[1:])
    places = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return places, angles, places[:-1] - LENGTH / 2 * axis[:-1]


def drag_tensor(ground: Ground, axis: FloatArray, velocity: FloatArray) -> FloatArray:
    """Drag of a link along `axis`: force = -tensor @ velocity; capped as the kernels cap it."""
    vt = axis @ velocity
    vn2 = velocity @ velocity - vt**2
    along, across = ground.along, ground.across
    if ground.law == "coulomb":
        ratio = ground.along / ground.across
        slip = math.sqrt((ratio * vt) ** 2 + vn2 + ground.creep_speed_m_s**2)
        along, across = ground.across * ratio**2 / slip, ground.across / slip
    return across * np.eye(len(axis)) + (along - across) * np.outer(axis, axis)


@pytest.mark.parametrize("ground", GROUNDS)
def test_planar_drag_is_the_jacobian_times_the_links_forces(ground: Ground) -> None:
    rng = np.random.default_rng(1)

    def centres(z: FloatArray) -> FloatArray:
        places, _, _ = chain(z[3:])
        c, s = math.cos(z[2]), math.sin(z[2])
        return np.asarray(z[:2] + places @ np.array([[c, s], [-s, c]]))

    for _ in range(20):
        z, speed = rng.uniform(-0.6, 0.6, N + 2), rng.uniform(-0.6, 0.6, N + 2)
        jacobian = np.zeros((N, 2, N + 2))
        for k in range(N + 2):
            step = np.eye(N + 2)[k] * H
            jacobian[:, :, k] = (centres(z + step) - centres(z - step)) / (2 * H)
        expected = np.zeros(N + 2)
        for i in range(N):
            heading = z[2] + z[3 : 3 + i].sum()
            velocity = jacobian[i] @ speed
            tensor = drag_tensor(ground, np.array([math.cos(heading), math.sin(heading)]), velocity)
            expected -= jacobian[i].T @ tensor @ velocity
        force = np.zeros(N + 2)
        now = z.copy()
        now[2:] += DT_S / 2 * speed[2:]  # velocities are those of half a step before
        drag_kernel.planar_drag(
            planar_params(SNAKE, ground), np.stack([now, speed]), DT_S, force, np.zeros((6, N))
        )
        np.testing.assert_allclose(force, expected, atol=1e-7, rtol=1e-6)


def rotation(turn: FloatArray) -> FloatArray:
    """The matrix that turns by the vector `turn`, its length in rad (Rodrigues)."""
    angle = float(np.linalg.norm(turn))
    if angle == 0.0:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross)


def quaternion(turn: FloatArray) -> FloatArray:
    angle = float(np.linalg.norm(turn))
    return np.concatenate([math.sin(angle / 2) * turn / angle, [math.cos(angle / 2)]])


def times(a: FloatArray, b: FloatArray) -> FloatArray:
    """The product of two quaternions (x, y, z, w)."""
    real = a[3] * b[3] - a[:3] @ b[:3]
    return np.append(a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3]), real)


def feet(place: FloatArray, basis: FloatArray, q: FloatArray) -> FloatArray:
    """Every foot in the world, (n, 2, 3), the right one first."""
    centres, angles, _ = chain(q)
    found = np.zeros((N, 2, 3))
    for i in range(N):
        left = np.array([-math.sin(angles[i]), math.cos(angles[i])])
        for k, side in enumerate((-1.0, 1.0)):
            flat = centres[i] + side * RADIUS * left
            found[i, k] = place + basis @ np.array([flat[0], flat[1], -RADIUS])
    return found


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("terrain", [None, Terrain(height_m=0.03, grain_m=0.2)])
def test_ground_reaction_is_the_feet_forces_on_base_and_joints(
    ground: Ground, terrain: Terrain | None
) -> None:
    rng = np.random.default_rng(2)
    relief: Relief = make_relief(terrain, 3)
    standing = 0
    for _ in range(10):
        place = np.array([*rng.uniform(-3, 3, 2), relief.heights.mean() + RADIUS - 0.002])
        turn = np.array([*rng.normal(0, 0.02, 2), rng.uniform(-3, 3)])
        velocity, spin = rng.uniform(-0.1, 0.1, 3), rng.uniform(-0.3, 0.3, 3)
        q, rate = rng.uniform(-0.5, 0.5, N - 1), rng.uniform(-1, 1, N - 1)
        basis = rotation(turn)
        at = feet(place, basis, q)
        moved = [feet(place + h * velocity, rotation(h * spin) @ basis, q + h * rate) for h in (H, -H)]
        speed = (moved[0] - moved[1]) / (2 * H)
        _, angles, joints = chain(q)
        up = basis[:, 2]
        expected = np.zeros(6 + N - 1)
        for i in range(N):
            axis = basis @ np.array([math.cos(angles[i]), math.sin(angles[i]), 0.0])
            for k in range(2):
                x, y, z = at[i, k]
                height, slope_x, slope_y = height_and_slope(relief, x, y)
                normal = np.array([-slope_x, -slope_y, 1.0])
                normal /= np.linalg.norm(normal)
                depth = (height - z) * normal[2]
                press = (
                    weight_kernel.STIFFNESS_N_M * depth - weight_kernel.DAMPING_NS_M * speed[i, k] @ normal
                )
                if depth <= 0 or press <= 0:
                    continue
                standing += 1
                slip = speed[i, k] - (speed[i, k] @ normal) * normal
                along = axis - (axis @ normal) * normal
                share = press / (MASS * weight_kernel.GRAVITY_M_S2)
                tensor = share * drag_tensor(ground, along / np.linalg.norm(along), slip)
                most = 0.5 * drag_kernel.STIFFEST * MASS / DT_S
                values, vectors = np.linalg.eigh(tensor)
                force = press * normal - vectors @ np.diag(np.minimum(values, most)) @ vectors.T @ slip
                expected[:3] += force
                expected[3:6] += np.cross(at[i, k] - place, force)
                for j in range(i):
                    joint = place + basis @ np.array([*joints[j], 0.0])
                    expected[6 + j] += up @ np.cross(at[i, k] - joint, force)
        # Velocities are those of half a step before: by now, everything has turned on in the snake's own plane.
        turned = times(quaternion(DT_S / 2 * (spin @ up) * up), quaternion(turn))
        base = np.concatenate([place, turned, velocity, spin])
        dof = np.zeros((2, N + 2))
        dof[0, 3:], dof[1, 3:] = q + DT_S / 2 * rate, rate
        force = np.zeros(6 + N - 1)
        weight_kernel.ground_reaction(
            planar_params(SNAKE, ground), base, dof, relief, DT_S, force, np.zeros((5, N))
        )
        np.testing.assert_allclose(force, expected, atol=1e-6, rtol=1e-5)
    assert standing > 50


def test_a_snake_above_the_ground_feels_nothing() -> None:
    base = np.array([0, 0, 1.0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    force = np.ones(6 + N - 1)
    weight_kernel.ground_reaction(
        planar_params(SNAKE), base, np.zeros((2, N + 2)), make_relief(None, 0), DT_S, force, np.zeros((5, N))
    )
    assert not force.any()


def test_look_lays_out_the_links() -> None:
    rng = np.random.default_rng(4)
    dof = np.zeros((2, N + 2))
    dof[0] = rng.uniform(-0.6, 0.6, N + 2)
    pose, nose, angles = np.zeros((N, 3)), np.zeros(2), np.zeros(N - 1)
    drag_kernel.look(planar_params(SNAKE), dof, pose, nose, angles)
    places, turns, _ = chain(dof[0, 3:])
    c, s = math.cos(dof[0, 2]), math.sin(dof[0, 2])
    np.testing.assert_allclose(pose[:, :2], dof[0, :2] + places @ np.array([[c, s], [-s, c]]), atol=1e-12)
    np.testing.assert_allclose(pose[:, 2], dof[0, 2] + turns, atol=1e-12)
    np.testing.assert_allclose(nose, dof[0, :2] + SNAKE.nose.ahead_m * np.array([c, s]))
    np.testing.assert_allclose(angles, dof[0, 3:])
