"""Numba kernels of the planar snake: rigid links, servo joints, anisotropic drag.

No objects and no validation here; `wormctl_sim.planar_layout` says what stands where in `params` and `state`.

The joints follow their servos, a first-order lag with a speed limit. What is solved for is the motion of the whole:
three equations, the balance of momentum and angular momentum, with the drag taken implicitly (backward Euler,
linearised at the old velocity), so that any drag and any step is stable. Only where a servo would need more than its
stall torque does `wormctl_sim.planar_stall` solve for the joints too.

Compiled without fastmath: contact is chaotic, and the same seed must give the same run bit for bit, whichever
way the compiler happens to inline a step into its caller.
"""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_contact import touch_obstacles
from wormctl_sim.planar_layout import (
    COS,
    COULOMB,
    CREEP_SPEED_M_S,
    DRAG_ACROSS,
    DRAG_ALONG,
    HEAD,
    HEADING_RAD,
    INERTIA_KGM2,
    K00,
    K01,
    K11,
    LENGTH_M,
    LIMIT_RAD,
    LINKS,
    MASS_KG,
    MAX_SPEED_RAD_S,
    MOMENTUM,
    NOSE_AHEAD_M,
    NOSE_SPREAD_M,
    OBSTACLES,
    RX,
    RY,
    SIN,
    SPIN,
    STALL_NM,
    STATE_HEADER,
    TIME_CONSTANT_S,
    TOUCH,
    TURN_RAD_S,
    UX,
    UY,
    VX_M_S,
    VY_M_S,
    X_M,
    Y_M,
    FloatArray,
    link_velocities,
    scratch,
)  # fmt: skip
from wormctl_sim.planar_stall import aim_again, largest_torque, shortfall, solve_stalled

STALL_ROUNDS = 6
"""How often, at most, a step with stalled servos is solved again; every round is about five times as exact."""
SAME_SHAPE_RAD = 1e-6


@njit(cache=True)
def planar_advance(
    params: FloatArray, state: FloatArray, setpoint_rad: FloatArray, dt_s: float, steps: int
) -> None:
    """`steps` physics steps of `dt_s`, the servos' targets gliding from where they were to `setpoint_rad`."""
    joints = int(params[LINKS]) - 1
    targets = state[STATE_HEADER + 2 * joints : STATE_HEADER + 3 * joints]
    for step in range(steps):
        left = 1.0 / (steps - step)
        for j in range(joints):
            targets[j] += (setpoint_rad[j] - targets[j]) * left
        planar_step(params, state, targets, dt_s)


@njit(cache=True)
def planar_step(params: FloatArray, state: FloatArray, targets_rad: FloatArray, dt_s: float) -> None:
    """One physics step of `dt_s`: the servos follow `targets_rad`, shape (joints,), and the snake slides.

    Allocates nothing.
    """
    n = int(params[LINKS])
    joints = n - 1
    q = state[STATE_HEADER : STATE_HEADER + joints]
    rate = state[STATE_HEADER + joints : STATE_HEADER + 2 * joints]

    # The servos: an exact step of a first-order lag, then the speed limit, then the mechanical stop.
    gain = (1.0 - math.exp(-dt_s / params[TIME_CONSTANT_S])) / dt_s
    fastest = params[MAX_SPEED_RAD_S]
    limit = params[LIMIT_RAD]
    for j in range(joints):
        speed = min(max((targets_rad[j] - q[j]) * gain, -fastest), fastest)
        angle = min(max(q[j] + speed * dt_s, -limit), limit)
        rate[j] = (angle - q[j]) / dt_s
        q[j] = angle

    mx, my = _lay_out(params, state)
    vx, vy, turn = _slide(params, state, dt_s)
    if largest_torque(params, state, dt_s, vx, vy, turn) > params[STALL_NM]:
        headway_x, headway_y, turn, _ = solve_stalled(params, state, dt_s)
        # Those forces act on the shape that the servos aimed at. Again, on the one they reach, until it is the same.
        short = shortfall(n, state)
        for _ in range(STALL_ROUNDS):
            aim_again(n, state, dt_s)
            _lay_out(params, state)
            vx, vy, turn = _slide(params, state, dt_s)
            largest_torque(params, state, dt_s, vx, vy, turn)
            for j in range(joints):
                q[j] += short[j]
            headway_x, headway_y, turn, moved = solve_stalled(params, state, dt_s)
            if moved < SAME_SHAPE_RAD:
                break
        mx, my = _lay_out(params, state)
        work = scratch(n, state)
        vx = headway_x - work[UX * n] + turn * work[RY * n]
        vy = headway_y - work[UY * n] - turn * work[RX * n]
    _arrive(params, state, dt_s, vx, vy, turn)
    # The shape was laid out at the old heading: turn the head's offset with the rest.
    c = math.cos(turn * dt_s)
    s = math.sin(turn * dt_s)
    state[HEAD] = -c * mx + s * my
    state[HEAD + 1] = -s * mx - c * my


