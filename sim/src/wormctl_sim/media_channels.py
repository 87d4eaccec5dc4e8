"""What was sensed in a run, over time: every channel by name, flat or not, with marks where no sample was good."""

from __future__ import annotations

import tomllib
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from wormctl.channel import Quality
from wormctl.device import JOINT_POSITION
from wormctl.runs import Run
from wormctl_sim.media_palette import ACTIVE, MUTED, TIME_COLOURS

FloatArray = NDArray[np.float64]

MARKS = {Quality.STALE: "#c9ced4", Quality.INVALID: "#f2b134", Quality.FAILED: "#dd7a72"}
"""The ground behind a stretch without a good sample, by what was wrong with it."""
_BINS = 800
"""Ticks are drawn in this many groups at most: no narrower than a pixel, so that nothing short is lost."""
_THINNEST = 1.0
"""Points round every mark, so that one of a single tick is seen."""
_MOST_PANELS = 8
_PANEL, _ROW, _AROUND_ROWS = 0.75, 0.19, 0.1
"""Heights, as `media_traces` counts them."""


class Sensed(NamedTuple):
    """One channel over a run."""

    name: str
    values: FloatArray
    """(ticks, size), nan where the sample was not good."""
    quality: NDArray[np.uint8]
    """(ticks,), of `Quality`."""
    bound: bool
    """Whether it reaches an input of the policy, or nothing says that it does not."""

    @property
    def changes(self) -> bool:
        """Whether there are two good samples that differ."""
        low, high = np.fmin.reduce(self.values), np.fmax.reduce(self.values)
        return bool((high > low).any())

    @property
    def label(self) -> str:
        """What to write beside it."""
        return self.name if self.bound else f"{self.name} (not bound)"

    @property
    def range(self) -> str:
        """Its good values in words."""
        if np.isnan(self.values).all():
            return "no good sample"
        low, high = float(np.nanmin(self.values)), float(np.nanmax(self.values))
        digits = next((n for n in (3, 6, 9) if f"{low:.{n}g}" != f"{high:.{n}g}"), 6)
        span = f"{low:.{digits}g}" + (f" to {high:.{digits}g}" if high > low else "")
        return span if self.changes else f"{span} throughout"


def sensed(run: Run) -> list[Sensed]:
    """All channels; that of the joints, which have a picture of their own, only if a sample of it was bad."""
    bound = _bound(run.info.robot)
    found = []
    for column, name in enumerate(run.info.channels):
        field = f"channel.{name}" if f"channel.{name}" in (run.record.dtype.names or ()) else name
        quality = np.array(run.record["quality"][:, column])
        values = np.array(run.record[field], dtype=np.float64).reshape(len(quality), -1)
        values[(quality != Quality.GOOD) | ~np.isfinite(values).all(axis=1)] = np.nan
        if name != JOINT_POSITION or quality.any():
            found.append(Sensed(name, values, quality, bound is None or name in bound))
    return found


def _bound(robot: str) -> set[str] | None:
    """The channels that a robot file, given whole, binds to inputs; None if it does not tell."""
    try:
        raw = tomllib.loads(robot)
    except tomllib.TOMLDecodeError:
        return None
    binds = raw.get("bind", []) if raw else None
    return {str(b.get("channel")) for b in binds if isinstance(b, dict)} if isinstance(binds, list) else None


