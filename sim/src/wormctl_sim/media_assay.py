"""Pictures of what many lives did: every way in one frame, how soon food was reached, how turns follow smell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from wormctl.assay.folder import ASSAYS, read_results, read_scenes
from wormctl.assay.outcome import AssayRun, Assays, Result
from wormctl.assay.steering import Effect
from wormctl.files import whole_file
from wormctl_sim.media_palette import ACTIVE, BODY, FOOD, INK, MUTED, OBSTACLE, PAPER

FloatArray = NDArray[np.float64]

GOOD, BAD, POISON = ACTIVE, BODY, "#8d4a9c"
_MARGIN_M = 0.2


def draw_assays(folder: Path, progress: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Draw every assay of a folder into it, a PNG each; the files made. Raises `ConfigError`."""
    found = read_results(folder / ASSAYS, Assays)
    made = []
    for i, run in enumerate(found.assays):
        path = folder / f"{run.result.assay}.png"
        figure = _figure(run, found, read_scenes(folder, run.result.assay))
        with whole_file(path) as partial:
            figure.savefig(partial)
        made.append(path)
        progress((i + 1) / len(found.assays))
    return made


def _figure(run: AssayRun, found: Assays, scenes: dict[int, dict[str, FloatArray]]) -> Figure:
    result = run.result
    times = [
        life.numbers["time_to_food_s"][0] for life in result.per_life if life.numbers.get("time_to_food_s")
    ]
    curves = [] if result.steering is None else [result.steering.klinokinesis, result.steering.klinotaxis]
    beside = [effect for effect in curves if effect is not None]
    panels = 1 + bool(times) + len(beside)
    figure = Figure(figsize=(6.6 * panels, 6.8), dpi=120, facecolor=PAPER)
    # One row of equal squares, with room for a title above and labels below.
    axes = [figure.add_axes(((i + 0.12) / panels, 0.09, 0.83 / panels, 0.76)) for i in range(panels)]
    _ways(axes[0], result, scenes)
    if times:
        _ecdf(axes[1], times, result, run.seconds)
    for place, effect in zip(axes[1 + bool(times) :], beside, strict=True):
        _curve(place, effect)
    word = {True: "passed", False: "not passed", None: "measured"}[result.passed]
    figure.text(0.12 / panels, 0.95, f"{result.assay}: {word}", fontsize=15, weight="bold", color=INK)
    cut = f", without {', '.join(run.ablated)}" if run.ablated else ""
    about = f"{found.policy} in body {run.body}, world {run.world}{cut}, {result.lives} lives"
    figure.text(0.12 / panels, 0.905, about, fontsize=9.5, color=MUTED)
    return figure


