"""Where training begins: with kept genes as they are, with those read off the arrays, and what is said and refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import load_blueprint
from wormctl_train.express import Expression
from wormctl_train.make import make_policy
from wormctl_train.recipe import Task, load_recipe
from wormctl_train.start import Beginning
from wormctl_train.start import beginning as begin

from wormctl.config import ConfigError
from wormctl.controller import Port
from wormctl.neural.ltc import initial_params
from wormctl.neural.store import ltc_tensors
from wormctl.neural.wiring import fully_connected
from wormctl.policy import Kind, Made, Origin, Output, Parameters, PolicyMeta, save_policy

RECIPE = """
name = "tiny"
seed = 3
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
Genome = NDArray[np.float64]
Tensors = dict[str, NDArray[np.generic]]


@cache
def express() -> Expression:
    return Expression(BLUEPRINT, anatomy())


def task(folder: Path, start: str | None = None) -> Task:
    line = "" if start is None else f'start = "{start}"\n'
    (folder / "r.toml").write_text(line + RECIPE)
    return load_recipe(str(folder / "r.toml"))


def beginning(folder: Path, start: str | None = "p.safetensors") -> Beginning:
    return begin(task(folder, start), express())


def somewhere() -> Genome:
    low, high = BLUEPRINT.bounds()
    return np.asarray(low + (high - low) * np.random.default_rng(3).random(GENES))


def save(folder: Path, genome: Genome, genes: dict[str, float] | None = None) -> tuple[PolicyMeta, Tensors]:
    """The worm of `genome` as p.safetensors, with these genes kept in it; all, unless told."""
    meta, tensors = make_policy(task(folder), genome, "", 1)
    if genes is not None:
        meta = msgspec.structs.replace(meta, made=Made(command="", genes=genes))
    save_policy(folder / "p.safetensors", meta, tensors)
    return meta, tensors


def same(genome: Genome, tensors: Tensors, folder: Path) -> None:
    again = make_policy(task(folder), genome, "", 1)[1]
    for name, tensor in tensors.items():
        one, other = (np.asarray(values, np.float64) for values in (again[name], tensor))
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6, err_msg=name)


def test_it_begins_with_the_genes_that_a_policy_keeps(tmp_path: Path) -> None:
    genome = somewhere()
    _, tensors = save(tmp_path, genome)
    found = beginning(tmp_path)
    np.testing.assert_allclose(found.genome, genome, atol=1e-9)
    assert found.told == "starts from p.safetensors, all of which the blueprint can express"
    same(found.genome, tensors, tmp_path)


def test_without_a_policy_it_begins_where_the_blueprint_does(tmp_path: Path) -> None:
    found = beginning(tmp_path, None)
    assert not found.genome.any()
    assert found.told == ""


def test_the_middle_of_the_bounds_owes_nothing_to_start_values(tmp_path: Path) -> None:
    found = beginning(tmp_path, "middle")
    values = BLUEPRINT.values(found.genome)
    for name, gene in BLUEPRINT.genes.items():
        middle = (gene.low + gene.high) / 2 if gene.linear else (gene.low * gene.high) ** 0.5
        assert values[name] == pytest.approx(middle)
    assert found.told == "starts in the middle of the bounds of every gene"


def test_genes_of_a_policy_that_keeps_none_are_read_off_its_arrays(tmp_path: Path) -> None:
    genome = somewhere()
    _, tensors = save(tmp_path, genome, {})
    found = beginning(tmp_path)
    np.testing.assert_allclose(found.genome, genome, atol=1e-5)
    assert found.told == (
        f"starts from p.safetensors (genes read off its arrays: {GENES} of {GENES}), all of which the blueprint "
        "can express"
    )
    same(found.genome, tensors, tmp_path)


def test_a_gene_that_the_policy_does_not_name_is_read_beside_those_that_it_keeps(tmp_path: Path) -> None:
    values = BLUEPRINT.values(somewhere())
    genes = {name: values[name] for name in list(BLUEPRINT.genes)[1:]}
    save(tmp_path, somewhere(), genes | {"of another blueprint": 1.0})
    found = beginning(tmp_path)
    np.testing.assert_allclose(found.genome, somewhere(), atol=1e-5)
    assert f"(genes read off its arrays: 1 of {GENES})" in found.told


