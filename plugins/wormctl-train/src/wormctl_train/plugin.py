"""What wormctl-train offers: the command `wormctl train`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from wormctl.hookspecs import Command, hookimpl


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from wormctl_train.command import add_arguments

    add_arguments(parser)


def _run(args: argparse.Namespace) -> int:
    from wormctl_train.command import run

    return run(args)


@hookimpl
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Offer `train`."""
    register(
        Command(name="train", summary="evolve a policy from a recipe", add_arguments=_add_arguments, run=_run)
    )
