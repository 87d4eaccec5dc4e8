"""What the sensor asks of whatever gives pictures, and how large they are. No source is defined here."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from wormctl_camera.hue import Pixels

WIDTH, HEIGHT = 160, 120
"""No picture is looked at in more detail: light needs none, and a Raspberry Pi has other things to do."""


class Frame(NamedTuple):
    """One picture: RGB pixels, (height, width, 3), and when it was taken, on the clock of `time.monotonic`."""

    pixels: Pixels
    taken_s: float


class Source(Protocol):
    """An open camera."""

    notes: tuple[str, ...]
    """Lines for a person, before the run."""

    def next(self) -> Frame | None:
        """The newest picture. May wait for it, for a second at most; None if none came.

        Raises `DeviceError` when the camera is gone.
        """

    def close(self) -> None:
        """Give the camera back. May raise."""


def thinned(pixels: Pixels) -> Pixels:
    """Every so many-th pixel of `pixels`, so that at most `WIDTH` by `HEIGHT` are left; a view.

    Left out, not averaged: a mean of values that are not linear yet would make small lights too dark.
    """
    down, across = (math.ceil(n / most) for n, most in zip(pixels.shape, (HEIGHT, WIDTH), strict=False))
    return pixels[down // 2 :: down, across // 2 :: across]


def plausible_s(taken_s: float, now_s: float) -> float:
    """The time that a driver stamped on a frame, unless its clock is evidently another one: then `now_s`."""
    return taken_s if now_s - 1.0 <= taken_s <= now_s else now_s
