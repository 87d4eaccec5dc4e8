"""Where everything stands in the planar snake's two vectors: `params` (constant) and `state` (moves).

Two flat float64 arrays, so that Python and other kernels pass a snake on with a handful of arguments. Offsets and
the views of them only; no physics.
"""

from __future__ import annotations

import math

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
OBSTACLES = 15
PARAMS_HEADER = 16
"""Obstacles follow, `OBSTACLE_SIZE` values each: x1_m, y1_m, x2_m, y2_m, radius_m (a peg has equal ends)."""
OBSTACLE_SIZE = 5

# state: where each variable stands
X_M = 0
"""Centre of mass of the whole snake, as is Y_M."""
Y_M = 1
HEADING_RAD = 2
"""Of the head link; not wrapped."""
VX_M_S = 3
VY_M_S = 4
TURN_RAD_S = 5
MOMENTUM = 6
"""Three values: linear (x, y) and angular momentum about the centre of mass, at the end of the last step."""
HEAD = 9
"""Two values: the head link's centre relative to the centre of mass, x_m and y_m."""
STATE_HEADER = 11
"""Then, for n links: joint angles, rates and present targets (n - 1 each), contact forces (n), the links' velocities
at the end of the last step (3 n), servo torques (n - 1), and a step's scratch space."""

# Scratch: rows of n values, one for each link.
RX, RY = 0, 1
"""A link's centre, seen from the snake's centre of mass."""
UX, UY = 2, 3
"""What the joints' rates add to its velocity."""
COS, SIN = 4, 5
SPIN = 6
"""What the joints' rates add to its turning."""
K00, K01, K11 = 7, 8, 9
"""Its drag tensor."""
TOUCH = 10
"""Nine rows: contact, as a symmetric matrix on the link's twist about the centre of mass (00, 01, 02, 11, 12, 22),
and the wrench of its springs (x, y, moment)."""
ROWS = 19


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
    params[NOSE_AHEAD_M] = snake.nose.ahead_m
    params[NOSE_SPREAD_M] = snake.nose.spread_m
    params[OBSTACLES] = len(rods)
    params[PARAMS_HEADER:] = rods.ravel()
    return params


def planar_state(snake: Snake, x_m: float = 0.0, y_m: float = 0.0, heading_rad: float = 0.0) -> FloatArray:
    """The state of `snake` at rest and straight, its head link's centre at (`x_m`, `y_m`)."""
    n = snake.links
    state = np.zeros(STATE_HEADER + 4 * (n - 1) + (4 + ROWS) * n + stall_scratch(n))
    planar_reset(snake.links, snake.link.length_m, state, x_m, y_m, heading_rad)
    return state


@njit(cache=True)
def planar_reset(
    links: int, length_m: float, state: FloatArray, x_m: float, y_m: float, heading_rad: float
) -> None:
    """Put `state` back to rest and straight, the head link's centre at (`x_m`, `y_m`)."""
    state[:] = 0.0
    back = 0.5 * (links - 1) * length_m
    state[HEAD] = back * math.cos(heading_rad)
    state[HEAD + 1] = back * math.sin(heading_rad)
    state[X_M] = x_m - state[HEAD]
    state[Y_M] = y_m - state[HEAD + 1]
    state[HEADING_RAD] = heading_rad


@njit(cache=True, inline="always")
def joint_angles(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds the joint angles in rad, shape (links - 1,), head first."""
    return state[STATE_HEADER : STATE_HEADER + links - 1]


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
def scratch(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that a step may use as it likes: `ROWS` rows, then what `stall_scratch` counts."""
    return state[STATE_HEADER + 4 * (links - 1) + 4 * links :]


def stall_scratch(links: int) -> int:
    """Values that solving for stalled servos needs besides the rows."""
    return 9 * links + 5 * (links - 1) + (links + 2) * (links + 3)
