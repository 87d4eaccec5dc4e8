"""Finding plugins by entry point and keeping what they offer. One that breaks is named and left out.

Nothing is built in: bodies, sensors and worlds that ship with wormctl come through the same door.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec
import pluggy

from wormctl import hookspecs
from wormctl.cli import COMMANDS
from wormctl.config import ConfigError
from wormctl.controller import OwnPolicy
from wormctl.device import API_VERSION, Actuator, Body, Config, Sensor, World
from wormctl.hookspecs import Artist, Command, Offer
from wormctl.names import unknown

GROUP = "wormctl"
"""The entry-point group: `[project.entry-points.wormctl]` in a plugin's pyproject.toml."""

OURS = ("wormctl-serial", "wormctl-sim", "wormctl-train")
"""Loaded first, so that nobody else's plugin can take a name of theirs and with it their place."""

FILE = "file"
"""The version of a single-file plugin; its distribution is the path."""

_NAME = re.compile(r"[a-z][a-z0-9_-]*")

ThingT = TypeVar("ThingT")


class Origin(msgspec.Struct, frozen=True):
    """Where a plugin comes from."""

    plugin: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.plugin} ({self.distribution} {self.version})"


class Registered(msgspec.Struct, Generic[ThingT], frozen=True):
    """Something a plugin offers, and which plugin that is."""

    thing: ThingT
    origin: Origin


class Broken(msgspec.Struct, frozen=True):
    """A plugin that was left out, and why, in a line."""

    origin: Origin
    error: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which plugins are to be loaded."""

    only: tuple[str, ...] | None = None
    """Of those installed, these; None for all."""
    files: tuple[str, ...] = ()
    """Single-file plugins, absolute."""

    def load(self, warn: Callable[[str], None] | None = None) -> Plugins:
        """See `load_plugins`."""
        return load_plugins(only=self.only, files=[Path(name) for name in self.files], warn=warn)


class PluginError(Exception):
    """A plugin does not keep the contract. The message is one line."""


class Plugins:
    """What the installed plugins offer, by name, and the plugins that are broken."""

    def __init__(self) -> None:
        self.loaded: list[Origin] = []
        self.broken: list[Broken] = []
        self.bodies: dict[str, Registered[Offer[Body]]] = {}
        self.sensors: dict[str, Registered[Offer[Sensor]]] = {}
        self.actuators: dict[str, Registered[Offer[Actuator]]] = {}
        self.policies: dict[str, Registered[Offer[OwnPolicy]]] = {}
        self.worlds: dict[str, Registered[Offer[World]]] = {}
        self.commands: dict[str, Registered[Command]] = {}
        self.artists: dict[str, Registered[Artist]] = {}

    @property
    def tables(self) -> dict[str, dict[str, Registered[Any]]]:
        """What is offered, by kind and name."""
        return {
            "body": self.bodies,
            "sensor": self.sensors,
            "actuator": self.actuators,
            "policy": self.policies,
            "world": self.worlds,
            "command": self.commands,
            "artist": self.artists,
        }

    def find(self, kind: str, name: str, where: str) -> Any:
        """The offer of that kind called `name`; a `ConfigError` at `where` says what is installed."""
        table = self.tables[kind]
        if name in table:
            return table[name].thing
        blame = f"; broken: {', '.join(b.origin.plugin for b in self.broken)}" if self.broken else ""
        raise ConfigError(f"{where} = {name!r}: {unknown(kind, name, table)}{blame}")

    def choice_of(self, kind: str, name: str) -> Choice:
        """What to load in another process to have that offer there, and no more."""
        origin = self.tables[kind][name].origin
        if origin.version == FILE:
            return Choice(only=(), files=(origin.distribution,))
        return Choice(only=(origin.distribution,))

    def body(self, name: str, where: str) -> Offer[Body]:
        """The body called `name`; see `find`."""
        found: Offer[Body] = self.find("body", name, where)
        return found

    def sensor(self, name: str, where: str) -> Offer[Sensor]:
        """The sensor called `name`; see `find`."""
        found: Offer[Sensor] = self.find("sensor", name, where)
        return found

    def actuator(self, name: str, where: str) -> Offer[Actuator]:
        """The actuator called `name`; see `find`."""
        found: Offer[Actuator] = self.find("actuator", name, where)
        return found

    def world(self, name: str, where: str) -> Offer[World]:
        """The world called `name`; see `find`."""
        found: Offer[World] = self.find("world", name, where)
        return found

    def robots(self) -> dict[str, Path]:
        """The robot files that bodies and sensors bring with them, by name."""
        offers = [registered.thing for table in (self.bodies, self.sensors) for registered in table.values()]
        return {offer.robot.stem: offer.robot for offer in offers if offer.robot is not None}

    def add(self, origin: Origin, plugin: object) -> None:
        """Take in everything that `plugin`, a module or an object with hooks, offers, or nothing of it.

        Raises `PluginError`, or whatever the plugin's own code raises.
        """
        offered, tables = collect(plugin), self.tables
        for command in offered["command"]:
            if command.name in COMMANDS:
                raise PluginError(f"command {command.name!r} is wormctl's own")
        for kind, things in offered.items():
            for thing in things:
                if (known := tables[kind].get(thing.name)) is not None:
                    raise PluginError(f"{kind} {thing.name!r} is already offered by {known.origin}")
        for kind, things in offered.items():
            for thing in things:
                tables[kind][thing.name] = Registered(thing, origin)
        self.loaded.append(origin)


def load_plugins(
    candidates: Iterable[EntryPoint] | None = None,
    *,
    files: Sequence[Path] = (),
    only: Collection[str] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Plugins:
    """Load every installed plugin (or `candidates`), each by itself, wormctl's own first, then by distribution.

    To load a plugin is to run its code. `only`: no others than these, by the name of the plugin or of its distribution;
    `files`: single-file plugins besides. Raises `ConfigError` for one of `only` that is not installed, and for a file
    that is not there. A plugin that fails, in whatever way, is kept in `broken` and given to `warn` in a line (default:
    stderr).
    """
    found = entry_points(group=GROUP) if candidates is None else candidates
    sources: list[tuple[Origin, Callable[[], object]]] = sorted(
        ((_origin(entry), entry.load) for entry in found), key=lambda source: _order(source[0])
    )
    if only is not None:
        known = {name for origin, _ in sources for name in (origin.plugin, origin.distribution)}
        for name in only:
            if name not in known:
                raise ConfigError(f"plugins: {name!r}: {unknown('plugin', name, known)}")
        sources = [source for source in sources if {source[0].plugin, source[0].distribution} & set(only)]
    sources += [(_file_origin(path), partial(load_file, path)) for path in files]
    plugins = Plugins()
    for origin, load in sources:
        try:
            plugins.add(origin, load())
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit when it is imported
            broken = Broken(origin, _one_line(error))
            plugins.broken.append(broken)
            if os.environ.get("WORMCTL_DEBUG"):
                traceback.print_exception(error)
            (warn or _to_stderr)(f"plugin {origin} is left out: {broken.error}")
    return plugins


def load_file(path: Path) -> ModuleType:
    """The module in a single-file plugin. Raises whatever its code raises."""
    name = f"wormctl_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path}: is no Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # for what looks itself up, as a dataclass does
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _file_origin(path: Path) -> Origin:
    if not path.is_file():
        raise ConfigError(f"plugin {path}: no such file")
    return Origin(path.stem, str(path.resolve()), FILE)


def collect(plugin: object) -> dict[str, list[Any]]:
    """What `plugin` offers, checked: lists of `Offer` or `Command` by kind. Raises `PluginError`."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{error}; hooks are: {', '.join(HOOKS)}") from None
    kinds = {hook: kind for hook, (kind, _) in HOOKS.items()}
    offered: dict[str, list[Any]] = {kind: [] for kind in kinds.values()}
    for hook, (kind, wanted) in HOOKS.items():

        def register(thing: object, kind: str = kind, wanted: type = wanted) -> None:
            checked = _check(kind, wanted, thing)
            if checked in {t.name for t in offered[kind]}:
                raise PluginError(f"offers the {kind} {checked!r} twice")
            offered[kind].append(thing)

        getattr(manager.hook, hook)(register=register)
    return offered