class Panels:
    """How the channels are laid out: large panels for those that change, then one of rows for all others."""

    def __init__(self, run: Run) -> None:
        found = sensed(run)
        telling = [s for s in found if s.changes and (s.bound or s.values.shape[1] == 1)]
        telling = sorted((s for s in telling if s.name != JOINT_POSITION), key=lambda s: not s.bound)
        large = {s.name for s in telling[:_MOST_PANELS]}
        self._large = [s for s in found if s.name in large]
        self._rows = [s for s in found if s.name not in large]
        time_s = np.asarray(run.record["time_s"])
        self._starts = np.unique(np.linspace(0, len(time_s), _BINS, endpoint=False).astype(np.intp))
        self._time_s = time_s[self._starts]
        self._edges_s = np.append(self._time_s, time_s[-1] + run.info.period_s)
        self._bad = {q for q in MARKS if any((s.quality == q).any() for s in found)}

    @property
    def heights(self) -> list[float]:
        """Of the axes that `draw` wants."""
        rows = [_AROUND_ROWS + _ROW * len(self._rows)] if self._rows else []
        return [_PANEL] * len(self._large) + rows

    def draw(self, places: list[Axes]) -> None:
        """Fill axes with times in s along x, one for each of `heights`."""
        for axes, one in zip(places, self._large, strict=False):
            self._mark(axes, one)
            (self._line if one.values.shape[1] == 1 else self._image)(axes, one)
            axes.set_ylabel(
                one.label.replace(" (", "\n("), fontsize=8, color=MUTED, rotation=0, ha="right", va="center"
            )
        if self._rows:
            self._table(places[-1])

    def legend(self, figure: Figure) -> None:
        """Say what the marks mean, if there are any."""
        if self._bad:
            patches = [Patch(color=MARKS[q], label=q.name.lower()) for q in MARKS if q in self._bad]
            figure.legend(
                handles=[Patch(alpha=0.0, label="no good sample:"), *patches], loc="upper right", fontsize=8,
                ncols=1 + len(patches), frameon=False, labelcolor=MUTED, borderaxespad=0.2,
                handlelength=1.2, columnspacing=1.0,
            )  # fmt: skip

    def _mark(self, axes: Axes, one: Sensed, row: int | None = None) -> None:
        """Colour the ground where samples were bad: all of `axes`, or of one row in it."""
        worst = np.maximum.reduceat(one.quality, self._starts)
        sides_s = np.repeat(self._edges_s, 2)[1:-1]
        low, high = (0.0, 1.0) if row is None else (row - 0.46, row + 0.46)
        where = axes.get_xaxis_transform() if row is None else axes.transData
        for quality, colour in MARKS.items():
            if (worst == quality).any():
                bad = np.repeat(worst == quality, 2)
                axes.fill_between(
                    sides_s, low, high, where=bad, color=colour, lw=_THINNEST, zorder=0, transform=where
                )

    def _line(self, axes: Axes, one: Sensed) -> None:
        _plot(axes, *self._envelope(one.values), _colour(one), 0.9)
        axes.ticklabel_format(axis="y", useOffset=False)

    def _image(self, axes: Axes, one: Sensed) -> None:
        """A channel of several values: rows of its elements, the first at the top, dark where it is high."""
        size = one.values.shape[1]
        axes.imshow(
            one.values[self._starts].T, aspect="auto", cmap="Greys", interpolation="nearest", zorder=1,
            vmin=float(np.nanmin(one.values)), vmax=float(np.nanmax(one.values)),
            extent=(float(self._edges_s[0]), float(self._edges_s[-1]), size - 0.5, -0.5),
        )  # fmt: skip
        axes.set_yticks([0, size - 1])
        _note(axes, 0.5, one.range, axes.transAxes)

    def _table(self, axes: Axes) -> None:
        """A row for each channel: a small line over its own range, and that range in words."""
        for row, one in enumerate(self._rows):
            self._mark(axes, one, row)
            time_s, values = self._envelope(one.values)
            if not np.isnan(values).all():
                low, high = np.nanmin(values), np.nanmax(values)
                share = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
                share[np.isnan(values)] = np.nan
                _plot(axes, time_s, row + 0.35 - 0.7 * share, _colour(one), 0.7)
            _note(axes, row, one.range, axes.get_yaxis_transform())
        axes.set_ylim(len(self._rows) - 0.5, -0.5)
        axes.set_yticks(range(len(self._rows)), [one.label for one in self._rows])

    def _envelope(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The least and the greatest good value of each group of ticks: times (2n,) and values (2n, size)."""
        low = np.fmin.reduceat(values, self._starts, axis=0)
        high = np.fmax.reduceat(values, self._starts, axis=0)
        return np.repeat(self._time_s, 2), np.stack([low, high], axis=1).reshape(-1, values.shape[1])


def _colour(one: Sensed) -> str:
    return TIME_COLOURS[2] if one.name.startswith("poison") else ACTIVE


def _plot(axes: Axes, time_s: FloatArray, values: FloatArray, colour: str, width: float) -> None:
    """Lines, and dots where a value stands alone. `values` is (n, size), two rows a moment as of `_envelope`."""
    axes.plot(time_s, values, color=colour, lw=width)
    good = np.isfinite(values[::2]).all(axis=1)
    beside = np.concatenate([[False], good, [False]])
    alone = np.flatnonzero(good & ~beside[:-2] & ~beside[2:])
    axes.plot(time_s[2 * alone], values[2 * alone], "o", color=colour, ms=2 * width, mew=0)


def _note(axes: Axes, y: float, text: str, where: Transform) -> None:
    """Words to the right of `axes`."""
    axes.text(1.008, y, text, fontsize=7, color=MUTED, va="center", transform=where)
