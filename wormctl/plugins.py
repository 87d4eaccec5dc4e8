"""Finding plugins by entry point and keeping what they offer. One that breaks is named and left out.

Nothing is built in: bodies, sensors and worlds that ship with wormctl come through the same door. A single file is
loaded because somebody named it: where it breaks, nothing goes on without it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec

from wormctl.cli import COMMANDS
from wormctl.config import ConfigError
from wormctl.controller import OwnPolicy
from wormctl.device import Actuator, Body, Sensor, World
from wormctl.hookspecs import Artist, Command, Offer
from wormctl.names import unknown
from wormctl.offers import GROUP as GROUP
from wormctl.offers import HOOKS as HOOKS
from wormctl.offers import PluginError as PluginError
from wormctl.offers import collect as collect
from wormctl.offers import has_hooks
from wormctl.printable import one_line

OURS = ("wormctl-serial", "wormctl-sim", "wormctl-train")
"""Loaded first, so that nobody else's plugin can take a name of theirs and with it their place."""

FILE = "file"
"""The version of a single-file plugin; its distribution is the path."""

HINT = '; is it in a file of its own? --plugin FILE.py, or plugins = ["FILE.py"] in the robot file'

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
    asked: tuple[tuple[str, str], ...] = ()
    """For messages: one of them, and who named it: `my.toml: $.plugins[0] = 'my.py'`."""

    def load(self, warn: Callable[[str], None] | None = None) -> Plugins:
        """See `load_plugins`."""
        files = [Path(name) for name in self.files]
        return load_plugins(only=self.only, files=files, warn=warn, asked=dict(self.asked))

    def given(self, words: Iterable[str]) -> Choice:
        """This, and what `--plugin` says: files besides, names instead."""
        options = {word: f"--plugin = {word!r}" for word in words}
        files = {os.path.realpath(word): at for word, at in options.items() if word.endswith(".py")}
        named = {word: at for word, at in options.items() if not word.endswith(".py")}
        return Choice(
            only=tuple(named) or self.only,
            files=tuple(dict.fromkeys((*self.files, *files))),
            asked=(*self.asked, *files.items(), *named.items()),
        )


def together(choices: Iterable[Choice]) -> Choice:
    """What any of them lets load."""
    every = list(choices)
    named = [choice.only for choice in every if choice.only is not None]
    return Choice(
        only=tuple(dict.fromkeys(name for names in named for name in names))
        if len(named) == len(every)
        else None,
        files=tuple(dict.fromkeys(name for choice in every for name in choice.files)),
        asked=tuple(dict.fromkeys(asked for choice in every for asked in choice.asked)),
    )


class Plugins:
    """What the installed plugins offer, by name, and the plugins that are broken."""

    def __init__(self) -> None:
        self.loaded: list[Origin] = []
        self.only: tuple[str, ...] | None = None
        """Of those installed, these could be loaded; None for all."""
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
        allowed = (
            ""
            if self.only is None
            else f"; `plugins` or --plugin allow only {', '.join(self.only) or 'files'}"
        )
        blame = f"; broken: {', '.join(b.origin.plugin for b in self.broken)}" if self.broken else ""
        raise ConfigError(f"{where} = {name!r}: {unknown(kind, name, table)}{allowed or HINT}{blame}")

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
        for kind, own in (("command", COMMANDS), ("policy", own_policies() if offered["policy"] else ())):
            for thing in offered[kind]:
                if thing.name in own:
                    raise PluginError(f"{kind} {thing.name!r} is wormctl's own")
        for kind, things in offered.items():
            for thing in things:
                if (known := tables[kind].get(thing.name)) is not None:
                    raise PluginError(f"{kind} {thing.name!r} is already offered by {known.origin}")
        for kind, things in offered.items():
            for thing in things:
                tables[kind][thing.name] = Registered(thing, origin)
        self.loaded.append(origin)


def own_policies() -> Collection[str]:
    """The names of the policies that come with wormctl: nobody else's is driven by them."""
    from wormctl.policy import shipped_policies  # only where it is asked for: it brings the neural code

    return shipped_policies()


def load_plugins(
    candidates: Iterable[EntryPoint] | None = None,
    *,
    files: Sequence[Path] = (),
    only: Collection[str] | None = None,
    warn: Callable[[str], None] | None = None,
    asked: Mapping[str, str] | None = None,
) -> Plugins:
    """Load every installed plugin (or `candidates`), each by itself, wormctl's own first, then by distribution.

    To load a plugin is to run its code. `only`: no others than these, by the name of the plugin or of its distribution;
    `files`: single-file plugins besides. An installed plugin that fails, in whatever way, is kept in `broken` and given
    to `warn` in a line (default: stderr). Raises `ConfigError` for one of `only` that is not installed, and for a file
    that is not there or fails: somebody named it, so what would run without it is not what was asked for. `asked`: who
    named it, see `Choice`.
    """
    asked = asked or {}
    found = entry_points(group=GROUP) if candidates is None else candidates
    sources: list[tuple[Origin, Callable[[], object]]] = sorted(
        ((_origin(entry), entry.load) for entry in found), key=lambda source: _order(source[0])
    )
    if only is not None:
        known = {name for origin, _ in sources for name in (origin.plugin, origin.distribution)}
        for name in only:
            if name not in known:
                raise ConfigError(
                    f"{asked.get(name, f'plugins: {name!r}')}: {unknown('plugin', name, known)}"
                )
        sources = [source for source in sources if {source[0].plugin, source[0].distribution} & set(only)]
    plugins = Plugins()
    plugins.only = None if only is None else tuple(only)
    for origin, load in sources:
        try:
            plugins.add(origin, load())
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit when it is imported
            broken = Broken(origin, _said(error))
            plugins.broken.append(broken)
            if os.environ.get("WORMCTL_DEBUG"):
                traceback.print_exception(error)
            (warn or _to_stderr)(one_line(f"plugin {origin} is left out: {broken.error}"))
    for path in {os.path.realpath(path): path for path in files}.values():
        _add_file(plugins, path, asked.get(str(path), f"plugin {path}"))
    return plugins


def _add_file(plugins: Plugins, path: Path, at: str) -> None:
    """Take in a single-file plugin. Raises `ConfigError` for one that fails."""
    if not os.path.isfile(path):
        raise ConfigError(f"{at}: no such file")
    try:
        module = load_file(path)
        if not has_hooks(module):
            collect(module)  # it may only lack the marker, and says so then
            raise PluginError(f"is no plugin: it has none of the hooks {', '.join(HOOKS)}")
        plugins.add(Origin(path.stem, os.path.realpath(path), FILE), module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ConfigError(f"{at}: cannot be loaded: {_said(error)}") from error


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


def _origin(entry: EntryPoint) -> Origin:
    """Where it comes from, as far as what is installed says so: half a distribution has no name."""
    dist = entry.dist
    name, version = (None, None) if dist is None else (dist.name, dist.version)
    return Origin(entry.name, str(name or "unknown"), str(version or "0"))


def _order(origin: Origin) -> tuple[bool, str, str]:
    return origin.distribution not in OURS, origin.distribution, origin.plugin


def _said(error: BaseException) -> str:
    """A line about what went wrong. A stranger's error may even fail to say what it is."""
    try:
        text = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        text = "(an error that cannot be shown)"
    return one_line(text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}").rstrip(
        ": "
    )


def _to_stderr(line: str) -> None:
    print(f"wormctl: {line}", file=sys.stderr)