def test_what_the_blueprint_cannot_say_of_a_policy_is_told(tmp_path: Path) -> None:
    meta, tensors = save(tmp_path, np.zeros(GENES), {})
    sign, slope = tensors["chem.erev"].copy(), np.asarray(tensors["neuron.sigma"], np.float32).copy()
    sign[0] = -sign[0]
    slope[:151] *= 1.5
    save_policy(tmp_path / "p.safetensors", meta, tensors | {"chem.erev": sign, "neuron.sigma": slope})
    told = beginning(tmp_path).told
    assert ", of which the blueprint can express all but " in told
    assert " % of neuron.sigma" in told
    assert f"{100 * 2 / 3709**0.5:.2g} % of chem.erev" in told
    assert "gap.g" not in told


def test_kept_genes_of_another_body_are_taken_and_nothing_else_is(tmp_path: Path) -> None:
    values = BLUEPRINT.values(somewhere())
    genes = {name: values[name] for name in list(BLUEPRINT.genes)[1:]}
    for kept in (genes, {}):
        meta, tensors = save(tmp_path, somewhere(), kept)
        moved = tensors | {"stretch.joint": tensors["stretch.joint"][::-1].copy()}
        save_policy(tmp_path / "p.safetensors", meta, moved)
        if kept:
            found = beginning(tmp_path)
            assert found.genome[0] == 0.0
            np.testing.assert_allclose(found.genome[1:], somewhere()[1:], atol=1e-9)
            assert f"{GENES - 1} genes" in found.told
            assert "stretch.joint" in found.told
    with pytest.raises(
        ConfigError, match=r"^start = 'p.safetensors': this policy keeps no genes.*stretch\.joint"
    ):
        beginning(tmp_path)


def test_a_policy_of_another_kind_is_refused(tmp_path: Path) -> None:
    wiring = fully_connected(units=14, inputs=13, motors=12)
    tensors = ltc_tensors(wiring, initial_params(wiring, seed=3))
    meta = PolicyMeta(
        kind=Kind.LTC, dt_s=0.02, neurons=wiring.names, joints=12,
        inputs=(Port(name="ASEL"), Port(name="stretch", size=12, unit="rad")),
        outputs=tuple(Output(joint=j) for j in range(12)), made=Made(command="none"),
        parameters=(Parameters(tensors=tuple(tensors), origin=Origin.RANDOM),),
    )  # fmt: skip
    save_policy(tmp_path / "p.safetensors", meta, tensors)
    with pytest.raises(ConfigError, match=r"^start = 'p.safetensors': is a policy of kind ltc, and training"):
        beginning(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda names: names[:-1], "is a worm of 301 neurons, and must be one of 302"),
        (lambda names: ("X", *names[1:]), "has a neuron 'X' where {first} must be"),
    ],
)
def test_a_worm_of_other_neurons_is_refused(change, told: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    meta, tensors = save(tmp_path, np.zeros(GENES), {})
    changed = msgspec.structs.replace(meta, neurons=change(meta.neurons))
    save_policy(tmp_path / "p.safetensors", changed, tensors)
    with pytest.raises(ConfigError) as caught:
        beginning(tmp_path)
    assert str(caught.value) == "start = 'p.safetensors': " + told.format(first=meta.neurons[0])


def test_a_worm_that_lacks_an_array_is_refused(tmp_path: Path) -> None:
    meta, tensors = save(tmp_path, np.zeros(GENES), {})
    groups = tuple(
        msgspec.structs.replace(group, tensors=tuple(name for name in group.tensors if name != "gap.g"))
        for group in meta.parameters
    )
    del tensors["gap.g"]
    save_policy(tmp_path / "p.safetensors", msgspec.structs.replace(meta, parameters=groups), tensors)
    with pytest.raises(ConfigError, match=r"^start = 'p.safetensors': .*lacks gap\.g"):
        beginning(tmp_path)


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such policy, did you mean 'worm302'"):
        beginning(tmp_path, "wurm302")
