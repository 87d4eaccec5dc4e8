"""Servos under load: how fast every joint turns, and what torque that takes. Kernels only; nothing moves here.

The snake is a chain of rigid links in the plane. A twist is the velocity (x, y) that a link has, or would have, at
the head link's centre, with its turn rate; joint j gives every link behind it a twist of rate_j c_j with
c_j = (y_j, -x_j, 1), (x_j, y_j) its place. A link's matrix (inertia over dt, drag, contact) turns its twist into a
wrench, and the torque of joint j is c_j times the wrench of all links behind it. Solved from the tail to the head and
back, by the articulated-body method (Featherstone 2008, chapter 7).

A servo is a spring that gives way and a damper that makes it the first-order lag of the robot's description where
nothing loads it: torque = stiffness * (target - angle - time constant * rate), cut to its stall torque. Both are taken
implicitly, so that any stiffness and any step is stable.
"""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_layout import (
    AIM,
    BEARING,
    CHAIN_SIZE,
    GIVEN,
    HELD,
    HINGE_X,
    HINGE_Y,
    INERTIA,
    JOINT_SIZE,
    LIMIT_RAD,
    LINKS,
    MAX_SPEED_RAD_S,
    PUSH,
    SIDE,
    STALL_NM,
    STIFFNESS_NM_RAD,
    TIME_CONSTANT_S,
    YIELD_X,
    YIELD_Y,
    YIELD_Z,
    FloatArray,
    joint_angles,
    joint_rates,
    joint_space,
    link_chain,
    servo_torques,
    snake_load,
)  # fmt: skip

BOLD_ROUNDS = 4
"""Rounds in which every servo that is on the wrong side changes it. If that does not settle it, only the first such
servo changes in a round, which ends (Murty 1974, for a positive definite matrix), though not as soon."""
ROUNDS = 2000
SLACK = 1e-9


@njit(cache=True)
def lag_share(params: FloatArray, dt_s: float) -> float:
    """The share of its error that a first-order lag with the servo's time constant closes in a step of `dt_s`."""
    return 1.0 - math.exp(-dt_s / params[TIME_CONSTANT_S])


@njit(cache=True)
def solve_servos(
    params: FloatArray,
    state: FloatArray,
    targets_rad: FloatArray,
    stop_rad: float,
    dt_s: float,
) -> tuple[float, float, float]:
    """The head link's velocity (x, y) and turn rate at the end of a step; fills the joint rates and servo torques.

    Reads the angles, the loads, the chain and the joints' places; `targets_rad` is (joints,). The joints are held
    within `stop_rad`: a mechanical stop never gives way.

    A servo gives what its spring and damper ask for, or its stall torque, or is overpowered as far as the stop. Which
    do which is found by trial.
    """
    joints = int(params[LINKS]) - 1
    stall = params[STALL_NM]
    share = lag_share(params, dt_s)
    stiff = params[STIFFNESS_NM_RAD] * dt_s / share
    fastest = params[MAX_SPEED_RAD_S]
    limit = params[LIMIT_RAD]
    q = joint_angles(joints + 1, state)
    rate = joint_rates(joints + 1, state)
    torque = servo_torques(joints + 1, state)
    space = joint_space(joints + 1, state)
    for j in range(joints):
        speed = min(max((targets_rad[j] - q[j]) * share / dt_s, -fastest), fastest)
        space[JOINT_SIZE * j + AIM] = (min(max(q[j] + speed * dt_s, -limit), limit) - q[j]) / dt_s
        space[JOINT_SIZE * j + SIDE] = 0.0
    vx = vy = turn = 0.0
    for k in range(ROUNDS):
        vx, vy, turn = _articulate(params, state, stiff)
        changed = False
        for j in range(joints):
            if changed and k >= BOLD_ROUNDS:
                break
            side = space[JOINT_SIZE * j + SIDE]
            asked = stiff * (space[JOINT_SIZE * j + AIM] - rate[j])
            there = q[j] + rate[j] * dt_s
            new = side
            if abs(side) == HELD:
                stop = torque[j] - min(max(asked, -stall), stall)
                if stop * side > SLACK * stall:  # a stop does not pull
                    new = 0.0
            elif abs(there) > stop_rad * (1.0 + SLACK):
                new = math.copysign(HELD, there)
                rate[j] = (math.copysign(stop_rad, there) - q[j]) / dt_s
            elif side == 0.0:
                if abs(torque[j]) > stall * (1.0 + SLACK):
                    new = math.copysign(1.0, torque[j])
            elif asked * side < stall * (1.0 - SLACK):
                new = 0.0
            if new != side:
                space[JOINT_SIZE * j + SIDE] = new
                changed = True
        if not changed:
            break
    for j in range(joints):
        if abs(space[JOINT_SIZE * j + SIDE]) == HELD:  # the rest of the torque is the stop's
            asked = stiff * (space[JOINT_SIZE * j + AIM] - rate[j])
            torque[j] = min(max(asked, -stall), stall)
    return vx, vy, turn


