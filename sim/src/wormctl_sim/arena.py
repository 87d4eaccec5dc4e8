"""A place with smells and obstacles, drawn from a seed. What devices do with it lives elsewhere."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.ranges import Range, draw
from wormctl.snake import Snake
from wormctl_sim import field_kernel as field
from wormctl_sim.arena_config import ArenaConfig, Field, Odour, Pegs, Source

FloatArray = NDArray[np.float64]

POKED = ("head", "front", "back", "tail")
"""Where a snake can be poked."""

_TRIES = 1000
"""How often a random peg is drawn before the world is called too crowded."""
_AHEAD_M, _BEHIND_M, _ASIDE_M = 0.1, 1.0, 0.05
"""Room that random pegs leave to the snake, from its start, whatever their clearance."""


class Arena:
    """A world made from an `ArenaConfig`; drawn from seed 0 until `reset`.

    The arrays stay the same objects for life and are refilled in place. `sources` is (n, SOURCE_SIZE), as
    `field_kernel` wants them, food first; where they are after a while follows from `home` and `circle`, see
    `field_kernel.move_sources`, if it `moves`. `obstacles` is (n, 5): x1_m, y1_m, x2_m, y2_m, radius_m. `pokes` is
    (n, 4): region (index of `POKED`), start_s, end_s, force_n. `start` is (3,): x_m, y_m, heading_rad of the snake's
    head.
    """

    def __init__(self, config: ArenaConfig, name: str = "arena") -> None:
        self.name = name
        self.config = config
        self.terrain = config.terrain
        self.seed = 0
        self.start: FloatArray = np.zeros(3)
        fields = _in_order(config)
        self._origin: list[Source] = [source for _, f in fields for source in f.source]
        self.sources: FloatArray = np.zeros((len(self._origin), field.SOURCE_SIZE))
        self.home: FloatArray = np.zeros((len(self._origin), 2))
        self.circle: FloatArray = np.zeros((len(self._origin), 3))
        self._rows: dict[str, tuple[int, int]] = {}
        at = foods = 0
        for key, f in fields:
            view = self.sources[at : at + len(f.source)]
            view[:, field.KIND] = field.POINT if f.kind == "point" else field.GAUSSIAN
            view[:, field.PEAK] = [f.peak if source.peak is None else source.peak for source in f.source]
            view[:, field.SCALE_M] = f.scale_m
            self._rows[key] = at, at + len(f.source)
            at += len(f.source)
            foods = at if isinstance(f, Odour) and f.food else foods
        self._food = self.sources[:foods]
        self._poison = self.sources[sum(len(odour.source) for odour in config.odour) :]
        self.moves = False
        for i, source in enumerate(self._origin):
            self.sources[i, field.VX_M_S : field.VY_M_S + 1] = source.drift_m_s
            if source.circle is not None:
                self.circle[i, :2] = source.circle.radius_m, 2 * math.pi / source.circle.period_s
            self.moves |= source.circle is not None or any(source.drift_m_s)
        count = len(config.peg) + len(config.wall) + sum(p.count for p in config.pegs)
        self.obstacles: FloatArray = np.zeros((count, 5))
        self.pokes: FloatArray = np.zeros((len(config.poke), 4))
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Draw everything random anew. The same seed gives the same world on every machine."""
        self.seed = seed
        rng = np.random.default_rng([0xA2E7A, seed])
        self.start[:2] = self.config.start.at_m
        self.start[2] = math.radians(draw(rng, self.config.start.heading_deg))
        side, distance_m = 1.0, 0.0
        for i, source in enumerate(self._origin):
            if source.distance_m is None:
                assert source.at_m is not None
                self.home[i] = source.at_m
            elif source.side is None:
                self.home[i] = self._polar(rng, source.distance_m, source.bearing_deg)
            else:
                drawn_m, bearing_deg = draw(rng, source.distance_m), draw(rng, source.bearing_deg)
                if source.side == "either":
                    side, distance_m = (1.0 if rng.random() < 0.5 else -1.0), drawn_m
                else:
                    side = -side
                self.home[i] = self._at(distance_m, side * bearing_deg)
            self.circle[i, 2] = rng.uniform(-math.pi, math.pi)
        self._place_obstacles(rng)
        for i, poke in enumerate(self.config.poke):
            start_s = draw(rng, poke.at_s)
            self.pokes[i] = POKED.index(poke.region), start_s, start_s + poke.seconds, poke.force_n
        field.move_sources(self.sources, self.home, self.circle, 0.0)

    def advance(self, now_s: float) -> None:
        """Move the sources that move to where they are `now_s` after the start."""
        if self.moves:
            field.move_sources(self.sources, self.home, self.circle, now_s)

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        """Distance from a point to the nearest food source, infinite if there is none."""
        return float(field.nearest_m(self._food, x_m, y_m))

    def odour_at(self, x_m: float, y_m: float) -> float:
        """The summed concentration of all odours at a point; see `wormctl.device.Charted`."""
        odours = self.sources[: len(self.sources) - len(self._poison)]
        return float(field.concentration(odours, x_m, y_m))

    def foods(self) -> FloatArray:
        """Where the food is now, and how strong its smell; see `wormctl.device.Charted`."""
        return self._food[:, [field.X_M, field.Y_M, field.PEAK]]

    def poisons(self) -> FloatArray:
        """The same of all poison; see `wormctl.device.Charted`."""
        return self._poison[:, [field.X_M, field.Y_M, field.PEAK]]

    def poison_at(self, x_m: float, y_m: float) -> float:
        """The summed concentration of all poisons at a point."""
        return float(field.concentration(self._poison, x_m, y_m))

    def admit(self, snake: Snake) -> None:
        """Raise `ConfigError` if `snake` would start inside a peg or a wall."""
        x, y, heading = self.start.tolist()
        link = snake.link
        ahead = link.length_m / 2 - link.radius_m
        behind = snake.length_m - link.length_m / 2 - link.radius_m
        along = np.array([math.cos(heading), math.sin(heading)])
        head, tail = (x, y) + ahead * along, (x, y) - behind * along
        for rod, place in zip(self.obstacles.tolist(), self._obstacle_paths(), strict=True):
            if _segments_m(*head.tolist(), *tail.tolist(), *rod[:4]) < link.radius_m + rod[4]:
                raise ConfigError(
                    f"{place}: stands where the snake starts (seed {self.seed}): must be clear of the "
                    f"{2 * link.radius_m:g} m wide strip from {_point(head)} to {_point(tail)}"
                )

    def names(self, smell: Literal["odour", "poison"]) -> list[str]:
        """The odours, or the poisons, of this world."""
        return sorted(f.name for f in (self.config.odour if smell == "odour" else self.config.poison))

    def field(self, smell: Literal["odour", "poison"], name: str) -> FloatArray:
        """The rows of `sources` that make up one named field; none if the world has no such field."""
        first, last = self.rows(f"{smell}.{name}")
        return self.sources[first:last]

    def rows(self, channel: str) -> tuple[int, int]:
        """The first of the rows of `sources` that make up a field, `odour.NAME` or `poison.NAME`, and the one after
        its last; the same row twice if the world has no such field.
        """
        return self._rows.get(channel, (0, 0))

    def _polar(self, rng: np.random.Generator, distance_m: Range, bearing_deg: Range) -> tuple[float, float]:
        return self._at(draw(rng, distance_m), draw(rng, bearing_deg))

    def _at(self, distance_m: float, bearing_deg: float) -> tuple[float, float]:
        angle = self.start[2] + math.radians(bearing_deg)
        return self.start[0] + distance_m * math.cos(angle), self.start[1] + distance_m * math.sin(angle)

    def _place_obstacles(self, rng: np.random.Generator) -> None:
        at = 0
        for peg in self.config.peg:
            self.obstacles[at] = (*peg.at_m, *peg.at_m, peg.radius_m)
            at += 1
        for wall in self.config.wall:
            self.obstacles[at] = (*wall.from_m, *wall.to_m, wall.thickness_m / 2)
            at += 1
        for i, pegs in enumerate(self.config.pegs):
            for _ in range(pegs.count):
                spot = self._clear_spot(rng, pegs, at)
                if spot is None:
                    raise ConfigError(
                        f"$.pegs[{i}].count = {pegs.count}: no room for so many (seed {self.seed}): must be "
                        f"less, or clearance_m = {pegs.clearance_m:g} less, or distance_m more"
                    )
                x, y = spot
                self.obstacles[at] = x, y, x, y, pegs.radius_m
                at += 1

    def _obstacle_paths(self) -> list[str]:
        """Where each of `obstacles` stands in the world file, with its value where that is fixed."""
        config = self.config
        return (
            [f"$.peg[{i}].at_m = {list(peg.at_m)}" for i, peg in enumerate(config.peg)]
            + [f"$.wall[{i}].from_m = {list(wall.from_m)}" for i, wall in enumerate(config.wall)]
            + [f"$.pegs[{i}]" for i, pegs in enumerate(config.pegs) for _ in range(pegs.count)]
        )

    def _clear_spot(self, rng: np.random.Generator, pegs: Pegs, placed: int) -> tuple[float, float] | None:
        """A spot clear of the sources, the `placed` obstacles and the snake at its start, if one is found."""
        away = pegs.clearance_m + pegs.radius_m
        aside = max(pegs.clearance_m, _ASIDE_M) + pegs.radius_m
        x0, y0, heading = self.start
        cos, sin = math.cos(heading), math.sin(heading)
        snake = (x0 + _AHEAD_M * cos, y0 + _AHEAD_M * sin, x0 - _BEHIND_M * cos, y0 - _BEHIND_M * sin)
        for _ in range(_TRIES):
            x, y = self._polar(rng, pegs.distance_m, pegs.bearing_deg)
            if (
                _segment_m(x, y, *snake) > aside
                and all(math.hypot(x - hx, y - hy) > away for hx, hy in self.home)
                and all(_segment_m(x, y, *o[:4]) > away + o[4] for o in self.obstacles[:placed])
            ):
                return x, y
        return None


