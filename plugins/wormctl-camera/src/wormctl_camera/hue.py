"""Which pixels have a colour that is looked for. Arrays in, an array out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_ROOT_3_4 = math.sqrt(0.75)


class ColourFilter:
    """Lets through hues from the first of `hues_deg` to the second, through 360 where the first is more.

    Saturation and value are those of the HSV model, 0 to 1, on pixels as the camera gives them. The hue is the angle on
    the colour wheel: 0 red, 120 green, 240 blue, and nowhere more than 1.2 degrees from HSV's, which measures along a
    hexagon. Grey has no hue and never passes.
    """

    def __init__(self, hues_deg: tuple[float, float], least_saturation: float, least_value: float) -> None:
        first_deg, last_deg = hues_deg
        span_deg = last_deg - first_deg if last_deg >= first_deg else last_deg - first_deg + 360.0
        self._every_hue = span_deg >= 360.0
        self._wide = span_deg > 180.0
        self._first, self._last = _unit(first_deg), _unit(last_deg)
        self._least_saturation = np.float32(least_saturation)
        self._least_top = np.float32(max(255.0 * least_value, 1.0))
        self._room = np.empty((7, 0, 0), dtype=np.float32)
        self._flags = np.empty((3, 0, 0), dtype=np.bool_)

    def passed(self, pixels: Pixels) -> NDArray[np.bool_]:
        """Of RGB `pixels`, (height, width, 3): which have the colour, (height, width). Good until the next call."""
        shape = pixels.shape[:2]
        if self._flags.shape[1:] != shape:
            # Kept: to take and free so much memory for every picture costs more than all the rest.
            self._room = np.empty((7, *shape), dtype=np.float32)
            self._flags = np.empty((3, *shape), dtype=np.bool_)
        red, green, blue, top, chroma, *_ = self._room
        passed, flag, _ = self._flags
        red[:], green[:], blue[:] = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
        np.maximum(np.maximum(red, green, out=top), blue, out=top)
        np.minimum(np.minimum(red, green, out=chroma), blue, out=chroma)
        np.subtract(top, chroma, out=chroma)
        np.greater_equal(top, self._least_top, out=passed)
        passed &= np.greater(chroma, 0.0, out=flag)
        passed &= np.greater_equal(chroma, np.multiply(top, self._least_saturation, out=top), out=flag)
        if not self._every_hue:
            passed &= self._between_hues()
        return passed

    def _between_hues(self) -> NDArray[np.bool_]:
        """Left of the first edge and right of the last one, on the wheel: no angle has to be computed."""
        red, green, blue, x, y, one, other = self._room
        _, after, before = self._flags
        np.subtract(red, np.multiply(np.add(green, blue, out=x), 0.5, out=x), out=x)
        np.multiply(np.subtract(green, blue, out=y), _ROOT_3_4, out=y)
        np.multiply(y, self._first[0], out=one)
        np.greater_equal(one, np.multiply(x, self._first[1], out=other), out=after)
        np.multiply(x, self._last[1], out=one)
        np.greater_equal(one, np.multiply(y, self._last[0], out=other), out=before)
        return (np.logical_or if self._wide else np.logical_and)(after, before, out=after)


def _unit(hue_deg: float) -> tuple[float, float]:
    return math.cos(math.radians(hue_deg)), math.sin(math.radians(hue_deg))