HOOKS: dict[str, tuple[str, type]] = {
    "wormctl_register_bodies": ("body", Offer),
    "wormctl_register_sensors": ("sensor", Offer),
    "wormctl_register_actuators": ("actuator", Offer),
    "wormctl_register_policies": ("policy", Offer),
    "wormctl_register_worlds": ("world", Offer),
    "wormctl_register_commands": ("command", Command),
    "wormctl_register_artists": ("artist", Artist),
}
"""Every hook: what it registers, and as what."""


def _check(kind: str, wanted: type, thing: object) -> str:
    """The name of `thing`, if it is a proper `kind`."""
    if not isinstance(thing, (Offer, Command, Artist)) or not isinstance(thing, wanted):
        raise PluginError(f"registers a {kind} that is a {type(thing).__name__}, not a {wanted.__name__}")
    if not (isinstance(thing.name, str) and _NAME.fullmatch(thing.name)):
        raise PluginError(f"{kind} name {thing.name!r}: must be lower-case letters, digits, '-' and '_'")
    if isinstance(thing, Offer):
        if thing.api_version != API_VERSION:
            raise PluginError(
                f"{kind} {thing.name!r} is for version {thing.api_version} of the plugin API, "
                f"this wormctl has {API_VERSION}"
            )
        if not (isinstance(thing.config, type) and issubclass(thing.config, Config)):
            raise PluginError(f"{kind} {thing.name!r}: config must derive from wormctl.device.Config")
    return thing.name


def _origin(entry: EntryPoint) -> Origin:
    if entry.dist is None:
        return Origin(entry.name, "unknown", "0")
    return Origin(entry.name, entry.dist.name, entry.dist.version)


def _order(origin: Origin) -> tuple[bool, str, str]:
    return origin.distribution not in OURS, origin.distribution, origin.plugin


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _to_stderr(line: str) -> None:
    print(f"wormctl: {line}", file=sys.stderr)
