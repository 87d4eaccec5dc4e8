"""The tiny training that several files of tests run: a recipe of two trials, and a world of its own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

RECIPE = """
name = "tiny"
seed = 3
confirm = 0
[[trial]]
name = "rest"
world = "empty"
seconds = 3
[[trial]]
name = "front"
world = "poke.toml"
seconds = 4
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
always = true
[[pay]]
name = "withdraws"
trial = "front"
number = "withdraw"
[[stage]]
name = "wave"
genes = ["stretch/*", "muscle*"]
part = 0.5
generations = 2
population = 4
sigma = 0.1
"""
WORLD = """
kind = "arena"
[[poke]]
region = "front"
at_s = 1.5
"""


class Tiny(NamedTuple):
    """A recipe of one stage with two generations, and the world that it names, as text."""

    recipe: str
    world: str

    def write(self, folder: Path, recipe: str) -> Path:
        """`recipe`, this one or one made of it, as tiny.toml in `folder`; a world that is there stays."""
        if not (folder / "poke.toml").exists():
            (folder / "poke.toml").write_text(self.world)
        (folder / "tiny.toml").write_text(recipe)
        return folder / "tiny.toml"


@pytest.fixture(scope="session")
def tiny() -> Tiny:
    return Tiny(RECIPE, WORLD)
