"""Numba kernels of chemical fields: the concentration several sources make at a point. No validation here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wormctl.jit import njit

FloatArray = NDArray[np.float64]

# A source is one row of `sources`:
KIND = 0
X_M = 1
Y_M = 2
PEAK = 3
SCALE_M = 4
VX_M_S = 5
VY_M_S = 6
SOURCE_SIZE = 7

GAUSSIAN = 0.0
"""C = peak * exp(-d^2 / (2 scale^2))"""
POINT = 1.0
"""C = peak * exp(-d / scale): steep at the source, its logarithm falling evenly with distance."""


@njit(cache=True)
def concentration(sources: FloatArray, x_m: float, y_m: float) -> float:
    """The summed concentration of `sources`, shape (n, SOURCE_SIZE), at a point; 0 without any source."""
    total = 0.0
    for i in range(sources.shape[0]):
        d2 = (x_m - sources[i, X_M]) ** 2 + (y_m - sources[i, Y_M]) ** 2
        scale = sources[i, SCALE_M]
        if sources[i, KIND] == GAUSSIAN:
            total += sources[i, PEAK] * math.exp(-0.5 * d2 / (scale * scale))
        else:
            total += sources[i, PEAK] * math.exp(-math.sqrt(d2) / scale)
    return total


@njit(cache=True)
def nearest_m(sources: FloatArray, x_m: float, y_m: float) -> float:
    """The distance in metres from a point to the nearest of `sources`, infinite without any."""
    best = math.inf
    for i in range(sources.shape[0]):
        best = min(best, math.hypot(x_m - sources[i, X_M], y_m - sources[i, Y_M]))
    return best


@njit(cache=True)
def move_sources(sources: FloatArray, home_m: FloatArray, circle: FloatArray, now_s: float) -> None:
    """Put every source where it is `now_s` after the start: from its home by its drift and round its circle.

    `home_m` is (n, 2); `circle` is (n, 3): radius in m, angular speed in rad/s, angle of the home in rad.
    """
    for i in range(sources.shape[0]):
        radius = circle[i, 0]
        angle = circle[i, 2] + circle[i, 1] * now_s
        sources[i, X_M] = home_m[i, 0] + sources[i, VX_M_S] * now_s
        sources[i, Y_M] = home_m[i, 1] + sources[i, VY_M_S] * now_s
        if radius > 0.0:
            sources[i, X_M] += radius * (math.cos(angle) - math.cos(circle[i, 2]))
            sources[i, Y_M] += radius * (math.sin(angle) - math.sin(circle[i, 2]))