@njit(cache=True)
def _articulate(params: FloatArray, state: FloatArray, stiff: float) -> tuple[float, float, float]:
    """The head link's twist; fills rates (but those of held joints, which are given) and torques, stops' included."""
    n = int(params[LINKS])
    stall = params[STALL_NM]
    rate = joint_rates(n, state)
    torque = servo_torques(n, state)
    load = snake_load(n, state)
    chain = link_chain(n, state)
    space = joint_space(n, state)
    m00 = m01 = m02 = m11 = m12 = m22 = 0.0
    px = py = pz = 0.0
    for j in range(n - 1, -1, -1):
        at = CHAIN_SIZE * j
        m00 += chain[at + INERTIA]
        m01 += chain[at + INERTIA + 1]
        m02 += chain[at + INERTIA + 2]
        m11 += chain[at + INERTIA + 3]
        m12 += chain[at + INERTIA + 4]
        m22 += chain[at + INERTIA + 5]
        px -= chain[at + GIVEN]
        py -= chain[at + GIVEN + 1]
        pz -= chain[at + GIVEN + 2]
        if j == 0:
            break
        at = JOINT_SIZE * (j - 1)
        x = space[at + HINGE_X]
        y = space[at + HINGE_Y]
        # The wrench of everything behind this joint, for a unit of its rate.
        ux = m00 * y - m01 * x + m02
        uy = m01 * y - m11 * x + m12
        uz = m02 * y - m12 * x + m22
        bearing = y * ux - x * uy + uz
        push = y * px - x * py + pz - load[2 + j]
        side = space[at + SIDE]
        space[at + YIELD_X] = ux
        space[at + YIELD_Y] = uy
        space[at + YIELD_Z] = uz
        space[at + BEARING] = bearing
        space[at + PUSH] = push
        if abs(side) == HELD:
            turning = rate[j - 1]
        else:
            whole = bearing + stiff if side == 0.0 else bearing
            own = stiff * space[at + AIM] if side == 0.0 else side * stall
            turning = (own - push) / whole
            m00 -= ux * ux / whole
            m01 -= ux * uy / whole
            m02 -= ux * uz / whole
            m11 -= uy * uy / whole
            m12 -= uy * uz / whole
            m22 -= uz * uz / whole
        px += ux * turning
        py += uy * turning
        pz += uz * turning
    # The matrix is symmetric and positive definite: no pivoting needed.
    b0 = load[0] - px
    b1 = load[1] - py
    b2 = load[2] - pz
    l10 = m01 / m00
    l20 = m02 / m00
    d1 = m11 - l10 * m01
    m12 -= l10 * m02
    l21 = m12 / d1
    d2 = m22 - l20 * m02 - l21 * m12
    b1 -= l10 * b0
    tz = turn = (b2 - l20 * b0 - l21 * b1) / d2
    ty = vy = (b1 - m12 * turn) / d1
    tx = vx = (b0 - m01 * vy - m02 * turn) / m00
    for j in range(n - 1):
        at = JOINT_SIZE * j
        x = space[at + HINGE_X]
        y = space[at + HINGE_Y]
        bearing = space[at + BEARING]
        push = space[at + PUSH]
        push += space[at + YIELD_X] * tx + space[at + YIELD_Y] * ty + space[at + YIELD_Z] * tz
        side = space[at + SIDE]
        if side == 0.0:
            rate[j] = (stiff * space[at + AIM] - push) / (bearing + stiff)
        elif abs(side) != HELD:
            rate[j] = (side * stall - push) / bearing
        torque[j] = push + bearing * rate[j]
        tx += y * rate[j]
        ty -= x * rate[j]
        tz += rate[j]
    return vx, vy, turn
