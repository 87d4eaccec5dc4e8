"""Numba kernel of a snake lying on the ground: the ground's forces on its head link and in its joints.

All joints turn about parallel axes, so the links always lie in one plane, that of the head link: the centre
of a link is at B + a e1 + b e2, with B the head link's centre, e1 along it, e2 to its left, e3 up.
Every link stands on two feet, left and right under its centre. Along its normal the ground is a spring and a
damper; along itself it drags each foot in proportion to the weight on it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl_sim.drag_kernel import STIFFEST
from wormctl_sim.planar_layout import (
    COULOMB,
    CREEP_SPEED_M_S,
    DRAG_ACROSS,
    DRAG_ALONG,
    LENGTH_M,
    LINKS,
    MASS_KG,
    RADIUS_M,
)
from wormctl_sim.terrain import Relief, height_and_slope

FloatArray = NDArray[np.float64]

GRAVITY_M_S2 = 9.81
STIFFNESS_N_M = 500.0
"""Of the ground under one foot: a link of 0.15 kg sinks in by 1.5 mm. Rigid ground would leave open how two
dozen feet share the weight."""
DAMPING_NS_M = 6.0


@njit(cache=True)
def ground_reaction(
    params: FloatArray,
    base: FloatArray,
    dof: FloatArray,
    relief: Relief,
    dt_s: float,
    force: FloatArray,
    work: FloatArray,
) -> None:
    """Fill `force`, (6 + joints,): force in N and torque in N*m on the head link, then on every joint.

    `base` is (13,): position, orientation (x, y, z, w), velocity and angular velocity of the head link, all
    seen from the world; so are the force and the torque about its centre. `dof` is as in `drag_kernel`; its
    first three columns are not used. `work` is (5, links) or more. The links are taken to lie as they did half a step
    before, as in `drag_kernel.planar_drag`.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    radius = params[RADIUS_M]
    mass = params[MASS_KG]
    foot_weight = 0.5 * mass * GRAVITY_M_S2
    along = params[DRAG_ALONG]
    across = params[DRAG_ACROSS]
    ratio2 = (along / across) ** 2
    creep2 = params[CREEP_SPEED_M_S] ** 2
    coulomb = params[COULOMB] > 0.0
    cap = 0.5 * STIFFEST * mass / dt_s

    qx, qy, qz, qw = base[3], base[4], base[5], base[6]
    e1x = 1 - 2 * (qy * qy + qz * qz)
    e1y = 2 * (qx * qy + qw * qz)
    e1z = 2 * (qx * qz - qw * qy)
    e2x = 2 * (qx * qy - qw * qz)
    e2y = 1 - 2 * (qx * qx + qz * qz)
    e2z = 2 * (qy * qz + qw * qx)
    e3x = e1y * e2z - e1z * e2y
    e3y = e1z * e2x - e1x * e2z
    e3z = e1x * e2y - e1y * e2x
    wx, wy, wz = base[10], base[11], base[12]

    a = b = ua = ub = 0.0
    behind_s = 0.5 * dt_s
    turn = -behind_s * (wx * e3x + wy * e3y + wz * e3z)
    spin = 0.0
    c = math.cos(turn)
    s = math.sin(turn)
    fx = fy = fz = mx = my = mz = 0.0
    for i in range(n):
        if i > 0:
            a -= half * c
            b -= half * s
            ua += half * s * spin
            ub -= half * c * spin
            work[0, i] = a
            work[1, i] = b
            turn += dof[0, 2 + i] - dof[1, 2 + i] * behind_s
            spin += dof[1, 2 + i]
            c = math.cos(turn)
            s = math.sin(turn)
            a -= half * c
            b -= half * s
            ua += half * s * spin
            ub -= half * c * spin
        # The link's axis, seen from the world.
        tx = c * e1x + s * e2x
        ty = c * e1y + s * e2y
        tz = c * e1z + s * e2z
        push1 = push2 = moment = 0.0
        for side in (-1.0, 1.0):
            foot1 = a - side * radius * s
            foot2 = b + side * radius * c
            rx = foot1 * e1x + foot2 * e2x - radius * e3x
            ry = foot1 * e1y + foot2 * e2y - radius * e3y
            rz = foot1 * e1z + foot2 * e2z - radius * e3z
            height, slope_x, slope_y = height_and_slope(relief, base[0] + rx, base[1] + ry)
            steep = 1.0 / math.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
            depth = (height - base[2] - rz) * steep
            if depth <= 0.0:
                continue
            nx = -slope_x * steep
            ny = -slope_y * steep
            nz = steep
            v1 = ua - side * radius * c * spin
            v2 = ub - side * radius * s * spin
            vx = base[7] + wy * rz - wz * ry + v1 * e1x + v2 * e2x
            vy = base[8] + wz * rx - wx * rz + v1 * e1y + v2 * e2y
            vz = base[9] + wx * ry - wy * rx + v1 * e1z + v2 * e2z
            sinking = vx * nx + vy * ny + vz * nz
            press = STIFFNESS_N_M * depth - DAMPING_NS_M * sinking
            if press <= 0.0:
                continue
            # Slip along the ground, split into along and across the link.
            vx -= sinking * nx
            vy -= sinking * ny
            vz -= sinking * nz
            out = tx * nx + ty * ny + tz * nz
            gx = tx - out * nx
            gy = ty - out * ny
            gz = tz - out * nz
            shrink = 1.0 / math.sqrt(gx * gx + gy * gy + gz * gz)
            gx *= shrink
            gy *= shrink
            gz *= shrink
            vt = vx * gx + vy * gy + vz * gz
            kt = along
            kn = across
            if coulomb:
                vn2 = max(vx * vx + vy * vy + vz * vz - vt * vt, 0.0)
                slip = math.sqrt(ratio2 * vt * vt + vn2 + creep2)
                kt = across * ratio2 / slip
                kn = across / slip
            share = 0.5 * press / foot_weight
            kt = min(kt * share, cap)
            kn = min(kn * share, cap)
            px = press * nx - kn * vx - (kt - kn) * vt * gx
            py = press * ny - kn * vy - (kt - kn) * vt * gy
            pz = press * nz - kn * vz - (kt - kn) * vt * gz
            fx += px
            fy += py
            fz += pz
            mx += ry * pz - rz * py
            my += rz * px - rx * pz
            mz += rx * py - ry * px
            p1 = px * e1x + py * e1y + pz * e1z
            p2 = px * e2x + py * e2y + pz * e2z
            push1 += p1
            push2 += p2
            moment += foot1 * p2 - foot2 * p1
        work[2, i] = push1
        work[3, i] = push2
        work[4, i] = moment
    force[0] = fx
    force[1] = fy
    force[2] = fz
    force[3] = mx
    force[4] = my
    force[5] = mz
    push1 = push2 = moment = 0.0
    for i in range(n - 1, 0, -1):
        push1 += work[2, i]
        push2 += work[3, i]
        moment += work[4, i]
        force[5 + i] = moment - (work[0, i] * push2 - work[1, i] * push1)
