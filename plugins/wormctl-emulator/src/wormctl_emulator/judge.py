"""What servos saw, judged: from pulses to the figures that safety is about. Pure: no chip here."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from wormctl_serial.config import JointTable

from wormctl_emulator.chip import HZ, SERVOS

JITTER_US = 10.0
"""How far a pulse may be off, either way, because one interrupt waits for another: counted out of all that follows."""
_TICK_S = 0.02
_LAGS = (1, 10)
"""Over how many pulses slew is judged: over one, jitter hides much of it; over ten, next to nothing."""


class Seen(NamedTuple):
    """The pulses of a stretch of time. Angles in degrees, as the joint table turns pulses into them."""

    first_s: float
    """When the first pulse began; infinite if there was none."""
    last_s: float
    """When the last one began; minus infinite if there was none."""
    beyond_deg: float
    """How far the worst pulse was outside its joint's limits; 0 for none, whatever the jitter."""
    slew_deg_s: float
    """The quickest that any joint went from one pulse to the next, jitter counted out: over a pause too, as the servo
    stands where the last one before it said."""
    cut: int
    """Pulses that a reset cut short."""


def angles_deg(pulses: NDArray[np.void], joints: tuple[JointTable, ...]) -> NDArray[np.float64]:
    """The angle that each pulse asks for, (n,)."""
    centre = np.array([joint.centre_us for joint in joints], dtype=np.float64)
    scale = np.array([joint.us_per_rad for joint in joints], dtype=np.float64)
    servo = pulses["servo"].astype(np.intp)
    width_us = pulses["width"] * (1e6 / HZ)
    out: NDArray[np.float64] = np.degrees((width_us - centre[servo]) / scale[servo])
    return out


def judge(pulses: NDArray[np.void], joints: tuple[JointTable, ...]) -> Seen:
    """What all of `pulses` come to; those that a reset cut short are counted, and judged by nothing else."""
    whole = pulses[pulses["cut"] == 0]
    cut = len(pulses) - len(whole)
    if not len(whole):
        return Seen(math.inf, -math.inf, 0.0, 0.0, cut)
    rise_s = whole["rise"] / HZ
    deg = angles_deg(whole, joints)
    servo = whole["servo"].astype(np.intp)
    low = np.array([joint.low_deg for joint in joints])[servo]
    high = np.array([joint.high_deg for joint in joints])[servo]
    jitter_deg = np.degrees(JITTER_US / np.abs(np.array([joint.us_per_rad for joint in joints])))[servo]
    beyond = np.maximum(np.maximum(low - deg, deg - high) - jitter_deg, 0.0)
    slew = 0.0
    for n in range(SERVOS):
        mine = servo == n
        for lag in _LAGS:
            if np.count_nonzero(mine) > lag:
                moved = np.abs(deg[mine][lag:] - deg[mine][:-lag]) - 2.0 * jitter_deg[mine][lag:]
                slew = max(slew, float(moved.max()) / (lag * _TICK_S))
    return Seen(float(rise_s.min()), float(rise_s.max()), float(beyond.max()), slew, cut)


def moves_between(
    pulses: NDArray[np.void], joints: tuple[JointTable, ...], from_s: float, until_s: float
) -> float:
    """The most that any joint's pulses differ within a stretch of time, jitter counted out: degrees."""
    rise_s = pulses["rise"] / HZ
    inside = pulses[(rise_s >= from_s) & (rise_s <= until_s) & (pulses["cut"] == 0)]
    deg = angles_deg(inside, joints)
    most = 0.0
    for n in range(SERVOS):
        mine = deg[inside["servo"] == n]
        if len(mine):
            jitter_deg = math.degrees(JITTER_US / abs(joints[n].us_per_rad))
            most = max(most, float(np.ptp(mine)) - 2.0 * jitter_deg)
    return most
