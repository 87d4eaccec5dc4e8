"""What wormctl-serial offers: the body `serial`, and the commands for a person at the robot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Command, Offer, hookimpl, lazy_command
from wormctl_serial.body import SerialBody
from wormctl_serial.config import SerialConfig


@hookimpl
def wormctl_register_bodies(register: Callable[[Offer[Body]], None]) -> None:
    """Offer `serial`."""
    register(
        Offer(
            name="serial",
            summary="a physical snake: servos behind our firmware on a serial port",
            config=SerialConfig,
            make=SerialBody,
            robot=Path(__file__).parent / "serial-snake.toml",
        )
    )


COMMANDS = {
    "doctor": "is the robot fit to run? link, firmware, voltages, round trip",
    "calibrate": "set up the robot's joints, one by one, from the terminal",
}


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer the commands."""
    for name, summary in COMMANDS.items():
        register(lazy_command(name, summary, f"wormctl_serial.{name}"))
