"""A new sensor: `measure` is to be filled in."""

from __future__ import annotations

_SENSOR = '''\
"""The sensor itself. It may take its time: it is read by a thread of its own."""

from typing import Annotated

import msgspec

from wormctl.channel import Channel, Samples
from wormctl.device import Config, Context, DeviceSpec
from wormctl.slow import SlowSensor

CHANNEL = Channel(
    name="$word.value",
    unit="1",  # SI; "1" for a pure number
    low=0.0,  # a value outside low..high never reaches a neuron
    high=1.0,
    rate_hz=20.0,
    max_age_s=0.2,
    doc="what it measures",
)


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a robot file. Misspelt names and values out of range are refused for you."""

    gain: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)] = 1.0


class ${title}Sensor(SlowSensor):
    """Says what it measures in the channel `$word.value`."""

    def __init__(self, config: ${title}Config) -> None:
        super().__init__(DeviceSpec(name="$name", channels=(CHANNEL,), simulated=False, api_version=$api))
        self.config = config

    def open(self, context: Context) -> None:
        """Open your hardware. If it is not there, say in a `DeviceError` what a person can do about it."""

    def measure(self, now_s: float, out: Samples) -> None:
        """Measure once. This may block; raise `DeviceError` when it goes wrong, it is tried again."""
        raise NotImplementedError("fill in measure: out.put('$word.value', VALUE, now_s)")

    def shut(self) -> None:
        """Close what `open` opened."""
'''

FILES = {
    "src/$package/sensor.py": _SENSOR,
    "fill": "`measure` in `src/$package/sensor.py`, and say in `CHANNEL` there what it measures",
    "robot": """\
extends = "worm"

[[sensor]]
use = "$name"

[[bind]]
channel = "$word.value"
to = ["AWCL", "AWCR"]     # cells that answer when it goes down (AWAL, AWAR: up); `wormctl policy show worm302` has all

[[bind]]                  # what the cells smell in the worm's own robot: they would get the sum of both
channel = "odour.benzaldehyde"
remove = true""",
}
