"""What a recorded gait asks of a body: torque at every joint, links that would touch. Pure functions of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from wormctl_sim.ground import Ground

from wormctl.snake import Snake

FloatArray = NDArray[np.float64]


def self_contact(joint_rad: NDArray[np.floating], link_m: float, radius_m: float, every: int = 25) -> float:
    """The share of moments (one tick of `every`) in which two links that are not neighbours would touch.

    `joint_rad` is (ticks, joints). Links are taken as discs at their centres and joints; those nearer than three apart
    along the body cannot meet.
    """
    bend = joint_rad[::every].astype(np.float64)
    turn = np.cumsum(np.concatenate([np.zeros((len(bend), 1)), bend], axis=1), axis=1)
    direction = np.repeat(np.stack([np.cos(turn), np.sin(turn)], axis=2), 2, axis=1)
    points = np.cumsum(direction, axis=1) * (-link_m / 2)
    apart = np.linalg.norm(points[:, :, None] - points[:, None, :], axis=3)
    i = np.arange(points.shape[1])
    far = np.abs(i[:, None] - i[None, :]) >= 6
    return float(((apart < 2 * radius_m) & far).any(axis=(1, 2)).mean())


def joint_torques(
    pose: NDArray[np.floating], snake: Snake, ground: Ground, dt_s: float, every: int = 5
) -> FloatArray:
    """Torque at every joint, N m, in one tick of `every`: shape (moments, joints).

    What the ground's drag on the links ahead of a joint asks of it: how hard a gait is on the servos, long before
    they stall. `pose` is (ticks, links, 3): x_m, y_m, heading_rad.
    """
    now = np.arange(0, len(pose) - 1, every)
    centre, heading = pose[..., :2].astype(np.float64), pose[now, :, 2].astype(np.float64)
    along = np.stack([np.cos(heading), np.sin(heading)], axis=2)
    speed = (centre[now + 1] - centre[now]) / dt_s
    across = np.stack([-along[..., 1], along[..., 0]], axis=2)
    slip_along, slip_across = (speed * along).sum(2, keepdims=True), (speed * across).sum(2, keepdims=True)
    pull_along, pull_across = _drag(ground, slip_along, slip_across)
    force = pull_along * along + pull_across * across
    at = centre[now]
    hinge = at[:, :-1] - 0.5 * snake.link.length_m * along[:, :-1]
    moment = np.cumsum(at[..., 0] * force[..., 1] - at[..., 1] * force[..., 0], axis=1)[:, :-1]
    ahead = np.cumsum(force, axis=1)[:, :-1]
    return np.asarray(moment - (hinge[..., 0] * ahead[..., 1] - hinge[..., 1] * ahead[..., 0]))


def _drag(ground: Ground, along_m_s: FloatArray, across_m_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Force on a link along and across its axis, N, that slides so; the law is that of `wormctl_sim.planar_kernel`."""
    if ground.law == "viscous":
        return -ground.along * along_m_s, -ground.across * across_m_s
    ratio = ground.along / ground.across
    slip_m_s = np.sqrt((ratio * along_m_s) ** 2 + across_m_s**2 + ground.creep_speed_m_s**2)
    return -ground.along * ratio * along_m_s / slip_m_s, -ground.across * across_m_s / slip_m_s
