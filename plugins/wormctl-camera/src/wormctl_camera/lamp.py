"""How a lamp looks to a camera in a plane: geometry and optics only, with no idea of sensors or bodies."""

from __future__ import annotations

import math
from typing import NamedTuple

from wormctl_camera.light import DARK, LEAST_SHARE, Seen


class Lamp(NamedTuple):
    """A small lamp. `brightness`: the level at 1 m, looking at it."""

    x_m: float
    y_m: float
    brightness: float

    def seen(
        self, x_m: float, y_m: float, heading_rad: float, field_of_view_rad: float, coloured: bool
    ) -> Seen:
        """From a point, looking along `heading_rad`.

        The level falls with the square of the distance and the cosine of the angle, as on a flat light cell, and is 0
        from behind. The halves share it by where the lamp stands across the view; one that has left the view, with the
        half on its side. Only within the view does the lamp have a direction, and its colour show.
        """
        dx_m, dy_m = self.x_m - x_m, self.y_m - y_m
        away2_m2 = dx_m * dx_m + dy_m * dy_m
        aside_rad = math.remainder(math.atan2(dy_m, dx_m) - heading_rad, 2.0 * math.pi) if away2_m2 else 0.0
        cosine = math.cos(aside_rad)
        falling = max(0.0, cosine) * self.brightness
        level = falling / away2_m2 if falling < away2_m2 else float(falling > 0.0)
        half_rad = field_of_view_rad / 2.0
        in_view = abs(aside_rad) <= half_rad
        across = math.tan(aside_rad) / math.tan(half_rad) if in_view else math.copysign(1.0, aside_rad)
        colour = (level if in_view else 0.0) if coloured else None
        return Seen(
            level,
            min(1.0, level * (1.0 + across)),
            min(1.0, level * (1.0 - across)),
            aside_rad if in_view and level >= DARK else None,
            colour,
            aside_rad if colour is not None and colour >= LEAST_SHARE else None,
        )
