"""The sensor `gas`: how strongly the air smells, for the worm's nose."""

from __future__ import annotations

import math
import time
from typing import Annotated, Literal

import msgspec

from wormctl.channel import Channel, Samples
from wormctl.device import DeviceError
from wormctl_i2c.baseline import Baseline
from wormctl_i2c.bme68x import Bme68x
from wormctl_i2c.buses import Buses
from wormctl_i2c.config import I2cConfig, channel
from wormctl_i2c.sensor import I2cSensor
from wormctl_i2c.sgp40 import TICKS_PER_OCTAVE, Sgp40
from wormctl_i2c.wire import Wire

SENSE, RAW, TEMPERATURE, HUMIDITY = "gas", "raw", "temperature", "humidity"
STRONGEST = 1e6
"""More than any air smells, of clean air's concentration."""
REHEAT_S = 10.0
"""So long nothing is smelled after the chip was started anew."""
COLD_MOST = 5
"""So many measurements in a row may find the hot plate cold before that is told: one or two are cold after a start."""
_COLD = "its hot plate does not get hot: give VIN 3.3 V by short wires; if that does not help, it is broken"


class GasConfig(I2cConfig, frozen=True, kw_only=True):
    """Settings."""

    chip: Literal["sgp40", "bme688", "bme680"] = "sgp40"
    rate_hz: Annotated[float, msgspec.Meta(ge=0.2, le=4.0)] = 1.0
    """Measurements a second. The hot plate is made for one."""
    warm_up_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 60.0
    """So long nothing is smelled, and what the air is like is held for clean."""
    clean_air_s: Annotated[float, msgspec.Meta(ge=10.0, le=86400.0)] = 900.0
    """Time constant of forgetting: a smell that stays so long is clean air."""


def channels(config: GasConfig) -> tuple[Channel, ...]:
    """What it measures: another raw value with each chip, and the BME68x the weather as well."""

    def named(part: str | None, unit: str, low: float, high: float, doc: str) -> Channel:
        return channel(config.called(SENSE, part), unit, low, high, config.rate_hz, doc)

    smell = named(None, "1", 0.0, STRONGEST, "concentration, of clean air's: 1 in clean air")
    if config.chip == "sgp40":
        return (smell, named(RAW, "1", 1.0, 65534.0, "the chip's signal: falls by 870 as ethanol doubles"))
    return (
        smell,
        named(RAW, "ohm", 10.0, 1e9, "resistance of the metal oxide: falls with the concentration"),
        named(TEMPERATURE, "K", 233.15, 358.15, "of the chip, a few kelvin warmer than the air"),
        named(HUMIDITY, "1", 0.0, 1.0, "relative humidity at the chip"),
    )


class Gas(I2cSensor):
    """An SGP40, a BME688 or a BME680."""

    def __init__(self, config: GasConfig, buses: Buses | None = None) -> None:
        super().__init__(config, config.chip, channels(config), buses)
        self._names = [c.name for c in self.spec.channels]
        self._baseline = Baseline(config.warm_up_s, config.clean_air_s)
        self._chip: Sgp40 | Bme68x | None = None
        self._reheat_s = config.warm_up_s
        self._cold = 0
        if config.warm_up_s > 0.0:
            self.notes = [f"{self.spec.name}: warms up, and smells nothing for {config.warm_up_s:g} s"]

    def start(self, wire: Wire) -> None:
        """Test it, heat it. What clean air is like is not forgotten, but a plate that may have cooled is not asked."""
        self._baseline.pause(min(self._reheat_s, REHEAT_S))
        self._chip = Sgp40(wire) if self.chip.key == "sgp40" else Bme68x(wire)

    def sample(self, out: Samples) -> None:
        """Measure, and compare with clean air."""
        if isinstance(self._chip, Sgp40):
            ticks = self._chip.ticks()
            self._smell(out, float(ticks), ticks / TICKS_PER_OCTAVE, time.monotonic())
        elif isinstance(self._chip, Bme68x):
            air = self._chip.air()
            time_s = time.monotonic()
            ohm = air.resistance_ohm
            self._cold = self._cold + 1 if ohm is None else 0
            if self._cold == COLD_MOST:
                self.complain(_COLD)
            if ohm is None or not (math.isfinite(ohm) and ohm > 0.0):
                ohm = math.nan
            self._smell(out, ohm, math.log2(ohm), time_s)
            self.put(out, self._names[2], air.temperature_k, time_s)
            self.put(out, self._names[3], air.humidity, time_s)
        else:
            raise DeviceError("not started")

    def rest(self) -> None:
        """Let the hot plate cool. A BME68x heats for its measurements only."""
        if isinstance(self._chip, Sgp40):
            self._chip.heater_off()

    def _smell(self, out: Samples, raw: float, octaves: float, time_s: float) -> None:
        smell, name = self._names[:2]
        self.put(out, name, raw, time_s)
        ratio = self._baseline.ratio(octaves, time_s) if self.in_range(name, raw) else None
        self.put(out, smell, math.nan if ratio is None else ratio, time_s)
