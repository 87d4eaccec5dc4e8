"""Numba kernels between PyBullet's numbers and the snake: drag as joint forces, link poses.

`params` is packed by `planar_layout.planar_params`; `dof` is (2, links + 2): positions, then
velocities, of the head link's centre in x, y and yaw and of every joint.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl_sim.planar_layout import (
    COULOMB,
    CREEP_SPEED_M_S,
    DRAG_ACROSS,
    DRAG_ALONG,
    LENGTH_M,
    LINKS,
    MASS_KG,
    NOSE_AHEAD_M,
)

FloatArray = NDArray[np.float64]

STIFFEST = 0.5
"""Cap on coefficient * dt / mass: drag is explicit here, and overshoots from about 1.4 on."""


@njit(cache=True)
def planar_drag(
    params: FloatArray, dof: FloatArray, dt_s: float, force: FloatArray, work: FloatArray
) -> None:
    """Fill `force`, (links + 2,), with the drag J^T F for the next physics step.

    In x and y at the head link's centre, in yaw about it, and in every joint. `work` is (6, links).

    PyBullet moves by the velocities that a step ends with, so that velocities are those of half a step before the
    positions: the links are taken to lie as they did then. It makes the error of a step second order.
    """
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    along = params[DRAG_ALONG]
    across = params[DRAG_ACROSS]
    ratio2 = (along / across) ** 2
    creep2 = params[CREEP_SPEED_M_S] ** 2
    cap = STIFFEST * params[MASS_KG] / dt_s
    coulomb = params[COULOMB] > 0.0
    behind_s = 0.5 * dt_s
    x = dof[0, 0]
    y = dof[0, 1]
    heading = dof[0, 2] - dof[1, 2] * behind_s
    vx = dof[1, 0]
    vy = dof[1, 1]
    spin = dof[1, 2]
    c = math.cos(heading)
    s = math.sin(heading)
    for i in range(n):
        if i > 0:
            x -= half * c
            y -= half * s
            vx += half * s * spin
            vy -= half * c * spin
            work[4, i] = x
            work[5, i] = y
            heading += dof[0, 2 + i] - dof[1, 2 + i] * behind_s
            spin += dof[1, 2 + i]
            c = math.cos(heading)
            s = math.sin(heading)
            x -= half * c
            y -= half * s
            vx += half * s * spin
            vy -= half * c * spin
        vt = c * vx + s * vy
        vn = c * vy - s * vx
        kt = along
        kn = across
        if coulomb:
            slip = math.sqrt(ratio2 * vt * vt + vn * vn + creep2)
            kt = across * ratio2 / slip
            kn = across / slip
        ft = -min(kt, cap) * vt
        fn = -min(kn, cap) * vn
        work[0, i] = x
        work[1, i] = y
        work[2, i] = c * ft - s * fn
        work[3, i] = s * ft + c * fn
    fx = fy = moment = 0.0
    for i in range(n - 1, -1, -1):
        fx += work[2, i]
        fy += work[3, i]
        moment += work[0, i] * work[3, i] - work[1, i] * work[2, i]
        if i > 0:
            force[2 + i] = moment - (work[4, i] * fy - work[5, i] * fx)
    force[0] = fx
    force[1] = fy
    force[2] = moment - (work[0, 0] * fy - work[1, 0] * fx)


@njit(cache=True)
def look(
    params: FloatArray, dof: FloatArray, pose: FloatArray, nose_m: FloatArray, angles_rad: FloatArray
) -> None:
    """Fill `pose` (links, 3), `nose_m` (2,) and `angles_rad` (joints,) from the degrees of freedom."""
    half = 0.5 * params[LENGTH_M]
    x = dof[0, 0]
    y = dof[0, 1]
    heading = dof[0, 2]
    nose_m[0] = x + params[NOSE_AHEAD_M] * math.cos(heading)
    nose_m[1] = y + params[NOSE_AHEAD_M] * math.sin(heading)
    for i in range(int(params[LINKS])):
        if i > 0:
            x -= half * math.cos(heading)
            y -= half * math.sin(heading)
            angles_rad[i - 1] = dof[0, 2 + i]
            heading += dof[0, 2 + i]
            x -= half * math.cos(heading)
            y -= half * math.sin(heading)
        pose[i, 0] = x
        pose[i, 1] = y
        pose[i, 2] = heading
