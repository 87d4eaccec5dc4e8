"""The live view in the terminal: an observer of the loop that redraws a few times a second. It only looks.

It draws in the loop's own thread: a second thread would steal time from ticks at moments nobody chooses. A
picture takes some milliseconds, so this is for simulated bodies, which can wait. What was before is taken from
the record, so that it does not depend on how fast the run is drawn, and a tick without a picture costs one look
at the clock.
"""

from __future__ import annotations

import itertools
import math
import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.live import Live
from rich.text import Text

from wormctl.announce import Senses
from wormctl.braille import Canvas, bar, sparkline
from wormctl.connectome import load_connectome
from wormctl.device import Mapped
from wormctl.episode import Episode
from wormctl.loop import TickView

REDRAW_S = 0.1
LARGEST_SHARE = 0.1
"""Of the run's time that drawing may take: a slow terminal gets fewer pictures."""
RECENT_S = 5.0
"""Simulated time over which neurons are compared."""
_EVERY_TICKS = 3
"""Of the recent ticks, the one that is looked at."""
_NEURONS = 12
_BESIDE = 54
"""Columns that the figures need."""
_MAP_ROWS = 19
_TRAIL_S, _TRAIL_POINTS = 0.1, 3000
_FAR_M = 3.0
"""The window goes no further to show food."""
_ROD_M = 0.01
"""Between the dots of pegs and walls."""
_POISONED = 0.3
"""Concentration from which on the ground is shown as poisoned."""

_STYLES = ("", "medium_purple3", "grey50", "grey70", "bold orange3", "bold red")
"""Of nothing, poison, the trail, obstacles, the snake and the food."""
_EMPTY = 0x2800
_DIM = "grey62"


Line = list[tuple[str, str]]
"""Pieces of text with their styles."""


