"""Contact of the planar snake with pegs and walls: springs, dampers and friction, taken implicitly. Kernels only."""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_layout import (
    CHAIN_SIZE,
    COS,
    GIVEN,
    INERTIA,
    LENGTH_M,
    LINKS,
    OBSTACLE_SIZE,
    OBSTACLES,
    PARAMS_HEADER,
    RADIUS_M,
    RX,
    RY,
    SIN,
    X_M,
    Y_M,
    FloatArray,
    contact_forces,
    link_chain,
    link_rows,
    link_velocities,
)  # fmt: skip

CONTACT_STIFFNESS_N_M = 10_000.0
CONTACT_DAMPING_NS_M = 60.0
CONTACT_FRICTION = 0.3
CONTACT_CREEP_M_S = 0.01


@njit(cache=True)
def touch_obstacles(params: FloatArray, state: FloatArray, dt_s: float) -> None:
    """Fill the contact forces, and add what contact does to every link to the chain.

    The links are where they were laid out, half a step ahead. A spring and a damper push a link out of an obstacle,
    smoothed Coulomb friction holds it along the surface; both are taken implicitly, as the drag is. A contact never
    pulls.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M] - params[RADIUS_M]
    force_n = contact_forces(n, state)
    work = link_rows(n, state)
    chain = link_chain(n, state)
    past = link_velocities(n, state)
    head_x = state[X_M] + 0.5 * dt_s * past[0]
    head_y = state[Y_M] + 0.5 * dt_s * past[n]
    reach = n * params[LENGTH_M] + params[RADIUS_M]
    force_n[:] = 0.0
    for k in range(int(params[OBSTACLES])):
        at = PARAMS_HEADER + OBSTACLE_SIZE * k
        # Seen from the head link's centre, as the links are.
        x1 = params[at] - head_x
        y1 = params[at + 1] - head_y
        x2 = params[at + 2] - head_x
        y2 = params[at + 3] - head_y
        touching = params[at + 4] + params[RADIUS_M]
        t = _nearest(x1, y1, x2, y2, 0.0, 0.0)
        if math.hypot(x1 + t * (x2 - x1), y1 + t * (y2 - y1)) > reach + touching:
            continue
        for i in range(n):
            cx = work[RX * n + i]
            cy = work[RY * n + i]
            hx = half * work[COS * n + i]
            hy = half * work[SIN * n + i]
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
            spin = past[2 * n + i]
            vx = past[i] - spin * (py - cy)
            vy = past[n + i] + spin * (px - cx)
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
            gx = k01 * px - k00 * py
            gy = k11 * px - k01 * py
            own = chain[CHAIN_SIZE * i : CHAIN_SIZE * (i + 1)]
            own[INERTIA] += k00
            own[INERTIA + 1] += k01
            own[INERTIA + 2] += gx
            own[INERTIA + 3] += k11
            own[INERTIA + 4] += gy
            own[INERTIA + 5] += px * gy - py * gx
            own[GIVEN] += spring * nx
            own[GIVEN + 1] += spring * ny
            own[GIVEN + 2] += spring * (px * ny - py * nx)


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
