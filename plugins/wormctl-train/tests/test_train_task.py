"""A task before it begins: whatever its files cannot mean together is refused, and files beside it are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wormctl_train.recipe import load_recipe
from wormctl_train.scoring import Bench, Scorer

from wormctl.config import ConfigError
from wormctl.robot import shipped_robots

RECIPE = """
name = "tiny"
seed = 3
robot = "own_robot.toml"
[[trial]]
name = "front"
world = "own_world.toml"
seconds = 3
ablate = ["AVA"]
[[pay]]
name = "withdraws"
trial = "front"
number = "withdraw"
[[stage]]
name = "one"
genes = ["rest/*"]
generations = 2
population = 4
sigma = 0.1
"""
WORLD = """
kind = "arena"
[[poke]]
region = "front"
at_s = 1.0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own_world.toml").write_text(WORLD)
    (tmp_path / "own_robot.toml").write_text(shipped_robots()["worm"].read_text())
    return tmp_path


def bench(folder: Path, old: str = "", new: str = "") -> Bench:
    assert old in RECIPE
    (folder / "r.toml").write_text(RECIPE.replace(old, new, 1))
    return Bench(load_recipe(str(folder / "r.toml")))


def test_files_beside_the_recipe_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench(folder)
    assert made.courses["front"].arena.pokes[0, 1] == 1.0
    stage = made.recipe.stage[0]
    names = list(made.blueprint.genes)
    assert {names[i].partition("/")[0] for i in made.free_genes(stage)} == {"rest"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"own_world.toml"', '"other.toml"', r"\$\.trial\[0\]\.world: .*other\.toml: no such file"),
        (
            '"own_world.toml"',
            '"empty"',
            r"\$\.pay\[0\]\.number = 'withdraw': the world of trial 'front' has no pokes",
        ),
        (
            '"withdraw"\n',
            '"climb"\n',
            r"\$\.pay\[0\]\.number = 'climb': the world of trial 'front' has no foods",
        ),
        ('"withdraw"\n', '"poison_m"\n', r"'poison_m': the world of trial 'front' has no poisons"),
        ('["AVA"]', '["AVZ"]', r"\$\.trial\[0\]\.ablate: 'AVZ' is no neuron"),
        ('["rest/*"]', '["rests/*"]', r"\$\.stage 'one': genes\[0\] = 'rests/\*': no such gene"),
        ("seed = 3", 'seed = 3\nblueprint = "none"', "no such blueprint"),
        ('"own_robot.toml"', '"wurm"', "no such robot"),
    ],
)
def test_what_the_files_cannot_mean_is_refused_before_anything_runs(
    folder: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        bench(folder, old, new)


def test_its_digest_is_of_every_file_that_it_names(folder: Path) -> None:
    digests = {bench(folder).digest}
    assert bench(folder).digest in digests
    for name in ("own_world.toml", "own_robot.toml"):
        file = folder / name
        text = file.read_text()
        file.write_text(
            text.replace("at_s = 1.0", "at_s = 1.5").replace('to = ["PLML", "PLMR"]', 'to = ["PLML"]', 1)
        )
        digests.add(bench(folder).digest)
        file.write_text(text)
    assert len(digests) == 3


def test_only_free_genes_move_and_a_score_is_the_same_in_any_bench(folder: Path) -> None:
    made = bench(folder)
    base = np.full(len(made.blueprint.genes), 0.05)
    scorer = Scorer.of(load_recipe(str(folder / "r.toml")), 0, base)
    free = scorer.free
    moved = scorer.whole(np.full(free.size, -0.2))
    assert set(moved[free]) == {-0.2}
    assert set(np.delete(moved, free)) == {0.05}
    low, high = scorer.bounds
    assert low.size == high.size == free.size
    scores = scorer([np.zeros(free.size), np.full(free.size, 0.1)], 1)
    assert scores[0] != scores[1]
    assert made.pay(made.recipe.stage[0], scorer.whole(np.full(free.size, 0.1)), 1).score == scores[1]
