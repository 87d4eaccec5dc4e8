"""A whole plugin against the contract: an installed one by name, a single file, or the folder of a package."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple

from wormctl.config import ConfigError, read_toml
from wormctl.device import DeviceError
from wormctl.layers import Settings
from wormctl.names import unknown
from wormctl.plugins import GROUP, load_file, load_plugins
from wormctl.testing.checks import ConformanceError
from wormctl.testing.contract import Rule
from wormctl.testing.kit import checks_of

_IMPORT_S = 60.0


class Finding(NamedTuple):
    """What came of one thing that a plugin offers."""

    kind: str
    name: str
    rule: Rule | None
    """The line that it breaks."""
    told: str
    """How it breaks it; or why it could not be checked here; empty if it passes."""


class Target(NamedTuple):
    """Where the code of a plugin is."""

    module: str
    file: Path | None = None
    """Of a single-file plugin."""
    folder: Path | None = None
    """To be looked for modules in, of a package that is not installed."""


def find_target(what: str) -> list[Target]:
    """The plugins called `what`, or at that path. Raises `ConfigError` if there is none."""
    path = Path(what)
    if path.suffix == ".py":
        if not path.is_file():
            raise ConfigError(f"{what}: no such file")
        return [Target(path.stem, file=path)]
    if path.is_dir():
        return _package(path)
    entries = list(entry_points(group=GROUP))
    found = [entry for entry in entries if what in (entry.name, _distribution(entry))]
    if not found:
        offers = {
            thing.thing.name: thing.origin
            for table in load_plugins(warn=lambda line: None).tables.values()
            for thing in table.values()
        }
        if (origin := offers.get(what)) is not None:
            found = [e for e in entries if (e.name, _distribution(e)) == (origin.plugin, origin.distribution)]
        else:
            known = {entry.name for entry in entries} | set(offers)
            raise ConfigError(
                f"{what}: {unknown('plugin', what, known)}, or name a .py file or the folder of a package"
            )
    return [Target(entry.module) for entry in found]


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else ""


def _package(folder: Path) -> list[Target]:
    project = read_toml(folder / "pyproject.toml").get("project", {})
    entries = project.get("entry-points", {}).get(GROUP, {}) if isinstance(project, dict) else {}
    if not entries:
        raise ConfigError(f"{folder / 'pyproject.toml'}: $.project.entry-points.{GROUP}: names no plugin")
    source = folder / "src" if (folder / "src").is_dir() else folder
    return [Target(str(value).partition(":")[0], folder=source) for value in entries.values()]


def examine(target: Target, settings: Settings | None = None) -> Iterator[Finding]:
    """What comes of each thing it offers, its import first. `settings`: for what has a setting of that name."""
    if (how := _import_elsewhere(target)) is not None:
        yield Finding("plugin", target.module, Rule.IMPORT, how)
        return
    if target.folder is not None and str(target.folder) not in sys.path:
        sys.path.insert(0, str(target.folder.resolve()))
    try:
        plugin = load_file(target.file) if target.file is not None else importlib.import_module(target.module)
        checks = checks_of(plugin, settings=settings)
    except ConformanceError as error:
        yield Finding("plugin", target.module, error.rule, str(error))
        return
    yield Finding("plugin", target.module, None, "")
    for check in checks:
        try:
            check.run()
        except ConformanceError as error:
            if error.rule is Rule.SETTINGS and "there is no default" in str(error):
                yield Finding(
                    check.kind, check.name, None, f"not checked: {error.__cause__ or error}; --set gives it"
                )
            else:
                yield Finding(check.kind, check.name, error.rule, str(error))
        except DeviceError as error:
            yield Finding(check.kind, check.name, None, f"not checked: {error}")
        except ConfigError as error:
            yield Finding(check.kind, check.name, None, f"not checked: {error}")
        else:
            yield Finding(check.kind, check.name, None, "")


def _import_elsewhere(target: Target) -> str | None:
    """What importing it does that it may not, in a process of its own; None if it is sound."""
    where = str(target.file or target.module)
    folder = "" if target.folder is None else str(target.folder.resolve())
    command = [sys.executable, "-c", _WATCH, where, folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_IMPORT_S)
    except subprocess.TimeoutExpired:
        return f"its import has not ended after {_IMPORT_S:g} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"it cannot be imported: {last}"
    did = [line.removeprefix(_MARK) for line in done.stdout.splitlines() if line.startswith(_MARK)]
    return f"importing it does I/O: {', '.join(dict.fromkeys(did))}" if did else None


_MARK = "wormctl-import: "
_WATCH = f"""
import os, sys

import wormctl.testing.kit  # what is imported anyway is not its doing
import wormctl.plugins

seen = []
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random")


def watch(event, args):
    if event in FORBIDDEN:
        seen.append(event)
    elif event == "open" and isinstance(args[0], str):
        path, mode, flags = args
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        kept = path.endswith(".pyc") or "__pycache__" in path
        if (path.startswith("/dev/") and path not in HARMLESS) or (writes and not kept and path not in HARMLESS):
            seen.append(("write " if writes else "open ") + path)


where, folder = sys.argv[1:]
if folder:
    sys.path.insert(0, folder)
sys.addaudithook(watch)
if where.endswith(".py"):
    from pathlib import Path
    wormctl.plugins.load_file(Path(where))
else:
    import importlib
    importlib.import_module(where)
for event in list(seen):
    print({_MARK!r} + event)
"""
