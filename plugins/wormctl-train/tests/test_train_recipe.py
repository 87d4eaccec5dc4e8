"""Recipes: the shipped one loads, and a wrong field is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from wormctl_train.recipe import Recipe, load_recipe, shipped_recipes
from wormctl_train.scoring import Bench

from wormctl.config import ConfigError

GOOD = """
name = "mine"
seed = 1
[[trial]]
name = "rest"
world = "empty"
seconds = 3
lives = 2
excite = { AVA = 8.0 }
vary = { mass = [0.8, 1.2], latency_s = [0.0, 0.06] }
[[trial]]
name = "food"
world = "food"
seconds = 3
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
weight = 2.0
[[pay]]
name = "speed: food"
trial = "food"
number = "speed"
over = "rest"
times = ["crawl"]
[[pay]]
name = "speed: rest"
trial = "rest"
number = "speed"
times = ["speed: food"]
[[stage]]
name = "one"
generations = 5
population = 8
sigma = 0.3
"""
ES = 'sigma = 0.3\nstrategy = "es"'


def load(folder: Path, text: str) -> Recipe:
    (folder / "r.toml").write_text(text)
    return load_recipe(str(folder / "r.toml")).recipe


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_is_in_order(name: str) -> None:
    task = load_recipe(name)
    bench = Bench(task)
    assert len(bench.courses) == len(task.recipe.trial)
    used = {pay.trial for pay in task.recipe.pay} | {pay.over for pay in task.recipe.pay}
    assert {trial.name for trial in task.recipe.trial} <= used, "a trial that pays nothing"
    assert task.recipe.by


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('name = "mine"', 'name = "Not a name!"', "$.name"),
        ("seed = 1", "seed = 0", "$.seed"),
        ("seed = 1", 'seed = 1\nblueprint = ""', "$.blueprint"),
        ("seconds = 3\nlives", "seconds = 0\nlives", "$.trial[0].seconds"),
        ("lives = 2", "lives = 0", "$.trial[0].lives"),
        ("lives = 2", "lifes = 2", "lifes"),
        ("AVA = 8.0", "AVA = 800.0", "$.trial[0].excite"),
        ("mass = [0.8, 1.2]", "mass = [0.0, 1.2]", "$.trial[0].vary.mass[0]"),
        ("mass = [0.8, 1.2]", "mass = [1.2, 0.8]", "$.trial[0].vary: mass = [1.2, 0.8]"),
        ("latency_s = [0.0, 0.06]", "latency_s = [0.0, 6.0]", "$.trial[0].vary.latency_s[1]"),
        ("vary = {", "ground = { along = 0.0 }\nvary = {", "$.trial[0].ground.along"),
        (
            'name = "food"\nworld',
            'name = "rest"\nworld',
            "$.trial[1].name = 'rest': every trial needs a name",
        ),
        ('trial = "food"', 'trial = "foot"', "$.pay[1].trial = 'foot': no such trial, did you mean 'food'"),
        ('over = "rest"', 'over = "best"', "$.pay[1].over = 'best': no such trial, did you mean 'rest'"),
        ('number = "crawl"', 'number = "crowl"', "$.pay[0].number = 'crowl': no such number, did you mean"),
        (
            'times = ["crawl"]',
            'times = ["speed: rest"]',
            "$.pay[1].times = 'speed: rest': must be a pay that stands",
        ),
        ("weight = 2.0", "low = 1.0", "$.pay[0]: low = 1 and high = 1 must differ"),
        ("weight = 2.0", "weight = nan", "$.pay[0].weight"),
        ("weight = 2.0", "malus = -0.5", "$.pay[0].malus"),
        ("weight = 2.0", 'lives = "best"', "$.pay[0].lives"),
        (
            'name = "speed: rest"',
            'name = "crawl"',
            "$.pay[2].name = 'crawl': every pay needs a name of its own",
        ),
        ("generations = 5", "generations = 0", "$.stage[0].generations"),
        ("population = 8", "population = 1", "$.stage[0].population"),
        ("sigma = 0.3", "sigma = -1", "$.stage[0].sigma"),
        ("sigma = 0.3", "sigma = nan", "$.stage[0].sigma"),
        ("sigma = 0.3", "sigma = 0.3\nsgima = 1", "sgima"),
        ("sigma = 0.3", "sigma = 0.3\npart = 0.0", "$.stage[0].part"),
        ("sigma = 0.3", "sigma = 0.3\ngenes = []", "$.stage[0].genes"),
        ("sigma = 0.3", 'sigma = 0.3\npays = ["*", "sped*"]', "$.stage[0].pays[1] = 'sped*': no such pay"),
        ("sigma = 0.3", 'sigma = 0.3\nstrategy = "ga"', "$.stage[0].strategy"),
        ("sigma = 0.3", "sigma = 0.3\nes = {}", "$.stage[0].es"),
        ("sigma = 0.3", f"{ES}\nes = {{ learning_rate = 0.0 }}", "$.stage[0].es.learning_rate"),
        ("sigma = 0.3", f"{ES}\nes = {{ optimizer = 'sgd' }}", "$.stage[0].es.optimizer"),
        ("sigma = 0.3", f"{ES}\nes = {{ momentum = 1.0 }}", "$.stage[0].es.momentum"),
        ("population = 8\nsigma = 0.3", f"population = 9\n{ES}", "$.stage[0].population = 9: must be even"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, path: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert path in str(caught.value)
    assert str(tmp_path / "r.toml") in str(caught.value)


def test_a_stage_name_may_stand_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stage\[1\]\.name"):
        load(tmp_path, GOOD + GOOD[GOOD.index("[[stage]]") :])


def test_an_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match="worm302"):
        load_recipe("wurm302")


@pytest.mark.parametrize(
    ("pays", "chosen"),
    [
        ('["*"]', ["crawl", "speed: food", "speed: rest"]),
        ('["crawl"]', ["crawl"]),
        ('["speed: food"]', ["crawl", "speed: food"]),
        ('["speed: r*"]', ["crawl", "speed: food", "speed: rest"]),
    ],
)
def test_a_stage_counts_what_it_names_and_what_multiplies_that(
    tmp_path: Path, pays: str, chosen: list[str]
) -> None:
    recipe = load(tmp_path, GOOD + f"pays = {pays}\n")
    assert [pay.name for pay in recipe.pays(recipe.stage[0])] == chosen
