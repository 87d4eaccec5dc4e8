"""Reading a TOML file into a typed value, with one-line errors: file, field path, value, what is allowed.

Every file a user writes is read here; nothing else parses TOML.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import msgspec.inspect

from wormctl.names import instead

T = TypeVar("T")
Where = str | Callable[[str], str]
"""What a person wrote: the name of a file or the like, or what says where in which file a path stands."""

DEEPEST = 32
"""How deep tables and lists may stand in one another: whatever reads them calls itself for each."""

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)
_UNKNOWN_NAME = re.compile(r"^(?:Object contains unknown field `|Invalid enum value '?)(?P<name>[^`']*)")
_INDEX = re.compile(r"\[[^]]*\]")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


class ConfigError(ValueError):
    """Something a user wrote is wrong. The message is one line that says where, what, and what is allowed."""


def read_toml(path: Path) -> dict[str, Any]:
    """The raw contents of the TOML file at `path`, at most `DEEPEST` deep, or a `ConfigError` that names it."""
    what = f"tables and lists stand more than {DEEPEST} deep in one another"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ConfigError(f"{path}: {what}") from None
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    for key, value in raw.items():
        level = [value]
        for _ in range(DEEPEST):
            level = [inner for outer in level for inner in _within(outer)]
        if level:
            raise ConfigError(f"{path}: $.{key}: {what}")
    return raw


def _within(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def place(where: Where, path: str) -> str:
    """How a message says where `path` stands."""
    return f"{where}: {path}" if isinstance(where, str) else where(path)


def convert(
    raw: object, kind: type[T], *, where: Where, under: str = "$", options: Mapping[str, str] | None = None
) -> T:
    """`raw` as a `kind`, or a `ConfigError` that names `where`, the field path (below `under`) and the value.

    A field that came from the command line is called by its option instead: `options` maps field paths, without
    indices, to options (`{"$.outputs.joint": "--moves"}`). No file has a use for nan or inf, and they would pass
    every range: they are refused everywhere.
    """

    def at(path: str) -> str:
        full = under + path[1:]
        return (options or {}).get(_INDEX.sub("", full)) or place(where, full)

    if (bad := _not_finite(raw, "$")) is not None:
        raise ConfigError(f"{at(bad[0])} = {bad[1]}: Expected a finite number")
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _PATH.match(str(error))
        what, path = (found["what"], found["path"] or "$") if found else (str(error), "$")
        value = _value_at(raw, path)
        shown = "" if isinstance(value, (Mapping, _Missing)) else f" = {_show(value)}"
        allowed = _allowed(kind, path, what)
        raise ConfigError(f"{at(path)}{shown}: {what}{allowed}") from None


def load_toml(path: Path, kind: type[T]) -> T:
    """The TOML file at `path` as a `kind`."""
    return convert(read_toml(path), kind, where=str(path))


def _not_finite(raw: object, path: str) -> tuple[str, float] | None:
    """The path and value of the first number in `raw` that is not finite."""
    if isinstance(raw, float) and not math.isfinite(raw):
        return path, raw
    items: Iterable[tuple[str, object]] = ()
    if isinstance(raw, Mapping):
        items = ((f"{path}.{key}", value) for key, value in raw.items())
    elif isinstance(raw, list):
        items = ((f"{path}[{i}]", value) for i, value in enumerate(raw))
    return next((bad for where, value in items if (bad := _not_finite(value, where))), None)


def _allowed(kind: type, path: str, what: str) -> str:
    """What could stand there instead of a name that msgspec does not know, as the end of a sentence."""
    if (found := _UNKNOWN_NAME.match(what)) is None:
        return ""
    names = _names_at(msgspec.inspect.type_info(kind), path)
    return instead(found["name"], names, "allowed") if names else ""


def _names_at(info: msgspec.inspect.Type, path: str) -> list[str]:
    """The names that the type at `path` below `info` allows: fields of a struct, values of an enumeration."""
    wanted = [info]
    for field, _ in _STEP.findall(path):
        wanted = [inner for outer in _alternatives(wanted) for inner in _inside(outer, field)]
    names: list[str] = []
    for found in _alternatives(wanted):
        if isinstance(found, msgspec.inspect.StructType):
            names += [f.encode_name for f in found.fields]
        elif isinstance(found, msgspec.inspect.EnumType):
            names += [str(member.value) for member in found.cls]
        elif isinstance(found, msgspec.inspect.LiteralType):
            names += [str(value) for value in found.values]
    return names


def _alternatives(infos: list[msgspec.inspect.Type]) -> list[msgspec.inspect.Type]:
    """`infos` without annotations and with unions taken apart."""
    flat: list[msgspec.inspect.Type] = []
    for info in infos:
        if isinstance(info, msgspec.inspect.Metadata):
            flat += _alternatives([info.type])
        elif isinstance(info, msgspec.inspect.UnionType):
            flat += _alternatives(list(info.types))
        else:
            flat.append(info)
    return flat


def _inside(info: msgspec.inspect.Type, field: str) -> list[msgspec.inspect.Type]:
    """The types one step below `info`: of its `field`, or of its items where `field` is empty."""
    if isinstance(info, msgspec.inspect.StructType):
        return [f.type for f in info.fields if f.encode_name == field]
    if isinstance(info, msgspec.inspect.DictType):
        return [info.value_type]
    if isinstance(info, (msgspec.inspect.ListType, msgspec.inspect.VarTupleType)):
        return [info.item_type]
    if isinstance(info, msgspec.inspect.TupleType):
        return list(info.item_types)
    return []


class _Missing:
    """Stands for a value that could not be found."""


def _value_at(raw: object, path: str) -> object:
    value = raw
    for name, index in _STEP.findall(path):
        try:
            if name:
                value = value[name]  # type: ignore[index]
            elif index:
                value = value[int(index)]  # type: ignore[index]
            else:
                return _Missing()
        except (KeyError, IndexError, TypeError):
            return _Missing()
    return value


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
