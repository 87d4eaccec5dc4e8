"""Recipes: the shipped one loads, and a wrong field is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from wormctl_train.recipe import load_recipe

from wormctl.config import ConfigError

GOOD = """
name = "mine"
seed = 1
[[stage]]
name = "crawl"
score = "crawl"
genes = "crawl"
generations = 5
population = 8
sigma = 0.3
"""
ES = 'sigma = 0.3\nstrategy = "es"'


def test_the_shipped_recipe_loads() -> None:
    recipe = load_recipe("worm302")
    assert [stage.name for stage in recipe.stage] == ["wave", "crawl", "steer", "forage"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('name = "mine"', 'name = "Not a name!"', "$.name"),
        ("seed = 1", "seed = 0", "$.seed"),
        ('score = "crawl"', 'score = "win"', "$.stage[0].score"),
        ('genes = "crawl"', 'genes = "none"', "$.stage[0].genes"),
        ("generations = 5", "generations = 0", "$.stage[0].generations"),
        ("population = 8", "population = 1", "$.stage[0].population"),
        ("sigma = 0.3", "sigma = -1", "$.stage[0].sigma"),
        ("sigma = 0.3", "sigma = nan", "$.stage[0].sigma"),
        ("sigma = 0.3", "sigma = 0.3\nsgima = 1", "sgima"),
        ("sigma = 0.3", 'sigma = 0.3\nstrategy = "ga"', "$.stage[0].strategy"),
        ("sigma = 0.3", "sigma = 0.3\nes = {}", "$.stage[0].es"),
        ("sigma = 0.3", f"{ES}\nes = {{ learning_rate = 0.0 }}", "$.stage[0].es.learning_rate"),
        ("sigma = 0.3", f"{ES}\nes = {{ optimizer = 'sgd' }}", "$.stage[0].es.optimizer"),
        ("sigma = 0.3", f"{ES}\nes = {{ momentum = 1.0 }}", "$.stage[0].es.momentum"),
        ("population = 8\nsigma = 0.3", f"population = 9\n{ES}", "$.stage[0].population = 9: must be even"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, path: str) -> None:
    file = tmp_path / "r.toml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_recipe(str(file))
    assert path in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_stage_name_may_stand_once(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(GOOD + GOOD[GOOD.index("[[stage]]") :])
    with pytest.raises(ConfigError, match=r"stage\[1\]\.name"):
        load_recipe(str(file))


def test_an_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match="worm302"):
        load_recipe("wurm302")
