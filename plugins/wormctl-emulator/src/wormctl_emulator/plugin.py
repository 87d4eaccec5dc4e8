"""What wormctl-emulator offers: the body `emulated`, and `wormctl emulate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Command, Offer, hookimpl, lazy_command
from wormctl_emulator.lockstep import EmulatedBody, EmulatedConfig


@hookimpl
def wormctl_register_bodies(register: Callable[[Offer[Body]], None]) -> None:
    """Offer `emulated`."""
    register(
        Offer(
            name="emulated",
            summary="a planar snake on the real firmware, in an emulated microcontroller",
            config=EmulatedConfig,
            make=EmulatedBody,
            robot=Path(__file__).parent / "emulated-snake.toml",
        )
    )


COMMANDS = {
    "emulate": ("wormctl_emulator.command", "the robot's electronics without a robot, on a port of its own"),
    "faults": (
        "wormctl_emulator.faults",
        "do everything that can go wrong to the firmware, and judge its pulses",
    ),
}


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer the commands."""
    for name, (module, summary) in COMMANDS.items():
        register(lazy_command(name, summary, module))
