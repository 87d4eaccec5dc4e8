"""The policy file that training makes: it says where every number comes from, and holds the genes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from wormctl_train.blueprint import load_blueprint
from wormctl_train.make import make_policy
from wormctl_train.recipe import Task, load_recipe

from wormctl.policy import Origin, load_policy, save_policy

RECIPE = """
name = "tiny"
seed = 3
by = "a tester"
[[trial]]
name = "rest"
world = "empty"
seconds = 3
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
[[stage]]
name = "one"
generations = 2
population = 4
sigma = 0.1
"""
BLUEPRINT = load_blueprint("worm302")
GENES = len(BLUEPRINT.genes)


def task(folder: Path) -> Task:
    (folder / "r.toml").write_text(RECIPE)
    return load_recipe(str(folder / "r.toml"))


def somewhere() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low, high = BLUEPRINT.bounds()
    return np.asarray(low + (high - low) * np.random.default_rng(3).random(GENES))


def test_it_says_whose_it_is_and_how_it_was_made(tmp_path: Path) -> None:
    genome = somewhere()
    meta, tensors = make_policy(task(tmp_path), genome, "wormctl train r.toml", 8, {"planar.reached": 1.0})
    save_policy(tmp_path / "p.safetensors", meta, tensors)
    made = load_policy(tmp_path / "p.safetensors").meta.made
    assert (made.command, made.seed, made.evaluations, made.by) == ("wormctl train r.toml", 3, 8, "a tester")
    assert made.scores == {"planar.reached": 1.0}
    values = BLUEPRINT.values(genome)
    assert made.genes == pytest.approx({name: values[name] for name in BLUEPRINT.genes})
    assert f"{GENES} class-tied numbers" in made.notes


def test_what_a_policy_calls_evolved_is_what_the_genes_move(tmp_path: Path) -> None:
    meta, start = make_policy(task(tmp_path), np.zeros(GENES), "", 1)
    told = [(name, group.origin) for group in meta.parameters for name in group.tensors]
    assert sorted(name for name, _ in told) == sorted(start)
    moved: set[str] = set()
    for end in BLUEPRINT.bounds():
        _, changed = make_policy(task(tmp_path), end, "", 1)
        moved |= {name for name in start if not np.array_equal(start[name], changed[name])}
    evolved = {name for name, origin in told if origin == Origin.EVOLVED}
    assert moved <= evolved
    # The others may move with another blueprint.
    assert evolved - moved <= {"receptor.tau_fast_s", "receptor.tau_slow_s", "receptor.floor", "neuron.bias"}
    wiring = "chem.pre chem.post gap.a gap.b nmj.neuron nmj.muscle muscle.side"
    assert {name for name, origin in told if origin == Origin.CONNECTOME} == set(wiring.split())


def test_a_policy_with_a_shuffled_wiring_says_so(tmp_path: Path) -> None:
    with (tmp_path / "more.toml").open("w") as file:
        file.write(RECIPE + "[wiring]\nshuffle = 3\n")
    control = load_recipe(str(tmp_path / "more.toml"))
    meta, tensors = make_policy(control, somewhere(), "", 1)
    true = make_policy(task(tmp_path), somewhere(), "", 1)[1]
    assert not np.array_equal(tensors["chem.post"], true["chem.post"])
    np.testing.assert_array_equal(tensors["chem.w"], true["chem.w"])
    assert "wiring shuffled with seed 3" in meta.made.notes
    origins = {name: group.origin for group in meta.parameters for name in group.tensors}
    assert {name for name, origin in origins.items() if origin == Origin.RANDOM} == {
        "chem.post", "gap.a", "gap.b"
    }  # fmt: skip
    save_policy(tmp_path / "p.safetensors", meta, tensors)
    load_policy(tmp_path / "p.safetensors").controller()
