"""What wormctl-emulator offers: the body `emulated`, and `wormctl emulate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Body
from wormctl.hookspecs import Offer, hookimpl
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
