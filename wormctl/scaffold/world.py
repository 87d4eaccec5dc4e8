"""A new world: `goal_distance_m` is to be filled in."""

from __future__ import annotations

_WORLD = '''\
"""The world itself: where a simulated snake lives. Sensors of your own may look at whatever else it has."""

from typing import Annotated

import msgspec
import numpy as np

from wormctl.device import Config


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a world file. Misspelt names and values out of range are refused for you."""

    distance_m: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)] = 1.5


class ${title}World:
    """Food at a distance, its bearing drawn anew for every seed."""

    name = "$name"

    def __init__(self, config: ${title}Config) -> None:
        self.config = config
        self.food_m = (config.distance_m, 0.0)

    def reset(self, seed: int) -> None:
        """Draw everything random anew."""
        bearing = np.random.default_rng(seed).uniform(-np.pi, np.pi)
        self.food_m = (self.config.distance_m * np.cos(bearing), self.config.distance_m * np.sin(bearing))

    def advance(self, now_s: float) -> None:
        """Move what moves to that time, s."""

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        """From a point to the nearest food, infinite if there is none."""
        raise NotImplementedError("fill in goal_distance_m: the distance from (x_m, y_m) to self.food_m")
'''

FILES = {
    "src/$package/world.py": _WORLD,
    "fill": "`goal_distance_m` in `src/$package/world.py`",
    "robot": """\
policy = "worm302"

[body]
use = "planar"

[world]
use = "$name"

[[bind]]
channel = "joint.position"
to = ["stretch"]""",
}
