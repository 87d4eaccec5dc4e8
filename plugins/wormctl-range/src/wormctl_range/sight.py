"""What a ray meets first among rods with round ends. Geometry only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class Sight:
    """Rods, (n, 5): x1_m, y1_m, x2_m, y2_m, radius_m, taken apart once into discs at their ends and two sides."""

    def __init__(self, rods: FloatArray) -> None:
        first, second, radius = rods[:, 0:2], rods[:, 2:4], rods[:, 4]
        self._centre = np.concatenate([first, second])
        self._radius = np.concatenate([radius, radius])
        along = second - first
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * (radius / length)[:, None]
        self._corner = np.concatenate([first + normal, first - normal])
        self._side = np.concatenate([along, along])

    def distance_m(self, x_m: float, y_m: float, heading_rad: float) -> float:
        """From a point to the first rod that way; infinite where there is none, 0 inside the end of one."""
        ahead = np.array((math.cos(heading_rad), math.sin(heading_rad)))
        return min(self._to_discs(ahead, x_m, y_m), self._to_sides(ahead, x_m, y_m))

    def _to_discs(self, ahead: FloatArray, x_m: float, y_m: float) -> float:
        away = self._centre - (x_m, y_m)
        along = away @ ahead
        chord = self._radius**2 - (away**2).sum(axis=1) + along**2
        near = along - np.sqrt(np.maximum(chord, 0.0))
        inside = (away**2).sum(axis=1) <= self._radius**2
        return _least(np.where(inside, 0.0, near), inside | ((chord >= 0.0) & (near >= 0.0)))

    def _to_sides(self, ahead: FloatArray, x_m: float, y_m: float) -> float:
        # x + t*ahead = corner + s*side, by Cramer's rule; a side that lies along the ray ends in a disc anyway.
        away = self._corner - (x_m, y_m)
        cross = ahead[0] * self._side[:, 1] - ahead[1] * self._side[:, 0]
        crosses = np.abs(cross) > 1e-12
        safe = np.where(crosses, cross, 1.0)
        t = (away[:, 0] * self._side[:, 1] - away[:, 1] * self._side[:, 0]) / safe
        s = (away[:, 0] * ahead[1] - away[:, 1] * ahead[0]) / safe
        return _least(t, crosses & (t >= 0.0) & (s >= 0.0) & (s <= 1.0))


def _least(values: FloatArray, counted: NDArray[np.bool_]) -> float:
    return float(values[counted].min(initial=math.inf))
