"""How a worm steers by smell, from the samples of many lives: klinokinesis and klinotaxis, with intervals and p values.

Klinokinesis after Pierce-Shimomura et al. (1999, J Neurosci 19:9557): how often turns begin, by the rate at which
concentration changes at the nose. Klinotaxis after Iino and Yoshida (2009, J Neurosci 29:5370): the curving rate of
runs, by the gradient at right angles to the way. A life is the unit of every interval and p value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from wormctl.assay.statistics import SEED, resamples
from wormctl.motion.path import FloatArray

DC_DT_PER_S, LATERAL_PER_M, CURVING_RAD_BL, TURNS = range(4)
COLUMNS = 4
"""Of a sample: change of concentration, its gradient to the left, curving to the left (NaN outside runs), turns."""
SAMPLE_S = 0.2

BINS = 8
_SHIFTS = 1000
_LEAST_S = 5.0
"""Of falling and of rising smell, before a life has a difference of rates."""


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A mean by bins of equally many samples: the bins' middles, and the mean in each with its 95 % interval."""

    x: list[float]
    y: list[float]
    low: list[float]
    high: list[float]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in numbers."""

    what: str
    value: float
    unit: str
    ci95: tuple[float, float] | None
    p: float | None
    lives: int
    curve: Curve


class Steered(msgspec.Struct, frozen=True, kw_only=True):
    """Both strategies; None where the lives hold too little to tell."""

    klinokinesis: Effect | None
    klinotaxis: Effect | None


def slope(samples: FloatArray) -> float | None:
    """Curving by lateral gradient over the runs of one life, (k, COLUMNS): least squares; None without spread."""
    x, _ = _runs(samples)
    if len(x) < 10 or np.ptp(x) < 1e-9:
        return None
    return float(slope_of(moments(samples)))


def rate_difference_per_min(samples: FloatArray) -> float | None:
    """Turns a minute while the smell falls less those while it rises, in one life; None if one is hardly seen."""
    seen = exposure(samples)
    if seen[2:].min() < _LEAST_S:
        return None
    return float(rate_difference(seen))


def steered(lives: Sequence[FloatArray]) -> Steered:
    """What all lives show together, each (k, COLUMNS)."""
    kept = [np.asarray(life, dtype=np.float64) for life in lives if len(life)]
    if len(kept) < 2:
        return Steered(klinokinesis=None, klinotaxis=None)
    return Steered(klinokinesis=_klinokinesis(kept), klinotaxis=_klinotaxis(kept))


def _klinokinesis(lives: list[FloatArray]) -> Effect | None:
    """Pooled difference of rates. p: turns are shifted along each life, in a circle, by a random time.

    The shift keeps how turns and smell each go on in time, and breaks only what ties them together.
    """
    counts = np.array([exposure(life) for life in lives])
    total = counts.sum(axis=0)
    if total[2:].min() < _LEAST_S or total[:2].sum() == 0:
        return None
    value = float(rate_difference(total))
    boot = rate_difference(counts[resamples(len(lives))].sum(axis=1))
    rng = np.random.default_rng(SEED)
    shifted = np.zeros((_SHIFTS, 2))
    for life in lives:
        falls = life[:, DC_DT_PER_S] < 0.0
        at = np.repeat(np.arange(len(life)), life[:, TURNS].astype(np.intp))
        if len(at):
            moved = (at[None, :] + rng.integers(0, len(life), (_SHIFTS, 1))) % len(life)
            down = falls[moved].sum(axis=1)
            shifted += np.stack([down, len(at) - down], axis=1)
    null = rate_difference(np.concatenate([shifted, np.broadcast_to(total[2:], shifted.shape)], axis=1))
    far = np.abs(null) >= abs(value) - 1e-12
    curve = _binned(lives, DC_DT_PER_S, lambda life: 60.0 / SAMPLE_S * life[:, TURNS])
    return Effect(
        what="turns begun while the smell falls less those while it rises",
        value=value,
        unit="1/min",
        ci95=_ends(boot),
        p=float((far.sum() + 1) / (_SHIFTS + 1)),
        lives=len(lives),
        curve=curve,
    )


def _klinotaxis(lives: list[FloatArray]) -> Effect | None:
    """Pooled slope. p: the sign of each life's share of it is drawn at random.

    A worm that does not steer would go the mirrored way as often under the same smell.
    """
    sums = np.array([moments(life) for life in lives])
    total = sums.sum(axis=0)
    if total[0] < 10 or total[3] * total[0] - total[1] ** 2 <= 1e-12:
        return None
    value = float(slope_of(total))
    boot = slope_of(sums[resamples(len(lives))].sum(axis=1))
    n, x, y, _, xy = sums.T
    middle_x, middle_y = total[1] / total[0], total[2] / total[0]
    about = xy - middle_x * y - middle_y * x + n * middle_x * middle_y
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (_SHIFTS * 5, len(lives)))
    far = np.abs(signs @ about) >= abs(about.sum()) - 1e-12
    return Effect(
        what="curving of runs towards the stronger smell, by its gradient aside",
        value=value,
        unit="rad m/body length",
        ci95=_ends(boot),
        p=float((far.sum() + 1) / (len(far) + 1)),
        lives=int((sums[:, 0] > 0).sum()),
        curve=_binned(lives, LATERAL_PER_M, lambda life: life[:, CURVING_RAD_BL]),
    )


def _runs(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lateral gradient and curving where it was crawling forwards."""
    good = np.isfinite(samples[:, CURVING_RAD_BL]) & np.isfinite(samples[:, LATERAL_PER_M])
    return samples[good, LATERAL_PER_M], samples[good, CURVING_RAD_BL]


