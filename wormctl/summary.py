"""What a run came to, as numbers: pure functions of recorded arrays, and the `Summary` they fill.

Nothing here reads a file, knows a device, or prints.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

REACH_BODY_LENGTHS = 0.3
"""Food counts as reached when the nose comes this near, in body lengths."""
SPEED_WINDOW_S = 1.0
"""Where there is no wave."""
STILL_RAD = 0.01
"""Joints that swing less than this (root mean square) have no frequency."""
LOWEST_HZ, HIGHEST_HZ = 0.1, 5.0


class Loud(msgspec.Struct, frozen=True, kw_only=True):
    """One neuron that had much to say."""

    name: str
    mean: float
    """Mean activity, 0 silent to 1."""
    swing: float
    """Standard deviation of its activity: a neuron that never changes tells the others nothing."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One run in numbers. Distances are from the nose to the nearest food; None where there is none."""

    seed: int
    body: str
    world: str | None
    policy: str
    ablated: list[str]
    seconds: float
    """Simulated (or, on hardware, real) time that was run."""
    reached: bool
    time_to_food_s: float | None
    distance_start_m: float | None
    distance_min_m: float | None
    distance_end_m: float | None
    speed_bl_per_s: float | None
    """Path speed in body lengths/s, see `crawl_speed_m_s`; None for a body that cannot tell where it is."""
    frequency_hz: float
    ticks: int
    overruns: int
    tick_us_median: float
    """Over the ticks in which the nervous system stepped: with rate_hz = 100 every other one."""
    rtf: float
    """Seconds run for each second of wall time in the loop; starting up and drawing are not counted."""
    reason: str
    """Why it ended: `goal`, `time`, `interrupted`, or `fault: ...`."""
    bad_samples: dict[str, int]
    """For each channel, how many ticks it was without a good sample; channels without any are left out."""
    sensor_errors: dict[str, str] = {}
    """For each sensor in which anything went wrong, what went wrong first."""
    guarded_ticks: int = 0
    """Ticks in which the nervous system had to keep something unusable out of its state; see
    `wormctl.controller.Controller`. Runs recorded before it was counted have none."""
    varied: dict[str, float] = {}
    """What was drawn for this trial by `[randomise]`, by the names of `wormctl.variation.Variation`."""
    counted: dict[str, int] = {}
    """What the body counted, such as frames that its line lost; see `wormctl.device.Counting`."""
    loudest: list[Loud]
    """The neurons that changed most, one of each class."""


def crawl_speed_m_s(centre_m: FloatArray, period_s: float, window_s: float = SPEED_WINDOW_S) -> float:
    """How fast the body gets along its path: mean displacement of its centre over `window_s`, per second.

    `centre_m` is (ticks, 2), the mean position of all links at every tick. Over one period of the wave the centre
    does not wiggle, so such a window raises no speed by that, and few turns are quick enough to lower it. All
    windows count, overlapping; a shorter run is one window.
    """
    last = len(centre_m) - 1
    if last < 1:
        return 0.0
    span = min(max(1, round(window_s / period_s)), last)
    moved = (centre_m[span:] - centre_m[:-span]).astype(np.float64)
    return float(np.hypot(moved[:, 0], moved[:, 1]).mean() / (span * period_s))


def undulation_hz(joint_rad: FloatArray, period_s: float) -> float:
    """The frequency of the wave: the peak of the joints' summed power spectrum in 0.1..5 Hz, or 0 at rest.

    `joint_rad` is (ticks, joints). Hann window, mean removed; the peak is refined by a parabola through the
    logarithm of its three highest points.
    """
    if len(joint_rad) < 8:
        return 0.0
    bend = joint_rad.astype(np.float64)
    bend -= bend.mean(axis=0)
    if not np.isfinite(bend).all() or math.sqrt(float((bend**2).mean())) < STILL_RAD:
        return 0.0
    bend *= np.hanning(len(bend))[:, None]
    power = (np.abs(np.fft.rfft(bend, axis=0)) ** 2).sum(axis=1)
    hz = np.fft.rfftfreq(len(bend), period_s)
    inside = np.flatnonzero((hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ))
    if not inside.size:
        return 0.0
    k = int(inside[power[inside].argmax()])
    if not 0 < k < len(hz) - 1:
        return float(hz[k])
    left, top, right = np.log(power[k - 1 : k + 2] + 1e-300)
    bow = left - 2 * top + right
    shift = 0.5 * (left - right) / bow if bow < 0 else 0.0
    return float(hz[k] + min(max(shift, -0.5), 0.5) * hz[1])


def loudest(
    activity: FloatArray, names: Sequence[str], kinds: Mapping[str, str], count: int = 8
) -> list[Loud]:
    """The neurons whose activity, (ticks, neurons), changed most, one of each kind; the most changing first.

    `kinds` names a neuron's class; a neuron that is not in it is a class of its own.
    """
    if not len(activity):
        return []
    mean, swing = activity.mean(axis=0, dtype=np.float64), activity.std(axis=0, dtype=np.float64)
    best: dict[str, int] = {}
    for i in np.argsort(-swing, kind="stable").tolist():
        best.setdefault(kinds.get(names[i], names[i]), i)
    return [
        Loud(name=names[i], mean=round(float(mean[i]), 3), swing=round(float(swing[i]), 3))
        for i in list(best.values())[:count]
    ]


def first_within(distance_m: FloatArray, time_s: FloatArray, radius_m: float) -> float | None:
    """The first time at which the distance is `radius_m` or less; None if it never is."""
    hits = np.flatnonzero(distance_m <= radius_m)
    return float(time_s[hits[0]]) if hits.size else None


def wilson_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927), 95 % by default; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    p = successes / trials
    shrink = 1 + z * z / trials
    middle = (p + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / shrink
    return max(0.0, middle - half), min(1.0, middle + half)
