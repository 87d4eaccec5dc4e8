"""The sensor `tof`: how far away what is ahead stands, by the flight of light."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from wormctl.channel import Samples
from wormctl.device import DeviceError
from wormctl_i2c.buses import Buses
from wormctl_i2c.config import I2cConfig, channel
from wormctl_i2c.rangers import Ranger, Vl53l0x, Vl53l1x
from wormctl_i2c.sensor import I2cSensor
from wormctl_i2c.wire import Wire

SENSE, NEARNESS = "tof", "nearness"
FARTHEST_M = {"vl53l0x": 2.0, "vl53l1x": 4.0}
RATE_HZ = {"vl53l0x": 30.0, "vl53l1x": 10.0}
MAKERS: dict[str, Callable[[Wire], Ranger]] = {"vl53l0x": Vl53l0x, "vl53l1x": Vl53l1x}

_POLL_S = 0.01
_SILENT_S = 0.6


class TofConfig(I2cConfig, frozen=True, kw_only=True):
    """Settings."""

    chip: Literal["vl53l0x", "vl53l1x"] = "vl53l0x"
    reach_m: Annotated[float, msgspec.Meta(ge=0.05, le=4.0)] = 0.4
    """From here on `nearness` rises from 0, to 1 at no distance."""


class Tof(I2cSensor):
    """A VL53L0X or a VL53L1X."""

    def __init__(self, config: TofConfig, buses: Buses | None = None) -> None:
        rate_hz, farthest_m = RATE_HZ[config.chip], FARTHEST_M[config.chip]
        self._distance, self._nearness = config.called(SENSE), config.called(SENSE, NEARNESS)
        super().__init__(
            config,
            config.chip,
            (
                channel(self._distance, "m", 0.0, farthest_m, rate_hz, "how far away what is ahead stands"),
                channel(self._nearness, "1", 0.0, 1.0, rate_hz, "how close that is: 1 at contact"),
            ),
            buses,
        )
        self._reach_m, self._farthest_m = config.reach_m, farthest_m
        self._make = MAKERS[config.chip]
        self._ranger: Ranger | None = None

    def start(self, wire: Wire) -> None:
        """Have it measure again and again."""
        self._ranger = self._make(wire)

    def sample(self, out: Samples) -> None:
        """Wait for the next distance. Without an echo there is no value: nobody is told that the way is free."""
        ranger = self._ranger
        if ranger is None:
            raise DeviceError("not started")
        until_s = time.monotonic() + _SILENT_S
        while not ranger.ready():
            if time.monotonic() > until_s:
                raise DeviceError("has stopped measuring: has its power failed for a moment?")
            time.sleep(_POLL_S)
        distance_m = ranger.distance_m()
        time_s = time.monotonic()
        if distance_m is None or not 0.0 <= distance_m <= self._farthest_m:
            out.fail(self._distance)
            out.fail(self._nearness)
            return
        self.put(out, self._distance, distance_m, time_s)
        self.put(out, self._nearness, max(0.0, 1.0 - distance_m / self._reach_m), time_s)

    def rest(self) -> None:
        """Measure no longer."""
        if self._ranger is not None:
            self._ranger.stop()