def exposure(samples: FloatArray) -> FloatArray:
    """Turns begun while the smell fell and while it rose, and the seconds spent in either: (4,)."""
    falls = samples[:, DC_DT_PER_S] < 0.0
    turns = samples[falls, TURNS].sum(), samples[~falls, TURNS].sum()
    return np.array([*turns, SAMPLE_S * falls.sum(), SAMPLE_S * (~falls).sum()], dtype=np.float64)


def rate_difference(seen: FloatArray) -> FloatArray:
    """From `exposure`, (..., 4): turns a minute falling less rising; NaN where one was never seen."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = 60.0 * seen[..., :2] / seen[..., 2:]
    return np.asarray(rate[..., 0] - rate[..., 1])


def moments(samples: FloatArray) -> FloatArray:
    """Of lateral gradient x and curving y over the runs of a life: how many, and the sums of x, y, xx and xy: (5,)."""
    x, y = _runs(samples)
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum()], dtype=np.float64)


def slope_of(sums: FloatArray) -> FloatArray:
    """From `moments`, (..., 5): the slope of curving by gradient; NaN without spread."""
    n, x, y, xx, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((n * xy - x * y) / (n * xx - x * x))


def _ends(values: FloatArray) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    if known.size < len(values) / 2:
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def _binned(lives: list[FloatArray], column: int, of: Callable[[FloatArray], FloatArray]) -> Curve:
    """Means of `of` by the value in `column`, in `BINS` bins of equally many samples; intervals over lives."""
    x = np.concatenate([life[:, column] for life in lives])
    edges = np.unique(np.quantile(x[np.isfinite(x)], np.linspace(0.0, 1.0, BINS + 1)))
    bins = max(1, len(edges) - 1)
    sums = np.zeros((len(lives), bins, 3))
    for i, life in enumerate(lives):
        y = of(life)
        good = np.isfinite(y) & np.isfinite(life[:, column])
        at = np.clip(np.searchsorted(edges, life[good, column], side="right") - 1, 0, bins - 1)
        for k, values in enumerate((np.ones(good.sum()), y[good], life[good, column])):
            sums[i, :, k] = np.bincount(at, values, minlength=bins)
    total = sums.sum(axis=0)
    drawn = sums[resamples(len(lives))].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total[:, 1:] / total[:, :1]
        low, high = np.nanpercentile(drawn[..., 1] / drawn[..., 0], (2.5, 97.5), axis=0)
    seen = total[:, 0] > 0
    return Curve(
        x=mean[seen, 1].tolist(), y=mean[seen, 0].tolist(), low=low[seen].tolist(), high=high[seen].tolist()
    )
