"""The picture of a run: where the snake crawled, over the smell that it followed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from wormctl_sim.media_palette import (
    BODY,
    FOOD,
    INK,
    MUTED,
    OBSTACLE,
    PAPER,
    TIME_COLOURS,
    ground_image,
)
from wormctl_sim.media_scene import Scene

SILHOUETTES = 9
_FIELD_PIXELS = 360
_LEVELS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)
TIME_MAP = LinearSegmentedColormap.from_list("time", TIME_COLOURS)


def draw_picture(scene: Scene, path: Path) -> None:
    """Write `path`, a PNG: the ground seen from above, the path of the nose coloured by time.

    What moves is shown where it ended, smell and marks alike, with the way it came.
    """
    figure = Figure(figsize=(8.6, 8.0), dpi=140, facecolor=PAPER)
    axes = figure.add_axes((0.075, 0.07, 0.80, 0.84))
    view = scene.view
    extent = (view.x_m, view.x_m + view.size_m, view.y_m, view.y_m + view.size_m)
    odour, poison = scene.smell(scene.end_s, _FIELD_PIXELS)
    axes.imshow(ground_image(odour, poison), extent=extent, interpolation="bilinear", zorder=0)
    if odour.max() > 0:
        axes.contour(
            odour[::-1], levels=[level * odour.max() for level in _LEVELS],
            extent=extent, colors="white", linewidths=0.7, alpha=0.75, zorder=1,
        )  # fmt: skip
    _obstacles(axes, scene)
    _snakes(axes, scene)
    _path(figure, axes, scene)
    _tracks(axes, scene)
    _marks(axes, scene)
    _frame(figure, axes, scene, extent)
    figure.savefig(path)


def _obstacles(axes: Axes, scene: Scene) -> None:
    for x1, y1, x2, y2, radius in scene.obstacles():
        if (x1, y1) != (x2, y2):
            across = radius * np.array([y1 - y2, x2 - x1]) / np.hypot(x2 - x1, y2 - y1)
            ends = np.array([(x1, y1), (x2, y2)])
            axes.fill(*np.concatenate([ends + across, ends[::-1] - across]).T, color=OBSTACLE, zorder=2)
        for x, y in {(x1, y1), (x2, y2)}:
            axes.add_patch(Circle((x, y), radius, color=OBSTACLE, zorder=2))


def _snakes(axes: Axes, scene: Scene) -> None:
    """The snake at even intervals of time, fainter the longer ago."""
    ticks = np.unique(np.linspace(0, len(scene.record) - 1, SILHOUETTES).round().astype(np.intp))
    strength = np.linspace(0.16, 0.5, len(ticks))
    strength[-1] = 1.0
    axes.add_collection(
        PolyCollection(
            list(scene.outline(ticks)),
            facecolors=[to_rgba(BODY, a) for a in strength],
            edgecolors=[to_rgba(INK, 0.8 * a) for a in strength],
            linewidths=0.6,
            zorder=3,
        )
    )


def _path(figure: Figure, axes: Axes, scene: Scene) -> None:
    step = max(1, len(scene.nose) // 3000)
    nose, time_s = scene.nose[::step], scene.time_s[::step]
    pieces = np.stack([nose[:-1], nose[1:]], axis=1)
    lines = LineCollection(list(pieces), cmap=TIME_MAP, linewidths=1.8, capstyle="round", zorder=4)
    lines.set_array(time_s[:-1])
    axes.add_collection(lines)
    beside = figure.add_axes((0.895, 0.07, 0.018, 0.84))
    bar = figure.colorbar(lines, cax=beside)
    bar.set_label("time (s)", color=INK)
    bar.outline.set_visible(False)
    beside.tick_params(colors=MUTED, length=0, labelsize=9)


def _tracks(axes: Axes, scene: Scene) -> None:
    """The way of each source that moves, from a small ring where it began."""
    for i, track in enumerate(scene.tracks.transpose(1, 0, 2)):
        if np.ptp(track, axis=0).any():
            colour = FOOD if i < scene.foods else MUTED
            axes.plot(*track.T, color=colour, lw=1.2, ls=":", alpha=0.8, zorder=4)
            axes.plot(*track[0], "o", mfc="white", mec=colour, mew=1.0, ms=5, zorder=5)


def _marks(axes: Axes, scene: Scene) -> None:
    for x, y in scene.foods_at(scene.end_s):
        axes.add_patch(Circle((x, y), scene.reach_m, fill=False, ls=(0, (4, 3)), lw=1.1, ec=FOOD, zorder=5))
        axes.add_patch(Circle((x, y), 0.03, fc=FOOD, ec="white", lw=1.2, zorder=6))
        axes.annotate("food", (x, y), (8, 8), textcoords="offset points", color=FOOD, weight="bold", zorder=7)
    x, y = scene.nose[0]
    axes.plot(x, y, "o", mfc="white", mec=INK, mew=1.4, ms=7, zorder=6)
    axes.annotate("start", (x, y), (8, 8), textcoords="offset points", color=INK, weight="bold", zorder=7)
    if scene.reached_tick is not None:
        x, y = scene.nose[scene.reached_tick]
        axes.plot(x, y, "*", mfc="white", mec=INK, mew=1.0, ms=13, zorder=7)


def _frame(figure: Figure, axes: Axes, scene: Scene, extent: tuple[float, float, float, float]) -> None:
    info = scene.info
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    axes.set_xlabel("x (m)", color=INK)
    axes.set_ylabel("y (m)", color=INK)
    axes.tick_params(colors=MUTED, length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if scene.reached_tick is not None:
        what = f"food reached after {scene.time_s[scene.reached_tick]:.1f} s"
    elif np.isfinite(scene.distance_m).all():
        what = f"{scene.time_s[-1]:.0f} s, nearest {scene.distance_m.min():.2f} m from the food"
    else:
        what = f"{scene.time_s[-1]:.0f} s of crawling"
    figure.text(0.075, 0.95, what, fontsize=15, weight="bold", color=INK)
    place = f", world {info.world.name}" if info.world else ""
    cut = f", without {', '.join(info.ablated)}" if info.ablated else ""
    text = f"{info.policy.name} in body {info.body}{place}, seed {info.seed}{cut}"
    figure.text(0.075, 0.925, text, fontsize=9.5, color=MUTED)
