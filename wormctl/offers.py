"""What one plugin offers through its hooks, checked before anything of it is used. Loads nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pluggy

from wormctl import hookspecs
from wormctl.device import API_VERSION, Config
from wormctl.hookspecs import Artist, Command, Offer

GROUP = "wormctl"
"""The entry-point group: `[project.entry-points.wormctl]` in a plugin's pyproject.toml."""

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

_PREFIX = "wormctl_register_"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_KINDS = ("run", "assays", "ablations", "controls")

_FIELDS: dict[type, dict[str, tuple[Any, str]]] = {
    Offer: {
        "summary": (str, "text"),
        "make": (Callable, "a function or a class"),
        "api_version": (int, "a whole number"),
        "robot": (Path | None, "a pathlib.Path, or None"),
    },
    Command: {
        "summary": (str, "text"),
        "add_arguments": (Callable, "a function"),
        "run": (Callable, "a function"),
    },
    Artist: {
        "summary": (str, "text"),
        "draw": (Callable, "a function"),
        "quick": (bool, "True or False"),
        "simulated": (bool, "True or False"),
    },
}
"""What the fields of each must be, which Python does not ask for: what is something else would break others later."""


class PluginError(Exception):
    """A plugin does not keep the contract. The message is one line."""


def collect(plugin: object) -> dict[str, list[Any]]:
    """What `plugin` offers, checked: lists of `Offer`, `Command` or `Artist` by kind. Raises `PluginError`."""
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
    if bare := _unmarked(manager, plugin):
        nothing = "" if any(offered.values()) else "offers nothing: "
        raise PluginError(f"{nothing}put @hookimpl before {' and '.join(bare)}")
    return offered


def has_hooks(plugin: object) -> bool:
    """Whether it is a plugin at all, whatever it offers."""
    manager = pluggy.PluginManager(GROUP)
    return any(manager.parse_hookimpl_opts(plugin, name) is not None for name in dir(plugin))


def _unmarked(manager: pluggy.PluginManager, plugin: object) -> list[str]:
    """The functions that are named as hooks are, and that nobody calls as they lack the marker."""
    return [
        name
        for name in dir(plugin)
        if name.startswith(_PREFIX)
        and callable(getattr(plugin, name))
        and manager.parse_hookimpl_opts(plugin, name) is None
        and not hasattr(
            getattr(plugin, name), f"{GROUP}_spec"
        )  # one that was imported from `wormctl.hookspecs`
    ]


def _check(kind: str, wanted: type, thing: object) -> str:
    """The name of `thing`, if it is a proper `kind`."""
    if not isinstance(thing, (Offer, Command, Artist)) or not isinstance(thing, wanted):
        raise PluginError(f"registers a {kind} that is a {type(thing).__name__}, not a {wanted.__name__}")
    if not (isinstance(thing.name, str) and _NAME.fullmatch(thing.name)):
        raise PluginError(f"{kind} name {thing.name!r}: must be lower-case letters, digits, '-' and '_'")
    for field, (kinds, said) in _FIELDS[wanted].items():
        if not isinstance(getattr(thing, field), kinds):
            found = type(getattr(thing, field)).__name__
            raise PluginError(f"{kind} {thing.name!r}: {field} is of type {found}, must be {said}")
    if isinstance(thing, Artist) and thing.kind not in _KINDS:
        raise PluginError(f"artist {thing.name!r}: kind = {thing.kind!r}, must be one of {', '.join(_KINDS)}")
    if isinstance(thing, Offer):
        if thing.api_version != API_VERSION:
            raise PluginError(
                f"{kind} {thing.name!r} is for version {thing.api_version} of the plugin API, "
                f"this wormctl has {API_VERSION}"
            )
        if not (isinstance(thing.config, type) and issubclass(thing.config, Config)):
            raise PluginError(f"{kind} {thing.name!r}: config must derive from wormctl.device.Config")
    return thing.name
