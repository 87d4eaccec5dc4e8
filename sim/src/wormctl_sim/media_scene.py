"""What there is to draw of a run, as numbers: the place, the path, the snake's outline. No drawing here."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError, convert
from wormctl.connectome import load_connectome
from wormctl.jit import njit
from wormctl.runs import Run
from wormctl.snake import Snake
from wormctl.summary import REACH_BODY_LENGTHS
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import ArenaConfig
from wormctl_sim.field_kernel import X_M, Y_M, concentration

FloatArray = NDArray[np.float64]

ARENA = f"{Arena.__module__}.{Arena.__qualname__}"
"""What a run folder calls a world that can be drawn."""
MARGIN_M = 0.3
_NEAR_M = 3.0
"""Sources this near to a short path are always in the picture."""
SMALLEST_VIEW_M = 2.0
_SETTLING_S = 3.0
_TRACK_POINTS = 600
"""Moments at which the sources' places are looked up over a run."""
_POINTS_A_LINK = 6
_CAP_POINTS = 8


class View(NamedTuple):
    """The square of ground that is shown."""

    x_m: float
    """Its lower left corner."""
    y_m: float
    size_m: float


class Scene:
    """A recorded run on a simulated body, ready to be drawn. Angles in rad, arrays by tick."""

    def __init__(self, run: Run) -> None:
        """Raises `ConfigError` if there is nothing to draw."""
        if not len(run.record) or not run.info.simulated:
            what = (
                "its record is empty" if run.info.simulated else "a physical body does not know where it is"
            )
            raise ConfigError(f"{run.path}: nothing to draw: {what}")
        self.run, self.info, self.record = run, run.info, run.record
        self.snake: Snake = run.info.snake
        self.time_s: FloatArray = run.record["time_s"]
        self.pose: FloatArray = run.record["pose"].astype(np.float64)
        self.nose: FloatArray = run.record["nose"].astype(np.float64)
        self.joint_rad: FloatArray = run.record["joint.position"]
        self.distance_m: FloatArray = run.record["goal_distance_m"].astype(np.float64)
        self.reach_m = REACH_BODY_LENGTHS * self.snake.length_m
        self.arena = _arena(run)

    @cached_property
    def reached_tick(self) -> int | None:
        """The first tick with the nose at the food."""
        hits = np.flatnonzero(self.distance_m <= self.reach_m)
        return int(hits[0]) if hits.size else None

    @property
    def settled(self) -> int:
        """The tick from which on the nervous system has settled from rest; 0 for a very short run."""
        ticks = round(_SETTLING_S / self.info.period_s)
        return ticks if ticks < len(self.record) / 2 else 0

    @cached_property
    def view(self) -> View:
        """All of the path, and the sources, all the way they went, that are not too far from it."""
        points = self.pose[:, :, :2].reshape(-1, 2)
        low, high = points.min(axis=0), points.max(axis=0)
        if self.arena is not None:
            near = max(_NEAR_M, float((high - low).max()))
            places = self.tracks.reshape(-1, 2)
            places = places[((low - near < places) & (places < high + near)).all(axis=1)]
            if len(places):
                low = np.minimum(low, places.min(axis=0) - self.reach_m)
                high = np.maximum(high, places.max(axis=0) + self.reach_m)
        size = max(float((high - low).max()) + 2 * MARGIN_M, SMALLEST_VIEW_M)
        x, y = (low + high) / 2 - size / 2
        return View(float(x), float(y), size)

    @cached_property
    def tracks(self) -> FloatArray:
        """Where the sources were over the run, (moments, sources, 2), food first; one moment if none moves."""
        moments = np.linspace(0.0, self.end_s, _TRACK_POINTS)
        places = np.array([self.sources_at(t)[:, [X_M, Y_M]] for t in moments.tolist()])
        return places if np.ptp(places, axis=0).any() else places[:1]

    @property
    def moves(self) -> bool:
        """Whether a source changes its place during the run."""
        return len(self.tracks) > 1

    @property
    def end_s(self) -> float:
        """The time of the last tick."""
        return float(self.time_s[-1])

    @cached_property
    def foods(self) -> int:
        """How many of the sources are food; they are the first ones."""
        return 0 if self.arena is None else sum(len(o.source) for o in self.arena.config.odour if o.food)

    def sources_at(self, time_s: float) -> FloatArray:
        """All sources, as `field_kernel` has them, at a time."""
        if self.arena is None:
            return np.zeros((0, 7))
        self.arena.advance(time_s)
        return self.arena.sources.copy()

    def foods_at(self, time_s: float) -> FloatArray:
        """Where the food is: (n, 2)."""
        return self.sources_at(time_s)[: self.foods, [X_M, Y_M]]

    def smell(self, time_s: float, pixels: int) -> tuple[FloatArray, FloatArray]:
        """Total odour and total poison over the view, each (pixels, pixels), the first row its upper edge."""
        odour = np.zeros((pixels, pixels))
        poison = np.zeros((pixels, pixels))
        if self.arena is not None:
            self.arena.advance(time_s)
            view = self.view
            for smell, grid in (("odour", odour), ("poison", poison)):
                for name in self.arena.names(smell):  # type: ignore[arg-type]
                    sources = self.arena.field(smell, name)  # type: ignore[arg-type]
                    _add_field(sources, view.x_m, view.y_m, view.size_m, grid)
        return odour, poison

    def obstacles(self) -> FloatArray:
        """(n, 5): the ends x, y, x, y of each obstacle's core, and its radius."""
        return np.zeros((0, 5)) if self.arena is None else self.arena.obstacles

    def outline(self, ticks: NDArray[np.intp] | list[int]) -> FloatArray:
        """The snake's outline at some ticks: (len(ticks), points, 2), one closed polygon each."""
        return outline(self.pose[ticks], self.snake.link.length_m, self.snake.link.radius_m)

    @cached_property
    def telling_neurons(self) -> list[int]:
        """Which neurons to show: those of each kind that change most, senses first, then head to tail."""
        connectome = load_connectome()
        known = {name: i for i, name in enumerate(connectome.names)}
        swing = self.record["activity"][self.settled :].std(axis=0, dtype=np.float64)
        shown: list[int] = []
        for kind, count in (("sensory", 4), ("inter", 6), ("motor", 8)):
            cells = [
                i
                for i, name in enumerate(self.info.neurons)
                if name in known and connectome.types[known[name]] == kind
            ]
            best = sorted(cells, key=lambda i: -swing[i])[:count]
            shown += sorted(best, key=lambda i: connectome.position[known[self.info.neurons[i]]])
        if not shown:  # a network that is not made of the worm's cells
            shown = sorted(np.argsort(-swing, kind="stable")[:18].tolist())
        return shown


