"""What of a worm is assumed and what may evolve, read from a TOML file: values by the names of cells and classes.

Names and numbers only: `wormctl_train.express` makes a worm of them.

[groups]                                    # a word for several classes
SMD = ["SMDD", "SMDV"]

[[sign]]                                    # a synapse class whose sign is assumed
synapse = "AVB>AVA"
sign = -1
why = "..."

[assumed]                                   # values that stay
"slope" = 8.0

[evolved]                                   # values that training may change: one gene each
"synapse" = { start = 0.2, low = 0.05, high = 0.4 }
"gap/AVB~B" = { start = 12.0, low = 2.0, high = 100.0 }
"rest/AVB" = { start = 2.0, low = 0.5, high = 4.0, step = 0.7, linear = true }

A value's name is a quantity (`wormctl_train.express.QUANTITIES` lists them), alone or followed by `/` and whom it is
for: cells or classes separated by commas, `PRE>POST` for synapses, `ONE~OTHER` for gap junctions. A quantity alone
is for all. Where several values fit a cell, the later one counts; strengths of contacts multiply.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError, convert, load_toml
from wormctl.names import unknown

FloatArray = NDArray[np.float64]
T = TypeVar("T")

SHIPPED = Path(__file__).parent / "blueprints"


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A synapse class that excites (1) or inhibits (-1), whatever the data say, and why that is assumed."""

    synapse: Annotated[str, msgspec.Meta(pattern="^[^>~]+>[^>~]+$")]
    sign: Literal[1, -1]
    why: Annotated[str, msgspec.Meta(min_length=1)]


class Gene(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One unknown: a value between `low` and `high`, reached from `start` by steps.

    Coordinate x of a genome stands for start * exp(step * x), or start + step * x if `linear`, kept within bounds.
    """

    start: float
    low: float
    high: float
    step: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0
    linear: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.start <= self.high or not self.low < self.high:
            raise ValueError(
                f"start = {self.start:g} must lie within low = {self.low:g} and high = {self.high:g}"
            )
        if not self.linear and self.low <= 0.0:
            raise ValueError(f"low = {self.low:g} must be greater than 0, or linear = true")

    def value(self, x: float) -> float:
        """The value that coordinate `x` of a genome stands for."""
        low, high = self.reach
        return self._at(min(max(x, low), high))

    def coordinate(self, value: float) -> float:
        """The coordinate of `value`, brought within bounds: the inverse of `value`."""
        kept = min(max(value, self.low), self.high)
        ahead = kept - self.start if self.linear else math.log(kept / self.start)
        return ahead / self.step

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest coordinate that make a difference."""
        return self.coordinate(self.low), self.coordinate(self.high)

    def _at(self, x: float) -> float:
        value = self.start + self.step * x if self.linear else self.start * math.exp(self.step * x)
        return min(max(value, self.low), self.high)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    evolved: dict[str, Any]
    summary: str = ""
    groups: dict[str, list[str]] = {}
    sign: list[Sign] = []
    assumed: dict[str, Any] = {}


@dataclass(frozen=True)
class Blueprint:
    """A file like that, checked for what can be checked without a connectome."""

    file: Path
    summary: str
    groups: dict[str, tuple[str, ...]]
    signs: tuple[Sign, ...]
    assumed: dict[str, float]
    genes: dict[str, Gene]
    """By name, in the order of a genome."""
    digest: str
    """Of the file: tells one blueprint from another."""

    def values(self, genome: FloatArray) -> dict[str, float]:
        """Every value, assumed and evolved, by name; `genome` is (genes,)."""
        evolved = {n: g.value(float(x)) for (n, g), x in zip(self.genes.items(), genome, strict=True)}
        return self.assumed | evolved

    def genome(self, values: dict[str, float]) -> FloatArray:
        """The genome of these values; a gene without one is at its start."""
        return np.array([g.coordinate(values[n]) if n in values else 0.0 for n, g in self.genes.items()])

    def chosen(self, patterns: list[str], where: str) -> NDArray[np.intp]:
        """Indices of the genes whose names fit one of `patterns` (as in a shell: `*`, `?`, `[ab]`).

        Raises `ConfigError`, naming `where`, for a pattern that fits none.
        """
        names = list(self.genes)
        found: set[int] = set()
        for i, pattern in enumerate(patterns):
            fit = {k for k, name in enumerate(names) if fnmatchcase(name, pattern)}
            if not fit:
                raise ConfigError(f"{where}[{i}] = {pattern!r}: {unknown('gene', pattern, names)}")
            found |= fit
        return np.array(sorted(found), np.intp)

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest coordinates of all genes, each (genes,)."""
        low, high = np.array([gene.reach for gene in self.genes.values()]).T
        return low, high


def load_blueprint(name_or_path: str, folder: Path = Path()) -> Blueprint:
    """A shipped blueprint by name, or the one in a file below `folder`. Raises `ConfigError`."""
    shipped = SHIPPED / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else folder / name_or_path
    if not path.is_file():
        known = sorted(p.stem for p in SHIPPED.glob("*.toml"))
        raise ConfigError(f"{name_or_path}: {unknown('blueprint', name_or_path, known)}, or name a TOML file")
    file = load_toml(path, _File)
    twice = sorted(set(file.assumed) & set(file.evolved))
    if twice:
        raise ConfigError(f"{path}: $.assumed.{twice[0]}: stands in [evolved] too; must stand in one of them")
    return Blueprint(
        file=path,
        summary=file.summary,
        groups={name: tuple(classes) for name, classes in file.groups.items()},
        signs=tuple(file.sign),
        assumed=_each(file.assumed, float, path, "assumed"),
        genes=_each(file.evolved, Gene, path, "evolved"),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _each(table: dict[str, Any], kind: type[T], path: Path, name: str) -> dict[str, T]:
    """The entries of a table one by one: what is wrong is told by the entry's name."""
    return {key: convert(raw, kind, where=str(path), under=f"$.{name}.{key}") for key, raw in table.items()}
