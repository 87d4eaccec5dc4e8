"""From what a worm showed to one score: pays weighed and added, lives run only where they count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from wormctl_train.payable import NUMBERS, Shown
from wormctl_train.task import Pay

_SEED = 0x107
_NOTHING = 1e-3


@dataclass(frozen=True)
class Paid:
    """A score and what it is made of."""

    score: float
    shares: dict[str, float]
    """What each pay that was looked at was worth, 0..1, after what multiplies it."""
    values: dict[str, float]
    """The number behind it."""


def drawn(pays: Sequence[Pay], part: float, generation: int) -> list[Pay]:
    """The pays that count in this generation: those that always do, and `part` of the others, by lot.

    The same lot for every worm of a generation, so that they are compared in the same things. What multiplies a pay is
    always among them, and stands before it; where it was not drawn itself, it has no weight of its own.
    """
    lot = np.random.default_rng([_SEED, generation]).random(len(pays)) < part
    lucky = {pay.name for pay, won in zip(pays, lot, strict=True) if won or pay.always}
    chosen = set(lucky)
    for pay in reversed(pays):
        if pay.name in chosen:
            chosen.update(pay.times)
    return [
        pay if pay.name in lucky else msgspec.structs.replace(pay, weight=0.0)
        for pay in pays
        if pay.name in chosen
    ]


def pay_out(pays: Sequence[Pay], part: float, live: Callable[[str], Sequence[Shown]]) -> Paid:
    """Add up `pays`; `live` gives the lives of a trial and is asked once, and only for what can be worth something.

    Those that do not always count weigh 1 / `part`: over the generations each is worth its weight. A ratio to nothing
    is worth nothing.
    """
    lived: dict[str, Sequence[Shown]] = {}

    def number(trial: str, pay: Pay) -> float:
        if trial not in lived:
            lived[trial] = live(trial)
        found = [NUMBERS[pay.number](shown) for shown in lived[trial]]
        return min(found) if pay.lives == "worst" else float(np.mean(found))

    score, shares, values = 0.0, dict[str, float](), dict[str, float]()
    for pay in pays:
        factor = float(np.prod([max(shares[name], 0.0) for name in pay.times]))
        if factor == 0.0:
            shares[pay.name] = 0.0
            continue
        value = number(pay.trial, pay)
        if pay.over is not None:
            below = number(pay.over, pay)
            if abs(below) < _NOTHING:
                shares[pay.name] = 0.0
                continue
            value /= below
        values[pay.name] = value
        shares[pay.name] = pay.share(value) * factor
        score += pay.weight / (1.0 if pay.always else part) * shares[pay.name]
    return Paid(score, shares, values)
