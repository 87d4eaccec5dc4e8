"""What wormctl-poke offers: the sensors `keyboard` and `gamepad`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Sensor
from wormctl.hookspecs import Offer, hookimpl
from wormctl_poke.gamepad import GamepadConfig, GamepadSensor
from wormctl_poke.keyboard import KeyboardConfig, make_keyboard

ROBOTS = Path(__file__).parent / "robots"


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Offer both."""
    register(
        Offer(
            name="keyboard",
            summary="a person pokes the worm with keys in the terminal, or a script does",
            config=KeyboardConfig,
            make=make_keyboard,
            api_version=1,
            robot=ROBOTS / "keyboard.toml",
        )
    )
    register(
        Offer(
            name="gamepad",
            summary="a person pokes the worm with a gamepad at /dev/input/js0 (Linux)",
            config=GamepadConfig,
            make=GamepadSensor,
            api_version=1,
            robot=ROBOTS / "gamepad.toml",
        )
    )