def _in_order(config: ArenaConfig) -> list[tuple[str, Field]]:
    """Every field with its key, the foods first."""
    odours = sorted(config.odour, key=lambda odour: not odour.food)
    fields: list[tuple[str, Field]] = [(f"odour.{f.name}", f) for f in odours]
    return fields + [(f"poison.{f.name}", f) for f in config.poison]


def _segment_m(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """Distance from a point to a segment."""
    dx, dy = x2 - x1, y2 - y1
    long2 = dx * dx + dy * dy
    t = min(max(((x - x1) * dx + (y - y1) * dy) / long2, 0.0), 1.0) if long2 else 0.0
    return math.hypot(x - x1 - t * dx, y - y1 - t * dy)


def _segments_m(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> float:
    """Distance between the segments a-b and c-d: 0 if they cross, else one of the four ends is nearest."""
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    c_side = ux * (cy - ay) - uy * (cx - ax)
    d_side = ux * (dy - ay) - uy * (dx - ax)
    a_side = vx * (ay - cy) - vy * (ax - cx)
    b_side = vx * (by - cy) - vy * (bx - cx)
    if c_side * d_side < 0.0 and a_side * b_side < 0.0:
        return 0.0
    return min(
        _segment_m(ax, ay, cx, cy, dx, dy),
        _segment_m(bx, by, cx, cy, dx, dy),
        _segment_m(cx, cy, ax, ay, bx, by),
        _segment_m(dx, dy, ax, ay, bx, by),
    )


def _point(xy: FloatArray) -> str:
    return f"({xy[0]:.2f}, {xy[1]:.2f})"
