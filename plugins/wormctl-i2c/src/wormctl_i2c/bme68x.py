"""Bosch's BME688 and BME680 through Pimoroni's driver. No channel, no idea of clean air."""

from __future__ import annotations

from typing import NamedTuple

from wormctl.device import DeviceError
from wormctl_i2c.bus import library
from wormctl_i2c.wire import Smbus, Wire

_CHIP_ID, _VARIANT = b"\xd0", b"\xf0"
_BME68X = 0x61
_KNOWN = {0x55: "BMP180", 0x58: "BMP280", 0x60: "BME280"}

_GAS_VALID, _HEATER_STABLE = 0x20, 0x10
_HEATER_C = 320
_HEATER_MS = 60
"""The plate is hot after 30 ms; the driver waits no longer than 100 ms for the whole measurement."""
_UNFINISHED = "does not finish a measurement: take its power off for a moment"
_ZERO_C_K = 273.15


def probe(wire: Wire) -> str | None:
    """Which of the maker's air sensors answers."""
    chip = wire.ask(_CHIP_ID, 1)[0]
    if chip != _BME68X:
        return _KNOWN.get(chip)
    return {0: "bme680", 1: "bme688"}.get(wire.ask(_VARIANT, 1)[0])


class Air(NamedTuple):
    """One measurement."""

    resistance_ohm: float | None
    """None while the hot plate is not hot."""
    temperature_k: float
    humidity: float
    """Relative, 0..1."""


class Bme68x:
    """The chip, with its heater set."""

    def __init__(self, wire: Wire) -> None:
        module = library("bme680", "bme680")
        self._driver = module.BME680(i2c_addr=wire.address, i2c_device=Smbus(wire))
        if (
            self._driver.data.temperature is None
        ):  # the driver has measured once, and would go on reckoning with it
            raise DeviceError(_UNFINISHED)
        self._driver.set_humidity_oversample(module.OS_1X)
        self._driver.set_pressure_oversample(module.OS_NONE)
        self._driver.set_temperature_oversample(module.OS_2X)
        self._driver.set_filter(module.FILTER_SIZE_0)
        self._driver.set_gas_heater_profile(_HEATER_C, _HEATER_MS)
        self._driver.select_gas_heater_profile(0)
        self.air()  # what was in the registers before

    def air(self) -> Air:
        """Heat, measure, cool: takes a tenth of a second."""
        if not self._driver.get_sensor_data():
            raise DeviceError(_UNFINISHED)
        data = self._driver.data
        if not data.status & _GAS_VALID:
            raise DeviceError("no longer measures gas: has its power failed for a moment?")
        return Air(
            resistance_ohm=float(data.gas_resistance) if data.status & _HEATER_STABLE else None,
            temperature_k=float(data.temperature) + _ZERO_C_K,
            humidity=float(data.humidity) / 100.0,
        )
