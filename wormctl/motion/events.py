"""What happens on a way: reversals, the turns after them, sharp turns. Nothing is judged here.

Pure functions of the arrays of `wormctl.motion.path`.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.motion.path import FloatArray

SHORTEST_BODY_LENGTHS = 0.1
"""Backing up by less is no reversal."""
JITTER_BODY_LENGTHS = 0.03
"""Going forwards by less does not end a reversal, nor is going backwards by less the beginning of one."""
_EDGE_BODY_LENGTHS = 0.01
"""Within this of its ends a reversal has not begun, or is over: it makes them sharp where the body pauses."""

SHARP_RAD_S = math.radians(50.0)
"""A way that turns faster than this turns sharply (Pierce-Shimomura et al. 1999, J Neurosci 19:9557)."""


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """Backing up once."""

    onset_s: float
    end_s: float
    length_body_lengths: float
    ended: bool
    """Whether the body went forwards again while it was watched."""


def reversals(
    advance: FloatArray,
    time_s: FloatArray,
    shortest: float = SHORTEST_BODY_LENGTHS,
    jitter: float = JITTER_BODY_LENGTHS,
) -> list[Reversal]:
    """Every stretch on which `advance`, (ticks,) body lengths, falls by `shortest` or more, in order.

    Turning points count only where the way goes back by more than `jitter` from them (a zigzag, as in counting load
    cycles): what is smaller neither begins nor ends anything, however often it happens.
    """
    found = []
    for top, bottom, ended in _falls(advance, jitter):
        length = float(advance[top] - advance[bottom])
        if length < shortest:
            continue
        way = advance[top : bottom + 1]
        onset = top + int(np.flatnonzero(way >= way[0] - _EDGE_BODY_LENGTHS)[-1])
        end = top + int(np.flatnonzero(way <= way[-1] + _EDGE_BODY_LENGTHS)[0])
        found.append(
            Reversal(
                onset_s=float(time_s[onset]),
                end_s=float(time_s[end]),
                length_body_lengths=length,
                ended=ended,
            )
        )
    return found


def _falls(advance: FloatArray, jitter: float) -> list[tuple[int, int, bool]]:
    """From a highest to the next lowest tick, wherever the way turns by more than `jitter`; whether it turns again."""
    falls: list[tuple[int, int, bool]] = []
    top = bottom = 0
    falling = False
    for i, now in enumerate(advance.tolist()):
        if falling:
            if now < advance[bottom]:
                bottom = i
            elif now > advance[bottom] + jitter:
                falls.append((top, bottom, True))
                falling, top = False, i
        elif now > advance[top]:
            top = i
        elif now < advance[top] - jitter:
            falling, bottom = True, i
    if falling:
        falls.append((top, bottom, False))
    return falls


def turn_rad(
    heading: FloatArray, time_s: FloatArray, reversal: Reversal, cycle_s: float, after_s: float
) -> float | None:
    """How far the way of crawling was turned by a reversal, -pi..pi, + to the left; None if it was not watched so long.

    The mean heading, (ticks,), in the undulation cycle before its onset, against that in the cycle which is over
    `after_s` after its end: a turn takes its time (Gray et al. 2005, PNAS 102:3184, take a reversal together with
    the turn that follows).
    """
    before = heading[(time_s >= reversal.onset_s - cycle_s) & (time_s < reversal.onset_s)]
    until_s = reversal.end_s + after_s
    after = heading[(time_s > until_s - cycle_s) & (time_s <= until_s)]
    if not (reversal.ended and len(before) and len(after)) or time_s[-1] < until_s - 1e-9:
        return None
    return float(math.remainder(after.mean() - before.mean(), 2 * math.pi))


def sharp_turns_s(
    curving: FloatArray, time_s: FloatArray, fast: float = SHARP_RAD_S, over: float = SHARP_RAD_S / 2
) -> list[float]:
    """When each sharp turn began: where `curving`, (ticks,) rad/s of the cycle-averaged heading, goes beyond `fast`.

    A turn lasts until it is slower than `over`, or goes the other way: until then there is no second one.
    """
    began: list[float] = []
    side = 0.0
    for rate, now_s in zip(curving.tolist(), time_s.tolist(), strict=True):
        if side and rate * side < over:
            side = 0.0
        if not side and abs(rate) >= fast:
            side = math.copysign(1.0, rate)
            began.append(now_s)
    return began


def inside(time_s: FloatArray, events: list[Reversal], margin_s: float = 0.0) -> NDArray[np.bool_]:
    """Which of the ticks lie in one of the reversals, or within `margin_s` after it: (ticks,) of bool."""
    within = np.zeros(len(time_s), dtype=np.bool_)
    for event in events:
        within |= (time_s >= event.onset_s) & (time_s <= event.end_s + margin_s)
    return within


def mean_between(values: FloatArray, time_s: FloatArray, from_s: float, to_s: float) -> float | None:
    """The mean of `values`, (ticks,), in a span of time; None where there is none of them."""
    there = values[(time_s >= from_s) & (time_s < to_s)]
    return float(there.mean()) if len(there) else None
