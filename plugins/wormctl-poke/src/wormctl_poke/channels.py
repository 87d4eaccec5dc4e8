"""The five channels of a poking person, how strong a poke is, and what the person is told. No device here."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wormctl.channel import Channel, OnError
from wormctl.device import Config, DeviceSpec

POKES = ("nose", "front", "tail", "food", "repellent")
"""What a person can do to the worm."""
CHANNELS = tuple(f"poke.{poke}" for poke in POKES)
TOUCHES = 3
"""So many of them, from the first, are touches; the others are whiffs."""

RATE_HZ = 50.0
MOST_N, MOST_WHIFF = 100.0, 10.0

_MAX_AGE_S = 0.5
_DOCS = (
    "force of a poke at the nose",
    "force of a poke at the front half",
    "force of a poke at the tail",
    "concentration of a whiff of food",
    "concentration of a whiff of repellent",
)


class PokeConfig(Config, frozen=True, kw_only=True):
    """How strong the pokes are: settings of both sensors."""

    force_n: Annotated[float, msgspec.Meta(gt=0.0, le=MOST_N)] = 1.0
    """As the pokes of a simulated world, which the channels `touch` tell."""
    whiff: Annotated[float, msgspec.Meta(gt=0.0, le=MOST_WHIFF)] = 1.0
    """A concentration, as `odour` and `poison` give it: 1 is that at an ordinary source."""

    def strengths(self) -> tuple[float, ...]:
        """The strength of each poke, in the order of `POKES`."""
        return tuple(self.force_n if i < TOUCHES else self.whiff for i in range(len(POKES)))


def spec(name: str, *, simulated: bool = False) -> DeviceSpec:
    """What a sensor of pokes measures. Nobody poking is a good sample of 0."""
    return DeviceSpec(
        name=name,
        channels=tuple(
            Channel(
                name=channel,
                unit="N" if i < TOUCHES else "1",
                low=0.0,
                high=MOST_N if i < TOUCHES else MOST_WHIFF,
                rate_hz=RATE_HZ,
                max_age_s=_MAX_AGE_S,
                on_error=OnError.IGNORE,
                doc=_DOCS[i],
            )
            for i, channel in enumerate(CHANNELS)
        ),
        simulated=simulated,
        api_version=1,
    )


def told(controls: tuple[str, ...]) -> str:
    """What each of `controls`, in the order of `POKES`, does, for a person."""
    nose, front, tail, food, repellent = controls
    return (
        f"{nose} pokes the nose, {front} the front half, {tail} the tail; "
        f"{food} is a whiff of food, {repellent} one of repellent"
    )
