"""Every hook of wormctl. A plugin implements any of them; each says when it fires.

Hooks register factories; they are never called while the robot runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import msgspec
import pluggy

from wormctl.controller import OwnPolicy
from wormctl.device import API_VERSION, Actuator, Body, Config, Sensor, World

if TYPE_CHECKING:
    import argparse

hookspec = pluggy.HookspecMarker("wormctl")
hookimpl = pluggy.HookimplMarker("wormctl")

ProductT_co = TypeVar("ProductT_co", covariant=True)


class Factory(Protocol[ProductT_co]):
    """Makes one device from its settings, without I/O."""

    def __call__(self, config: Any) -> ProductT_co:
        """`config` is an instance of the `Offer`'s config type."""


class Offer(msgspec.Struct, Generic[ProductT_co], frozen=True, kw_only=True):
    """One thing a plugin offers: its name in a robot file, its settings, and how to make it."""

    name: str
    summary: str
    """One line for `wormctl plugin list`."""
    config: type[Config]
    make: Factory[ProductT_co]
    api_version: int = API_VERSION
    robot: Path | None = None
    """Of a body or a sensor: a robot file that shows it. It can be named, and extended, without its path and ending,
    and it is what a person gets who names the body and no robot."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One subcommand of `wormctl`."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Returns the exit status."""


def lazy_command(name: str, summary: str, module: str) -> Command:
    """A command whose `add_arguments` and `run` are those of `module`, which is imported when it is asked for."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        import_module(module).add_arguments(parser)

    def run(args: argparse.Namespace) -> int:
        status: int = import_module(module).run(args)
        return status

    return Command(name=name, summary=summary, add_arguments=add_arguments, run=run)


class Artist(msgspec.Struct, frozen=True, kw_only=True):
    """Something that draws a run, or what many lives add up to, after they have ended."""

    name: str
    summary: str
    draw: Callable[[Path, Callable[[float], None]], Sequence[Path]]
    """Draws what is in a folder (a run: see `wormctl.runs.read_run`) into that folder; returns the files it made.

    It may call its second argument with the share that is done, 0..1. Raises `ConfigError` for what it cannot
    draw.
    """
    quick: bool = False
    """Whether it takes a second or two at most: only such are used after a run that was interrupted."""
    simulated: bool = False
    """Whether it draws where the snake was, which only a simulated body knows: it is left out for physical ones."""
    kind: Literal["run", "assays", "ablations", "controls"] = "run"
    """What it draws: a run, or the results of assays, of ablations or of shuffled wirings (`wormctl.assay.folder`)."""


@hookspec
def wormctl_register_bodies(register: Callable[[Offer[Body]], None]) -> None:
    """Fires once at start. Call `register` for every body (simulated or physical) you offer."""


@hookspec
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Fires once at start. Call `register` for every sensor you offer."""


@hookspec
def wormctl_register_actuators(register: Callable[[Offer[Actuator]], None]) -> None:
    """Fires once at start. Call `register` for whatever you offer that neurons may drive and that is no joint."""


@hookspec
def wormctl_register_policies(register: Callable[[Offer[OwnPolicy]], None]) -> None:
    """Fires once at start. Call `register` for every policy you offer that is a Python object, not a policy file."""


@hookspec
def wormctl_register_worlds(register: Callable[[Offer[World]], None]) -> None:
    """Fires once at start. Call `register` for every world, and every kind of world, you offer.

    A world file is a TOML file; its key `kind` names the offer, the rest of the file is its config.
    """


@hookspec
def wormctl_register_commands(register: Callable[[Command], None]) -> None:
    """Fires once at start of the command line. Call `register` for every subcommand you offer."""


@hookspec
def wormctl_register_artists(register: Callable[[Artist], None]) -> None:
    """Fires once at start. Call `register` for whatever draws a run; it is used after `wormctl run`."""
