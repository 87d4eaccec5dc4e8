"""Servos at the end of their strength: what torque every joint needs, and how the snake moves where it is too much.

The snake is a chain of rigid links in the plane. A twist is the velocity (x, y) that a body has, or would have, at
the snake's centre of mass, with its turn rate; joint j gives every link behind it a twist of rate_j c_j with
c_j = (y_j, -x_j, 1), (x_j, y_j) its place. A link's matrix (inertia over dt, drag, contact) turns its twist into a
wrench, and the torque of joint j is c_j times the wrench of all links behind it: the composite-rigid-body method
(Featherstone 2008, chapter 6). Kernels only.
"""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_layout import (
    COS,
    INERTIA_KGM2,
    K00,
    K01,
    K11,
    LENGTH_M,
    LIMIT_RAD,
    LINKS,
    MASS_KG,
    OBSTACLES,
    ROWS,
    RX,
    RY,
    SIN,
    SPIN,
    STALL_NM,
    STATE_HEADER,
    TOUCH,
    UX,
    UY,
    FloatArray,
    link_velocities,
    scratch,
    servo_torques,
)  # fmt: skip

BOLD_ROUNDS = 4
"""Rounds in which every servo that is on the wrong side changes it. If that does not settle it, only the first such
servo changes in a round, which ends (Murty 1974, for a positive definite matrix), though not as soon."""
ROUNDS = 2000
HELD = 2.0
"""Times the side to which a stalled servo pushes: it is overpowered as far as the stop, which never gives way."""
SLACK = 1e-9


@njit(cache=True)
def largest_torque(
    params: FloatArray, state: FloatArray, dt_s: float, vx: float, vy: float, turn: float
) -> float:
    """Fill the servo torques for a step that ends at these velocities; the largest, either way, in N m."""
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    mass = params[MASS_KG]
    inertia = params[INERTIA_KGM2]
    work = scratch(n, state)
    touch = work[TOUCH * n : (TOUCH + 9) * n]
    past = link_velocities(n, state)
    torque = servo_torques(n, state)
    touched = params[OBSTACLES] > 0.0
    fx = fy = moment = largest = 0.0
    for i in range(n - 1, 0, -1):
        px = work[RX * n + i]
        py = work[RY * n + i]
        spin = turn + work[SPIN * n + i]
        ux = vx - turn * py + work[UX * n + i]
        uy = vy + turn * px + work[UY * n + i]
        gx = mass * (ux - past[i]) / dt_s + work[K00 * n + i] * ux + work[K01 * n + i] * uy
        gy = mass * (uy - past[n + i]) / dt_s + work[K01 * n + i] * ux + work[K11 * n + i] * uy
        fx += gx
        fy += gy
        moment += px * gy - py * gx + inertia * (spin - past[2 * n + i]) / dt_s
        if touched:
            tx = ux + spin * py
            ty = uy - spin * px
            fx += touch[i] * tx + touch[n + i] * ty + touch[2 * n + i] * spin - touch[6 * n + i]
            fy += touch[n + i] * tx + touch[3 * n + i] * ty + touch[4 * n + i] * spin - touch[7 * n + i]
            moment += (
                touch[2 * n + i] * tx + touch[4 * n + i] * ty + touch[5 * n + i] * spin - touch[8 * n + i]
            )
        x = px + half * work[COS * n + i]
        y = py + half * work[SIN * n + i]
        torque[i - 1] = moment + y * fx - x * fy
        largest = max(largest, abs(torque[i - 1]))
    return largest


