"""World files: the ones shipped, by name, and anyone's, by path."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from wormctl.config import ConfigError, convert, read_toml
from wormctl.names import unknown
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import ArenaConfig

SHIPPED = Path(__file__).parent / "worlds"
KIND = "arena"


@cache
def shipped_worlds() -> dict[str, Path]:
    """Every shipped world, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_world(name_or_path: str | Path) -> Arena:
    """The shipped world of that name, or the one in the file at that path; `ConfigError` if it is wrong."""
    path = shipped_worlds().get(str(name_or_path))
    if path is None:
        path = Path(name_or_path)
        if path.suffix != ".toml" and not path.exists():
            problem = unknown("world", str(name_or_path), shipped_worlds())
            raise ConfigError(f"world {str(name_or_path)!r}: {problem} (or name a .toml file)")
    return Arena(load_arena_config(path), path.stem)


def load_arena_config(path: Path) -> ArenaConfig:
    """The contents of the world file at `path`, checked."""
    raw = read_toml(path)
    kind = raw.pop("kind", None)
    if kind != KIND:
        shown = "is missing" if kind is None else f"= {kind!r}"
        raise ConfigError(f'{path}: $.kind {shown}: must be "{KIND}"')
    return convert(raw, ArenaConfig, where=str(path))