def _ways(axes: Axes, result: Result, scenes: dict[int, dict[str, FloatArray]]) -> None:
    """Every nose's way from the same start and heading, coloured by the verdict."""
    good = {life.seed: life.good for life in result.per_life}
    verdicts = [life.verdict for life in result.per_life]
    lines: dict[bool, list[FloatArray]] = {True: [], False: []}
    foods: list[FloatArray] = []
    shown: list[FloatArray] = []
    for seed, scene in sorted(scenes.items()):
        if "path" not in scene:
            continue
        start = scene["start"]
        way = _from(start, scene["path"].astype(np.float64))
        lines[good.get(seed, False)].append(way)
        shown.append(way)
        places = _from(start, scene.get("foods", np.zeros((0, 3)))[:, :2])
        ends = _from(start, scene.get("foods_end", np.zeros((0, 3)))[:, :2])
        foods.append(places)
        for one, other in zip(places, ends, strict=False):
            if np.hypot(*(one - other)) > 1e-3:
                axes.plot(*np.stack([one, other]).T, color=FOOD, lw=0.6, ls=":", alpha=0.5, zorder=3)
        for x1, y1, x2, y2, radius in scene.get("obstacles", np.zeros((0, 5))):
            ends = _from(start, np.array([[x1, y1], [x2, y2]]))
            alpha = max(0.06, 1.0 / len(scenes))
            if np.ptp(ends, axis=0).any():
                axes.plot(*ends.T, color=OBSTACLE, lw=2.0, alpha=alpha, zorder=1)
            else:
                axes.add_patch(Circle(tuple(ends[0]), radius, color=OBSTACLE, alpha=alpha, lw=0, zorder=1))
        for (x, y), radius in zip(
            _from(start, scene.get("core", np.zeros((0, 3)))[:, :2]),
            scene.get("core", np.zeros((0, 3)))[:, 2],
            strict=True,
        ):
            axes.add_patch(
                Circle((x, y), radius, color=POISON, alpha=max(0.04, 0.5 / len(scenes)), lw=0, zorder=1)
            )
    for word, colour, order in ((False, BAD, 2), (True, GOOD, 3)):
        if lines[word]:
            axes.add_collection(
                LineCollection(lines[word], colors=colour, linewidths=0.8, alpha=0.55, zorder=order)
            )
            names = sorted(
                {v for v, life in zip(verdicts, result.per_life, strict=True) if life.good is word}
            )
            label = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            axes.plot([], [], color=colour, lw=2, label=f"{len(lines[word])} {label}")
    spots = np.concatenate(foods) if foods else np.zeros((0, 2))
    if len(spots):
        axes.scatter(
            spots[:, 0],
            spots[:, 1],
            s=14,
            color=FOOD,
            edgecolors="white",
            linewidths=0.4,
            zorder=4,
            label="food",
        )
    axes.plot(0.0, 0.0, marker=">", color=INK, ms=7, zorder=5)
    points = np.concatenate([*shown, spots]) if shown else np.zeros((1, 2))
    middle, half = (points.max(axis=0) + points.min(axis=0)) / 2, np.ptp(points, axis=0).max() / 2 + _MARGIN_M
    axes.set(
        xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half), aspect="equal"
    )
    _style(axes, "ahead of the start (m)", "to its left (m)")
    if scenes:
        axes.legend(loc="upper left", frameon=False, fontsize=8.5, labelcolor=INK)


def _from(start: FloatArray, points: FloatArray) -> FloatArray:
    """Points (n, 2) as seen from `start`: along its heading, and to the left of it."""
    cos, sin = np.cos(start[2]), np.sin(start[2])
    away = points - start[:2]
    return np.stack([away[:, 0] * cos + away[:, 1] * sin, away[:, 1] * cos - away[:, 0] * sin], axis=1)


def _ecdf(axes: Axes, times_s: Sequence[float], result: Result, seconds: float) -> None:
    """Which share of all lives had reached food by then."""
    ordered = np.sort(times_s)
    share = np.arange(1, len(ordered) + 1) / max(result.lives, 1)
    axes.step(np.concatenate([[0.0], ordered, [seconds]]), np.concatenate([[0.0], share, share[-1:]]),
              where="post", color=GOOD, lw=1.8)  # fmt: skip
    axes.axvline(float(np.median(ordered)), color=MUTED, lw=0.8, ls=(0, (4, 3)))
    axes.set(xlim=(0.0, seconds), ylim=(0.0, 1.02), title=f"food reached; median {np.median(ordered):.0f} s")
    _style(axes, "time (s)", "share of all lives")


def _curve(axes: Axes, effect: Effect) -> None:
    """A mean by bins with its interval."""
    x, y = np.array(effect.curve.x), np.array(effect.curve.y)
    axes.fill_between(x, effect.curve.low, effect.curve.high, color=GOOD, alpha=0.2, lw=0)
    axes.plot(x, y, "o-", color=GOOD, lw=1.6, ms=5)
    axes.axhline(0.0, color=MUTED, lw=0.7)
    axes.axvline(0.0, color=MUTED, lw=0.7)
    ends = "" if effect.ci95 is None else f" ({effect.ci95[0]:+.2g} to {effect.ci95[1]:+.2g})"
    p = "" if effect.p is None else f", p = {effect.p:.2g}"
    taxis = effect.unit.startswith("rad")
    axes.set_title(f"{'klinotaxis' if taxis else 'klinokinesis'}: {effect.value:+.2g} {effect.unit}{ends}{p}")
    if taxis:
        _style(axes, "gradient to the left (1/m)", "curving to the left (rad/body length)")
    else:
        _style(axes, "change of concentration at the nose (1/s)", "turns begun (1/min)")


def _style(axes: Axes, x: str, y: str) -> None:
    axes.set_facecolor(PAPER)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.title.set(fontsize=10, color=INK)
    axes.tick_params(colors=MUTED, length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.grid(color=MUTED, alpha=0.15)
