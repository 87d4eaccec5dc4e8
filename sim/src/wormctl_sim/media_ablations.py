"""The picture of an ablation table: what is left of each behaviour, with its interval, beside what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wormctl.assay.compare import Ablations, Compared
from wormctl.assay.folder import ABLATIONS, read_results
from wormctl.files import whole_file
from wormctl_sim.media_palette import ACTIVE, BODY, INK, MUTED, PAPER

PICTURE = "ablations.png"
_ROW_INCHES, _BELOW_INCHES, _ABOVE_INCHES = 0.36, 0.75, 1.0
_TEST_INCHES, _LEFT_INCHES, _RIGHT_INCHES = 1.7, 5.0, 3.0
_WIDE_INCHES = 13.0
_LOW, _HIGH = -0.6, 2.1
"""Ratios beyond are drawn at the edge, as arrows."""


def draw_ablations(folder: Path, progress: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Draw the forest plot of the table in `folder` into it; the file made. Raises `ConfigError`."""
    found = read_results(folder / ABLATIONS, Ablations)
    path = folder / PICTURE
    figure = _figure(found)
    with whole_file(path) as partial:
        figure.savefig(partial)
    progress(1.0)
    return [path]


def _figure(found: Ablations) -> Figure:
    rows = [*found.rows, *found.controls]
    tests = [(row.name, test, i == 0) for row in rows for i, test in enumerate(row.tests)]
    published = sum(len(row.tests) for row in found.rows)
    tall = _ROW_INCHES * len(tests) + _BELOW_INCHES + _ABOVE_INCHES
    figure = Figure(figsize=(_WIDE_INCHES, tall), dpi=120, facecolor=PAPER)
    wide = _WIDE_INCHES - _LEFT_INCHES - _RIGHT_INCHES
    axes = figure.add_axes(
        (
            _LEFT_INCHES / _WIDE_INCHES,
            _BELOW_INCHES / tall,
            wide / _WIDE_INCHES,
            _ROW_INCHES * len(tests) / tall,
        )
    )
    axes.set(xlim=(_LOW, _HIGH), ylim=(len(tests) - 0.5, -0.5))
    for place, (name, test, first) in enumerate(tests):
        _line(axes, place, test)
        up = (_BELOW_INCHES + _ROW_INCHES * (len(tests) - place - 0.5)) / tall
        if first:
            axes.axhline(place - 0.5, color=MUTED, lw=0.4 if place != published else 1.6, alpha=0.4)
            figure.text(0.2 / _WIDE_INCHES, up, name, va="center", color=INK, fontsize=9.5, weight="bold")
        what = f"{test.assay}: {test.number}" + (
            f" (against -{','.join(test.reference)})" if test.reference else ""
        )
        figure.text(_TEST_INCHES / _WIDE_INCHES, up, what, va="center", color=INK, fontsize=8.5)
        said = f"{'as expected' if test.passed else 'NOT'}: {test.word or test.bounds}"
        right = (_WIDE_INCHES - _RIGHT_INCHES + 0.1) / _WIDE_INCHES
        figure.text(right, up, said, va="center", color=_colour(test), fontsize=8.5)
    for x in (0.0, 1.0):
        axes.axvline(x, color=MUTED, lw=0.8, ls="-" if x else (0, (4, 3)), zorder=0)
    axes.set_xlabel("what is left: mean of the cut worm over that of the worm it is compared with", color=INK)
    axes.set_yticks([])
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=MUTED, length=0, labelsize=9)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = f"{found.passed} of {len(found.rows)} rows as expected"
    if found.controls:
        title += f", {sum(row.passed for row in found.controls)} of {len(found.controls)} controls"
    figure.text(0.2 / _WIDE_INCHES, 1 - 0.35 / tall, title, fontsize=15, weight="bold", color=INK)
    about = f"{found.policy} in body {found.body}, {found.trials} seeds from {found.seed}; 95 % bootstrap intervals"
    figure.text(0.2 / _WIDE_INCHES, 1 - 0.62 / tall, about, fontsize=9.5, color=MUTED)
    return figure


def _line(axes: Axes, place: int, test: Compared) -> None:
    """The expected range of the ratio, the ratio, its interval."""
    low, high = _LOW, _HIGH
    for bound in test.bounds.split(", "):
        if bound.startswith("ratio at "):
            value = float(bound.split()[-1])
            low, high = (low, value) if " most " in bound else (value, high)
    if (low, high) != (_LOW, _HIGH):
        axes.fill_between((low, high), place - 0.42, place + 0.42, color=ACTIVE, alpha=0.08, lw=0, zorder=0)
    if test.ratio is None:
        said = "" if test.cut_mean is None else f"{test.cut_mean:.3g} against {_shown(test.reference_mean)}"
        axes.text(0.03, place, said or "nothing was seen", va="center", color=MUTED, fontsize=8)
        return
    colour = _colour(test)
    if test.ratio_ci95 is not None:
        axes.plot(np.clip(test.ratio_ci95, _LOW, _HIGH), (place, place), color=colour, lw=2.0, alpha=0.7)
    beyond = not _LOW <= test.ratio <= _HIGH
    marker = "o" if not beyond else ">" if test.ratio > _HIGH else "<"
    axes.plot(float(np.clip(test.ratio, _LOW, _HIGH)), place, marker, color=colour, ms=6, clip_on=False)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def _colour(test: Compared) -> str:
    return ACTIVE if test.passed else BODY
