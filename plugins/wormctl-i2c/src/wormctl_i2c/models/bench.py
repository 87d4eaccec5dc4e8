"""Models on fake buses, and what a test does with a sensor on them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from wormctl.channel import Quality, Samples
from wormctl.testing import BusDevice, BusFault, FakeBus
from wormctl_i2c.buses import Buses
from wormctl_i2c.sensor import I2cSensor

_PATIENCE_S = 6.0


class Bench:
    """Buses 0 to 9 with the same `devices` on each; any other is not there."""

    def __init__(self, devices: Mapping[int, BusDevice]) -> None:
        self.devices = dict(devices)
        self.buses = Buses(self._open)
        self.opened: list[FakeBus] = []
        self._fault: BusFault | None = None

    @property
    def bus(self) -> FakeBus:
        """The one that was opened last."""
        return self.opened[-1]

    def breaks(self, fault: BusFault | None) -> None:
        """Break every bus in that way; None mends them."""
        self._fault = fault
        for bus in self.opened:
            bus.fault = fault

    def _open(self, number: int) -> FakeBus:
        if number > 9:
            raise FileNotFoundError(2, "No such file or directory", f"/dev/i2c-{number}")
        bus = FakeBus(self.devices)
        bus.devices = self.devices
        bus.fault = self._fault
        self.opened.append(bus)
        return bus


def read_until(sensor: I2cSensor, quality: Quality, name: str | None = None) -> Samples:
    """Read until channel `name`, or every channel, has that quality. Raises `AssertionError` if it never has."""
    out = Samples(sensor.spec.channels)
    index = [i for i, c in enumerate(out.channels) if name in (None, c.name)]
    until_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until_s:
        time.sleep(0.002)
        sensor.read(time.monotonic(), out)
        if all(out.quality[i] == quality for i in index):
            return out
    raise AssertionError(f"{name or 'all'} never {quality.name}: {out.quality}, {sensor.last_error}")
