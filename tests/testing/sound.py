"""Sound devices, from which the broken ones of the kit's tests differ in one thing. No test here."""

from __future__ import annotations

from typing import Any

from wormctl.channel import Channel
from wormctl.device import Config
from wormctl.hookspecs import Offer
from wormctl.testing import (
    FixedSensor,
    IdealBody,
)

ODOUR = Channel(name="odour.food", unit="1", low=0.0, high=1.0)


class Eye(FixedSensor):
    """A sound sensor; the broken ones in the tests differ from it in one thing."""

    channel = ODOUR

    def __init__(self, config: Config) -> None:
        super().__init__([self.channel], name="eye")


class Snake(IdealBody):
    """A sound body; the broken ones in the tests differ from it in one thing."""


def offer(make: Any, config: type[Config] = Config) -> Offer[Any]:
    return Offer(name="thing", summary="for a test", config=config, make=make)
