"""What wormctl-i2c offers: the sensors `imu`, `tof` and `gas`, and `wormctl i2c`."""

from __future__ import annotations

from collections.abc import Callable

from wormctl.device import Sensor
from wormctl.hookspecs import Command, Offer, hookimpl, lazy_command
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.imu import Imu, ImuConfig
from wormctl_i2c.tof import Tof, TofConfig


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Offer one sensor for each sense; which chip serves it is a setting."""
    register(
        Offer(
            name="imu",
            summary="tilt, turning and bumps by an ICM-20948 on an I2C bus",
            config=ImuConfig,
            make=Imu,
            api_version=1,
        )
    )
    register(
        Offer(
            name="tof",
            summary="distance ahead by a VL53L0X or VL53L1X on an I2C bus",
            config=TofConfig,
            make=Tof,
            api_version=1,
        )
    )
    register(
        Offer(
            name="gas",
            summary="smell by an SGP40, BME688 or BME680 on an I2C bus",
            config=GasConfig,
            make=Gas,
            api_version=1,
        )
    )


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer the scan."""
    register(
        lazy_command("i2c", "who answers on an I2C bus, and which chips these are", "wormctl_i2c.command")
    )
