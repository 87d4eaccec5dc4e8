"""The picture of a training run: how scores and steps went, generation by generation. Reads and runs nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from wormctl_sim.media_palette import BODY, INK, MUTED, PAPER

from wormctl.files import whole_file
from wormctl_train.evolve import Progress


def draw(run: Sequence[Progress], path: Path) -> None:
    """Write `path`, a PNG: best, mean and spread of the scores of every generation, and the strategy's step.

    Raises `OSError` if it cannot be written.
    """
    figure = Figure(figsize=(9.0, 5.4), dpi=140, facecolor=PAPER, layout="constrained")
    scores, steps = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    ends = []
    end = 0
    lows: list[float] = []
    means: list[float] = []
    for name, group in itertools.groupby(run, key=lambda done: done.stage):
        stage = list(group)
        x = np.arange(end, end + len(stage)) + 1
        best, mean, spread, step = (
            np.array([getattr(done, field) for done in stage]) for field in ("best", "mean", "spread", "step")
        )
        # Each stage has a score of its own: a line from one to the next would mean nothing.
        first = end == 0
        scores.fill_between(
            x, mean - spread, mean + spread, color=BODY, alpha=0.25, lw=0, label="spread" if first else None
        )
        scores.plot(x, mean, color=BODY, label="mean" if first else None)
        scores.plot(x, best, color=INK, lw=0.9, label="best" if first else None)
        steps.plot(x, step, color=MUTED)
        scores.annotate(
            name, (end + 0.5, 1.0), (3, -10), xycoords=("data", "axes fraction"), textcoords="offset points",
            color=MUTED, fontsize=9,
        )  # fmt: skip
        end += len(stage)
        ends.append(end)
        lows += (mean - spread).tolist()
        means += mean.tolist()
    _frame(scores, "score", ends[:-1])
    _frame(steps, "step", ends[:-1])
    steps.set_ylim(bottom=0.0)
    steps.set_xlabel("generation", color=INK)
    steps.set_xlim(0.5, max(end, 1) + 0.5)
    # A few candidates that score worst of all would leave no room for the others.
    scores.margins(y=0.12)
    scores.set_ylim(bottom=min(np.percentile(lows, 5), np.percentile(means, 1)))
    scores.legend(loc="lower right", frameon=False, fontsize=9)
    with whole_file(path) as partial:
        figure.savefig(partial)


def _frame(axes: Axes, label: str, boundaries: Sequence[int]) -> None:
    axes.set_facecolor(PAPER)
    axes.set_ylabel(label, color=INK)
    axes.tick_params(colors=MUTED)
    axes.spines[["top", "right"]].set_visible(False)
    for boundary in boundaries:
        axes.axvline(boundary + 0.5, color=MUTED, lw=0.8, ls=":")
