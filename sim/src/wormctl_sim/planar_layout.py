"""Where everything stands in the planar snake's two vectors: `params` (constant) and `state` (moves).

Two flat float64 arrays, so that Python and other kernels pass a snake on with a handful of arguments. Offsets and
the views of them only; no physics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.snake import Snake
from wormctl_sim.ground import Ground

FloatArray = NDArray[np.float64]

# params: where each constant stands
LINKS = 0
LENGTH_M = 1
RADIUS_M = 2
MASS_KG = 3
INERTIA_KGM2 = 4
TIME_CONSTANT_S = 5
MAX_SPEED_RAD_S = 6
LIMIT_RAD = 7
COULOMB = 8
DRAG_ALONG = 9
DRAG_ACROSS = 10
CREEP_SPEED_M_S = 11
NOSE_AHEAD_M = 12
NOSE_SPREAD_M = 13
STALL_NM = 14
STIFFNESS_NM_RAD = 15
OBSTACLES = 16
PARAMS_HEADER = 17
"""Obstacles follow, `OBSTACLE_SIZE` values each: x1_m, y1_m, x2_m, y2_m, radius_m (a peg has equal ends)."""
OBSTACLE_SIZE = 5

# state: where each variable stands
X_M = 0
"""The head link's centre, as is Y_M."""
Y_M = 1
HEADING_RAD = 2
"""Of the head link; not wrapped."""
STATE_HEADER = 3
"""Then, for n links: joint angles, rates and present targets (n - 1 each), contact forces (n), the links' velocities
at the end of the last step (3 n), servo torques (n - 1), loads from elsewhere (n + 2), and a step's scratch space."""

# Scratch: first, rows of n values, one for each link.
RX, RY = 0, 1
"""A link's centre, seen from the head link's."""
COS, SIN = 2, 3
ROWS = 4
# Then, for each link, what turns its twist about the head link's centre into a wrench.
CHAIN_SIZE = 9
INERTIA = 0
"""Six values, a symmetric matrix (00, 01, 02, 11, 12, 22): mass over dt, drag, contact."""
GIVEN = 6
"""Three values: the wrench (x, y, moment) that its momentum and the springs of contacts give."""
# Then, for each joint, what `planar_servos` needs.
JOINT_SIZE = 9
HINGE_X, HINGE_Y = 0, 1
"""Its place, seen from the head link's centre."""
AIM = 2
"""The rate that its servo would have without load."""
SIDE = 3
"""0 while the servo does what is asked, 1 or -1 where it gives its stall torque, `HELD` times the side of the stop
that the joint rests on."""
YIELD_X, YIELD_Y, YIELD_Z = 4, 5, 6
BEARING = 7
PUSH = 8
HELD = 2.0


def planar_params(
    snake: Snake, ground: Ground | None = None, obstacles: FloatArray | None = None
) -> FloatArray:
    """Everything constant about `snake` on `ground`, packed.

    `obstacles` is (n, 5): x1_m, y1_m, x2_m, y2_m, radius_m, a rod with round ends (a peg where both ends are
    one point). A link's moment of inertia is that of a box of its length and diameter.
    """
    ground = ground or Ground()
    rods = np.zeros((0, OBSTACLE_SIZE)) if obstacles is None else np.asarray(obstacles, dtype=np.float64)
    if rods.ndim != 2 or rods.shape[1] != OBSTACLE_SIZE:
        raise ValueError(f"obstacles must be (n, {OBSTACLE_SIZE}), not {rods.shape}")
    link, servo = snake.link, snake.servo
    params = np.zeros(PARAMS_HEADER + rods.size)
    params[LINKS] = snake.links
    params[LENGTH_M] = link.length_m
    params[RADIUS_M] = link.radius_m
    params[MASS_KG] = link.mass_kg
    params[INERTIA_KGM2] = link.mass_kg * (link.length_m**2 + (2 * link.radius_m) ** 2) / 12
    params[TIME_CONSTANT_S] = servo.time_constant_s
    params[MAX_SPEED_RAD_S] = servo.max_speed_rad_s
    params[LIMIT_RAD] = snake.limit_rad
    params[COULOMB] = ground.law == "coulomb"
    params[DRAG_ALONG] = ground.along
    params[DRAG_ACROSS] = ground.across
    params[CREEP_SPEED_M_S] = ground.creep_speed_m_s
    params[STALL_NM] = servo.stall_torque_nm
    params[STIFFNESS_NM_RAD] = servo.stiffness_nm_rad
    params[NOSE_AHEAD_M] = snake.nose.ahead_m
    params[NOSE_SPREAD_M] = snake.nose.spread_m
    params[OBSTACLES] = len(rods)
    params[PARAMS_HEADER:] = rods.ravel()
    return params


