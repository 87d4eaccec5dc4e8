"""`wormctl plugin`: what is installed, what of it is broken, what one offers, and a start for one of one's own."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.table import Table

from wormctl.channel import Channel
from wormctl.config import ConfigError, convert
from wormctl.console import make_console
from wormctl.device import DeviceSpec
from wormctl.hookspecs import Offer
from wormctl.names import unknown
from wormctl.plugins import Origin, Plugins, Registered, load_plugins
from wormctl.printable import one_line
from wormctl.stdout import stdout_to_stderr

if TYPE_CHECKING:
    from wormctl.testing.examine import Finding

NEW_KINDS = ("sensor", "body", "actuator", "policy", "world")

EPILOG = """\
examples:
  wormctl plugin list                  what every plugin offers, and which ones are broken
  wormctl plugin list --kind sensor    only sensors, with their channels
  wormctl plugin show range            what one plugin, or one thing that it offers, is and may be set to
  wormctl plugin show ./my_sensor.py   the same of a single file
  wormctl plugin check ./my_sensor.py  does it keep the contract? also a package's folder, or an installed plugin
  wormctl plugin check my-lidar --set port=/dev/ttyUSB0      with the real thing on the cable
  wormctl plugin new my-lidar          a package wormctl-my-lidar/ to begin with
  wormctl plugin new glow --kind actuator
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list what is installed")
    listing.add_argument("--kind", choices=list(Plugins().tables), help="only this kind")
    show = actions.add_parser("show", help="tell all about one plugin, or one thing it offers")
    show.add_argument(
        "name",
        metavar="NAME|PATH",
        help="of a plugin, a distribution, or what one of them offers; or a .py file",
    )
    for action in (listing, show):
        action.add_argument("--json", action="store_true", help="one JSON object on stdout")
        action.add_argument(
            "--plugin", metavar="FILE.py", type=Path, action="append", default=[], help="this file as well"
        )
    checking = actions.add_parser("check", help="put a plugin through the conformance kit")
    checking.add_argument(
        "what", metavar="NAME|PATH", help="installed, a .py file, or the folder of a package"
    )
    checking.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], type=_setting,
        help="a setting, as in a robot file, of what it offers: --set port=/dev/ttyUSB0",
    )  # fmt: skip
    checking.add_argument("--json", action="store_true", help="one JSON object on stdout")
    new = actions.add_parser("new", help="write a new plugin with one method to fill in")
    new.add_argument("name", help="lower-case letters, digits and '-', as in my-lidar")
    new.add_argument("--kind", choices=NEW_KINDS, default="sensor", help="what it offers (default: sensor)")
    new.add_argument("--folder", type=Path, default=Path(), help="where to put it (default: here)")


def run(args: argparse.Namespace) -> int:
    """List, show or scaffold; the exit status."""
    if args.action == "new":
        from wormctl.scaffold import write_plugin

        folder = write_plugin(args.name, args.kind, args.folder, load_plugins(warn=lambda line: None))
        print(f"wrote {folder}: its README.md says which method to fill in, and what to do next")
        return 0
    if args.action == "check":
        return _check(args)
    with stdout_to_stderr() if args.json else nullcontext():
        if args.action == "show" and args.name.endswith(".py"):
            plugins = load_plugins(files=[Path(args.name)], only=(), warn=lambda line: None)
            found = _one(plugins, str(Path(args.name).resolve()))
        else:
            plugins = load_plugins(files=args.plugin, warn=lambda line: None)
            found = _all(plugins, args.kind) if args.action == "list" else _one(plugins, args.name)
    if args.json:
        print(json.dumps(found))
    elif args.action == "list":
        _print(plugins, found, with_channels=args.kind in ("body", "sensor", "actuator"))
    else:
        _print_one(found)
    return 0


