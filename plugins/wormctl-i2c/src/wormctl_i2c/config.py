"""What every sensor of this package can be told, and how its channels are called. No I/O."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wormctl.channel import Channel, OnError
from wormctl.device import Config
from wormctl_i2c.bus import HIGHEST, LOWEST


class I2cConfig(Config, frozen=True, kw_only=True):
    """Where the chip is, and what it is called in this robot."""

    bus: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    """N of /dev/i2c-N."""
    address: Annotated[int, msgspec.Meta(ge=LOWEST, le=HIGHEST)] | None = None
    """Without it, that of the chip's own addresses where it answers."""
    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=30)] | None = None
    """Tells two of a kind apart: with `left`, the channel `gas` is called `gas.left`."""

    def called(self, sense: str, part: str | None = None) -> str:
        """The name of a channel."""
        return ".".join(word for word in (sense, self.name, part) if word)


def channel(
    name: str, unit: str, low: float, high: float, rate_hz: float, doc: str, size: int = 1
) -> Channel:
    """A channel that a run does without: it ends no run, and its neurons are told when there is nothing."""
    return Channel(
        name=name,
        unit=unit,
        low=low,
        high=high,
        size=size,
        rate_hz=rate_hz,
        max_age_s=max(0.2, 3.0 / rate_hz),
        on_error=OnError.IGNORE,
        doc=doc,
    )
