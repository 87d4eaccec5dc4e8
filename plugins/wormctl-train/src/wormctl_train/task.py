"""What a training task is made of: trials that every worm lives through, and what they pay. Values and checks only.

[[trial]]                       # one kind of life
name = "front"
world = "touch_front"           # a world by name, or a file beside the task
seconds = 26
lives = 2                       # how many of them in a generation, each drawn anew
ablate = ["AVA"]                # as for `wormctl run --ablate`
excite = { AVA = 8.0 }          # steady currents
ground = { along = 0.03, across = 0.6 }
vary = { latency_s = [0.0, 0.06], odour_noise = [0.0, 0.01] }    # drawn anew for every life
fan = true                      # the lives head in all directions evenly
bind = { "odour.food" = ["AWAL", "AWAR"] }    # what a channel reaches, instead of what the robot file says

[[pay]]                         # one thing that is worth something
name = "backs off"
trial = "front"
number = "backed_up"            # of `wormctl_train.payable`
low = 0.0                       # worth nothing up to here, and everything from `high` on
high = 0.45
weight = 2.0
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from wormctl_sim.ground import Ground

from wormctl.config import ConfigError
from wormctl.names import unknown
from wormctl.snake import Snake

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Factor = tuple[
    Annotated[float, msgspec.Meta(ge=0.1, le=10.0)], Annotated[float, msgspec.Meta(ge=0.1, le=10.0)]
]
Span = tuple[Annotated[float, msgspec.Meta(ge=0.0, le=1.0)], Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]]


class Vary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is drawn anew for every life, each evenly from its range; factors on what the robot's files say."""

    mass: Factor = (1.0, 1.0)
    drag: Factor = (1.0, 1.0)
    anisotropy: Factor = (1.0, 1.0)
    """On the drag across, beside `drag`."""
    servo_lag: Factor = (1.0, 1.0)
    latency_s: Span = (0.0, 0.0)
    odour_noise: Span = (0.0, 0.0)

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} = [{low:g}, {high:g}]: must be in order")

    def draw(
        self, rng: np.random.Generator, snake: Snake, ground: Ground
    ) -> tuple[Snake, Ground, float, float]:
        """A snake, its ground, the latency in seconds and the standard deviation of the noise."""
        mass, drag, across, lag, latency, noise = (
            rng.uniform(*getattr(self, name)) for name in self.__struct_fields__
        )
        replace = msgspec.structs.replace
        snake = replace(
            snake,
            link=replace(snake.link, mass_kg=snake.link.mass_kg * mass),
            servo=replace(snake.servo, time_constant_s=snake.servo.time_constant_s * lag),
        )
        ground = replace(ground, along=ground.along * drag, across=ground.across * drag * across)
        return snake, ground, latency, noise


class TrialSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of life."""

    name: Name
    world: Name
    seconds: Annotated[float, msgspec.Meta(ge=1.0, le=3600.0)]
    lives: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    ablate: list[str] = []
    excite: dict[str, Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)]] = {}
    ground: Ground = Ground()
    vary: Vary = Vary()
    fan: bool = False
    bind: dict[str, list[str]] = {}


class Pay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that is worth something: a number of a trial, over its lives, brought to 0..1."""

    name: Name
    trial: Name
    number: Name
    low: float = 0.0
    high: float = 1.0
    """May be less than `low`: then less is better."""
    weight: float = 1.0
    """What all of it is worth; 0 for what only counts in `times` of others."""
    lives: Literal["mean", "worst"] = "mean"
    """What counts of several lives."""
    over: Name | None = None
    """A trial whose number this one's is divided by."""
    malus: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.0
    """How far below 0 it may go, as a share."""
    times: list[Name] = []
    """Other pays that multiply this one: what makes no sense without them."""
    always: bool = False
    """Whether it counts in every generation, when others are drawn by lot; see `Stage.part`."""

    def __post_init__(self) -> None:
        if self.low == self.high:
            raise ValueError(f"low = {self.low:g} and high = {self.high:g} must differ")

    def share(self, value: float) -> float:
        """What `value` is worth, -malus..1."""
        x = (value - self.low) / (self.high - self.low)
        return min(max(x, -self.malus), 1.0)


def check_pays(trials: list[TrialSpec], pays: list[Pay], numbers: list[str], where: str) -> None:
    """Raise `ConfigError`, naming the field, for names that stand for nothing or twice."""
    for table, items in (("trial", trials), ("pay", pays)):
        names = [item.name for item in items]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise ConfigError(
                    f"{where}: $.{table}[{i}].name = {name!r}: every {table} needs a name of its own"
                )
    there = [trial.name for trial in trials]
    before: list[str] = []
    for i, pay in enumerate(pays):
        at = f"{where}: $.pay[{i}]"
        for field in ("trial", "over"):
            name = getattr(pay, field)
            if name is not None and name not in there:
                raise ConfigError(f"{at}.{field} = {name!r}: {unknown('trial', name, there)}")
        if pay.number not in numbers:
            raise ConfigError(f"{at}.number = {pay.number!r}: {unknown('number', pay.number, numbers)}")
        for name in pay.times:
            if name not in before:
                raise ConfigError(f"{at}.times = {name!r}: must be a pay that stands before this one")
        before.append(pay.name)