def planar_state(snake: Snake, x_m: float = 0.0, y_m: float = 0.0, heading_rad: float = 0.0) -> FloatArray:
    """The state of `snake` at rest and straight, its head link's centre at (`x_m`, `y_m`)."""
    n = snake.links
    state = np.zeros(STATE_HEADER + (4 + JOINT_SIZE) * (n - 1) + (5 + ROWS + CHAIN_SIZE) * n + 2)
    planar_reset(state, x_m, y_m, heading_rad)
    return state


@njit(cache=True)
def planar_reset(state: FloatArray, x_m: float, y_m: float, heading_rad: float) -> None:
    """Put `state` back to rest and straight, the head link's centre at (`x_m`, `y_m`)."""
    state[:] = 0.0
    state[X_M] = x_m
    state[Y_M] = y_m
    state[HEADING_RAD] = heading_rad


@njit(cache=True, inline="always")
def joint_angles(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the joint angles in rad, shape (links - 1,), head first."""
    return state[STATE_HEADER : STATE_HEADER + links - 1]


@njit(cache=True, inline="always")
def joint_rates(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the joints' speeds in rad/s, shape (links - 1,)."""
    return state[STATE_HEADER + links - 1 : STATE_HEADER + 2 * (links - 1)]


@njit(cache=True, inline="always")
def joint_targets(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds where the servos are at present sent, in rad, shape (links - 1,)."""
    return state[STATE_HEADER + 2 * (links - 1) : STATE_HEADER + 3 * (links - 1)]


@njit(cache=True, inline="always")
def contact_forces(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the normal contact force on each link in N, shape (links,)."""
    start = STATE_HEADER + 3 * (links - 1)
    return state[start : start + links]


@njit(cache=True, inline="always")
def link_velocities(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds vx_m_s, vy_m_s and turn_rad_s of all links, n values each, shape (3 links,)."""
    start = STATE_HEADER + 3 * (links - 1) + links
    return state[start : start + 3 * links]


@njit(cache=True, inline="always")
def servo_torques(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the torque of each servo in N m, shape (links - 1,)."""
    start = STATE_HEADER + 3 * (links - 1) + 4 * links
    return state[start : start + links - 1]


@njit(cache=True, inline="always")
def snake_load(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds loads from elsewhere, none unless somebody sets them, shape (links + 2,).

    A force (x, y) and a moment on the whole snake about the head link's centre, then a torque on every joint.
    """
    start = STATE_HEADER + 4 * (links - 1) + 4 * links
    return state[start : start + links + 2]


@njit(cache=True, inline="always")
def link_rows(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the scratch space's rows, shape (ROWS * links,)."""
    start = STATE_HEADER + 4 * (links - 1) + 5 * links + 2
    return state[start : start + ROWS * links]


@njit(cache=True, inline="always")
def link_chain(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds what each link needs of a wrench, shape (CHAIN_SIZE * links,)."""
    start = STATE_HEADER + 4 * (links - 1) + (5 + ROWS) * links + 2
    return state[start : start + CHAIN_SIZE * links]


@njit(cache=True, inline="always")
def joint_space(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds what solving for the joints needs, shape (JOINT_SIZE * (links - 1),)."""
    start = STATE_HEADER + 4 * (links - 1) + (5 + ROWS + CHAIN_SIZE) * links + 2
    return state[start : start + JOINT_SIZE * (links - 1)]
