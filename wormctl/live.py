"""The live view in the terminal: an observer of the loop that redraws a few times a second. It only looks.

It draws in the loop's own thread: a second thread would steal time from ticks at moments nobody chooses. A
picture takes some milliseconds, so this is for simulated bodies, which can wait.
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

from wormctl.braille import Canvas, bar, sparkline
from wormctl.connectome import load_connectome
from wormctl.episode import Episode
from wormctl.loop import TickView

REDRAW_S = 0.1
LARGEST_SHARE = 0.05
"""Of the run's time that drawing may take: a slow terminal gets fewer pictures."""
_NEURONS = 12
_BESIDE = 54
"""Columns that the figures need."""
_MAP_ROWS = 19
_FORGET = 0.1
_CHOOSE_EVERY = 10
_TRAIL_M = 0.03

_STYLES = ("", "grey50", "bold orange3", "bold red")
"""Of nothing, the trail, the snake and the food."""
_EMPTY = 0x2800
_DIM = "grey62"


Line = list[tuple[str, str]]
"""Pieces of text with their styles."""


class LiveView:
    """Use it in a `with` statement around the run, and as an observer. The last picture stays."""

    def __init__(self, episode: Episode, title: str, console: Console) -> None:
        self._episode, self._title = episode, title
        self._console = console
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._next_s = 0.0
        neurons = episode.assembly.controller.activity.shape[0]
        self._mean: NDArray[np.float64] = np.zeros(neurons)
        self._swing: NDArray[np.float64] = np.zeros(neurons)
        connectome = load_connectome()
        self._classes = dict(zip(connectome.names, connectome.classes, strict=True))
        self._types = dict(zip(connectome.names, connectome.types, strict=True))
        self._shown: list[int] = []
        self._frames = 0
        self._window: tuple[float, ...] = ()
        self._food: NDArray[np.bool_] = np.zeros((0, 0), dtype=np.bool_)
        self._seen = False
        self._distances: list[float] = []
        self._trail: list[tuple[float, float]] = []
        self._low = np.full(2, np.inf)
        self._high = np.full(2, -np.inf)
        self._began_ns = 0

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, view: TickView) -> None:
        """Redraw, if it is time to."""
        began_s = time.monotonic()
        if began_s < self._next_s:
            return
        self._began_ns = self._began_ns or time.perf_counter_ns()
        self._note(view)
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

    def _note(self, view: TickView) -> None:
        activity = view.controller.activity.astype(np.float64)
        if self._seen:
            self._swing += _FORGET * (np.abs(activity - self._mean) - self._swing)
            self._mean += _FORGET * (activity - self._mean)
        else:
            self._mean[:], self._seen = activity, True
        distance = self._episode.goal.distance_m
        if math.isfinite(distance):
            self._distances.append(distance)
        if view.truth is not None:
            x, y = view.truth.nose.tolist()
            if not self._trail or math.dist(self._trail[-1], (x, y)) > _TRAIL_M:
                self._trail.append((x, y))

    def _figures(self, view: TickView) -> list[Line]:
        episode, goal = self._episode, self._episode.goal
        lines = [_line("time", f"{view.time_s:6.1f} s  {bar(view.time_s / episode.seconds, 20)}")]
        if view.truth is not None:
            x, y = view.truth.nose.tolist()
            lines.append(_line("nose", f"x {x:+.2f}  y {y:+.2f} m"))
        if math.isfinite(goal.distance_m):
            near = goal.distance_m <= goal.radius_m
            line = _line("to food", f"{goal.distance_m:6.2f} m  ")
            lines.append([*line, (sparkline(self._distances, 20), "green3" if near else "yellow3")])
        wall_s = (time.perf_counter_ns() - self._began_ns) * 1e-9
        pace = f", {view.time_s / wall_s:.1f}x real time" if wall_s > 0.2 else ""
        lines.append(_line("tick", f"{view.duration_s * 1e6:6.0f} us{pace}"))
        late = f"{view.overruns} deadlines missed" if view.overruns else "no deadline missed"
        lines.append(_line("", f"{late}{', degraded' if view.degraded else ''}"))
        return lines

    def _loudest(self, view: TickView) -> list[Line]:
        """The neurons that change most, one of each class; chosen now and then, so that rows stand still."""
        names, activity = view.controller.neurons, view.controller.activity
        if self._frames % _CHOOSE_EVERY == 0:
            best: dict[str, int] = {}
            for i in np.argsort(-(self._swing + 1e-3 * self._mean), kind="stable").tolist():
                best.setdefault(self._classes.get(names[i], names[i]), i)
                if len(best) == _NEURONS:
                    break
            self._shown = sorted(best.values())
        self._frames += 1
        lines: list[Line] = [[("loudest neurons, one of each class", _DIM)]]
        for i in self._shown:
            value = f"{bar(float(activity[i]), 20)} {activity[i]:.2f} "
            lines.append([(f"{names[i]:8}", "bold"), (value, "cyan3"), (self._types.get(names[i], ""), _DIM)])
        return lines

    def _map(self, view: TickView, columns: int) -> list[Line]:
        """The snake on its ground, its trail behind it, and the food; without a place, just its shape."""
        body = self._shape(view)
        trail = np.array(self._trail or body[:1])
        self._frame(body)
        middle, size = (self._low + self._high) / 2, self._high - self._low
        layers = []
        for points in (trail, body):
            canvas = Canvas(columns, _MAP_ROWS)
            canvas.look_at(*middle.tolist(), *np.maximum(size + 0.2, 1.4).tolist())
            canvas.line(points)
            layers.append(canvas.codes())
        window = (*self._low.tolist(), *self._high.tolist())
        if window != self._window or self._frames % _CHOOSE_EVERY == 0:
            self._window, self._food = window, self._foods(canvas)
        drawn = [codes != _EMPTY for codes in layers]
        style = np.where(self._food, 3, np.where(drawn[1], 2, np.where(drawn[0], 1, 0)))
        code = np.choose(style, [ord(" "), layers[0], layers[1], ord("●")])
        lines: list[Line] = []
        for codes, styles in zip(code, style, strict=True):
            row = "".join(map(chr, codes))
            ends = [0, *(np.flatnonzero(np.diff(styles)) + 1).tolist(), columns]
            pieces = itertools.pairwise(ends)
            lines.append([(row[start:end], _STYLES[styles[start]]) for start, end in pieces])
        return lines

    def _frame(self, body: NDArray[np.float64]) -> None:
        """Let the window grow so that it holds the snake and, as far as that is known, the food."""
        if not np.isfinite(self._low).all() and math.isfinite(self._episode.goal.start_m):
            away = min(self._episode.goal.start_m, 3.0) + 0.1
            self._low, self._high = body[0] - away, body[0] + away
        self._low = np.minimum(self._low, body.min(axis=0))
        self._high = np.maximum(self._high, body.max(axis=0))

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
