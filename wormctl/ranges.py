"""Numbers that a file gives as they are, or as `[low, high]` to be drawn from a seed. Nothing that is about a world."""

from __future__ import annotations

import math

import numpy as np

Range = float | tuple[float, float]


def check_range(field: str, value: Range, low: float, high: float) -> None:
    """Raise `ValueError`, naming `field`, unless `value` lies within [low, high] and is in order."""
    first, last = ends(value)
    if not (math.isfinite(first) and math.isfinite(last) and low <= first <= last <= high):
        raise ValueError(
            f"{field} = {shown(value)} must be a number or [low, high] within [{low:g}, {high:g}]"
        )


def ends(value: Range) -> tuple[float, float]:
    """The lowest and the highest value of a range."""
    return value if isinstance(value, tuple) else (value, value)


def draw(rng: np.random.Generator, value: Range) -> float:
    """One number from a range. Draws even where there is no choice: fixing one value leaves the others."""
    low, high = ends(value)
    return low + (high - low) * float(rng.random())


def shown(value: Range | tuple[float, ...]) -> str:
    """As it stands in a file."""
    return str(list(value) if isinstance(value, tuple) else value)