class LiveView:
    """Use it in a `with` statement around the run, and as an observer. The last picture stays."""

    def __init__(
        self,
        episode: Episode,
        title: str,
        console: Console,
        *,
        realtime: bool = False,
        senses: Senses | None = None,
    ) -> None:
        """`realtime`: ticks have deadlines, and missed ones are shown. `senses`: those that fail are shown."""
        self._episode, self._title, self._realtime = episode, title, realtime
        self._console = console
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._next_s = 0.0
        connectome = load_connectome()
        self._classes = dict(zip(connectome.names, connectome.classes, strict=True))
        self._types = dict(zip(connectome.names, connectome.types, strict=True))
        self._shown: list[str] = []
        self._senses = senses
        world = episode.assembly.world
        self._world = world if isinstance(world, Mapped) else None
        self._rods = np.zeros((0, 2)) if self._world is None else _dots(self._world.obstacles)
        self._food_seen = False
        self._low = np.full(2, np.inf)
        self._high = np.full(2, -np.inf)
        self._began_ns = 0

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None and self._began_ns:
            self._live.update(self.picture(self._episode.loop.view), refresh=True)
        self._live.stop()

    def __call__(self, view: TickView) -> None:
        """Redraw, if it is time to."""
        began_s = time.monotonic()
        if began_s < self._next_s:
            return
        self._began_ns = self._began_ns or time.perf_counter_ns()
        self._live.update(self.picture(view), refresh=True)
        ended_s = time.monotonic()
        self._next_s = ended_s + max(REDRAW_S, (ended_s - began_s) / LARGEST_SHARE)

    def picture(self, view: TickView) -> Text:
        """What the terminal shows now: the title, then the map with the figures and neurons beside it.

        One flat text: laying out tables would take five times as long.
        """
        columns = max(16, min(self._console.width, 110) - _BESIDE)
        beside = [*self._figures(view), [], *self._loudest(view)]
        text = Text(no_wrap=True, overflow="crop")
        text.append(self._title, "bold")
        for row, more in itertools.zip_longest(self._map(view, columns), beside[:_MAP_ROWS], fillvalue=()):
            text.append("\n")
            for part, style in (*row, ("   ", ""), *more):
                text.append(part, style)
        return text

    def _figures(self, view: TickView) -> list[Line]:
        episode, goal = self._episode, self._episode.goal
        lines = [_line("time", f"{view.time_s:6.1f} s  {bar(view.time_s / episode.seconds, 20)}")]
        if view.truth is not None:
            x, y = view.truth.nose.tolist()
            lines.append(_line("nose", f"x {x:+.2f}  y {y:+.2f} m"))
        if math.isfinite(goal.distance_m):
            near = goal.distance_m <= goal.radius_m
            line = _line("to food", f"{goal.distance_m:6.2f} m  ")
            so_far = episode.recorder.rows()["goal_distance_m"]
            some = so_far[np.linspace(0, len(so_far) - 1, min(len(so_far), 20)).astype(np.intp)]
            lines.append([*line, (sparkline(some.tolist(), 20), "green3" if near else "yellow3")])
        wall_s = (time.perf_counter_ns() - self._began_ns) * 1e-9
        pace = f", {view.time_s / wall_s:.1f}x real time" if wall_s > 0.2 else ""
        lines.append(_line("tick", f"{view.duration_s * 1e6:6.0f} us{pace}"))
        late = f"{view.overruns or 'no'} deadline{'s'[: view.overruns != 1]} missed" if self._realtime else ""
        lines.append(_line("", ", ".join(filter(None, (late, "degraded" if view.degraded else "")))))
        if self._senses is not None:
            self._senses.look()
        if self._senses is not None and (failed := self._senses.failed()):
            lines.append([("no sample of ", "bold red"), (", ".join(failed), "red")])
        return lines

    def _loudest(self, view: TickView) -> list[Line]:
        """The neurons that changed most of late, one of each class. A class that stays in keeps its row."""
        names, activity = view.controller.neurons, view.controller.activity
        recent = self._episode.recorder.rows()["activity"]
        recent = recent[-round(RECENT_S / self._episode.period_s) :: _EVERY_TICKS]
        swing = recent.std(axis=0) if len(recent) else np.zeros(len(names))
        best: dict[str, int] = {}
        for i in np.argsort(-swing, kind="stable").tolist():
            best.setdefault(self._classes.get(names[i], names[i]), i)
            if len(best) == _NEURONS:
                break
        fresh = (kind for kind in best if kind not in self._shown)
        self._shown = [kind if kind in best else next(fresh) for kind in self._shown] + list(fresh)
        lines: list[Line] = [[("loudest neurons, one of each class", _DIM)]]
        for i in (best[kind] for kind in self._shown):
            value = f"{bar(float(activity[i]), 20)} {activity[i]:.2f} "
            lines.append([(f"{names[i]:8}", "bold"), (value, "cyan3"), (self._types.get(names[i], ""), _DIM)])
        return lines

    def _map(self, view: TickView, columns: int) -> list[Line]:
        """The snake on its ground with all there is to see; without a place, just its shape."""
        body = self._shape(view)
        self._frame(body)
        middle, size = (self._low + self._high) / 2, self._high - self._low
        layers = []
        for points, joined in ((self._trail(view), True), (self._rods, False), (body, True)):
            canvas = Canvas(columns, _MAP_ROWS)
            canvas.look_at(*middle.tolist(), *np.maximum(size + 0.2, 1.4).tolist())
            (canvas.line if joined else canvas.points)(points)
            layers.append(canvas.codes())
        trail, rods, snake = layers
        food = self._foods(canvas)
        self._food_seen = bool(food.any())
        cases = [food, snake != _EMPTY, rods != _EMPTY, trail != _EMPTY, self._poisoned(canvas)]
        style = np.select(cases, [5, 4, 3, 2, 1], 0)
        code = np.choose(style, [ord(" "), ord("░"), trail, rods, snake, ord("●")])
        lines: list[Line] = []
        for codes, styles in zip(code, style, strict=True):
            row = "".join(map(chr, codes))
            ends = [0, *(np.flatnonzero(np.diff(styles)) + 1).tolist(), columns]
            pieces = itertools.pairwise(ends)
            lines.append([(row[start:end], _STYLES[styles[start]]) for start, end in pieces])
        return lines

    def _trail(self, view: TickView) -> NDArray[np.float64]:
        """The way of the nose so far, (n, 2)."""
        if view.truth is None:
            return np.zeros((0, 2))
        nose = self._episode.recorder.rows()["nose"]
        step = max(1, round(_TRAIL_S / self._episode.period_s), len(nose) // _TRAIL_POINTS)
        way: NDArray[np.float64] = nose[::step].astype(np.float64)
        return way

    def _frame(self, body: NDArray[np.float64]) -> None:
        """Let the window grow so that it holds the snake and, as far as that is known, the food."""
        self._low = np.minimum(self._low, body.min(axis=0))
        self._high = np.maximum(self._high, body.max(axis=0))
        distance_m = self._episode.goal.distance_m
        if math.isfinite(distance_m) and not self._food_seen:
            away = min(distance_m, _FAR_M) + 0.1
            self._low = np.minimum(self._low, body[0] - away)
            self._high = np.maximum(self._high, body[0] + away)

    def _foods(self, canvas: Canvas) -> NDArray[np.bool_]:
        """Which characters hold food: a world only tells how far it is, so every character is asked."""
        world = self._episode.assembly.world
        if world is None or not math.isfinite(self._episode.goal.distance_m):
            return np.zeros((canvas.rows, canvas.columns), dtype=np.bool_)
        centres = canvas.cell_centres()
        away = np.array([world.goal_distance_m(x, y) for x, y in centres.reshape(-1, 2).tolist()])
        distance: NDArray[np.float64] = away.reshape(centres.shape[:2])
        padded = np.pad(distance, 1, constant_values=np.inf)
        near = distance <= canvas.cell_size()
        for dr, dc in ((0, 1), (2, 1), (1, 0), (1, 2)):
            near &= distance <= padded[dr : dr + distance.shape[0], dc : dc + distance.shape[1]]
        return near

    def _poisoned(self, canvas: Canvas) -> NDArray[np.bool_]:
        """Which characters stand for poisoned ground."""
        if self._world is None:
            return np.zeros((canvas.rows, canvas.columns), dtype=np.bool_)
        centres = canvas.cell_centres()
        level = np.array([self._world.poison_at(x, y) for x, y in centres.reshape(-1, 2).tolist()])
        found: NDArray[np.bool_] = level.reshape(centres.shape[:2]) >= _POISONED
        return found

    def _shape(self, view: TickView) -> NDArray[np.float64]:
        """The ends of the links from nose to tail, (links + 1, 2), in place, or just as they are bent."""
        link_m = self._episode.assembly.snake.link.length_m
        if view.truth is not None:
            heading = view.truth.pose[:, 2]
            tip = view.truth.pose[0, :2] + link_m / 2 * np.array([math.cos(heading[0]), math.sin(heading[0])])
        else:
            heading = np.concatenate([[0.0], np.cumsum(view.setpoint_rad)])
            tip = np.zeros(2)
        steps = link_m * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        ends: NDArray[np.float64] = np.concatenate([tip[None], tip - np.cumsum(steps, axis=0)])
        return ends


def _line(key: str, value: str) -> Line:
    return [(f"{key:9}", _DIM), (value, "")]


def _dots(obstacles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points that fill rods with round ends, (n, 5) as `Mapped` has them: (points, 2)."""
    found = [np.zeros((0, 2))]
    for x1, y1, x2, y2, radius in obstacles.tolist():
        along = np.linspace(0.0, 1.0, 1 + math.ceil(math.hypot(x2 - x1, y2 - y1) / _ROD_M))[:, None, None]
        turn = np.linspace(0.0, 2 * math.pi, 8, endpoint=False)
        disc = np.concatenate([[(0.0, 0.0)], radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)])
        found.append((np.array((x1, y1)) + along * (x2 - x1, y2 - y1) + disc).reshape(-1, 2))
    return np.concatenate(found)
