"""The frames of a run's video: the snake on its ground, and beside it what its body and neurons do.

Pillow and numpy only: all that stays the same is drawn once, a frame is a few pastes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from wormctl_sim.media_palette import (
    ACTIVE,
    BODY,
    FOOD,
    INK,
    LEFT_BEND,
    MUTED,
    OBSTACLE,
    PAPER,
    RIGHT_BEND,
    TIME_COLOURS,
    ground_image,
    rgb,
)
from wormctl_sim.media_scene import Scene

FloatArray = NDArray[np.float64]

_FINE = 3
"""Shapes are drawn this many times larger and then reduced: Pillow knows no smooth edges."""
_WINDOW_S = 12.0
"""Time that the panels show."""
_READABLE = 400
"""Frames lower than this have room for every other name."""
_BEND_ALONE = 260
"""How high the body wave is, in 720ths of a frame, where there are no neurons below it."""
_BEND_RAD = 0.8
_MOVING_PIXELS = 96


class Painter:
    """Makes the frame of any tick; call `frame` with ticks in ascending order, for the trail grows."""

    def __init__(self, scene: Scene, height: int) -> None:
        """Frames are `height` pixels high and 16:9."""
        self.scene = scene
        self.height, self.width = height, round(height * 16 / 9 / 2) * 2
        self._unit = height / 720
        self._scale = height / scene.view.size_m
        self._window_s = max(_WINDOW_S, float(scene.time_s[-1]) / 3)
        self._drawn = 0
        self._base = Image.new("RGB", (self.width, height), PAPER)
        self._base.paste(self._ground(0.0), (0, 0))
        self._trail: list[tuple[int, int]] = []
        self._plan()

    def frame(self, tick: int, caption: str) -> Image.Image:
        """The image of one tick. `caption` says how fast the video runs."""
        scene = self.scene
        if scene.moves:
            self._base.paste(self._ground(float(scene.time_s[tick])), (0, 0))
            self._drawn = 0
        self._grow_trail(tick)
        image = self._base.copy()
        self._snake(image, tick)
        self._panels(image, tick, caption)
        return image

    def _ground(self, time_s: float) -> Image.Image:
        scene, size = self.scene, self.height
        odour, poison = scene.smell(time_s, _MOVING_PIXELS if scene.moves else size // 2)
        image = Image.fromarray(ground_image(odour, poison)).resize((size, size), Image.Resampling.BICUBIC)
        for x1, y1, x2, y2, radius in scene.obstacles():
            for share in np.linspace(0.0, 1.0, 1 + math.ceil(math.hypot(x2 - x1, y2 - y1) / (radius / 2))):
                self._disc(image, (x1 + share * (x2 - x1), y1 + share * (y2 - y1)), radius, OBSTACLE)
        draw = ImageDraw.Draw(image)
        for x, y in scene.foods_at(time_s):
            column, row = self._pixel(np.array([x, y]))
            radius_px = scene.reach_m * self._scale
            for turn in range(0, 360, 12):
                box = (column - radius_px, row - radius_px, column + radius_px, row + radius_px)
                draw.arc(box, turn, turn + 6, fill=FOOD, width=max(1, round(self._unit)))
            self._disc(image, (x, y), 0.045, "#ffffff")
            self._disc(image, (x, y), 0.034, FOOD)
        return image

    def _pixel(self, xy: FloatArray) -> FloatArray:
        view = self.scene.view
        shifted = (xy - (view.x_m, view.y_m)) * self._scale
        shifted[..., 1] = self.height - shifted[..., 1]
        return shifted

    def _disc(self, image: Image.Image, at: tuple[float, float], radius_m: float, colour: str) -> None:
        angle = np.linspace(0.0, 2 * math.pi, 24, endpoint=False)[:, None]
        ring = np.array(at) + radius_m * np.hstack([np.cos(angle), np.sin(angle)])
        self._fill(image, [(self._pixel(ring), colour)])

    def _fill(self, image: Image.Image, shapes: Sequence[tuple[FloatArray, str]]) -> None:
        """Fill polygons, (n, 2) in pixels, with smooth edges."""
        everything = np.concatenate([shape for shape, _ in shapes])
        left, top = np.floor(everything.min(axis=0)).astype(int) - 1
        right, bottom = np.ceil(everything.max(axis=0)).astype(int) + 1
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.height), min(bottom, self.height)
        if right <= left or bottom <= top:
            return
        for shape, colour in shapes:
            mask = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
            fine = (shape - (left, top)) * _FINE
            ImageDraw.Draw(mask).polygon(fine.ravel().tolist(), fill=255)
            image.paste(
                Image.new("RGB", (right - left, bottom - top), colour), (left, top), mask.reduce(_FINE)
            )

    def _grow_trail(self, tick: int) -> None:
        """Add the path of the nose since the last frame to the ground."""
        scene = self.scene
        step = max(1, len(scene.nose) // 2000)
        last = len(scene.nose) - 1
        for k in range(self._drawn, tick - step, step):
            a, b = self._pixel(scene.nose[[k, k + step]])
            along = b - a
            length = float(np.hypot(*along)) or 1.0
            across = 1.3 * self._unit * np.array([-along[1], along[0]]) / length
            colour = _blend(TIME_COLOURS, k / last)
            self._fill(self._base, [(np.array([a + across, b + across, b - across, a - across]), colour)])
            self._drawn = k + step

    def _snake(self, image: Image.Image, tick: int) -> None:
        scene = self.scene
        shape = self._pixel(scene.outline([tick])[0])
        rim = max(1.0, 1.6 * self._unit)
        self._fill(image, [(_grown(shape, rim), INK), (shape, BODY)])
        x, y, heading = scene.pose[tick, 0]
        radius = scene.snake.link.radius_m
        for side in (1, -1):
            eye = (
                x
                + 0.6 * scene.snake.link.length_m / 2 * math.cos(heading)
                - side * 0.55 * radius * math.sin(heading),
                y
                + 0.6 * scene.snake.link.length_m / 2 * math.sin(heading)
                + side * 0.55 * radius * math.cos(heading),
            )
            self._disc(image, eye, 0.3 * radius, INK)

    def _plan(self) -> None:
        """Draw everything of the panels that does not change from frame to frame."""
        scene, u = self.scene, self._unit
        x0, x1 = self.height + 96 * u, self.width - 24 * u
        self._span = (round(x0), round(x1))
        self._top_row = round(22 * u)
        bend_high = (118 if scene.telling_neurons else _BEND_ALONE) * u
        bend = _Strip(self, 118 * u, bend_high, _bend_colours(scene.joint_rad), smooth=True)
        self._strips = [bend]
        draw = ImageDraw.Draw(self._base)
        small, label = _font(12 * u), _font(13 * u)
        self._title(draw, "body wave: bend of each joint, head to tail", bend.top, label)
        draw.text((x0 - 8 * u, bend.top), "head", fill=MUTED, font=small, anchor="ra")
        draw.text((x0 - 8 * u, bend.bottom), "tail", fill=MUTED, font=small, anchor="rd")
        if scene.telling_neurons:
            self._strips.append(self._plan_neurons(draw, bend.bottom + 40 * u, label))
        self._curve = (round(self._strips[-1].bottom + 40 * u), round(self.height - 30 * u))
        if np.isfinite(scene.distance_m).all():
            self._plan_distance(draw, label)

    def _plan_neurons(self, draw: ImageDraw.ImageDraw, top: float, font: ImageFont.FreeTypeFont) -> _Strip:
        """The strip of the neurons, its names drawn beside it."""
        scene, u = self.scene, self._unit
        neurons = scene.telling_neurons[:: 1 if self.height >= _READABLE else 2]
        high = len(scene.telling_neurons) * 15.5 * u
        colours = _activity_colours(scene.record["activity"][:, neurons], scene.settled)
        strip = _Strip(self, top, high, colours)
        self._title(draw, "busiest neurons, each over its own range", strip.top, font)
        for k, i in enumerate(neurons):
            at = (self._span[0] - 8 * u, strip.top + (k + 0.5) * high / len(neurons))
            draw.text(at, scene.info.neurons[i], fill=INK, font=_font(11 * u), anchor="rm")
        return strip

    def _title(self, draw: ImageDraw.ImageDraw, text: str, top: float, font: ImageFont.FreeTypeFont) -> None:
        draw.text((self._span[0], top - 6 * self._unit), text, fill=MUTED, font=font, anchor="ld")

    def _plan_distance(self, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont) -> None:
        """The axes of the distance to the food, and the whole curve as a mask that frames reveal."""
        scene, (left, right), (top, bottom) = self.scene, self._span, self._curve
        self._title(draw, "distance to the food", top, font)
        draw.line((left, bottom, right, bottom), fill=MUTED)
        highest = float(scene.distance_m.max()) * 1.05
        size = (right - left, bottom - top)
        line = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
        at = np.linspace(0, len(scene.distance_m) - 1, size[0] * 2).round().astype(int)
        x = at / max(1, len(scene.distance_m) - 1) * (size[0] * _FINE - 1)
        y = (1 - scene.distance_m[at] / highest) * (size[1] * _FINE - 1)
        width = round(2.4 * self._unit * _FINE)
        ImageDraw.Draw(line).line(
            np.stack([x, y], axis=1).ravel().tolist(), fill=255, width=width, joint="curve"
        )
        self._distance_line = line.reduce(_FINE)
        reach_y = bottom - scene.reach_m / highest * (bottom - top)
        for x_dash in range(left, right, 8):
            draw.line((x_dash, reach_y, x_dash + 4, reach_y), fill=FOOD)

    def _panels(self, image: Image.Image, tick: int, caption: str) -> None:
        scene, u, (left, right) = self.scene, self._unit, self._span
        time_s = float(scene.time_s[tick])
        draw = ImageDraw.Draw(image)
        reached = scene.reached_tick is not None and tick >= scene.reached_tick
        draw.text((left, self._top_row), f"{time_s:.1f} s", fill=INK, font=_font(30 * u, bold=True))
        draw.text((right, self._top_row + 4 * u), caption, fill=MUTED, font=_font(13 * u), anchor="ra")
        if math.isfinite(scene.distance_m[tick]):
            what = "food reached" if reached else f"{scene.distance_m[tick]:.2f} m to the food"
            at = (right, self._top_row + 46 * u)
            draw.text(at, what, fill=FOOD if reached else INK, font=_font(16 * u, bold=reached), anchor="rd")
        for strip in self._strips:
            strip.paste(image, tick)
        if np.isfinite(scene.distance_m).all():
            top, bottom = self._curve
            shown = round(tick / max(1, len(scene.time_s) - 1) * (right - left))
            if shown > 0:
                mask = self._distance_line.crop((0, 0, shown, bottom - top))
                image.paste(Image.new("RGB", mask.size, ACTIVE), (left, top), mask)


class _Strip:
    """A picture of rows over time, of which a frame shows the last stretch up to its tick."""

    def __init__(
        self, painter: Painter, top: float, height: float, colours: NDArray[np.uint8], smooth: bool = False
    ) -> None:
        self.top, self.bottom = round(top), round(top + height)
        self._left = painter._span[0]
        self._columns = painter._span[1] - painter._span[0]
        time_s = painter.scene.time_s
        self._per_tick = self._columns / (painter._window_s / painter.scene.info.period_s)
        width = max(1, math.ceil(len(time_s) * self._per_tick))
        way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        tall = Image.fromarray(colours).resize((len(time_s), self.bottom - self.top), way)
        self._image = tall.resize((width, self.bottom - self.top), Image.Resampling.BOX)

    def paste(self, image: Image.Image, tick: int) -> None:
        """The stretch that ends at `tick`, its end at the right edge or where the run has got to."""
        end = min(round((tick + 1) * self._per_tick), self._image.width)
        start = max(0, end - self._columns)
        image.paste(self._image.crop((start, 0, end, self.bottom - self.top)), (self._left, self.top))


def _bend_colours(joint_rad: FloatArray) -> NDArray[np.uint8]:
    """(joints, ticks, 3): white when straight, one colour for each side."""
    share = np.clip(joint_rad.T / _BEND_RAD, -1.0, 1.0)[..., None]
    ends = np.where(share > 0, np.array(rgb(LEFT_BEND), float), np.array(rgb(RIGHT_BEND), float))
    colours: NDArray[np.uint8] = (252 + np.abs(share) * (ends - 252)).round().astype(np.uint8)
    return colours


def _activity_colours(activity: NDArray[np.floating], settled: int) -> NDArray[np.uint8]:
    """(neurons, ticks, 3): each neuron from its quietest (pale) to its loudest (dark) once `settled`."""
    low, high = activity[settled:].min(axis=0), activity[settled:].max(axis=0)
    share = np.clip((activity - low) / np.maximum(high - low, 0.02), 0.0, 1.0).T[..., None]
    pale, dark = np.array([238, 241, 240], float), np.array(rgb(ACTIVE), float)
    colours: NDArray[np.uint8] = (pale + share * (dark - pale)).round().astype(np.uint8)
    return colours


def _grown(shape: FloatArray, by: float) -> FloatArray:
    """A closed polygon, (n, 2), moved outwards by some pixels."""
    tangent = np.roll(shape, -1, axis=0) - np.roll(shape, 1, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    x, y = shape.T
    clockwise = float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) < 0
    return shape + (-by if clockwise else by) * normal


def _blend(colours: Sequence[str], share: float) -> str:
    """The colour at `share`, 0..1, of the way along a row of colours."""
    at = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    k = min(int(at), len(colours) - 2)
    mixed = [round(a + (at - k) * (b - a)) for a, b in zip(rgb(colours[k]), rgb(colours[k + 1]), strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


@cache
def _font(size: float, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The typeface that comes with matplotlib: the same everywhere."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}", max(7.0, size))
