"""Numba kernels of the planar snake: rigid links, servo joints, anisotropic drag.

No objects and no validation here; `wormctl_sim.planar_layout` says what stands where in `params` and `state`.

A step balances forces for the velocities that the snake will have, on the shape that the old ones lead to by its
middle: drag, contact and servos are taken implicitly (backward Euler, linearised at the old velocity), so that any drag
and any step is stable. Then it moves by those velocities.

Compiled without fastmath: contact is chaotic, and the same seed must give the same run bit for bit, whichever
way the compiler happens to inline a step into its caller.
"""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_contact import touch_obstacles
from wormctl_sim.planar_layout import (
    CHAIN_SIZE,
    COS,
    COULOMB,
    CREEP_SPEED_M_S,
    DRAG_ACROSS,
    DRAG_ALONG,
    GIVEN,
    HEADING_RAD,
    HINGE_X,
    HINGE_Y,
    INERTIA,
    INERTIA_KGM2,
    JOINT_SIZE,
    LENGTH_M,
    LIMIT_RAD,
    LINKS,
    MASS_KG,
    NOSE_AHEAD_M,
    NOSE_SPREAD_M,
    OBSTACLES,
    RX,
    RY,
    SIN,
    STATE_HEADER,
    X_M,
    Y_M,
    FloatArray,
    joint_angles,
    joint_rates,
    joint_space,
    joint_targets,
    link_chain,
    link_rows,
    link_velocities,
)  # fmt: skip
from wormctl_sim.planar_servos import solve_servos


@njit(cache=True)
def planar_advance(
    params: FloatArray, state: FloatArray, setpoint_rad: FloatArray, dt_s: float, steps: int
) -> None:
    """`steps` physics steps of `dt_s`, the servos' targets gliding from where they were to `setpoint_rad`."""
    targets = joint_targets(int(params[LINKS]), state)
    for step in range(steps):
        glide(targets, setpoint_rad, steps - step)
        planar_step(params, state, targets, dt_s)


@njit(cache=True)
def glide(targets_rad: FloatArray, setpoint_rad: FloatArray, steps_left: int) -> None:
    """Bring the targets one step nearer to `setpoint_rad`, which they reach in `steps_left` steps."""
    share = 1.0 / steps_left
    for j in range(targets_rad.size):
        targets_rad[j] += (setpoint_rad[j] - targets_rad[j]) * share


@njit(cache=True)
def planar_step(params: FloatArray, state: FloatArray, targets_rad: FloatArray, dt_s: float) -> None:
    """One physics step of `dt_s`: the servos make for `targets_rad`, shape (joints,), and the snake slides."""
    lay_out(params, state, 0.5 * dt_s)
    _resist(params, state, dt_s)
    if params[OBSTACLES] > 0.0:
        touch_obstacles(params, state, dt_s)
    vx, vy, turn = solve_servos(params, state, targets_rad, params[LIMIT_RAD], dt_s)
    _arrive(params, state, dt_s, vx, vy, turn)


