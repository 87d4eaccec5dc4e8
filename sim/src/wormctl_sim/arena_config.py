"""What a world file may say: odour, poison, pegs, walls, terrain, pokes, the start. Values and checks only.

Wherever a `Range` stands, a number is meant as it is, and `[low, high]` is drawn anew from every seed.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from wormctl.device import Config
from wormctl.ranges import Range, check_range, shown

Coordinate = Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)]
Point = tuple[Coordinate, Coordinate]
Radius = Annotated[float, msgspec.Meta(ge=0.002, le=1.0)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
Velocity = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Peak = Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]


class Start(Config, frozen=True, kw_only=True):
    """Where the snake begins: its head's centre, and where the head points."""

    at_m: Point = (0.0, 0.0)
    heading_deg: Range = 0.0

    def __post_init__(self) -> None:
        check_range("heading_deg", self.heading_deg, -360.0, 360.0)


class Circle(Config, frozen=True, kw_only=True):
    """A source that runs round a circle, through the place where it was put."""

    radius_m: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]
    period_s: Annotated[float, msgspec.Meta(ge=1.0, le=10_000.0)]


class Source(Config, frozen=True, kw_only=True):
    """One place that smells: at a point, or at a distance and bearing from the snake's start and heading."""

    at_m: Point | None = None
    distance_m: Range | None = None
    bearing_deg: Range = 0.0
    drift_m_s: tuple[Velocity, Velocity] = (0.0, 0.0)
    circle: Circle | None = None
    peak: Peak | None = None
    """Instead of its field's."""
    side: Literal["either", "other"] | None = None
    """`either`: its bearing is counted to the left or to the right, by the seed. `other`: to the other side than that
    of the source before it in its field, and as far away as that one."""

    def __post_init__(self) -> None:
        if self.at_m is None and self.distance_m is None:
            raise ValueError("a source needs at_m or distance_m, and has neither")
        if self.at_m is not None and self.distance_m is not None:
            raise ValueError(
                f"at_m = {shown(self.at_m)} and distance_m = {shown(self.distance_m)}: "
                "a source must have one of the two"
            )
        if self.at_m is not None and self.bearing_deg != 0.0:
            raise ValueError(
                f"bearing_deg = {shown(self.bearing_deg)}: goes with distance_m, "
                f"must not stand beside at_m = {shown(self.at_m)}"
            )
        if self.distance_m is not None:
            check_range("distance_m", self.distance_m, 0.0, 100.0)
        elif self.side is not None:
            raise ValueError(f"side = {self.side!r}: goes with distance_m, must not stand beside at_m")
        check_range("bearing_deg", self.bearing_deg, -360.0, 360.0)


class Field(Config, frozen=True, kw_only=True):
    """One named chemical, and how its concentration falls with the distance d from each source.

    `point`: peak * exp(-d / scale_m). `gaussian`: peak * exp(-d^2 / (2 scale_m^2)).
    """

    name: Name
    source: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1, max_length=64)]
    kind: Literal["point", "gaussian"] = "point"
    peak: Peak = 1.0
    scale_m: Annotated[float, msgspec.Meta(ge=0.01, le=100.0)] = 1.0

    def __post_init__(self) -> None:
        for i, source in enumerate(self.source):
            if source.side == "other" and (i == 0 or self.source[i - 1].side is None):
                raise ValueError(f"source[{i}].side = 'other': the source before it must have a side too")


class Odour(Field, frozen=True, kw_only=True):
    """A field that smells good. Its sources are food, and so the goal, unless said otherwise."""

    food: bool = True


class Peg(Config, frozen=True, kw_only=True):
    """One upright round post."""

    at_m: Point
    radius_m: Radius = 0.03


class Pegs(Config, frozen=True, kw_only=True):
    """Posts scattered at random around the start, clear of the snake, the sources and each other."""

    count: Annotated[int, msgspec.Meta(ge=1, le=500)]
    distance_m: Range
    bearing_deg: Range = (-180.0, 180.0)
    radius_m: Radius = 0.03
    clearance_m: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.2

    def __post_init__(self) -> None:
        check_range("distance_m", self.distance_m, 0.0, 100.0)
        check_range("bearing_deg", self.bearing_deg, -360.0, 360.0)


class Wall(Config, frozen=True, kw_only=True):
    """A straight wall with round ends."""

    from_m: Point
    to_m: Point
    thickness_m: Annotated[float, msgspec.Meta(ge=0.004, le=1.0)] = 0.04


class Poke(Config, frozen=True, kw_only=True):
    """A touch that somebody gives the snake: felt by its skin, and too light to move it."""

    region: Literal["head", "front", "back", "tail"]
    """Where, as the touch sensor divides the body."""
    at_s: Range
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 0.5
    force_n: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)] = 1.0

    def __post_init__(self) -> None:
        check_range("at_s", self.at_s, 0.0, 10_000.0)


class Terrain(Config, frozen=True, kw_only=True):
    """Uneven ground: smooth random bumps, drawn from the seed."""

    height_m: Annotated[float, msgspec.Meta(gt=0.0, le=0.1)]
    """From the lowest point to the highest."""
    grain_m: Annotated[float, msgspec.Meta(ge=0.05, le=5.0)] = 0.3
    """The width of a bump."""


class ArenaConfig(Config, frozen=True, kw_only=True):
    """A whole world file, without its key `kind`."""

    summary: str = ""
    start: Start = msgspec.field(default_factory=Start)
    odour: tuple[Odour, ...] = ()
    poison: tuple[Field, ...] = ()
    peg: tuple[Peg, ...] = ()
    pegs: tuple[Pegs, ...] = ()
    wall: tuple[Wall, ...] = ()
    terrain: Terrain | None = None
    poke: tuple[Poke, ...] = ()

    def __post_init__(self) -> None:
        for key, fields in (("odour", self.odour), ("poison", self.poison)):
            names = [field.name for field in fields]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(
                        f"two fields of {key} have name = {name!r}: give one more sources instead"
                    )
