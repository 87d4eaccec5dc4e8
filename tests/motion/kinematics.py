"""Made-up lives with known answers: a snake that slides along a given way while a wave runs along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LINKS, LINK_M, PERIOD_S = 13, 0.075, 0.02
LENGTH_M = LINKS * LINK_M


def bends(
    seconds: float,
    hz: float = 0.5,
    wavelength: float = 0.65,
    amplitude_rad: float = 0.3,
    standing: bool = False,
) -> FloatArray:
    """(ticks, joints): a wave from head to tail, from tail to head for negative `hz`, or one that stands."""
    t = np.arange(round(seconds / PERIOD_S)) * PERIOD_S
    k = 2 * np.pi / wavelength / LINKS * np.arange(LINKS - 1)
    if standing:
        return np.asarray(amplitude_rad * np.sin(2 * np.pi * hz * t)[:, None] * np.sin(k + 0.4))
    return np.asarray(amplitude_rad * np.sin(2 * np.pi * hz * t[:, None] - k))


def life(
    speed: FloatArray, yaw_rate: FloatArray | None = None, joints: FloatArray | None = None
) -> FloatArray:
    """(ticks, links, 3): the middle goes at `speed` (ticks,) body lengths/s where the body points, turning at
    `yaw_rate` (ticks,) rad/s, the links bent by `joints`; the bend wiggles neither middle nor axis."""
    ticks = len(speed)
    turn = np.zeros(ticks) if yaw_rate is None else yaw_rate
    bent = np.zeros((ticks, LINKS - 1)) if joints is None else joints
    heading = np.concatenate([[0.0], np.cumsum(turn[:-1] * PERIOD_S)])
    shape = np.concatenate([np.zeros((ticks, 1)), -np.cumsum(bent, axis=1)], axis=1)
    mean = np.arctan2(np.sin(shape).mean(axis=1), np.cos(shape).mean(axis=1))
    links = heading[:, None] + shape - mean[:, None]
    steps = -LINK_M * np.stack([np.cos(links), np.sin(links)], axis=2)
    places = np.cumsum(steps, axis=1)
    places -= places.mean(axis=1, keepdims=True)
    way = speed[:, None] * LENGTH_M * PERIOD_S * np.stack([np.cos(heading), np.sin(heading)], axis=1)
    middle = np.concatenate([np.zeros((1, 2)), np.cumsum(way[:-1], axis=0)])
    return np.concatenate([places + middle[:, None], links[:, :, None]], axis=2)


def plan(*parts: tuple[float, float]) -> FloatArray:
    """One value after the other, each (value, seconds): (ticks,)."""
    return np.concatenate([np.full(round(seconds / PERIOD_S), value) for value, seconds in parts])


def times(values: FloatArray) -> FloatArray:
    return np.asarray(np.arange(len(values)) * PERIOD_S)
