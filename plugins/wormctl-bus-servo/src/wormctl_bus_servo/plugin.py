"""What wormctl-bus-servo offers: the body `bus-servo`, and the command `servo` for a person at the bus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Command, Offer, hookimpl, lazy_command
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.config import BusServoConfig


@hookimpl
def wormctl_register_bodies(register: Callable[[Offer[Body]], None]) -> None:
    """Offer `bus-servo`."""
    register(
        Offer(
            name="bus-servo",
            summary="a physical snake: Feetech STS3215 or Dynamixel XL servos on one bus, which tell where they are",
            config=BusServoConfig,
            make=BusServoBody,
            api_version=1,
            robot=Path(__file__).parent / "bus-servo-snake.toml",
        )
    )


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer `servo`."""
    summary = "look at bus servos, number them, find their zeros, switch their torque off; moves nothing"
    register(lazy_command("servo", summary, "wormctl_bus_servo.command"))
