"""A sensor whose channels have other names than it gives them, so that a robot can have two of a kind."""

from __future__ import annotations

from typing import Any

import msgspec

from wormctl.channel import Channel, Samples
from wormctl.device import Context, DeviceSpec, Sensor


class RenamedSensor:
    """`sensor` under the name `name`: its channel `light.level` is `NAME.level`, and `gas` is `NAME`."""

    def __init__(self, sensor: Sensor, name: str) -> None:
        self._sensor = sensor
        own = sensor.spec
        self.spec: DeviceSpec = msgspec.structs.replace(
            own, name=name, channels=tuple(_renamed(channel, name) for channel in own.channels)
        )
        self._out: Samples | None = None
        self._own: Samples | None = None

    def configure(self, context: Context) -> None:
        """See `Sensor.configure`."""
        self._sensor.configure(context)

    def read(self, now_s: float, out: Samples) -> None:
        """See `Sensor.read`. The sensor fills the same arrays, under its own names."""
        if out is not self._out or self._own is None:
            kept = out.values.copy(), out.time_s.copy(), out.quality.copy()
            self._out, self._own = (
                out,
                Samples(self._sensor.spec.channels, of=(out.values, out.time_s, out.quality)),
            )
            out.values[:], out.time_s[:], out.quality[:] = kept
        self._sensor.read(now_s, self._own)

    def close(self) -> None:
        """See `Sensor.close`."""
        self._sensor.close()

    def __getattr__(self, name: str) -> Any:
        """The extra faces of the sensor, and what went wrong in it."""
        return getattr(self._sensor, name)


def _renamed(channel: Channel, name: str) -> Channel:
    _, dot, rest = channel.name.partition(".")
    return msgspec.structs.replace(channel, name=f"{name}{dot}{rest}")