@njit(cache=True)
def _lay_out(params: FloatArray, state: FloatArray) -> tuple[float, float]:
    """Fill each link's centre, axis, and the velocity and turning that the joints' rates give it.

    Centres and velocities are those relative to the centre of mass. Returns it, seen from the head link's centre.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    q = state[STATE_HEADER : STATE_HEADER + n - 1]
    rate = state[STATE_HEADER + n - 1 : STATE_HEADER + 2 * (n - 1)]
    work = scratch(n, state)
    rx = work[RX * n : (RX + 1) * n]
    ry = work[RY * n : (RY + 1) * n]
    ux = work[UX * n : (UX + 1) * n]
    uy = work[UY * n : (UY + 1) * n]
    cos = work[COS * n : (COS + 1) * n]
    sin = work[SIN * n : (SIN + 1) * n]
    spin = work[SPIN * n : (SPIN + 1) * n]
    heading = state[HEADING_RAD]
    c = math.cos(heading)
    s = math.sin(heading)
    rx[0] = ry[0] = ux[0] = uy[0] = spin[0] = 0.0
    cos[0] = c
    sin[0] = s
    mx = my = mux = muy = 0.0
    turn = 0.0
    for i in range(1, n):
        x = rx[i - 1] - half * c
        y = ry[i - 1] - half * s
        vx = ux[i - 1] + half * s * turn
        vy = uy[i - 1] - half * c * turn
        heading += q[i - 1]
        turn += rate[i - 1]
        c = math.cos(heading)
        s = math.sin(heading)
        rx[i] = x - half * c
        ry[i] = y - half * s
        ux[i] = vx + half * s * turn
        uy[i] = vy - half * c * turn
        cos[i] = c
        sin[i] = s
        spin[i] = turn
        mx += rx[i]
        my += ry[i]
        mux += ux[i]
        muy += uy[i]
    mx /= n
    my /= n
    mux /= n
    muy /= n
    for i in range(n):
        rx[i] -= mx
        ry[i] -= my
        ux[i] -= mux
        uy[i] -= muy
    return mx, my


@njit(cache=True)
def _slide(params: FloatArray, state: FloatArray, dt_s: float) -> tuple[float, float, float]:
    """Velocity of the centre of mass and turn rate of the head's frame at the end of the step.

    With u = (that velocity V, that turn rate), link i moves at v_i = V + turn x r_i + s_i, with s_i what the
    joints' rates add. Momentum balance: (M/dt + sum J^T K J) u = P_old/dt - sum J^T K s, with K the drag tensor of
    a link and J its Jacobian. Fills the drag tensors and what contact does.
    """
    n = int(params[LINKS])
    mass = params[MASS_KG]
    inertia = params[INERTIA_KGM2]
    work = scratch(n, state)
    vx0 = state[VX_M_S]
    vy0 = state[VY_M_S]
    turn0 = state[TURN_RAD_S]
    coulomb = params[COULOMB] > 0.0
    along = params[DRAG_ALONG]
    across = params[DRAG_ACROSS]
    creep2 = params[CREEP_SPEED_M_S] ** 2
    ratio2 = (along / across) ** 2
    a00 = a01 = a02 = a11 = a12 = a22 = 0.0
    b0 = b1 = b2 = 0.0
    own_inertia = own_spin = 0.0
    for i in range(n):
        px = work[RX * n + i]
        py = work[RY * n + i]
        ux = work[UX * n + i]
        uy = work[UY * n + i]
        c = work[COS * n + i]
        s = work[SIN * n + i]
        kt = along
        kn = across
        if coulomb:
            vx = vx0 - turn0 * py + ux
            vy = vy0 + turn0 * px + uy
            vt = c * vx + s * vy
            vn = c * vy - s * vx
            slip = math.sqrt(ratio2 * vt * vt + vn * vn + creep2)
            kt = across * ratio2 / slip
            kn = across / slip
        k00 = kt * c * c + kn * s * s
        k01 = (kt - kn) * c * s
        k11 = kt * s * s + kn * c * c
        work[K00 * n + i] = k00
        work[K01 * n + i] = k01
        work[K11 * n + i] = k11
        gx = k01 * px - k00 * py
        gy = k11 * px - k01 * py
        fx = k00 * ux + k01 * uy
        fy = k01 * ux + k11 * uy
        a00 += k00
        a01 += k01
        a11 += k11
        a02 += gx
        a12 += gy
        a22 += px * gy - py * gx
        b0 -= fx
        b1 -= fy
        b2 -= px * fy - py * fx
        own_inertia += mass * (px * px + py * py) + inertia
        own_spin += mass * (px * uy - py * ux) + inertia * work[SPIN * n + i]

    if params[OBSTACLES] > 0.0:
        touch_obstacles(params, state, dt_s)
        touch = work[TOUCH * n : (TOUCH + 9) * n]
        for i in range(n):
            spin = work[SPIN * n + i]
            tx = work[UX * n + i] + spin * work[RY * n + i]
            ty = work[UY * n + i] - spin * work[RX * n + i]
            t00, t01, t02 = touch[i], touch[n + i], touch[2 * n + i]
            t11, t12, t22 = touch[3 * n + i], touch[4 * n + i], touch[5 * n + i]
            a00 += t00
            a01 += t01
            a02 += t02
            a11 += t11
            a12 += t12
            a22 += t22
            b0 += touch[6 * n + i] - t00 * tx - t01 * ty - t02 * spin
            b1 += touch[7 * n + i] - t01 * tx - t11 * ty - t12 * spin
            b2 += touch[8 * n + i] - t02 * tx - t12 * ty - t22 * spin

    per_step = mass * n / dt_s
    a00 += per_step
    a11 += per_step
    a22 += own_inertia / dt_s
    b0 += state[MOMENTUM] / dt_s
    b1 += state[MOMENTUM + 1] / dt_s
    b2 += (state[MOMENTUM + 2] - own_spin) / dt_s

    # The matrix is symmetric and positive definite: no pivoting needed.
    l10 = a01 / a00
    l20 = a02 / a00
    d1 = a11 - l10 * a01
    m12 = a12 - l10 * a02
    l21 = m12 / d1
    d2 = a22 - l20 * a02 - l21 * m12
    y1 = b1 - l10 * b0
    y2 = b2 - l20 * b0 - l21 * y1
    turn = y2 / d2
    vy = (y1 - m12 * turn) / d1
    vx = (b0 - a01 * vy - a02 * turn) / a00
    return vx, vy, turn


@njit(cache=True)
def _arrive(params: FloatArray, state: FloatArray, dt_s: float, vx: float, vy: float, turn: float) -> None:
    """Move by these velocities for `dt_s`, and remember them."""
    n = int(params[LINKS])
    mass = params[MASS_KG]
    inertia = params[INERTIA_KGM2]
    work = scratch(n, state)
    past = link_velocities(n, state)
    angular = 0.0
    for i in range(n):
        px = work[RX * n + i]
        py = work[RY * n + i]
        wx = vx - turn * py + work[UX * n + i]
        wy = vy + turn * px + work[UY * n + i]
        spin = turn + work[SPIN * n + i]
        angular += mass * (px * wy - py * wx) + inertia * spin
        past[i] = wx
        past[n + i] = wy
        past[2 * n + i] = spin
    state[VX_M_S] = vx
    state[VY_M_S] = vy
    state[TURN_RAD_S] = turn
    state[MOMENTUM] = mass * n * vx
    state[MOMENTUM + 1] = mass * n * vy
    state[MOMENTUM + 2] = angular
    state[X_M] += vx * dt_s
    state[Y_M] += vy * dt_s
    state[HEADING_RAD] += turn * dt_s


@njit(cache=True)
def link_poses(params: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Fill `out`, shape (links, 3), with x_m, y_m, heading_rad of every link's centre, head first."""
    half = 0.5 * params[LENGTH_M]
    x = state[X_M] + state[HEAD]
    y = state[Y_M] + state[HEAD + 1]
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
    out[0] = state[X_M] + state[HEAD] + ahead * math.cos(state[HEADING_RAD])
    out[1] = state[Y_M] + state[HEAD + 1] + ahead * math.sin(state[HEADING_RAD])


@njit(cache=True)
def two_noses(params: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Fill `out`, shape (2, 2), with x_m, y_m of the left nose, then of the right one."""
    c = math.cos(state[HEADING_RAD])
    s = math.sin(state[HEADING_RAD])
    x = state[X_M] + state[HEAD] + params[NOSE_AHEAD_M] * c
    y = state[Y_M] + state[HEAD + 1] + params[NOSE_AHEAD_M] * s
    aside = 0.5 * params[NOSE_SPREAD_M]
    out[0, 0] = x - aside * s
    out[0, 1] = y + aside * c
    out[1, 0] = x + aside * s
    out[1, 1] = y - aside * c
