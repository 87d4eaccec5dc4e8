"""A training recipe: what may evolve, in which trials, for what, for how long; read from a TOML file.

name = "mine"
seed = 1
blueprint = "worm302"           # a shipped one, or a file beside this one
start = "worm302"               # begin with the genes of this policy, or in the "middle" of the bounds of every gene;
                                # without it, where the blueprint starts
robot = "worm"                  # the robot file says which channel reaches which cell

[wiring]                        # a control: `wormctl.connectome.shuffle` with this seed; without it, as published
shuffle = 3

[[trial]]                       # see `wormctl_train.task`
[[pay]]

[[stage]]                       # each begins with the mean that the one before ended with
name = "crawl"
genes = ["stretch/*", "muscle*"]    # which may move: patterns as in a shell; all, unless said
pays = ["crawl"]                    # what counts; all, unless said
part = 0.5                          # of the pays that are not `always` paid, so many are drawn for each generation
generations = 100
population = 36
sigma = 0.2
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wormctl.assay.controls import TRUE
from wormctl.config import ConfigError, load_toml
from wormctl.names import unknown
from wormctl_train.payable import NUMBERS
from wormctl_train.strategy import Es
from wormctl_train.task import Pay, TrialSpec, check_pays

LEAST_SEED, MOST_SEED = 1, 2**31
"""The strategy takes a seed of 0 for none at all."""
MIDDLE = "middle"
"""The `start` that knows no more than the bounds: no policy."""
SHIPPED = Path(__file__).parent / "recipes"

Patterns = Annotated[list[str], msgspec.Meta(min_length=1)]


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stretch of evolution. It starts from the mean that the stage before ended with."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    genes: Patterns = msgspec.field(default_factory=lambda: ["*"])
    """Which genes may move; the others stay where they are."""
    pays: Patterns = msgspec.field(default_factory=lambda: ["*"])
    """What counts."""
    part: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0
    """Of the pays that do not always count, the share that does in a generation."""
    generations: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    population: Annotated[int, msgspec.Meta(ge=4, le=10_000)]
    sigma: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]
    """The first step (`cma`), or the step of all candidates (`es`), in genome units."""
    strategy: Literal["cma", "es"] = "cma"
    """See `wormctl_train.strategy`."""
    es: Es | None = None
    """The settings of `es`, where they are not the usual ones."""


class Wiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is wired to whom."""

    shuffle: Annotated[int, msgspec.Meta(ge=LEAST_SEED, le=MOST_SEED)] | None = None
    """The seed of a shuffled wiring; the published one without it."""

    @property
    def name(self) -> str:
        """For people, and for a folder."""
        return TRUE if self.shuffle is None else f"shuffle-{self.shuffle}"


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a training run gives, but the files it names and the version of the code."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,40}$")]
    seed: Annotated[int, msgspec.Meta(ge=LEAST_SEED, le=MOST_SEED)]
    by: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Whose policy it is, to be kept in it."""
    blueprint: Annotated[str, msgspec.Meta(min_length=1)] = "worm302"
    start: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    robot: Annotated[str, msgspec.Meta(min_length=1)] = "worm"
    wiring: Wiring = Wiring()
    confirm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 40
    """Lives to try the policy in at the end, in each body, with and without smell."""
    trial: Annotated[list[TrialSpec], msgspec.Meta(min_length=1)]
    pay: Annotated[list[Pay], msgspec.Meta(min_length=1)]
    stage: Annotated[list[Stage], msgspec.Meta(min_length=1)]

    def pays(self, stage: Stage) -> list[Pay]:
        """What counts in a stage, with what multiplies it, in order."""
        chosen = {pay.name for pay in self.pay if any(fnmatchcase(pay.name, p) for p in stage.pays)}
        for pay in reversed(self.pay):
            if pay.name in chosen:
                chosen.update(pay.times)
        return [pay for pay in self.pay if pay.name in chosen]


@dataclass(frozen=True)
class Task:
    """A recipe, and the folder where files that it names are looked for."""

    recipe: Recipe
    folder: Path

    def find(self, name: str) -> str:
        """The path of the file `name` beside the recipe, or else `name`: that of something shipped, or a path."""
        file = self.folder / name
        return str(file) if file.is_file() else name


def shipped_recipes() -> list[str]:
    """Names of the recipes that come with this, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_recipe(name_or_path: str) -> Task:
    """A shipped recipe by name, or one from a file. Raises `ConfigError`."""
    shipped = SHIPPED / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if not path.is_file():
        raise ConfigError(
            f"{name_or_path}: no such recipe; there are {', '.join(shipped_recipes())}, or give the path of a TOML file"
        )
    recipe = load_toml(path, Recipe)
    check_pays(recipe.trial, recipe.pay, list(NUMBERS), str(path))
    names = [stage.name for stage in recipe.stage]
    for i, stage in enumerate(recipe.stage):
        at = f"{path}: $.stage[{i}]"
        if stage.name in names[:i]:
            raise ConfigError(f"{at}.name = {stage.name!r}: every stage needs a name of its own")
        for k, pattern in enumerate(stage.pays):
            if not any(fnmatchcase(pay.name, pattern) for pay in recipe.pay):
                pays = [pay.name for pay in recipe.pay]
                raise ConfigError(f"{at}.pays[{k}] = {pattern!r}: {unknown('pay', pattern, pays)}")
        if stage.strategy == "es" and stage.population % 2:
            raise ConfigError(
                f"{at}.population = {stage.population}: must be even where the strategy is es, "
                "whose candidates come in pairs"
            )
        if stage.strategy != "es" and stage.es is not None:
            raise ConfigError(f"{at}.es: is for the strategy es, and this one is {stage.strategy}")
    return Task(recipe, path.parent)