def _check(args: argparse.Namespace) -> int:
    """Examine a plugin; exit status 1 if it breaks the contract."""
    from wormctl.testing.examine import examine, find_target

    findings: list[Finding] = []
    console = make_console(stderr=True)
    with stdout_to_stderr():
        for target in find_target(args.what):
            with console.status("checking ...") if console.is_terminal else nullcontext():
                findings += examine(target, dict(args.set))
    broken = [finding for finding in findings if finding.rule is not None]
    if args.json:
        print(json.dumps([_finding(finding) for finding in findings]))
        return int(bool(broken))
    for finding in findings:
        word = "BREAKS IT" if finding.rule else "not checked" if finding.told else "ok"
        told = f": {one_line(finding.told.removeprefix('not checked: '))}" if finding.told else ""
        print(f"{finding.kind:9} {finding.name:20} {word}{told}")
    if broken:
        print(f"{len(broken)} of {len(findings)} break the contract; plugins/README.md has all of it")
    return int(bool(broken))


def _setting(text: str) -> tuple[str, Any]:
    """`port=/dev/ttyUSB0`, `gain=2.5`: the value as TOML has it, or else as plain text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r}: must be NAME=VALUE, as in port=/dev/ttyUSB0")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def _finding(finding: Finding) -> dict[str, Any]:
    rule = finding.rule
    line = None if rule is None else {"number": rule.number, "name": rule.name, "text": rule.value}
    return {"kind": finding.kind, "name": finding.name, "breaks": line, "told": finding.told}


def _all(plugins: Plugins, kind: str | None) -> dict[str, Any]:
    """Everything the list shows, as plain data."""
    return {
        "offers": [offer for offer in _offers(plugins) if kind in (None, offer["kind"])],
        "plugins": [_origin(origin) for origin in plugins.loaded],
        "broken": [_origin(broken.origin) | {"error": broken.error} for broken in plugins.broken],
    }


def _origin(origin: Origin) -> dict[str, str]:
    return {"plugin": origin.plugin, "distribution": origin.distribution, "version": origin.version}


def _offers(plugins: Plugins) -> Iterator[dict[str, Any]]:
    for kind, table in plugins.tables.items():
        for name, entry in sorted(table.items()):
            source = f"{entry.origin.distribution} {entry.origin.version}"
            yield {
                "kind": kind,
                "name": name,
                "summary": entry.thing.summary,
                "plugin": entry.origin.plugin,
                "from": source,
                "channels": [channel.name for channel in spec.channels] if (spec := _spec(entry)) else [],
            }


def _spec(entry: Registered[Any]) -> DeviceSpec | None:
    """What a device declares with its default settings, if it has such. Making one opens nothing."""
    if not isinstance(entry.thing, Offer):
        return None
    try:
        made = entry.thing.make(convert({}, entry.thing.config, where=entry.thing.name))
        spec = getattr(made, "spec", None)
        whole = isinstance(spec, DeviceSpec) and all(isinstance(one, Channel) for one in spec.channels)
    except (Exception, SystemExit):  # `plugin check` says what is wrong; here the others are to be shown
        return None
    return spec if whole else None


def _one(plugins: Plugins, name: str) -> dict[str, Any]:
    """A plugin, or what it offers, as plain data. Raises `ConfigError` for what is neither."""
    broken = {names: b for b in plugins.broken for names in (b.origin.plugin, b.origin.distribution)}
    if name in broken:
        return {"plugins": [_origin(broken[name].origin) | {"error": broken[name].error}], "offers": []}
    entries = [(kind, entry) for kind, table in plugins.tables.items() for entry in table.values()]
    chosen = [
        (kind, e) for kind, e in entries if name in (e.thing.name, e.origin.plugin, e.origin.distribution)
    ]
    if not chosen:
        known = {word for _, e in entries for word in (e.thing.name, e.origin.plugin, e.origin.distribution)}
        raise ConfigError(f"{name}: {unknown('plugin', name, known)}")
    origins = {entry.origin: None for _, entry in chosen}
    return {
        "plugins": [_origin(origin) for origin in origins],
        "offers": [_described(kind, entry) for kind, entry in chosen],
    }


def _described(kind: str, entry: Registered[Any]) -> dict[str, Any]:
    thing = entry.thing
    told: dict[str, Any] = {"kind": kind, "name": thing.name, "summary": thing.summary}
    if isinstance(thing, Offer):
        told["api_version"] = thing.api_version
        told["settings"] = [
            {
                "name": field.encode_name,
                "type": _type(field.type),
                "default": None if field.required else _default(field),
                "required": field.required,
            }
            for field in msgspec.inspect.type_info(thing.config).fields  # type: ignore[attr-defined]
        ]
        if thing.robot is not None:
            told["robot"] = thing.robot.stem
    if (spec := _spec(entry)) is not None:
        told["simulated"] = spec.simulated
        told["capabilities"] = sorted(spec.capabilities)
        told["channels"] = msgspec.to_builtins(spec.channels)
    return told


def _default(field: msgspec.inspect.Field) -> Any:
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory() if callable(field.default_factory) else None
    return msgspec.to_builtins(value)


def _type(info: msgspec.inspect.Type) -> str:
    """A type in words: `number, 0 to 1`."""
    words = {
        "Int": "whole number",
        "Float": "number",
        "Str": "text",
        "Bool": "true or false",
        "None": "nothing",
    }
    if isinstance(info, msgspec.inspect.UnionType):
        return " or ".join(_type(one) for one in info.types)
    if isinstance(info, msgspec.inspect.LiteralType):
        return " or ".join(repr(value) for value in info.values)
    if isinstance(info, (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)):
        return f"list of {_type(info.item_type)}"
    if isinstance(info, msgspec.inspect.StructType):
        return "table"
    if isinstance(info, msgspec.inspect.Metadata):
        return _type(info.type)
    name = words.get(
        type(info).__name__.removesuffix("Type"), type(info).__name__.removesuffix("Type").lower()
    )
    bounds = [
        f"{word} {value:g}"
        for word, field in (("at least", "ge"), ("more than", "gt"), ("at most", "le"), ("less than", "lt"))
        if (value := getattr(info, field, None)) is not None
    ]
    return ", ".join([name, *bounds])


def _print(plugins: Plugins, found: dict[str, Any], *, with_channels: bool) -> None:
    console = make_console()
    table = Table(
        "kind",
        "name",
        "channels" if with_channels else "what it is",
        "plugin",
        "from",
        box=None,
        pad_edge=False,
    )
    for offer in found["offers"]:
        middle = (
            ", ".join(offer["channels"]) or "by its settings" if with_channels else one_line(offer["summary"])
        )
        table.add_row(offer["kind"], offer["name"], middle, offer["plugin"], offer["from"])
    console.print(table if table.row_count else "Nothing of the kind is installed.", markup=False)
    for broken in plugins.broken:
        console.print(f"broken: {broken.origin}: {broken.error}", markup=False, style="red")


def _print_one(found: dict[str, Any]) -> None:
    for origin in found["plugins"]:
        state = f"broken: {origin['error']}" if "error" in origin else "loaded"
        print(f"{origin['plugin']} ({origin['distribution']} {origin['version']}): {state}")
    for offer in found["offers"]:
        print(f"\n{offer['kind']} {offer['name']}: {one_line(offer['summary'])}")
        if offer.get("robot"):
            print(f"  robot     {offer['robot']}: wormctl run --robot {offer['robot']}")
        for setting in offer.get("settings", []):
            default = "must be given" if setting["required"] else f"default {json.dumps(setting['default'])}"
            print(f"  setting   {setting['name']}: {setting['type']}; {default}")
        for channel in offer.get("channels", []):
            size = f", {channel['size']} values" if channel["size"] > 1 else ""
            span = f"{channel['low']:g} to {channel['high']:g} {channel['unit']}{size}"
            doc = f": {one_line(channel['doc'])}" if channel["doc"] else ""
            print(
                f"  channel   {channel['name']}, {span}, {channel['rate_hz']:g} Hz, {channel['on_error']} without{doc}"
            )
