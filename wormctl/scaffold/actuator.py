"""A new actuator: `apply` is to be filled in."""

from __future__ import annotations

_ACTUATOR = '''\
"""The actuator itself. No value outside the range of its channel ever comes."""

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel
from wormctl.device import Config, Context, DeviceSpec

CHANNEL = Channel(
    name="$word.level",
    unit="1",  # SI; "1" for a pure number
    low=0.0,
    high=1.0,
    doc="what it can be told",
)


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a robot file. Misspelt names and values out of range are refused for you."""


class ${title}Actuator:
    """Does what neurons say in the channel `$word.level`."""

    def __init__(self, config: ${title}Config) -> None:
        self.spec = DeviceSpec(name="$name", channels=(CHANNEL,), simulated=False, api_version=$api)

    def configure(self, context: Context) -> None:
        """Open your hardware, at rest. If it is not there, say in a `DeviceError` what a person can do about it."""

    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        """In every tick, while the body is armed. Return at once."""
        self.apply(float(values[0]))

    def apply(self, level: float) -> None:
        """Tell your hardware. Whatever this raises ends the run."""
        raise NotImplementedError("fill in apply: tell your hardware to go to level")

    def stop(self, reason: str) -> None:
        """Back to rest. In any state, again and again; never raise."""

    def close(self) -> None:
        """Close what `configure` opened. Maybe twice; never raise."""
        self.stop("closing")
'''

FILES = {
    "src/$package/actuator.py": _ACTUATOR,
    "fill": "`apply` in `src/$package/actuator.py`, and `stop` there",
    "robot": """\
extends = "worm"

[[actuator]]
use = "$name"

[[drive]]
channel = "$word.level"
from = ["AVAL", "AVAR"]   # gain * their mean activity (0 to 1) + offset: here while it backs up""",
}
