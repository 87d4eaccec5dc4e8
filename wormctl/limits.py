"""What a joint may be asked to do: range and slew, as pure functions. No device, no clock, no state.

The loop and the compiled lives of training call the same kernel, so a policy learns under the limits it will run under.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit
from wormctl.snake import Snake


class Limits(NamedTuple):
    """The limits of every joint at one tick period. A named tuple, so that kernels can take it whole."""

    limit_rad: float
    """Largest setpoint either way, from straight."""
    step_rad: float
    """Largest change of a setpoint from one tick to the next."""
    arming_step_rad: float
    """The same during the first `arming_ticks` ticks after arming."""
    arming_ticks: int


def make_limits(snake: Snake, period_s: float) -> Limits:
    """The limits that `snake` sets, for setpoints sent every `period_s`.

    Raises `ValueError` if the period is not greater than 0.
    """
    if not (math.isfinite(period_s) and period_s > 0.0):
        raise ValueError(f"period_s = {period_s}: must be finite and greater than 0")
    joint = snake.joint
    return Limits(
        limit_rad=snake.limit_rad,
        step_rad=math.radians(joint.max_speed_deg_s) * period_s,
        arming_step_rad=math.radians(min(joint.arming_speed_deg_s, joint.max_speed_deg_s)) * period_s,
        arming_ticks=math.ceil(joint.arming_time_s / period_s - 1e-6),
    )


@njit(cache=True)
def allowed_step(limits: Limits, ticks_since_arming: int) -> float:
    """Largest change of a setpoint in the tick numbered `ticks_since_arming`, counted from 0."""
    return limits.arming_step_rad if ticks_since_arming < limits.arming_ticks else limits.step_rad


@njit(cache=True)
def limit_setpoint(
    wanted: NDArray[np.float64],
    previous: NDArray[np.float64],
    limit_rad: float,
    max_step_rad: float,
    out: NDArray[np.float64],
) -> int:
    """Bring `wanted` within +-`limit_rad` and within `max_step_rad` of `previous`.

    The arrays are (joints,), in radians; `out` may be `previous` itself. Whatever is passed in, every entry
    of `out` is finite and within the range: a joint whose `wanted` is not finite keeps `previous`, a
    `previous` outside the range counts as lying on its edge, a non-finite one as straight. Returns the number
    of joints with a non-finite entry: on anything but 0 the caller must make the body safe.
    """
    bad = 0
    for j in range(wanted.size):
        start = previous[j]
        goal = wanted[j]
        if not (math.isfinite(goal) and math.isfinite(start)):
            bad += 1
        if not math.isfinite(start):
            start = 0.0
        start = min(max(start, -limit_rad), limit_rad)
        if not math.isfinite(goal):
            goal = start
        goal = min(max(goal, -limit_rad), limit_rad)
        out[j] = min(max(goal, start - max_step_rad), start + max_step_rad)
    return bad
