"""What one picture says of light and colour: brightness, both halves, where the centre lies. No camera, no channels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl_camera.hue import ColourFilter, Pixels

DARK = 1e-3
"""A level below this is sensor noise: it comes from nowhere. About 3 of 255."""
LEAST_SHARE = 1e-3
"""Less of a colour than this is chance: it has no direction."""

_LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue in sRGB (IEC 61966-2-1), after linearisation."""


class Seen(NamedTuple):
    """One picture in numbers. None: cannot be told, or was not looked for."""

    level: float
    left: float
    right: float
    direction_rad: float | None
    colour: float | None = None
    colour_direction_rad: float | None = None


class Retina:
    """Looks at pictures of a lens without distortion that shows `field_of_view_rad` from left to right."""

    def __init__(self, field_of_view_rad: float, colour: ColourFilter | None = None) -> None:
        self._edge = math.tan(field_of_view_rad / 2.0)
        self._colour = colour
        self._part = [np.asarray(weight * linear(), dtype=np.float32) for weight in _LUMINANCE]

    def look(self, pixels: Pixels) -> Seen:
        """Of RGB `pixels`, (height, width, 3), as a camera gives them, upright."""
        luminance = self._part[0][pixels[:, :, 0]]
        luminance += self._part[1][pixels[:, :, 1]]
        luminance += self._part[2][pixels[:, :, 2]]
        columns = luminance.mean(axis=0, dtype=np.float64)
        half = columns.size // 2
        # Rounding must not lift white above 1.
        level, left, right = (
            min(1.0, float(part.mean())) for part in (columns, columns[:half], columns[-half:])
        )
        direction_rad = self._centre_rad(columns) if level >= DARK else None
        if self._colour is None:
            return Seen(level, left, right, direction_rad)
        coloured = self._colour.passed(pixels).mean(axis=0, dtype=np.float64)
        share = float(coloured.mean())
        towards_rad = self._centre_rad(coloured) if share >= LEAST_SHARE else None
        return Seen(level, left, right, direction_rad, share, towards_rad)

    def _centre_rad(self, columns: NDArray[np.float64]) -> float:
        """The direction of the centroid, positive to the left. `columns` may not be all 0."""
        places = np.arange(columns.size, dtype=np.float64)
        across = 1.0 - (2.0 * float(columns @ places) / float(columns.sum()) + 1.0) / columns.size
        return math.atan(across * self._edge)


def linear() -> NDArray[np.float64]:
    """The relative intensity that each of the 256 values of an sRGB channel stands for, 0 to 1."""
    value = np.arange(256) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
