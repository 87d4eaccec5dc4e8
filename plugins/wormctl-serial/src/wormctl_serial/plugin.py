"""What wormctl-serial offers: the body `serial`, and the commands for a person at the robot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Offer, hookimpl
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
            robot=Path(__file__).parent / "snake.toml",
        )
    )