@njit(cache=True)
def solve_stalled(params: FloatArray, state: FloatArray, dt_s: float) -> tuple[float, float, float, float]:
    """Let the servos that are asked for too much give way.

    Returns the velocity of the head link's centre, its turn rate, and the largest change of `shortfall`, rad.

    A servo either reaches the rate it aims at, or gives its stall torque and lags behind. Which do which is found by
    trial: servos that need too much join the stalled ones, those that would run ahead of their aim leave them. Reads
    the joint rates as aims and the torques they need; leaves what comes of it in both, and in the angles.

    Forces are balanced on the shape that was laid out, whatever the angles become: see `aim_again`.
    """
    n = int(params[LINKS])
    joints = n - 1
    stall = params[STALL_NM]
    q = state[STATE_HEADER : STATE_HEADER + joints]
    rate = state[STATE_HEADER + joints : STATE_HEADER + 2 * joints]
    torque = servo_torques(n, state)
    work = scratch(n, state)
    space = work[ROWS * n :]
    chain = space[: 9 * n]
    hinge = space[9 * n : 9 * n + 2 * joints]
    aim = space[9 * n + 2 * joints : 9 * n + 3 * joints]
    side = space[9 * n + 3 * joints : 9 * n + 4 * joints]
    short = shortfall(n, state)
    system = space[9 * n + 5 * joints :]
    _gather(params, state, dt_s, chain, hinge)
    limit = params[LIMIT_RAD]
    for j in range(joints):
        aim[j] = rate[j]
        side[j] = 0.0
    hx = hy = turn = 0.0
    for k in range(ROUNDS):
        changed = False
        for j in range(joints):
            if changed and k >= BOLD_ROUNDS:
                break
            before = q[j] - aim[j] * dt_s
            if abs(side[j]) == HELD:
                if torque[j] * side[j] < HELD * stall * (1.0 - SLACK):  # a stop does not pull
                    side[j] *= 0.5
                    changed = True
            elif side[j] == 0.0:
                if abs(torque[j]) > stall * (1.0 + SLACK):
                    side[j] = math.copysign(1.0, torque[j])
                    changed = True
            elif (aim[j] - rate[j]) * side[j] < -SLACK:
                side[j] = 0.0
                rate[j] = aim[j]
                changed = True
            elif abs(before + rate[j] * dt_s) > limit * (1.0 + SLACK):
                side[j] *= HELD
                rate[j] = (math.copysign(limit, rate[j]) - before) / dt_s
                changed = True
        if not changed and k > 0:
            break
        hx, hy, turn = _solve(n, chain, hinge, side, stall, rate, torque, system)
        _wrenches(n, chain, hinge, hx, hy, turn, rate, torque)
    moved = 0.0
    for j in range(joints):
        aimed = q[j]
        q[j] = min(max(aimed + (rate[j] - aim[j]) * dt_s, -limit), limit)
        moved = max(moved, abs(aimed - q[j] - short[j]))
        short[j] = aimed - q[j]
    return hx - turn * work[RY * n], hy + turn * work[RX * n], turn, moved


@njit(cache=True, inline="always")
def shortfall(links: int, state: FloatArray) -> FloatArray:
    """The view of `state` that holds by how much each servo missed its aim in the last stalled step, in rad."""
    start = ROWS * links + 9 * links + 4 * (links - 1)
    return scratch(links, state)[start : start + links - 1]


@njit(cache=True)
def aim_again(links: int, state: FloatArray, dt_s: float) -> None:
    """Make the joint rates aims again, and leave the angles where the stalled servos got: to balance forces there."""
    rate = state[STATE_HEADER + links - 1 : STATE_HEADER + 2 * (links - 1)]
    short = shortfall(links, state)
    for j in range(links - 1):
        rate[j] += short[j] / dt_s


