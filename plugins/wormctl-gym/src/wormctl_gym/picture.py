"""What `render` shows: the place from above, in the colours of a run's picture. Numbers in, pixels out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from wormctl_sim.arena import Arena
from wormctl_sim.field_kernel import X_M, Y_M, concentration
from wormctl_sim.media_palette import BODY, FOOD, INK, OBSTACLE, ground_image
from wormctl_sim.media_scene import MARGIN_M, SMALLEST_VIEW_M, outline

from wormctl.assembly import Assembly
from wormctl.summary import REACH_BODY_LENGTHS

PIXELS = 400
_GROUND_PIXELS = 50
"""Smells change slowly from place to place, and cost a logarithm each."""
_FARTHEST_M = 5.0
"""What lies farther from the snake's start than this is left out of the picture."""

FloatArray = NDArray[np.float64]


class Picture:
    """Draws one assembled robot as it stands; the square of ground that is shown holds for its whole life."""

    def __init__(self, assembly: Assembly) -> None:
        """`assembly` must have a simulated body. A world that is not an `Arena` is drawn as bare ground."""
        assert assembly.truth is not None
        self._truth, self._link = assembly.truth, assembly.snake.link
        self._reach_m = REACH_BODY_LENGTHS * assembly.snake.length_m
        self._arena = assembly.world if isinstance(assembly.world, Arena) else None
        self._foods = (
            0 if self._arena is None else sum(len(o.source) for o in self._arena.config.odour if o.food)
        )
        places = [self._truth.pose[:, :2], self._truth.nose[None]]
        if self._arena is not None:
            sources = self._arena.sources[:, [X_M, Y_M]]
            away_m = np.hypot(*(sources - self._truth.nose).T)
            places.append(sources[away_m <= _FARTHEST_M])
        points = np.concatenate(places)
        low, high = points.min(axis=0), points.max(axis=0)
        self._size_m = max(float((high - low).max()) + 2 * (MARGIN_M + self._reach_m), SMALLEST_VIEW_M)
        self._corner_m = (low + high) / 2 - self._size_m / 2

    def draw(self) -> NDArray[np.uint8]:
        """The present moment, (PIXELS, PIXELS, 3)."""
        image = Image.fromarray(self._ground()).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(image)
        if self._arena is not None:
            for x1, y1, x2, y2, radius_m in self._arena.obstacles.tolist():
                ends = self._pixels(np.array([(x1, y1), (x2, y2)]))
                draw.line(ends.ravel().tolist(), fill=OBSTACLE, width=max(1, round(2 * self._long(radius_m))))
                for end in ends:
                    draw.circle(end.tolist(), self._long(radius_m), fill=OBSTACLE)
            for place in self._pixels(self._arena.sources[: self._foods, [X_M, Y_M]]):
                draw.circle(place.tolist(), self._long(self._reach_m), outline=FOOD)
                draw.circle(place.tolist(), 4.0, fill=FOOD)
        shape = outline(self._truth.pose[None], self._link.length_m, self._link.radius_m)[0]
        draw.polygon(self._pixels(shape).ravel().tolist(), fill=BODY, outline=INK)
        return np.asarray(image)

    def _ground(self) -> NDArray[np.uint8]:
        odour, poison = (np.zeros((_GROUND_PIXELS, _GROUND_PIXELS)) for _ in range(2))
        if self._arena is not None:
            centres = (np.arange(_GROUND_PIXELS) + 0.5) / _GROUND_PIXELS * self._size_m
            for smell, grid in (("odour", odour), ("poison", poison)):
                for name in self._arena.names(smell):  # type: ignore[arg-type]
                    sources = self._arena.field(smell, name)  # type: ignore[arg-type]
                    grid += [
                        [
                            concentration(sources, self._corner_m[0] + x, self._corner_m[1] + y)
                            for x in centres
                        ]
                        for y in centres[::-1]
                    ]
        return ground_image(odour, poison)

    def _pixels(self, xy_m: FloatArray) -> FloatArray:
        """Places, (n, 2) in m, as columns and rows."""
        moved: FloatArray = (xy_m - self._corner_m) / self._size_m * PIXELS
        moved[:, 1] = PIXELS - moved[:, 1]
        return moved

    def _long(self, length_m: float) -> float:
        return length_m / self._size_m * PIXELS
