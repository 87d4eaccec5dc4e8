"""Numba kernel of the PyBullet snake's servos: the torque of every joint for the coming step. No PyBullet here.

PyBullet has no motor that gives way to its load, and a torque that follows from its numbers after the step is a step
too late for a stiff spring on a light link. So the step is foreseen, with the equations of the planar snake, for the
servos to be taken implicitly there (Tan, Liu and Turk 2011, stable PD control), and PyBullet is given the torques.
What it then does otherwise, because of contact, weight or a stop, is taken to go on: the servos feel it some steps
later.
"""

from __future__ import annotations

import math

from wormctl.jit import njit
from wormctl_sim.planar_kernel import fill_chain, glide, lay_out
from wormctl_sim.planar_layout import (
    COS,
    HEADING_RAD,
    LENGTH_M,
    LINKS,
    SIN,
    X_M,
    Y_M,
    FloatArray,
    joint_angles,
    joint_rates,
    joint_targets,
    link_rows,
    link_velocities,
    servo_torques,
    snake_load,
)
from wormctl_sim.planar_servos import solve_servos

FORESEEN, SURPRISE = 0, 1
"""Rows of `guess`."""
LEARN = 0.5
"""The share of a surprise that is taken to come again: all of it would let hard contact tremble."""


@njit(cache=True)
def drive(
    params: FloatArray,
    state: FloatArray,
    dof: FloatArray,
    guess: FloatArray,
    setpoint_rad: FloatArray,
    steps_left: int,
    dt_s: float,
    force: FloatArray,
) -> None:
    """Add the torque of every servo to `force`, whose last entries are the joints' and hold what the ground does.

    `force` begins with the force (x, y) on the head link, and the moment about its centre ends what is before the
    joints. `dof` is as in `drag_kernel`, (2, links + 2). `guess` is alike: the velocities foreseen for this moment,
    and the learnt difference from them. The targets glide to `setpoint_rad` in `steps_left` steps.
    """
    n = int(params[LINKS])
    first = force.size - (n - 1)
    for k in range(n + 2):
        guess[SURPRISE, k] += LEARN * (dof[1, k] - guess[FORESEEN, k])
    state[X_M] = dof[0, 0]
    state[Y_M] = dof[0, 1]
    state[HEADING_RAD] = dof[0, 2]
    joint_angles(n, state)[:] = dof[0, 3:]
    lay_out(params, state, 0.0)
    _foresee(params, state, dof, guess, dt_s)
    load = snake_load(n, state)
    load[0] = force[0]
    load[1] = force[1]
    load[2:] = force[first - 1 :]
    targets = joint_targets(n, state)
    glide(targets, setpoint_rad, steps_left)
    vx, vy, turn = solve_servos(params, state, targets, math.inf, dt_s)  # PyBullet has stops of its own
    guess[FORESEEN, 0] = vx
    guess[FORESEEN, 1] = vy
    guess[FORESEEN, 2] = turn
    guess[FORESEEN, 3:] = joint_rates(n, state)
    force[first:] += servo_torques(n, state)


@njit(cache=True)
def _foresee(params: FloatArray, state: FloatArray, dof: FloatArray, guess: FloatArray, dt_s: float) -> None:
    """Fill the chain: every link's momentum as it goes on along the curve that the joints' speeds make it run."""
    n = int(params[LINKS])
    half = 0.5 * params[LENGTH_M]
    work = link_rows(n, state)
    past = link_velocities(n, state)
    vx = dof[1, 0] + guess[SURPRISE, 0]
    vy = dof[1, 1] + guess[SURPRISE, 1]
    spin = dof[1, 2] + guess[SURPRISE, 2]
    real = dof[1, 2]
    pull_x = pull_y = 0.0
    for i in range(n):
        if i > 0:
            for k in (i - 1, i):
                c = half * work[COS * n + k]
                s = half * work[SIN * n + k]
                if k == i:
                    spin += dof[1, 2 + i] + guess[SURPRISE, 2 + i]
                    real += dof[1, 2 + i]
                vx += s * spin
                vy -= c * spin
                pull_x += c * real * real
                pull_y += s * real * real
        past[i] = vx - dt_s * pull_x
        past[n + i] = vy - dt_s * pull_y
        past[2 * n + i] = spin
        fill_chain(params, state, dt_s, i, 0.0, 0.0, 0.0)
