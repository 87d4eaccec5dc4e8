"""A new policy: `step` is to be filled in."""

from __future__ import annotations

_POLICY = '''\
"""The policy itself: it takes the worm's place, with the same senses and within the same limits."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wormctl.device import Config


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a robot file. Misspelt names and values out of range are refused for you."""


class ${title}Policy:
    """Moves the joints by what it senses."""

    def __init__(self, config: ${title}Config) -> None:
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.time_s = 0.0

    def step(
        self, inputs: Mapping[str, NDArray[np.float64]], dt: float, outputs: NDArray[np.float64]
    ) -> None:
        """One tick of `dt` s. `inputs`: what the robot file binds, by name; nan where there is no good sample.

        Fill `outputs`: the setpoint of every joint, rad, head first.
        """
        raise NotImplementedError("fill in step: outputs[:] = SETPOINTS")
'''

_TEST = '''\
"""What passes here works in the loop."""

import $package.plugin
from wormctl.controller import Port
from wormctl.plugins import collect
from wormctl.testing import check_policy

INPUTS = [Port(name="smell"), Port(name="bend", size=12)]
"""What the robot file binds."""


def test_conformance() -> None:
    for offer in collect($package.plugin)["policy"]:
        check_policy(offer, inputs=INPUTS)
'''

FILES = {
    "src/$package/policy.py": _POLICY,
    "tests/test_${word}_conformance.py": _TEST,
    "fill": "`step` in `src/$package/policy.py`",
    "robot": """\
[policy]
use = "$name"

[body]
use = "planar"

[world]
use = "food_ahead"

[[sensor]]
use = "odour"

[[bind]]
channel = "odour.food"
to = ["smell"]            # the names of your inputs are yours to choose

[[bind]]
channel = "joint.position"
to = ["bend"]""",
}
