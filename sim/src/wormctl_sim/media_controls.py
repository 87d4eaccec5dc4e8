"""The picture of shuffled wirings: what each came to after the same training, beside the true one. Reads files only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wormctl.assay.controls import CONTROLS, MEASURES, Controls, Retrained, Seen
from wormctl.assay.folder import read_results
from wormctl.files import whole_file
from wormctl_sim.media_palette import ACTIVE, BODY, INK, MUTED, PAPER

PICTURE = "controls.png"
_WIDE_INCHES, _PANEL_INCHES, _ABOVE_INCHES = 9.0, 3.2, 0.95
_TRUE, _SHUFFLED, _SPREAD = 0.0, 1.0, 0.28
_LABEL_POINTS = 8


def draw_controls(folder: Path, progress: Callable[[float], None] = lambda share: None) -> list[Path]:
    """Draw the strip plot of the wirings in `folder` into it; the file made. Raises `ConfigError`."""
    found = read_results(folder / CONTROLS, Controls)
    path = folder / PICTURE
    figure = _figure(found)
    with whole_file(path) as partial:
        figure.savefig(partial)
    progress(1.0)
    return [path]


def _figure(found: Controls) -> Figure:
    tall = _PANEL_INCHES * len(MEASURES) + _ABOVE_INCHES
    figure = Figure(figsize=(_WIDE_INCHES, tall), dpi=120, facecolor=PAPER)
    grid = figure.add_gridspec(
        len(MEASURES),
        1,
        left=0.12,
        right=0.97,
        top=1 - (_ABOVE_INCHES + 0.3) / tall,
        bottom=0.07,
        hspace=0.42,
    )
    sentences = {(verdict.assay, verdict.number): verdict.sentence for verdict in found.verdicts}
    for place, (assay, number) in enumerate(MEASURES):
        axes = figure.add_subplot(grid[place])
        seen = [(worm, one) for worm in found.wirings for one in _of(worm, assay, number)]
        _strip(axes, seen)
        axes.set_title(
            f"{assay}.{number}: {sentences.get((assay, number), 'no shuffle yet')}",
            loc="left", fontsize=9, color=INK, wrap=True,
        )  # fmt: skip
        if seen:
            axes.set_ylabel(
                f"share of {found.trials} lives" if seen[0][1].share else seen[0][1].unit, color=INK
            )
    n = len(found.wirings) - 1
    figure.text(
        0.03, 1 - 0.4 / tall, "The true wiring against shuffles", fontsize=15, weight="bold", color=INK
    )
    about = (
        f"recipe {found.recipe}, {found.wirings[0].evaluations} worms each, {n} of {found.shuffles} shuffles; "
        f"body {found.body}, {found.trials} seeds from {found.seed}; 95 % intervals"
    )
    figure.text(0.03, 1 - 0.68 / tall, about, fontsize=9, color=MUTED)
    return figure


def _of(worm: Retrained, assay: str, number: str) -> list[Seen]:
    return [
        one for one in worm.numbers if (one.assay, one.number) == (assay, number) and one.mean is not None
    ]


def _strip(axes: Axes, seen: list[tuple[Retrained, Seen]]) -> None:
    """A dot and an interval for each wiring; a line across at the true one's."""
    shuffles = sum(worm.shuffle is not None for worm, _ in seen)
    places = iter(_SHUFFLED + np.linspace(-_SPREAD, _SPREAD, shuffles) if shuffles > 1 else [_SHUFFLED])
    for worm, one in seen:
        assert one.mean is not None
        true = worm.shuffle is None
        x = _TRUE if true else float(next(places))
        colour = ACTIVE if true else BODY
        if one.ci95 is not None:
            axes.plot((x, x), one.ci95, color=colour, lw=2.0, alpha=0.5)
        axes.plot(x, one.mean, "o", color=colour, ms=8 if true else 6, clip_on=False)
        if true:
            axes.axhline(one.mean, color=ACTIVE, lw=0.8, ls=(0, (4, 3)), zorder=0)
        else:
            axes.annotate(
                str(worm.shuffle), (x, one.mean), (6, -3), textcoords="offset points", color=MUTED,
                fontsize=_LABEL_POINTS,
            )  # fmt: skip
    if any(one.share for _, one in seen):
        axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(-0.4, _SHUFFLED + 0.5)
    axes.set_xticks((_TRUE, _SHUFFLED), ("true wiring", "shuffles, by seed"), color=INK)
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=MUTED, length=0, labelsize=9)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
