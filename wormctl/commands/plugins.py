"""`wormctl plugins`: what is installed, what is broken, and a start for a plugin of one's own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.table import Table

from wormctl.console import make_console
from wormctl.plugins import Plugins, Registered, load_plugins
from wormctl.stdout import stdout_to_stderr

SUMMARY = "list installed plugins, or start a new one"

EPILOG = """\
examples:
  wormctl plugins                   what every plugin offers, and which ones are broken
  wormctl plugins list --json       the same for programs
  wormctl plugins new my-lidar      a package wormctl-my-lidar/ that passes the conformance kit
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `list` and `new`."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listing = actions.add_parser("list", help="list what is installed (the default)")
    listing.add_argument("--json", action="store_true", help="one JSON object on stdout")
    new = actions.add_parser("new", help="write a new sensor plugin that passes the conformance kit")
    new.add_argument("name", help="lower-case letters, digits and '-', as in my-lidar")
    new.add_argument("--folder", type=Path, default=Path(), help="where to put it (default: here)")
    parser.set_defaults(json=False)


def run(args: argparse.Namespace) -> int:
    """List or scaffold."""
    if args.action == "new":
        from wormctl.scaffold import write_plugin

        folder = write_plugin(args.name, args.folder, load_plugins(warn=lambda line: None))
        print(f"wrote {folder}: see its README.md for what to do next")
        return 0
    with stdout_to_stderr() if args.json else nullcontext():
        plugins = load_plugins(warn=lambda line: None)
    if args.json:
        print(json.dumps(as_json(plugins)))
    else:
        _print(plugins)
    return 0


def as_json(plugins: Plugins) -> dict[str, Any]:
    """Everything the list shows, as plain data."""
    return {
        "offers": [
            {"kind": kind, "name": name, "summary": summary, "plugin": plugin, "from": source}
            for kind, name, summary, plugin, source in _rows(plugins)
        ],
        "plugins": [
            {"plugin": o.plugin, "distribution": o.distribution, "version": o.version} for o in plugins.loaded
        ],
        "broken": [
            {
                "plugin": b.origin.plugin,
                "distribution": b.origin.distribution,
                "version": b.origin.version,
                "error": b.error,
            }
            for b in plugins.broken
        ],
    }


def _rows(plugins: Plugins) -> Iterator[tuple[str, str, str, str, str]]:
    tables: dict[str, Mapping[str, Registered[Any]]] = {
        "body": plugins.bodies,
        "sensor": plugins.sensors,
        "world": plugins.worlds,
        "command": plugins.commands,
        "artist": plugins.artists,
    }
    for kind, offers in tables.items():
        for name, entry in sorted(offers.items()):
            origin = entry.origin
            yield kind, name, entry.thing.summary, origin.plugin, f"{origin.distribution} {origin.version}"


def _print(plugins: Plugins) -> None:
    console = make_console()
    table = Table("kind", "name", "what it is", "plugin", "from", box=None, pad_edge=False)
    for row in _rows(plugins):
        table.add_row(*row)
    console.print(table if table.row_count else "No plugin is installed.", markup=False)
    for broken in plugins.broken:
        console.print(f"broken: {broken.origin}: {broken.error}", markup=False, style="red")
