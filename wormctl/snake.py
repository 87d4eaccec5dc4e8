"""The mechanical description of the snake, read from `snake.toml` (or a file like it) by every body.

Numbers only: how they are simulated or driven is a body's affair.
"""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Annotated

import msgspec

from wormctl.config import load_toml

JOINT_GAP_M = 0.005
"""Room that bodies keep between the round ends of neighbouring links."""

Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)]

REFERENCE = Path(__file__).parent / "snake.toml"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Link(_Table, frozen=True):
    """One rigid link; all links are alike."""

    length_m: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
    radius_m: Annotated[float, msgspec.Meta(gt=0.0, le=0.5)]
    mass_kg: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]

    def __post_init__(self) -> None:
        widest_m = (self.length_m - JOINT_GAP_M) / 2
        if not self.radius_m < widest_m:
            raise ValueError(
                f"radius_m = {self.radius_m:g}: must be less than {widest_m:g}, half of length_m = "
                f"{self.length_m:g} without the gap between links of {JOINT_GAP_M:g}"
            )


class Joint(_Table, frozen=True):
    """The limits that hold for every joint's setpoint."""

    limit_deg: Annotated[float, msgspec.Meta(gt=0.0, le=90.0)]
    max_speed_deg_s: Annotated[float, msgspec.Meta(gt=0.0, le=180.0)]
    arming_speed_deg_s: Annotated[float, msgspec.Meta(gt=0.0, le=180.0)]
    arming_time_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)]


class Servo(_Table, frozen=True):
    """The actuator of every joint: a first-order lag that gives way to its load, with a torque and a speed limit."""

    stall_torque_nm: Positive
    stiffness_nm_rad: Annotated[float, msgspec.Meta(ge=0.5, le=10_000.0)]
    """Torque for a radian between where it should be and where it is. Softer ones hold no shape on the ground."""
    max_speed_rad_s: Positive
    time_constant_s: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]


class Nose(_Table, frozen=True):
    """Where the robot smells."""

    ahead_m: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    spread_m: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Snake(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """A chain of `links` links joined by yaw joints, head first. Positive joint angle bends towards +y."""

    name: str
    links: Annotated[int, msgspec.Meta(ge=3, le=64)]
    link: Link
    joint: Joint
    servo: Servo
    nose: Nose

    @property
    def joints(self) -> int:
        """The number of joints, one fewer than links."""
        return self.links - 1

    @cached_property
    def length_m(self) -> float:
        """Body length: the unit behind every speed in body lengths a second."""
        return self.links * self.link.length_m

    @cached_property
    def limit_rad(self) -> float:
        """Joint limit, symmetric about straight."""
        return math.radians(self.joint.limit_deg)


def load_snake(path: Path = REFERENCE) -> Snake:
    """The description in the TOML file at `path`; a `ConfigError` names a wrong field."""
    return load_toml(path, Snake)
