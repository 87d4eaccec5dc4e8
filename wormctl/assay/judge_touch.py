"""Judges of answers to touch: backing off from a poke ahead, speeding up after one behind."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np

from wormctl.assay.judging import Judge, Judged, Number, Settings, one
from wormctl.assay.life import Life
from wormctl.motion.events import Reversal, turn_rad

Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=60.0)]
BodyLengths = Annotated[float, msgspec.Meta(ge=0.01, le=10.0)]

_END_S = 1e-6


class Withdrawal(Settings, frozen=True, kw_only=True):
    """What counts as backing off."""

    within_s: Seconds = 1.5
    """The reversal begins so soon after the poke does."""
    shortest_body_lengths: BodyLengths = 1 / 3
    after_s: Seconds = 5.0
    """So long after the reversal the body must have turned, and must be crawling forwards."""
    turn_deg: Annotated[float, msgspec.Meta(ge=0.0, le=180.0)] = 30.0
    """By so much at least, to either side."""
    forward_body_lengths_s: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.03
    """The least mean speed in those seconds."""


class Acceleration(Settings, frozen=True, kw_only=True):
    """What counts as hurrying away."""

    window_s: Seconds = 3.0
    """Mean speeds so long before the poke and after its beginning are compared."""
    gain: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.1
    """The speed rises at least by this share of what it was."""


def _pokes(life: Life) -> list[tuple[float, float]]:
    """When each poke began, and until when what follows is its answer: the next poke, or the end."""
    if not len(life.pokes):
        raise ValueError(f"world {life.world.name} has no pokes")
    starts = life.pokes[:, 1].tolist()
    return list(zip(starts, [*starts[1:], float(life.time_s[-1]) + _END_S], strict=True))


def withdrawal(life: Life, settings: Withdrawal) -> Judged:
    """Whether each poke is answered by a reversal, a turn and crawling on.

    A poke that comes during a reversal is not counted, nor is one whose answer is cut off by the next or by the end.
    """
    found: dict[str, list[float]] = {name: [] for name in _WITHDRAWAL}
    for start_s, until_s in _pokes(life):
        if any(r.onset_s < start_s < r.end_s for r in life.reversals):
            continue
        if start_s + settings.within_s > until_s:
            continue
        answer = next(
            (r for r in life.reversals if start_s <= r.onset_s <= start_s + settings.within_s), None
        )
        if answer is None:
            for name in ("withdrawal", "reversal", "reversal_body_lengths"):
                found[name].append(0.0)
            continue
        long_enough = answer.length_body_lengths >= settings.shortest_body_lengths - 1e-9
        turn = turn_rad(life.heading_rad, life.time_s, answer, life.cycle_s, settings.after_s)
        forward = _speed(life, answer.end_s, answer.end_s + settings.after_s)
        cut_off = answer.end_s + settings.after_s > until_s
        found["reversal"].append(float(long_enough))
        found["reversal_body_lengths"].append(answer.length_body_lengths)
        found["latency_s"].append(answer.onset_s - start_s)
        if cut_off and long_enough:
            continue
        found["turn_deg"] += one(None if turn is None else abs(math.degrees(turn)))
        found["withdrawal"].append(float(long_enough and _goes_on(turn, forward, answer, settings)))
    answers = found["withdrawal"] or found["reversal"]
    good = bool(answers) and all(answers)
    word = "no poke to judge" if not answers else "reversal" if good else "no reversal"
    return Judged(verdict=word, good=good, numbers=found)


def _goes_on(turn: float | None, forward: float | None, answer: Reversal, settings: Withdrawal) -> bool:
    turned = turn is not None and abs(math.degrees(turn)) >= settings.turn_deg
    return answer.ended and turned and forward is not None and forward >= settings.forward_body_lengths_s


def acceleration(life: Life, settings: Acceleration) -> Judged:
    """Whether each poke is answered by going forwards faster, or by the end of a reversal that was in progress."""
    found: dict[str, list[float]] = {name: [] for name in _ACCELERATION}
    for start_s, until_s in _pokes(life):
        if start_s + settings.window_s > until_s or start_s < settings.window_s:
            continue
        before = _speed(life, start_s - settings.window_s, start_s)
        after = _speed(life, start_s, start_s + settings.window_s)
        if before is None or after is None:
            continue
        backing = next(
            (
                r
                for r in life.reversals
                if r.onset_s < start_s < r.end_s or (r.onset_s < start_s and not r.ended)
            ),
            None,
        )
        if backing is not None:
            quick = backing.ended and backing.end_s <= start_s + settings.window_s
        else:
            quick = after >= before + settings.gain * abs(before) and after > 0.0
        found["response"].append(float(quick))
        found["speed_before"].append(before)
        found["speed_after"].append(after)
        found["speed_gain"].append(after - before)
    answers = found["response"]
    good = bool(answers) and all(answers)
    word = "no poke to judge" if not answers else "faster" if good else "no faster"
    return Judged(verdict=word, good=good, numbers=found)


def _speed(life: Life, from_s: float, to_s: float) -> float | None:
    """Mean signed speed along the body's axis in body lengths/s; None where the life does not hold that span."""
    first, last = np.searchsorted(life.time_s, (from_s - _END_S, to_s - _END_S)).tolist()
    if last >= len(life.time_s) or last <= first:
        return None
    return float((life.advance[last] - life.advance[first]) / (life.time_s[last] - life.time_s[first]))


_WITHDRAWAL = {
    "withdrawal": Number("a long reversal began in time, then a turn, then forward crawling", share=True),
    "reversal": Number("a long reversal began in time", share=True),
    "reversal_body_lengths": Number("how far it backed up, 0 where it did not in time", "body lengths"),
    "latency_s": Number("from the poke to the reversal that began in time", "s"),
    "turn_deg": Number("how far the way was turned by a reversal that began in time", "deg"),
}
_ACCELERATION = {
    "response": Number("it went faster after the poke, or a reversal ended", share=True),
    "speed_before": Number("forward speed before the poke", "body lengths/s"),
    "speed_after": Number("forward speed after the poke", "body lengths/s"),
    "speed_gain": Number("the second less the first", "body lengths/s"),
}

JUDGES = {
    "withdrawal": Judge(
        "whether a poke is answered by a reversal, a turn and crawling on",
        Withdrawal,
        _WITHDRAWAL,
        withdrawal,
    ),
    "acceleration": Judge(
        "whether a poke is answered by crawling forwards faster", Acceleration, _ACCELERATION, acceleration
    ),
}
