"""What wormctl-train offers: the command `wormctl train`."""

from __future__ import annotations

from collections.abc import Callable

from wormctl.hookspecs import Command, hookimpl, lazy_command


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer `train`."""
    register(lazy_command("train", "evolve a policy from a recipe", "wormctl_train.command"))
