"""The closed loop as one compiled call, for evolution: the kernels of the real loop, body and world, strung together.

One tick is what `wormctl.loop` does: smell and feel, think, limit, move. A test holds the two together.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.limits import Limits, allowed_step, limit_setpoint, make_limits
from wormctl.snake import Snake
from wormctl.worm.kernel import worm_tick
from wormctl.worm.parts import Packed, State
from wormctl_sim.field_kernel import POINT, SOURCE_SIZE, concentration
from wormctl_sim.ground import Ground
from wormctl_sim.planar_kernel import link_poses, nose, planar_advance
from wormctl_sim.planar_layout import joint_angles, planar_params, planar_reset, planar_state

PHYSICS_HZ = 200.0

FloatArray = NDArray[np.float64]


class Setting(NamedTuple):
    """A body and its limits: all that stays the same from life to life."""

    body_params: FloatArray
    body_state: FloatArray
    links: int
    link_m: float
    limits: Limits
    dt_s: float
    substeps: int


def make_setting(snake: Snake, dt_s: float, ground: Ground | None = None) -> Setting:
    """The planar body of `snake` with its limits, for ticks of `dt_s`."""
    return Setting(
        body_params=planar_params(snake, ground),
        body_state=planar_state(snake),
        links=snake.links,
        link_m=snake.link.length_m,
        limits=make_limits(snake, dt_s),
        dt_s=dt_s,
        substeps=round(PHYSICS_HZ * dt_s),
    )


@njit(cache=True)
def closed_loop(
    worm: Packed,
    state: State,
    setting: Setting,
    heading_rad: float,
    food_m: FloatArray,
    smell: NDArray[np.bool_],
    path: FloatArray,
) -> None:
    """Let a worm live for len(path) ticks from the origin, head first along `heading_rad`.

    `food_m` is (2,), one source whose concentration is exp(-distance / 1 m). `smell`, one entry a receptor, says
    which receptors are exposed to it. Fills `path`, shape (ticks, 4 + joints): nose x, nose y, mean heading,
    distance of the nose to the food, joint angles.
    """
    joints = setting.links - 1
    receptors = smell.size
    x = np.zeros(receptors + joints)
    good = np.ones(receptors + joints, np.bool_)
    wanted = np.zeros(joints)
    setpoint = np.zeros(joints)
    previous = np.zeros(joints)
    sources = np.zeros((1, SOURCE_SIZE))
    sources[0, 0] = POINT
    sources[0, 1] = food_m[0]
    sources[0, 2] = food_m[1]
    sources[0, 3] = 1.0
    sources[0, 4] = 1.0
    pose = np.zeros((setting.links, 3))
    tip = np.zeros(2)
    body = setting.body_state
    planar_reset(body, 0.0, 0.0, heading_rad)
    angles = joint_angles(setting.links, body)
    good[:receptors] = smell
    for i in range(path.shape[0]):
        nose(setting.body_params, body, tip)
        smelt = concentration(sources, tip[0], tip[1])
        for r in range(receptors):
            x[r] = smelt
        for j in range(joints):
            x[receptors + j] = angles[j]
        link_poses(setting.body_params, body, pose)
        path[i, 0] = tip[0]
        path[i, 1] = tip[1]
        path[i, 2] = pose[:, 2].mean()
        path[i, 3] = math.hypot(tip[0] - food_m[0], tip[1] - food_m[1])
        for j in range(joints):
            path[i, 4 + j] = angles[j]
        worm_tick(
            worm.ints, worm.floats, worm.circuit_ints, worm.circuit_floats,
            state.v, state.activity, state.floats, x, good, wanted,
        )  # fmt: skip
        step = allowed_step(setting.limits, i)
        limit_setpoint(wanted, previous, setting.limits.limit_rad, step, setpoint)
        previous[:] = setpoint
        planar_advance(setting.body_params, body, setpoint, setting.dt_s / setting.substeps, setting.substeps)