@njit(cache=True)
def lay_out(params: FloatArray, state: FloatArray, ahead_s: float) -> None:
    """Fill each link's centre and axis, and each joint's place, seen from the head link's centre.

    They are those that the old velocities lead to in `ahead_s`.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    q = joint_angles(n, state)
    work = link_rows(n, state)
    space = joint_space(n, state)
    rate = joint_rates(n, state)
    heading = state[HEADING_RAD] + link_velocities(n, state)[2 * n] * ahead_s
    c = math.cos(heading)
    s = math.sin(heading)
    x = y = 0.0
    for i in range(n):
        if i > 0:
            x -= half * c
            y -= half * s
            space[JOINT_SIZE * (i - 1) + HINGE_X] = x
            space[JOINT_SIZE * (i - 1) + HINGE_Y] = y
            heading += q[i - 1] + rate[i - 1] * ahead_s
            c = math.cos(heading)
            s = math.sin(heading)
            x -= half * c
            y -= half * s
        work[RX * n + i] = x
        work[RY * n + i] = y
        work[COS * n + i] = c
        work[SIN * n + i] = s


@njit(cache=True)
def fill_chain(
    params: FloatArray, state: FloatArray, dt_s: float, i: int, k00: float, k01: float, k11: float
) -> None:
    """Fill what link `i` needs of a wrench: its inertia over `dt_s`, its momentum, and a drag tensor (00, 01, 11)."""
    n = int(params[LINKS])
    mass = params[MASS_KG] / dt_s
    inertia = params[INERTIA_KGM2] / dt_s
    work = link_rows(n, state)
    past = link_velocities(n, state)
    px = work[RX * n + i]
    py = work[RY * n + i]
    k00 += mass
    k11 += mass
    gx = k01 * px - k00 * py
    gy = k11 * px - k01 * py
    own = link_chain(n, state)[CHAIN_SIZE * i : CHAIN_SIZE * (i + 1)]
    own[INERTIA] = k00
    own[INERTIA + 1] = k01
    own[INERTIA + 2] = gx
    own[INERTIA + 3] = k11
    own[INERTIA + 4] = gy
    own[INERTIA + 5] = px * gy - py * gx + inertia
    own[GIVEN] = mass * past[i]
    own[GIVEN + 1] = mass * past[n + i]
    own[GIVEN + 2] = mass * (px * past[n + i] - py * past[i]) + inertia * past[2 * n + i]


@njit(cache=True)
def _resist(params: FloatArray, state: FloatArray, dt_s: float) -> None:
    """Fill the chain with every link's inertia and drag."""
    n = int(params[LINKS])
    work = link_rows(n, state)
    past = link_velocities(n, state)
    coulomb = params[COULOMB] > 0.0
    along = params[DRAG_ALONG]
    across = params[DRAG_ACROSS]
    creep2 = params[CREEP_SPEED_M_S] ** 2
    ratio2 = (along / across) ** 2
    for i in range(n):
        c = work[COS * n + i]
        s = work[SIN * n + i]
        kt = along
        kn = across
        if coulomb:
            vt = c * past[i] + s * past[n + i]
            vn = c * past[n + i] - s * past[i]
            slip = math.sqrt(ratio2 * vt * vt + vn * vn + creep2)
            kt = across * ratio2 / slip
            kn = across / slip
        k00 = kt * c * c + kn * s * s
        k01 = (kt - kn) * c * s
        k11 = kt * s * s + kn * c * c
        fill_chain(params, state, dt_s, i, k00, k01, k11)


@njit(cache=True)
def _arrive(params: FloatArray, state: FloatArray, dt_s: float, vx: float, vy: float, turn: float) -> None:
    """Move by the head link's velocities and the joint rates for `dt_s`, and remember every link's."""
    n = int(params[LINKS])
    work = link_rows(n, state)
    space = joint_space(n, state)
    past = link_velocities(n, state)
    q = joint_angles(n, state)
    rate = joint_rates(n, state)
    limit = params[LIMIT_RAD]
    state[X_M] += vx * dt_s
    state[Y_M] += vy * dt_s
    state[HEADING_RAD] += turn * dt_s
    for i in range(n):
        if i > 0:
            vx += rate[i - 1] * space[JOINT_SIZE * (i - 1) + HINGE_Y]
            vy -= rate[i - 1] * space[JOINT_SIZE * (i - 1) + HINGE_X]
            turn += rate[i - 1]
            q[i - 1] = min(max(q[i - 1] + rate[i - 1] * dt_s, -limit), limit)
        past[i] = vx - turn * work[RY * n + i]
        past[n + i] = vy + turn * work[RX * n + i]
        past[2 * n + i] = turn


@njit(cache=True)
def link_poses(params: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Fill `out`, shape (links, 3), with x_m, y_m, heading_rad of every link's centre, head first."""
    half = 0.5 * params[LENGTH_M]
    x = state[X_M]
    y = state[Y_M]
    heading = state[HEADING_RAD]
    for i in range(int(params[LINKS])):
        if i > 0:
            x -= half * math.cos(heading)
            y -= half * math.sin(heading)
            heading += state[STATE_HEADER + i - 1]
            x -= half * math.cos(heading)
            y -= half * math.sin(heading)
        out[i, 0] = x
        out[i, 1] = y
        out[i, 2] = heading


@njit(cache=True)
def nose(params: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Fill `out`, shape (2,), with the nose's x_m and y_m."""
    ahead = params[NOSE_AHEAD_M]
    out[0] = state[X_M] + ahead * math.cos(state[HEADING_RAD])
    out[1] = state[Y_M] + ahead * math.sin(state[HEADING_RAD])


@njit(cache=True)
def two_noses(params: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Fill `out`, shape (2, 2), with x_m, y_m of the left nose, then of the right one."""
    c = math.cos(state[HEADING_RAD])
    s = math.sin(state[HEADING_RAD])
    x = state[X_M] + params[NOSE_AHEAD_M] * c
    y = state[Y_M] + params[NOSE_AHEAD_M] * s
    aside = 0.5 * params[NOSE_SPREAD_M]
    out[0, 0] = x - aside * s
    out[0, 1] = y + aside * c
    out[1, 0] = x + aside * s
    out[1, 1] = y - aside * c
