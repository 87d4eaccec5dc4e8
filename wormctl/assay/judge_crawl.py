"""Judges of crawling itself: the gait, and how often it turns. Steering by smell is judged in `judge_steering`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wormctl.assay.judging import Judge, Judged, Number, Settings, one
from wormctl.assay.life import Life
from wormctl.motion.events import inside, reversals, sharp_turns_s
from wormctl.motion.path import FloatArray, curving_rad_s
from wormctl.motion.wave import wave

_TOO_SHORT = Judged(verdict="too short", good=False, numbers={})


class Settled(Settings, frozen=True, kw_only=True):
    """What of a life is looked at."""

    settle_s: Annotated[float, msgspec.Meta(ge=0.0, le=600.0)] = 10.0
    """Leave out so long at the beginning: the snake starts straight, and is armed slowly."""


def gait(life: Life, settings: Settled) -> Judged:
    """Frequency, wavelength, speed."""
    first = _first(life, settings)
    if first is None:
        return _TOO_SHORT
    found = wave(life.record["joint.position"][first:], life.period_s)
    seconds = (len(life.record) - 1 - first) * life.period_s
    speed = float(life.advance[-1] - life.advance[first]) / seconds
    length = found.wavelength_body_lengths
    return Judged(
        verdict="stands" if length is None else "backwards" if found.backwards else "crawls",
        good=length is not None and not found.backwards,
        numbers={
            "frequency_hz": [found.frequency_hz],
            "wavelength_body_lengths": one(length),
            "speed_body_lengths_s": [speed],
            "swing_rad": [found.swing_rad],
        },
    )


def turning(life: Life, settings: Settled) -> Judged:
    """How often it reverses, and how often it turns sharply without that."""
    first = _first(life, settings)
    if first is None:
        return _TOO_SHORT
    time_s = life.time_s[first:]
    minutes = float(time_s[-1] - time_s[0]) / 60.0
    back = reversals(life.advance[first:], time_s)
    sharp = sharp_turns_alone_s(life, first)
    numbers = {
        "reversals_per_min": [len(back) / minutes],
        "sharp_turns_per_min": [len(sharp) / minutes],
        "turns_per_min": [(len(back) + len(sharp)) / minutes],
        "reversal_body_lengths": [r.length_body_lengths for r in back],
        "backwards_share": [float(inside(time_s, back).mean())],
    }
    return Judged(verdict=f"{len(back)} reversals, {len(sharp)} sharp turns", good=True, numbers=numbers)


def sharp_turns_alone_s(life: Life, first: int) -> list[float]:
    """When each sharp turn began that is not part of a reversal and the turn after it, from tick `first` on."""
    curving: FloatArray = curving_rad_s(life.heading_rad, life.period_s, life.cycle_s)[first:]
    time_s = life.time_s[first:]
    around = inside(time_s, life.reversals, margin_s=2 * life.cycle_s)
    began = sharp_turns_s(curving, time_s)
    return [s for s in began if not around[min(int((s - time_s[0]) / life.period_s), len(around) - 1)]]


def _first(life: Life, settings: Settled) -> int | None:
    """The first tick to look at; None where too little would be left of the life."""
    first = round(settings.settle_s / life.period_s)
    return first if len(life.record) - first > 1.0 / life.period_s else None


JUDGES = {
    "gait": Judge(
        "the wave along the body, and how fast it carries it",
        Settled,
        {
            "frequency_hz": Number("of the wave", "Hz"),
            "wavelength_body_lengths": Number("of the wave, where one travels", "body lengths"),
            "speed_body_lengths_s": Number(
                "mean speed along the body's axis, negative backwards", "body lengths/s"
            ),
            "swing_rad": Number("root mean square bend of the joints", "rad"),
        },
        gait,
    ),
    "turning": Judge(
        "how often it reverses and turns sharply",
        Settled,
        {
            "reversals_per_min": Number("reversals", "1/min"),
            "sharp_turns_per_min": Number("sharp turns that belong to no reversal", "1/min"),
            "turns_per_min": Number("both", "1/min"),
            "reversal_body_lengths": Number("how far it backs up", "body lengths"),
            "backwards_share": Number("share of the time spent going backwards"),
        },
        turning,
    ),
}
