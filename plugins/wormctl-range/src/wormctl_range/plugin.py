"""What wormctl-range offers: the sensor `range`."""

from __future__ import annotations

from collections.abc import Callable

from wormctl.device import Sensor
from wormctl.hookspecs import Offer, hookimpl
from wormctl_range.sensor import RangeConfig, make_range


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Offer `range`."""
    register(
        Offer(
            name="range",
            summary="distance ahead by a TF-Luna or TFmini laser on a serial port, or simulated",
            config=RangeConfig,
            make=make_range,
            api_version=1,
        )
    )