def _arena(run: Run) -> Arena | None:
    world = run.info.world
    if world is None or world.kind != ARENA:
        return None
    arena = Arena(convert(world.config, ArenaConfig, where=str(run.path), under="$.world.config"), world.name)
    arena.reset(world.seed)
    return arena


@njit(cache=True)
def _add_field(sources: FloatArray, x_m: float, y_m: float, size_m: float, grid: FloatArray) -> None:
    n = grid.shape[0]
    for i in range(n):
        for j in range(n):
            grid[i, j] += concentration(
                sources, x_m + (j + 0.5) / n * size_m, y_m + (n - i - 0.5) / n * size_m
            )


def outline(pose: FloatArray, link_m: float, radius_m: float) -> FloatArray:
    """Closed outlines of snakes: `pose` is (n, links, 3), the result (n, points, 2).

    A smooth curve through the joints, with a broad head and a tapering tail: the proportions are for the eye.
    """
    half = link_m / 2 * np.stack([np.cos(pose[..., 2]), np.sin(pose[..., 2])], axis=-1)
    front, back = pose[..., :2] + half, pose[..., :2] - half
    knots = np.concatenate([front[:, :1], (front[:, 1:] + back[:, :-1]) / 2, back[:, -1:]], axis=1)
    middle = _smooth(knots)
    along = np.linspace(0.0, 1.0, middle.shape[1])
    tangent = np.gradient(middle, axis=1)
    tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True) + 1e-12
    normal = np.stack([-tangent[..., 1], tangent[..., 0]], axis=-1)
    width = radius_m * (1.0 + 0.35 * np.exp(-(((along - 0.05) / 0.05) ** 2))) * (1.0 - 0.65 * along**3)
    left, right = middle + normal * width[:, None], middle - normal * width[:, None]
    angle = np.linspace(-math.pi / 2, math.pi / 2, _CAP_POINTS)[1:-1, None]
    round_, across = np.cos(angle), np.sin(angle)
    head = middle[:, :1] + width[0] * (across * normal[:, :1] - 1.3 * round_ * tangent[:, :1])
    tail = middle[:, -1:] + width[-1] * (2.0 * round_ * tangent[:, -1:] - across * normal[:, -1:])
    return np.concatenate([head, left, tail, right[:, ::-1]], axis=1)


def _smooth(knots: FloatArray) -> FloatArray:
    """A Catmull-Rom curve through (n, k, 2) points."""
    ends = 2 * knots[:, [0, -1]] - knots[:, [1, -2]]
    p = np.concatenate([ends[:, :1], knots, ends[:, 1:]], axis=1)
    a, b, c, d = (p[:, i : i + knots.shape[1] - 1, None] for i in range(4))
    t = np.linspace(0.0, 1.0, _POINTS_A_LINK, endpoint=False)[:, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    n = len(knots)
    return np.concatenate([curve.reshape(n, -1, 2), knots[:, -1:]], axis=1)
