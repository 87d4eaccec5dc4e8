"""A training recipe: stages, budgets and seed, read from a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wormctl.config import ConfigError, load_toml
from wormctl_train.strategy import Es

LEAST_SEED, MOST_SEED = 1, 2**31
"""The strategy takes a seed of 0 for none at all."""
SHIPPED = Path(__file__).parent / "recipes"


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stretch of evolution. It starts from the mean that the stage before ended with."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    score: Literal["wave", "crawl", "steer", "food", "forage"]
    genes: Literal["crawl", "all"]
    """Which genes may move; the others stay where they are."""
    generations: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    population: Annotated[int, msgspec.Meta(ge=4, le=10_000)]
    sigma: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)]
    """The first step (`cma`), or the step of all candidates (`es`), in genome units."""
    strategy: Literal["cma", "es"] = "cma"
    """See `wormctl_train.strategy`."""
    es: Es | None = None
    """The settings of `es`, where they are not the usual ones."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a training run gives, but the version of the code."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9_-]{1,40}$")]
    seed: Annotated[int, msgspec.Meta(ge=LEAST_SEED, le=MOST_SEED)]
    by: Annotated[str, msgspec.Meta(max_length=100)] = ""
    """Whose policy it is, to be kept in it."""
    confirm: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 40
    """Lives to try the policy in at the end, in each body, with and without smell."""
    stage: Annotated[list[Stage], msgspec.Meta(min_length=1)]


def load_recipe(name_or_path: str) -> Recipe:
    """A shipped recipe by name, or one from a file."""
    shipped = SHIPPED / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
        raise ConfigError(
            f"{name_or_path}: no such recipe; there are {known}, or give the path of a TOML file"
        )
    recipe = load_toml(path, Recipe)
    names = [stage.name for stage in recipe.stage]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ConfigError(f"{path}: $.stage[{i}].name = {name!r}: every stage needs a name of its own")
    for i, stage in enumerate(recipe.stage):
        if stage.strategy == "es" and stage.population % 2:
            raise ConfigError(
                f"{path}: $.stage[{i}].population = {stage.population}: must be even where the strategy is es, "
                "whose candidates come in pairs"
            )
        if stage.strategy != "es" and stage.es is not None:
            raise ConfigError(
                f"{path}: $.stage[{i}].es: is for the strategy es, and this one is {stage.strategy}"
            )
    return recipe
