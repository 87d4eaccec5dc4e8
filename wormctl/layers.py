"""Robot files that build on one another: `extends` names the file below, and what stands above it wins.

Only TOML data here: what the keys of a robot file mean is for `wormctl.robot` to say.

- A field of the upper file takes the place of the lower one's; tables are merged field by field.
- A `[body]`, `[world]` or `[policy]` that names another `use` (or `file`) takes the whole table's place.
- A `[[sensor]]` or `[[actuator]]` changes the lower one of the same `use` and `name` (and `as`), a `[[bind]]` or
  `[[drive]]` the lower one of the same `channel`; where either file has several of them, the upper ones take the lower
  ones' place. All others are added.
- Any other list takes the place of the lower one.
- `remove = true` in a table takes the lower one out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from wormctl.config import ConfigError, read_toml

Settings = dict[str, Any]
Find = Callable[[str, Path, str], Path]
"""The file that a name means, seen from a folder; a `ConfigError` says where it was asked for."""

EXTENDS, REMOVE = "extends", "remove"
_REPLACED = {"body": ("use",), "world": ("use", "file"), "policy": ("use",)}
"""Tables that are replaced as a whole when one of these fields changes."""
_MATCHED = {
    "sensor": ("use", "name", "as"),
    "bind": ("channel",),
    "actuator": ("use", "name"),
    "drive": ("channel",),
}
"""Lists of tables that are found again by these fields."""
_FILES = (("policy",), ("description",), ("world", "file"))
"""Fields that may name a file, from the folder of the file in which they stand."""
_LAST_STEP = re.compile(r"(?:\.[^.\[]+|\[\d+\])$")


class Sources(msgspec.Struct, frozen=True):
    """Where the values of a robot stand: in `file`, except for what `places` says."""

    file: str
    places: dict[str, tuple[str, str]] = {}
    """By the path in the robot: the file, and the path in that file."""

    def __call__(self, path: str) -> str:
        """Where a person finds what is at `path`: `my_snake.toml: $.sensor[0].use`."""
        file, own = self.find(path)
        return f"{file}: {own}"

    def find(self, path: str) -> tuple[str, str]:
        """The file in which the value at `path`, or the nearest table around it, stands, and its path there."""
        known, rest = path, ""
        while known not in self.places:
            step = _LAST_STEP.search(known)
            if step is None:
                return self.file, path
            known, rest = known[: step.start()], step.group() + rest
        file, own = self.places[known]
        return file, own + rest


def read_layers(path: Path, find: Find) -> tuple[Settings, Sources]:
    """The robot file at `path` on top of what it extends, and where all of it stands. Raises `ConfigError`."""
    chain = list(_chain(path, find))
    top = str(path)
    if len(chain) == 1:
        return chain[0][1], Sources(top)
    merged: _Table = {}
    for file, raw in reversed(chain):
        high = _grown(_with_paths(raw, file.parent), str(file), "$").inside
        assert isinstance(high, dict)
        merged = _over(merged, high, top=True)
    places: dict[str, tuple[str, str]] = {}
    settings = _plain(_Node(merged, top, "$"), "$", places)
    return settings, Sources(top, places)


def _chain(path: Path, find: Find) -> Sequence[tuple[Path, Settings]]:
    """The files, uppermost first, each without its `extends`."""
    chain: list[tuple[Path, Settings]] = []
    while True:
        raw = read_toml(path)
        name, at = raw.pop(EXTENDS, None), f"{path}: $.{EXTENDS}"
        chain.append((path, raw))
        if name is None:
            return chain
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{at} = {name!r}: must name a robot or a .toml file")
        path = find(name, path.parent, at)
        if os.path.realpath(path) in {os.path.realpath(known) for known, _ in chain}:
            raise ConfigError(f"{at} = {name!r}: extends itself in the end")


def _with_paths(raw: Settings, folder: Path) -> Settings:
    """With the files that it names as absolute paths: the robot is read as if it stood in another folder."""
    out = dict(raw)
    for *tables, key in _FILES:
        inner = out
        for table in tables:
            inner[table] = dict(inner[table]) if isinstance(inner.get(table), dict) else inner.get(table, {})
            inner = inner[table] if isinstance(inner[table], dict) else {}
        name = inner.get(key)
        if isinstance(name, str) and os.path.isfile(folder / name):
            inner[key] = os.path.realpath(folder / name)
    return {key: value for key, value in out.items() if key in raw}


class _Node(NamedTuple):
    """A value, and where it stands."""

    inside: Any
    """A `_Table`, a list of nodes, or a plain value."""
    file: str
    path: str


_Table: TypeAlias = dict[str, _Node]


def _grown(raw: object, file: str, path: str) -> _Node:
    inside: object = raw
    if isinstance(raw, dict):
        inside = {key: _grown(value, file, f"{path}.{key}") for key, value in raw.items()}
    elif isinstance(raw, list):
        inside = [_grown(value, file, f"{path}[{i}]") for i, value in enumerate(raw)]
    return _Node(inside, file, path)


def _plain(node: _Node, path: str, places: dict[str, tuple[str, str]]) -> Any:
    """The value of `node`, which lies at `path`; fills `places`."""
    places[path] = node.file, node.path
    if isinstance(node.inside, dict):
        return {key: _plain(inner, f"{path}.{key}", places) for key, inner in node.inside.items()}
    if isinstance(node.inside, list):
        return [_plain(inner, f"{path}[{i}]", places) for i, inner in enumerate(node.inside)]
    return node.inside


def _over(low: _Table, high: _Table, *, top: bool = False) -> _Table:
    """`high` over `low`."""
    out = dict(low)
    for key, node in high.items():
        below = low.get(key)
        if _removes(node):
            if below is None:
                raise ConfigError(f"{node.file}: {node.path}.{REMOVE}: there is no {key} below to remove")
            del out[key]
        elif top and key in _MATCHED and isinstance(node.inside, list):
            lower = below.inside if below is not None and isinstance(below.inside, list) else []
            out[key] = node._replace(inside=_lists(lower, node.inside, key))
        elif below is not None and isinstance(below.inside, dict) and isinstance(node.inside, dict):
            changed = top and any(_differs(below, node, field) for field in _REPLACED.get(key, ()))
            out[key] = node if changed else node._replace(inside=_over(below.inside, node.inside))
        else:
            out[key] = node
    return out


def _lists(low: Sequence[_Node], high: Sequence[_Node], kind: str) -> list[_Node]:
    """The entries of `high` over those of `low`."""
    by = _MATCHED[kind]
    out: list[_Node] = []
    names = [_name(node, by) for node in high]
    for below in low:
        name = _name(below, by)
        mine = [node for node, other in zip(high, names, strict=True) if other == name]
        alone = sum(_name(node, by) == name for node in low) == 1
        if not mine:
            out.append(below)
        elif len(mine) == 1 and alone and not _removes(mine[0]):
            out.append(mine[0]._replace(inside=_over(below.inside, mine[0].inside)))
    lower = [_name(node, by) for node in low]
    for node, name in zip(high, names, strict=True):
        if _removes(node):
            if name not in lower:
                raise ConfigError(
                    f"{node.file}: {node.path}.{REMOVE}: there is no such {kind} below to remove"
                )
        elif lower.count(name) != 1 or names.count(name) != 1:
            out.append(node)
    return out


def _removes(node: _Node) -> bool:
    return isinstance(node.inside, dict) and REMOVE in node.inside and node.inside[REMOVE].inside is True


def _name(node: _Node, by: Sequence[str]) -> tuple[object, ...]:
    table = node.inside if isinstance(node.inside, dict) else {}
    return tuple(table[field].inside if field in table else None for field in by)


def _differs(low: _Node, high: _Node, field: str) -> bool:
    """Whether `high` names another one, or the same by another field."""
    return field in high.inside and (
        field not in low.inside or low.inside[field].inside != high.inside[field].inside
    )
