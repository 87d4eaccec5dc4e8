"""Channels and samples: how a number travels from a device to the nervous system, with time and quality.

Nothing here touches hardware. Devices declare `Channel`s and fill `Samples`; the loop only reads them.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

SI = tuple(
    "m kg s A K mol cd rad sr Hz N Pa J W C V F ohm S Wb T H lm lx Bq Gy Sv kat degC".split()  # noqa: SIM905
)
"""The units that may be combined: `m/s2`, `N m`."""
_PURE = {"%": "0.01", "percent": "0.01", "ppm": "1e-6", "ppb": "1e-9"}
_PREFIXES = {"k": "1e3", "c": "1e-2", "m": "1e-3", "u": "1e-6", "n": "1e-9", "M": "1e6"}
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


class Quality(enum.IntEnum):
    """How far one sample can be trusted. Only `GOOD` values ever reach a neuron."""

    GOOD = 0
    """Measured, finite, inside its range and no older than its maximum age."""
    STALE = 1
    """Older than the channel's maximum age, or never measured."""
    INVALID = 2
    """Not finite, or outside the declared range."""
    FAILED = 3
    """The device said it could not measure."""


class OnError(enum.StrEnum):
    """What the loop does when a channel has no good sample."""

    IGNORE = "ignore"
    """The bound neurons are told that there is no input; nothing else happens."""
    HOLD = "hold"
    """The last good value serves until the channel's maximum age, then as `ignore`."""
    DEGRADE = "degrade"
    """As `hold`, and the run is marked degraded."""
    FAULT = "fault"
    """The run stops, the body is made safe."""


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quantity that a device measures, declared before any I/O.

    `size` is the number of values (1 for a scalar); every value must lie in [`low`, `high`], in `unit` (SI).
    A sample older than `max_age_s` is stale. `rate_hz` is how often the device renews it.
    """

    name: str
    unit: str
    low: float
    high: float
    size: int = 1
    rate_hz: float = 50.0
    max_age_s: float = 0.1
    on_error: OnError = OnError.HOLD
    doc: str = ""


def complaint(channel: Channel) -> str | None:
    """What is wrong with a declaration, in a line that says what is allowed; None if nothing is."""
    try:
        msgspec.convert(msgspec.to_builtins(channel), Channel)
    except (msgspec.ValidationError, TypeError) as error:
        return str(error)
    checks = (
        (_NAME.fullmatch(channel.name), "a name is lower-case words joined by dots, as in range.front"),
        (_is_si(channel.unit), f"unit {channel.unit!r}: {_unit_help(channel.unit)}"),
        (channel.size >= 1, f"size {channel.size}: must be at least 1"),
        (channel.low < channel.high, f"low {channel.low:g}: must be less than high, {channel.high:g}"),
        (channel.rate_hz > 0.0, f"rate_hz {channel.rate_hz:g}: must be greater than 0"),
        (
            channel.max_age_s * channel.rate_hz >= 1.0,
            f"max_age_s {channel.max_age_s:g}: is stale before the next sample is due, "
            f"{1.0 / (channel.rate_hz or 1.0):g} s later",
        ),
    )
    return next((how for fine, how in checks if not fine), None)


def _is_si(unit: str) -> bool:
    """Whether a unit is made of SI symbols without prefixes (but kg): `m/s2`, `N m`."""
    parts = re.split(r"[/* ]", unit)
    return bool(unit) and all(re.sub(r"\^?-?\d+$", "", part) in SI or part == "1" for part in parts)


def _unit_help(unit: str) -> str:
    if unit in _PURE:
        return f'must be SI; a share is a pure number, "1": 1 {unit} is {_PURE[unit]}'
    if unit and unit[0] in _PREFIXES and unit[1:] in SI:
        return f"must be SI without prefixes: 1 {unit} is {_PREFIXES[unit[0]]} {unit[1:]}"
    return f'must be SI, made of {" ".join(SI)}; "1" for a pure number, and for raw counts'


class _Index(dict[str, Any]):
    """By the name of a channel. Whoever misspells one hears what there is."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(f"no channel {name!r}: {', '.join(self)}")


class Samples:
    """The caller's arrays that one device fills on every read.

    `values` holds the channels one after another, float64; `time_s` and `quality` have one entry a channel.
    They are made here, once, or are views of `of` = (values, time_s, quality) that its maker keeps; `put`,
    `vector` and `stamp` allocate nothing.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        of: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]] | None = None,
    ) -> None:
        self.channels = tuple(channels)
        ends = list(itertools.accumulate(c.size for c in self.channels))
        starts = [end - c.size for end, c in zip(ends, self.channels, strict=True)]
        values, count = ends[-1] if ends else 0, len(self.channels)
        arrays = of or (np.empty(values), np.empty(count), np.empty(count, dtype=np.uint8))
        if [a.shape for a in arrays] != [(values,), (count,), (count,)]:
            raise ValueError(f"arrays must have {values}, {count} and {count} entries")
        self.values, self.time_s, self.quality = arrays
        self.values[:] = 0.0
        self.time_s[:] = -np.inf
        self.quality[:] = Quality.STALE
        self.slices: dict[str, slice] = _Index(
            {c.name: slice(a, b) for c, a, b in zip(self.channels, starts, ends, strict=True)}
        )
        self._index: dict[str, int] = _Index({c.name: i for i, c in enumerate(self.channels)})
        self._start: dict[str, int] = _Index({c.name: a for c, a in zip(self.channels, starts, strict=True)})

    def put(self, name: str, value: float, time_s: float, quality: Quality = Quality.GOOD) -> None:
        """Record one scalar `value` of channel `name`, measured at `time_s` on the loop's clock."""
        self.values[self._start[name]] = value
        self.stamp(name, time_s, quality)

    def vector(self, name: str) -> NDArray[np.float64]:
        """The view a device fills for channel `name`, shape (size,). Fetch it once, when configured."""
        return self.values[self.slices[name]]

    def stamp(self, name: str, time_s: float, quality: Quality = Quality.GOOD) -> None:
        """Say when the values of channel `name` were measured, and how good they are."""
        i = self._index[name]
        self.time_s[i] = time_s
        self.quality[i] = quality

    def fail(self, name: str) -> None:
        """Say that channel `name` could not be measured; its last values are kept but no longer used."""
        self.quality[self._index[name]] = Quality.FAILED
