"""Numba kernels of the planar snake: rigid links, servo joints, anisotropic drag, penalty contact.

No objects and no validation here: everything a step needs is packed into two float64 vectors, `params`
(constant) and `state` (moves), so that Python and other kernels call it with a handful of arguments.

The joints follow their servos (a first-order lag with a speed limit) whatever the load. What is solved for is
the motion of the whole: three equations, the balance of momentum and angular momentum, with the drag taken
implicitly (backward Euler, linearised at the old velocity), so that any drag and any step is stable.

Compiled without fastmath: contact is chaotic, and the same seed must give the same run bit for bit, whichever
way the compiler happens to inline a step into its caller.
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
OBSTACLES = 14
PARAMS_HEADER = 15
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
"""Then, for n links: joint angles, rates and present targets (n-1 each), contact forces (n), work (7 n)."""

CONTACT_STIFFNESS_N_M = 10_000.0
CONTACT_DAMPING_NS_M = 60.0
CONTACT_FRICTION = 0.3
CONTACT_CREEP_M_S = 0.01


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
    params[NOSE_AHEAD_M] = snake.nose.ahead_m
    params[NOSE_SPREAD_M] = snake.nose.spread_m
    params[OBSTACLES] = len(rods)
    params[PARAMS_HEADER:] = rods.ravel()
    return params


def planar_state(snake: Snake, x_m: float = 0.0, y_m: float = 0.0, heading_rad: float = 0.0) -> FloatArray:
    """The state of `snake` at rest and straight, its head link's centre at (`x_m`, `y_m`)."""
    state = np.zeros(STATE_HEADER + 3 * snake.joints + 8 * snake.links)
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

    With u = (velocity V of the centre of mass, turn rate of the head's frame), link i moves at
    v_i = V + turn x r_i + s_i, with s_i what the joints' rates add. Momentum balance at the end of the step:
    (M/dt + sum J^T K J) u = P_old/dt - sum J^T K s, with K the drag tensor of a link and J its Jacobian.
    Allocates nothing.
    """
    n = int(params[LINKS])
    length = params[LENGTH_M]
    mass = params[MASS_KG]
    inertia = params[INERTIA_KGM2]
    half = 0.5 * length
    joints = n - 1
    q = state[STATE_HEADER : STATE_HEADER + joints]
    rate = state[STATE_HEADER + joints : STATE_HEADER + 2 * joints]
    work = state[STATE_HEADER + 3 * joints + n :]
    rx = work[0:n]
    ry = work[n : 2 * n]
    sx = work[2 * n : 3 * n]
    sy = work[3 * n : 4 * n]
    cos = work[4 * n : 5 * n]
    sin = work[5 * n : 6 * n]
    spin = work[6 * n : 7 * n]

    # The servos: an exact step of a first-order lag, then the speed limit, then the mechanical stop.
    gain = (1.0 - math.exp(-dt_s / params[TIME_CONSTANT_S])) / dt_s
    fastest = params[MAX_SPEED_RAD_S]
    limit = params[LIMIT_RAD]
    for j in range(joints):
        speed = min(max((targets_rad[j] - q[j]) * gain, -fastest), fastest)
        angle = min(max(q[j] + speed * dt_s, -limit), limit)
        rate[j] = (angle - q[j]) / dt_s
        q[j] = angle

    # Shape: each link's centre and the velocity the joints give it, seen from the head link.
    heading = state[HEADING_RAD]
    c = math.cos(heading)
    s = math.sin(heading)
    rx[0] = ry[0] = sx[0] = sy[0] = spin[0] = 0.0
    cos[0] = c
    sin[0] = s
    mx = my = msx = msy = 0.0
    turn = 0.0
    for i in range(1, n):
        x = rx[i - 1] - half * c
        y = ry[i - 1] - half * s
        vx = sx[i - 1] + half * s * turn
        vy = sy[i - 1] - half * c * turn
        heading += q[i - 1]
        turn += rate[i - 1]
        c = math.cos(heading)
        s = math.sin(heading)
        rx[i] = x - half * c
        ry[i] = y - half * s
        sx[i] = vx + half * s * turn
        sy[i] = vy - half * c * turn
        cos[i] = c
        sin[i] = s
        spin[i] = turn
        mx += rx[i]
        my += ry[i]
        msx += sx[i]
        msy += sy[i]
    mx /= n
    my /= n
    msx /= n
    msy /= n

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
        px = rx[i] - mx
        py = ry[i] - my
        ux = sx[i] - msx
        uy = sy[i] - msy
        rx[i] = px
        ry[i] = py
        sx[i] = ux
        sy[i] = uy
        c = cos[i]
        s = sin[i]
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
        own_spin += mass * (px * uy - py * ux) + inertia * spin[i]

    if params[OBSTACLES] > 0.0:
        d00, d01, d02, d11, d12, d22, e0, e1, e2 = _contact(params, state, dt_s)
        a00 += d00
        a01 += d01
        a02 += d02
        a11 += d11
        a12 += d12
        a22 += d22
        b0 += e0
        b1 += e1
        b2 += e2

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

    state[VX_M_S] = vx
    state[VY_M_S] = vy
    state[TURN_RAD_S] = turn
    state[MOMENTUM] = mass * n * vx
    state[MOMENTUM + 1] = mass * n * vy
    state[MOMENTUM + 2] = own_inertia * turn + own_spin
    state[X_M] += vx * dt_s
    state[Y_M] += vy * dt_s
    state[HEADING_RAD] += turn * dt_s
    # The shape was laid out at the old heading: turn the head's offset with the rest.
    c = math.cos(turn * dt_s)
    s = math.sin(turn * dt_s)
    state[HEAD] = -c * mx + s * my
    state[HEAD + 1] = -s * mx - c * my


@njit(cache=True)
def _contact(
    params: FloatArray, state: FloatArray, dt_s: float
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """What contact adds to the six entries of the matrix and the three of the right side.

    Fills the contact forces. A spring and a damper push a link out of an obstacle, smoothed Coulomb friction
    holds it along the surface; both are taken implicitly, as the drag is. A contact never pulls.
    """
    n = int(params[LINKS])
    joints = n - 1
    half = 0.5 * params[LENGTH_M] - params[RADIUS_M]
    force_n = state[STATE_HEADER + 3 * joints : STATE_HEADER + 3 * joints + n]
    work = state[STATE_HEADER + 3 * joints + n :]
    vx0 = state[VX_M_S]
    vy0 = state[VY_M_S]
    turn0 = state[TURN_RAD_S]
    reach = 0.5 * n * params[LENGTH_M] + params[RADIUS_M]
    a00 = a01 = a02 = a11 = a12 = a22 = 0.0
    b0 = b1 = b2 = 0.0
    force_n[:] = 0.0
    for k in range(int(params[OBSTACLES])):
        at = PARAMS_HEADER + OBSTACLE_SIZE * k
        # Seen from the centre of mass, as the links are.
        x1 = params[at] - state[X_M]
        y1 = params[at + 1] - state[Y_M]
        x2 = params[at + 2] - state[X_M]
        y2 = params[at + 3] - state[Y_M]
        touching = params[at + 4] + params[RADIUS_M]
        t = _nearest(x1, y1, x2, y2, 0.0, 0.0)
        if math.hypot(x1 + t * (x2 - x1), y1 + t * (y2 - y1)) > reach + touching:
            continue
        for i in range(n):
            cx = work[i]
            cy = work[n + i]
            hx = half * work[4 * n + i]
            hy = half * work[5 * n + i]
            t = _nearest(x1, y1, x2, y2, cx, cy)
            if math.hypot(x1 + t * (x2 - x1) - cx, y1 + t * (y2 - y1) - cy) > half + touching:
                continue
            px, py, ox, oy = _closest(cx - hx, cy - hy, cx + hx, cy + hy, x1, y1, x2, y2)
            nx = px - ox
            ny = py - oy
            gap = math.hypot(nx, ny)
            depth = touching - gap
            if depth <= 0.0:
                continue
            if gap < 1e-9:  # axes cross: push the link out the way its centre lies
                nx = cx - (x1 + t * (x2 - x1))
                ny = cy - (y1 + t * (y2 - y1))
                gap = math.hypot(nx, ny) + 1e-12
            nx /= gap
            ny /= gap
            # What the link's own point of the contact does besides the whole's motion.
            lever_x = px - cx
            lever_y = py - cy
            ux = work[2 * n + i] - work[6 * n + i] * lever_y
            uy = work[3 * n + i] + work[6 * n + i] * lever_x
            vx = vx0 - turn0 * py + ux
            vy = vy0 + turn0 * px + uy
            press = CONTACT_STIFFNESS_N_M * depth - CONTACT_DAMPING_NS_M * (nx * vx + ny * vy)
            if press <= 0.0:
                continue
            force_n[i] += press
            kn = CONTACT_DAMPING_NS_M + CONTACT_STIFFNESS_N_M * dt_s
            sliding = math.hypot(nx * vy - ny * vx, CONTACT_CREEP_M_S)
            kt = CONTACT_FRICTION * press / sliding
            k00 = kn * nx * nx + kt * ny * ny
            k01 = (kn - kt) * nx * ny
            k11 = kn * ny * ny + kt * nx * nx
            spring = CONTACT_STIFFNESS_N_M * depth
            fx = spring * nx - k00 * ux - k01 * uy
            fy = spring * ny - k01 * ux - k11 * uy
            gx = k01 * px - k00 * py
            gy = k11 * px - k01 * py
            a00 += k00
            a01 += k01
            a11 += k11
            a02 += gx
            a12 += gy
            a22 += px * gy - py * gx
            b0 += fx
            b1 += fy
            b2 += px * fy - py * fx
    return a00, a01, a02, a11, a12, a22, b0, b1, b2


@njit(cache=True)
def _nearest(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> float:
    """How far along the segment (0 to 1) its point nearest to (x, y) is."""
    dx = x2 - x1
    dy = y2 - y1
    long2 = dx * dx + dy * dy
    if long2 == 0.0:
        return 0.0
    return min(max(((x - x1) * dx + (y - y1) * dy) / long2, 0.0), 1.0)


@njit(cache=True)
def _closest(
    ax: float, ay: float, bx: float, by: float, x1: float, y1: float, x2: float, y2: float
) -> tuple[float, float, float, float]:
    """The nearest points of segments a-b and 1-2: one of the four ends is one of them, unless they cross."""
    dx = bx - ax
    dy = by - ay
    ex = x2 - x1
    ey = y2 - y1
    cross = dx * ey - dy * ex
    if cross != 0.0:
        u = ((x1 - ax) * ey - (y1 - ay) * ex) / cross
        w = ((x1 - ax) * dy - (y1 - ay) * dx) / cross
        if 0.0 <= u <= 1.0 and 0.0 <= w <= 1.0:
            x = ax + u * dx
            y = ay + u * dy
            return x, y, x, y
    t = _nearest(x1, y1, x2, y2, ax, ay)
    px, py, ox, oy = ax, ay, x1 + t * ex, y1 + t * ey
    best = (px - ox) ** 2 + (py - oy) ** 2
    t = _nearest(x1, y1, x2, y2, bx, by)
    d = (bx - x1 - t * ex) ** 2 + (by - y1 - t * ey) ** 2
    if d < best:
        best = d
        px, py, ox, oy = bx, by, x1 + t * ex, y1 + t * ey
    t = _nearest(ax, ay, bx, by, x1, y1)
    d = (ax + t * dx - x1) ** 2 + (ay + t * dy - y1) ** 2
    if d < best:
        best = d
        px, py, ox, oy = ax + t * dx, ay + t * dy, x1, y1
    t = _nearest(ax, ay, bx, by, x2, y2)
    d = (ax + t * dx - x2) ** 2 + (ay + t * dy - y2) ** 2
    if d < best:
        px, py, ox, oy = ax + t * dx, ay + t * dy, x2, y2
    return px, py, ox, oy


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