@njit(cache=True)
def _gather(params: FloatArray, state: FloatArray, dt_s: float, chain: FloatArray, hinge: FloatArray) -> None:
    """Fill `chain`, nine values a link: the matrix (00, 01, 02, 11, 12, 22) and the given wrench (x, y, moment) of
    all links from this one to the tail, and `hinge`, two values a joint: its place.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    inertia = params[INERTIA_KGM2] / dt_s
    mass = params[MASS_KG] / dt_s
    work = scratch(n, state)
    past = link_velocities(n, state)
    touched = params[OBSTACLES] > 0.0
    for i in range(n - 1, -1, -1):
        px = work[RX * n + i]
        py = work[RY * n + i]
        k00 = work[K00 * n + i] + mass
        k01 = work[K01 * n + i]
        k11 = work[K11 * n + i] + mass
        gx = k01 * px - k00 * py
        gy = k11 * px - k01 * py
        own = chain[9 * i : 9 * i + 9]
        own[0] = k00
        own[1] = k01
        own[2] = gx
        own[3] = k11
        own[4] = gy
        own[5] = px * gy - py * gx + inertia
        own[6] = mass * past[i]
        own[7] = mass * past[n + i]
        own[8] = mass * (px * past[n + i] - py * past[i]) + inertia * past[2 * n + i]
        if touched:
            for k in range(9):
                own[k] += work[(TOUCH + k) * n + i]
        if i < n - 1:
            for k in range(9):
                own[k] += chain[9 * i + 9 + k]
        if i > 0:
            hinge[2 * i - 2] = px + half * work[COS * n + i]
            hinge[2 * i - 1] = py + half * work[SIN * n + i]


@njit(cache=True)
def _wrenches(
    n: int,
    chain: FloatArray,
    hinge: FloatArray,
    hx: float,
    hy: float,
    turn: float,
    rate: FloatArray,
    torque: FloatArray,
) -> tuple[float, float, float]:
    """Fill the torque of every joint for a head twist and joint rates; the wrench left over on the whole snake."""
    tx = hx
    ty = hy
    tz = turn
    for j in range(n - 1):
        tx += hinge[2 * j + 1] * rate[j]
        ty -= hinge[2 * j] * rate[j]
        tz += rate[j]
    # The links behind joint j share the twist of its first link; what the joints further back add comes on top.
    ax = ay = az = 0.0
    for j in range(n - 2, -1, -1):
        m = chain[9 * j + 9 : 9 * j + 18]
        x = hinge[2 * j]
        y = hinge[2 * j + 1]
        fx = m[0] * tx + m[1] * ty + m[2] * tz + ax - m[6]
        fy = m[1] * tx + m[3] * ty + m[4] * tz + ay - m[7]
        moment = m[2] * tx + m[4] * ty + m[5] * tz + az - m[8]
        torque[j] = moment + y * fx - x * fy
        dx = y * rate[j]
        dy = -x * rate[j]
        ax += m[0] * dx + m[1] * dy + m[2] * rate[j]
        ay += m[1] * dx + m[3] * dy + m[4] * rate[j]
        az += m[2] * dx + m[4] * dy + m[5] * rate[j]
        tx -= dx
        ty -= dy
        tz -= rate[j]
    m = chain[:9]
    return (
        m[0] * tx + m[1] * ty + m[2] * tz + ax - m[6],
        m[1] * tx + m[3] * ty + m[4] * tz + ay - m[7],
        m[2] * tx + m[4] * ty + m[5] * tz + az - m[8],
    )


@njit(cache=True)
def _solve(
    n: int,
    chain: FloatArray,
    hinge: FloatArray,
    side: FloatArray,
    stall: float,
    rate: FloatArray,
    torque: FloatArray,
    system: FloatArray,
) -> tuple[float, float, float]:
    """Fill the rates of the stalled servos (`side` 1 or -1) so that each gives its stall torque; the head's twist."""
    joints = n - 1
    for j in range(joints):
        if abs(side[j]) == 1.0:
            rate[j] = 0.0
    left = _wrenches(n, chain, hinge, 0.0, 0.0, 0.0, rate, torque)
    # Unknowns: the head's twist, then the stalled servos' rates. Symmetric positive definite, lower half filled.
    wide = n + 2
    b = system[wide * wide :]
    b[0], b[1], b[2] = -left[0], -left[1], -left[2]
    m = chain[:9]
    system[0] = m[0]
    system[wide] = m[1]
    system[wide + 1] = m[3]
    system[2 * wide] = m[2]
    system[2 * wide + 1] = m[4]
    system[2 * wide + 2] = m[5]
    size = 3
    for j in range(joints):
        if abs(side[j]) != 1.0:
            continue
        x = hinge[2 * j]
        y = hinge[2 * j + 1]
        m = chain[9 * j + 9 : 9 * j + 18]
        # The wrench of everything behind this joint, for a unit of its rate.
        fx = m[0] * y - m[1] * x + m[2]
        fy = m[1] * y - m[3] * x + m[4]
        moment = m[2] * y - m[4] * x + m[5]
        row = system[size * wide : size * wide + wide]
        row[0] = fx
        row[1] = fy
        row[2] = moment
        column = 3
        for k in range(j + 1):
            if abs(side[k]) == 1.0:
                row[column] = moment + hinge[2 * k + 1] * fx - hinge[2 * k] * fy
                column += 1
        b[size] = side[j] * stall - torque[j]
        size += 1
    _cholesky_solve(size, wide, system, b)
    size = 3
    for j in range(joints):
        if abs(side[j]) == 1.0:
            rate[j] = b[size]
            size += 1
    return b[0], b[1], b[2]


@njit(cache=True)
def _cholesky_solve(size: int, wide: int, a: FloatArray, b: FloatArray) -> None:
    """Solve in place; `a` holds the lower half in rows of `wide` values, `b` the right side and then the answer."""
    for i in range(size):
        for j in range(i + 1):
            total = a[i * wide + j]
            for k in range(j):
                total -= a[i * wide + k] * a[j * wide + k]
            a[i * wide + j] = math.sqrt(total) if i == j else total / a[j * wide + j]
        total = b[i]
        for k in range(i):
            total -= a[i * wide + k] * b[k]
        b[i] = total / a[i * wide + i]
    for i in range(size - 1, -1, -1):
        total = b[i]
        for k in range(i + 1, size):
            total -= a[k * wide + i] * b[k]
        b[i] = total / a[i * wide + i]
