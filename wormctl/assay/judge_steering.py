"""The judge of steering by smell: what the nose smelt and how the way went, sample by sample, in one life.

`wormctl.assay.steering` makes of many lives what the literature shows.
"""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from wormctl.assay.judge_crawl import Settled, sharp_turns_alone_s
from wormctl.assay.judging import Judge, Judged, Number, one
from wormctl.assay.life import Life
from wormctl.assay.steering import (
    COLUMNS,
    CURVING_RAD_BL,
    DC_DT_PER_S,
    LATERAL_PER_M,
    SAMPLE_S,
    TURNS,
    rate_difference_per_min,
    slope,
)
from wormctl.motion.events import SHARP_RAD_S, inside
from wormctl.motion.path import (
    FloatArray,
    curving_rad_body_length,
    curving_rad_s,
    running_mean,
    speed_body_lengths_s,
)

_ASIDE_M = 0.01


class Steering(Settled, frozen=True, kw_only=True):
    """What of a life is looked at."""

    near_m: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.4
    """Nearer to the food than this, where a path can only circle, nothing counts."""


def steering(life: Life, settings: Steering) -> Judged:
    """The samples of one life: only what was crawled forwards counts for curving, and all of it for turns.

    The change of concentration is that over the last undulation, so that it knows nothing of a turn that begins now.
    """
    every = max(1, round(SAMPLE_S / life.period_s))
    cycle = max(1, round(life.cycle_s / life.period_s))
    first = max(round(settings.settle_s / life.period_s), cycle)
    ticks = np.arange(first, len(life.record), every)
    if not math.isfinite(life.start_distance_m):
        raise ValueError(f"world {life.world.name} has no food to steer to")
    far = life.distance_m()[ticks] >= settings.near_m
    ticks = ticks[far]
    if not len(ticks):
        numbers = {"reached": [float(life.reached_s is not None)]}
        return Judged(verdict="too short", good=life.reached_s is not None, numbers=numbers)
    samples = np.full((len(ticks), COLUMNS), np.nan)
    concentration, lateral = _smell(life, every)
    mean_c = running_mean(concentration, life.period_s * every, life.period_s * every)
    at = ticks // every
    back = np.maximum(at - max(1, cycle // every), 0)
    samples[:, DC_DT_PER_S] = (mean_c[at] - mean_c[back]) / (np.maximum(at - back, 1) * every * life.period_s)
    samples[:, LATERAL_PER_M] = running_mean(lateral, life.period_s * every, life.cycle_s)[at]
    curving = curving_rad_s(life.heading_rad, life.period_s, life.cycle_s)
    speed = speed_body_lengths_s(life.advance, life.period_s, life.cycle_s)
    rate = curving_rad_body_length(curving, speed)
    running = (speed > 0.0) & (np.abs(curving) < SHARP_RAD_S)
    running &= ~inside(life.time_s, life.reversals, margin_s=2 * life.cycle_s)
    samples[:, CURVING_RAD_BL] = np.where(running, rate, np.nan)[ticks]
    samples[:, TURNS] = _counted(life, ticks, every)
    curved, turned = slope(samples), rate_difference_per_min(samples)
    return Judged(
        verdict="reached" if life.reached_s is not None else "missed",
        good=life.reached_s is not None,
        numbers={
            "reached": [float(life.reached_s is not None)],
            "klinotaxis_slope": one(curved),
            "klinokinesis_per_min": one(turned),
        },
        samples={"steering": samples.astype(np.float32)},
    )


def _smell(life: Life, every: int) -> tuple[FloatArray, FloatArray]:
    """Concentration at the nose, and its gradient to the left of the cycle-averaged heading per m, at every sample."""
    heading = running_mean(life.heading_rad, life.period_s, life.cycle_s)[::every]
    here, left = [], []
    for now_s, (x, y), direction in zip(
        life.time_s[::every].tolist(), life.nose_m[::every].tolist(), heading.tolist(), strict=True
    ):
        life.world.advance(now_s)
        dx, dy = -_ASIDE_M * math.sin(direction), _ASIDE_M * math.cos(direction)
        smell = life.chart.odour_at
        here.append(smell(x, y))
        left.append((smell(x + dx, y + dy) - smell(x - dx, y - dy)) / (2 * _ASIDE_M))
    return np.array(here), np.array(left)


def _counted(life: Life, ticks: np.ndarray, every: int) -> FloatArray:
    """How many turns begin in each sample."""
    began = sorted([r.onset_s for r in life.reversals] + sharp_turns_alone_s(life, 0))
    counts = np.zeros(len(ticks))
    time_s = life.time_s[ticks]
    for at_s in began:
        gap = at_s - time_s
        here = np.flatnonzero((gap >= 0.0) & (gap < every * life.period_s - 1e-9))
        counts[here] += 1
    return counts


JUDGES = {
    "steering": Judge(
        "how turns follow the change of smell, and curving its gradient aside",
        Steering,
        {
            "reached": Number("the nose came within reach of food", share=True),
            "klinotaxis_slope": Number(
                "curving towards the stronger smell, for a gradient aside of 1/m", "rad m/body length"
            ),
            "klinokinesis_per_min": Number(
                "turns begun while the smell falls less those while it rises", "1/min"
            ),
        },
        steering,
    )
}
