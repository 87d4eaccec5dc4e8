"""How a body gets about: its axis, how far it got along that, its speed, how its way curves. No events here.

Poses are (ticks, links, 3) as in a record: x_m, y_m, heading_rad of every link, head first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
AnyFloats = NDArray[np.floating]

SLOWEST_BODY_LENGTHS_S = 0.02
"""Below this speed a body is taken to stand: it has no curvature of its way."""


def centre_m(pose: AnyFloats) -> FloatArray:
    """The mean position of all links: (ticks, 2)."""
    return np.asarray(pose[:, :, :2].mean(axis=1, dtype=np.float64))


def axis(pose: AnyFloats) -> FloatArray:
    """Where the body points, as unit vectors (ticks, 2): the mean of its links' directions, tail to head."""
    heading = pose[:, :, 2].astype(np.float64)
    mean = np.stack([np.cos(heading).mean(axis=1), np.sin(heading).mean(axis=1)], axis=1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12))


def heading_rad(pose: AnyFloats) -> FloatArray:
    """The direction of the axis, (ticks,), + to the left; it runs on past a full turn."""
    along = axis(pose)
    return np.unwrap(np.arctan2(along[:, 1], along[:, 0]))


def advance_body_lengths(pose: AnyFloats, length_m: float) -> FloatArray:
    """How far the body has come along its own axis, (ticks,), from 0: it grows forwards and falls backwards.

    The step of the centre from tick to tick, projected on the mean of the two axes. This is the signed speed that worm
    trackers integrate (Hardaker et al. 2001, J Neurosci Methods 111:123: forward where the centre moves towards the
    head).
    """
    along = axis(pose)
    step = np.diff(centre_m(pose), axis=0)
    forward = (step * (along[1:] + along[:-1]) / 2).sum(axis=1)
    return np.concatenate([[0.0], np.cumsum(forward)]) / length_m


def speed_body_lengths_s(advance: FloatArray, period_s: float, window_s: float) -> FloatArray:
    """Signed speed at every tick, (ticks,): what `advance` gained over the `window_s` around it, per second.

    At the ends the window is cut. One undulation is a fitting window: over it the centre does not wiggle.
    """
    first, last = _window(len(advance), period_s, window_s)
    return np.asarray((advance[last] - advance[first]) / np.maximum((last - first) * period_s, period_s))


def running_mean(values: FloatArray, period_s: float, window_s: float) -> FloatArray:
    """The mean of `values`, (ticks,), over the `window_s` around every tick, cut at the ends."""
    first, last = _window(len(values), period_s, window_s)
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((total[last + 1] - total[first]) / (last + 1 - first))


def curving_rad_s(heading: FloatArray, period_s: float, cycle_s: float) -> FloatArray:
    """How fast the way turns, (ticks,), + to the left: the change of the heading averaged over an undulation cycle.

    Without the average the sweep of the head would drown the steering (Iino and Yoshida 2009, J Neurosci 29:5370).
    """
    if len(heading) < 2:
        return np.zeros(len(heading))
    return np.gradient(running_mean(heading, period_s, cycle_s), period_s)


def curving_rad_body_length(curving: FloatArray, speed: FloatArray) -> FloatArray:
    """Curvature of the way, rad for a body length, (ticks,): Iino and Yoshida's curving rate; NaN where it stands.

    `curving` in rad/s, `speed` in body lengths/s.
    """
    moving = np.abs(speed) >= SLOWEST_BODY_LENGTHS_S
    return np.asarray(np.where(moving, curving / np.where(moving, np.abs(speed), 1.0), np.nan))


def _window(ticks: int, period_s: float, window_s: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first and the last tick of the window around every tick."""
    half = max(1, round(window_s / period_s / 2))
    at = np.arange(ticks)
    return np.maximum(at - half, 0), np.minimum(at + half, max(ticks - 1, 0))
