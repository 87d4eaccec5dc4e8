"""What a judge is: settings, the numbers it measures, and what it says of one life. No judge is defined here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from wormctl.assay.life import Life
from wormctl.motion.path import FloatArray


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every judge's settings."""


class Number(NamedTuple):
    """One thing that a judge measures in a life."""

    what: str
    unit: str = ""
    share: bool = False
    """Whether it is 0 or 1 in each observation: lives then add up to a rate."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a judge says of one life."""

    verdict: str
    """A word or two."""
    good: bool
    numbers: dict[str, list[float]]
    """By name, one value for each observation: none where there was nothing to see, several pokes give several."""
    samples: dict[str, FloatArray] = {}
    """For what is made of all lives together, and for pictures."""


class Judge(NamedTuple):
    """A way of measuring."""

    summary: str
    settings: type[Settings]
    numbers: Mapping[str, Number]
    judge: Callable[[Life, Any], Judged]
    """`(life, settings)`. Raises `ValueError`, in a line, for a world in which it has nothing to judge."""


def one(value: float | None) -> list[float]:
    """The observations that a single value makes."""
    return [] if value is None or not np.isfinite(value) else [float(value)]
