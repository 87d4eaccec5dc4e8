"""What wormctl-emulator offers: the body `emulated`, and `wormctl emulate`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Command, Offer, hookimpl
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
            robot=Path(__file__).parent / "emulated.toml",
        )
    )


COMMANDS = {
    "emulate": ("wormctl_emulator.command", "the robot's electronics without a robot, on a port of its own"),
    "faults": (
        "wormctl_emulator.faults",
        "do everything that can go wrong to the firmware, and judge its pulses",
    ),
}


def _add_arguments(module: str, parser: argparse.ArgumentParser) -> None:
    import_module(module).add_arguments(parser)


def _run(module: str, args: argparse.Namespace) -> int:
    status: int = import_module(module).run(args)
    return status


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer the commands."""
    for name, (module, summary) in COMMANDS.items():
        register(
            Command(
                name=name,
                summary=summary,
                add_arguments=partial(_add_arguments, module),
                run=partial(_run, module),
            )
        )
