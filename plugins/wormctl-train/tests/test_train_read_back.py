"""Genes read off a worm's arrays are those it was made of, whatever they were; what none can say is told."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import Blueprint, load_blueprint
from wormctl_train.express import Expression
from wormctl_train.read_back import missed, read_back, unlike
from wormctl_train.resting import resting_logits, threshold_error

from wormctl.worm.model import WormModel

FloatArray = NDArray[np.float64]

BASE = {
    "muscle": 0.1, "capacitance_s": 0.3, "rest": 0.0, "self": 0.0, "slope": 8.0, "bias": 0.0, "leak": 0.0,
    "receptor.gain": 5.0, "receptor.fast_s": 0.1, "receptor.slow_s": 3.0, "receptor.floor": 0.001,
    "receptor.top": 3.0, "muscle.tau_s": 0.2, "amplitude.head_rad": 0.6, "amplitude.tail_rad": 0.4,
}  # fmt: skip


@cache
def shipped() -> tuple[Blueprint, Expression]:
    made = load_blueprint("worm302")
    return made, Expression(made, anatomy())


def own(folder: Path, assumed: str, evolved: str) -> tuple[Blueprint, Expression]:
    lines = [f'"{name}" = {value}' for name, value in BASE.items() if f'"{name}" =' not in evolved]
    (folder / "b.toml").write_text("[assumed]\n" + "\n".join(lines) + f"\n{assumed}\n[evolved]\n{evolved}\n")
    made = load_blueprint("b.toml", folder)
    return made, Expression(made, anatomy())


def saved(model: WormModel) -> WormModel:
    """As it comes out of a policy file, in 32 bits."""
    return WormModel.from_tensors(model.tensors())


def same(one: WormModel, other: WormModel) -> None:
    for name, tensor in one.tensors().items():
        want, found = (np.asarray(values, np.float64) for values in (tensor, other.tensors()[name]))
        np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-6, err_msg=name)


def start_of(made: Blueprint) -> FloatArray:
    return np.zeros(len(made.genes))


def somewhere(made: Blueprint, seed: int) -> FloatArray:
    low, high = made.bounds()
    return np.asarray(low + (high - low) * np.random.default_rng(seed).random(len(low)))


def asked(made: Blueprint) -> FloatArray:
    """The resting logit of each cell, read off the blueprint as a person would."""
    rest = np.full(302, made.genes["rest"].start)
    for name, value in made.values(start_of(made)).items():
        if name.startswith("rest/"):
            for word in name.partition("/")[2].split(","):
                rest[anatomy().mask(*made.groups.get(word, (word,)))] = value
    return rest


@pytest.mark.parametrize("where", ["start", "low", "high", "3", "4"])
def test_every_gene_of_the_shipped_blueprint_comes_back(where: str) -> None:
    made, express = shipped()
    low, high = made.bounds()
    genome = {"start": start_of(made), "low": low, "high": high}.get(where)
    genome = somewhere(made, int(where)) if genome is None else genome
    model = saved(express(made.values(genome)))
    found = made.genome(read_back(express, model, {}))
    np.testing.assert_allclose(found, genome, atol=1e-5)
    same(model, express(made.values(found)))
    assert missed(express, made.values(found), model) == {}


def test_genes_that_cannot_be_told_apart_make_the_same_worm_within_their_bounds(tmp_path: Path) -> None:
    twins = """
"synapse" = { start = 0.2, low = 0.05, high = 0.4 }
"synapse/AVA>AVB" = { start = 2.0, low = 1.0, high = 2.5 }
"synapse/AVA>AVBL,AVBR" = { start = 3.0, low = 1.0, high = 60.0 }
"gap" = { start = 0.05, low = 0.01, high = 0.4 }
"rest/AVB" = { start = 1.0, low = 0.0, high = 4.0, linear = true }
"rest/AVBL,AVBR" = { start = 2.0, low = 0.0, high = 4.0, linear = true }
"""
    made, express = own(tmp_path, "", twins)
    values = made.values(start_of(made)) | {"synapse/AVA>AVB": 2.4, "synapse/AVA>AVBL,AVBR": 50.0}
    model = saved(express(values | {"rest/AVBL,AVBR": 1.5}))
    found = read_back(express, model, {})
    assert "rest/AVB" not in found  # the one after it holds for all of its cells
    assert 1.0 <= found["synapse/AVA>AVB"] <= 2.5
    assert found["synapse/AVA>AVB"] * found["synapse/AVA>AVBL,AVBR"] == pytest.approx(120.0, rel=1e-5)
    same(model, express(made.values(made.genome(found))))


def test_a_value_is_a_mean_geometric_where_it_is_stepped_by_factors(tmp_path: Path) -> None:
    genes = """
"synapse" = { start = 0.2, low = 0.05, high = 0.4 }
"gap" = { start = 0.05, low = 0.01, high = 0.4 }
"slope/AVA" = { start = 5.0, low = 1.0, high = 20.0 }
"bias/AVA" = { start = 0.5, low = 0.0, high = 2.0, linear = true }
"stretch" = { start = 1.0, low = 0.1, high = 4.0 }
"muscle/DB" = { start = 1.0, low = 0.1, high = 4.0 }
"""
    made, express = own(tmp_path, '"stretch/SMD" = 3.0', genes)
    model = express(made.values(start_of(made)))
    names = list(anatomy().connectome.names)
    left, right = names.index("AVAL"), names.index("AVAR")
    slope, bias, stretch = model.neuron_sigma.copy(), model.neuron_bias.copy(), model.stretch_gain.copy()
    slope[left], slope[right], bias[left], bias[right] = 4.0, 9.0, 0.2, 1.0
    stretch[np.array(anatomy().stretch_kind) != "SMD"] *= 2.0
    changed = dataclasses.replace(
        model, neuron_sigma=slope, neuron_bias=bias, stretch_gain=stretch,
        nmj_weight=np.where(anatomy().mask("DB")[model.nmj_neuron], 0.0, model.nmj_weight),
    )  # fmt: skip
    found = read_back(express, changed, {})
    assert found["slope/AVA"] == pytest.approx(6.0)
    assert found["bias/AVA"] == pytest.approx(0.6)
    assert found["stretch"] == pytest.approx(2.0)
    assert found["muscle/DB"] == 0.0  # cut
    lacking = missed(express, made.values(made.genome(found)), changed)
    assert {"neuron.sigma", "neuron.bias", "nmj.weight", "neuron.mu"} == set(lacking)
    off = np.hypot(6.0 - 4.0, 9.0 - 6.0) / np.linalg.norm(slope)
    assert lacking["neuron.sigma"] == pytest.approx(off, rel=1e-4)


def test_genes_that_are_kept_stay_and_the_others_are_read_beside_them() -> None:
    made, express = shipped()
    genome = somewhere(made, 5)
    values = made.values(genome)
    kept = {name: values[name] for name in list(made.genes)[::2]}
    found = read_back(express, saved(express(values)), kept)
    assert {name: found[name] for name in kept} == kept
    np.testing.assert_allclose(made.genome(found), genome, atol=1e-5)


def test_synapses_without_a_common_factor_are_fitted_in_their_logarithm_and_the_rest_is_told() -> None:
    made, express = shipped()
    model = express(made.values(start_of(made)))
    rng = np.random.default_rng(1)
    factor = np.exp(0.3 * rng.standard_normal(model.chem_w.size))
    factor[::50] = 0.0
    changed = dataclasses.replace(model, chem_w=model.chem_w * factor)
    found = read_back(express, changed, {})
    assert found["synapse"] == pytest.approx(made.genes["synapse"].start, rel=0.05)
    lacking = missed(express, made.values(made.genome(found)), changed)
    assert 0.2 < lacking["chem.w"] < 0.5
    assert "gap.g" not in lacking


def test_thresholds_that_no_blueprint_places_still_tell_where_neurons_rest() -> None:
    made, express = shipped()
    model = express(made.values(start_of(made)))
    near = asked(made)
    assert threshold_error(model, near) < 1e-9
    mu = model.neuron_mu + 0.02 * np.random.default_rng(2).standard_normal(302)
    moved = dataclasses.replace(model, neuron_mu=mu)
    assert threshold_error(moved, near) > 0.02
    assert threshold_error(moved, resting_logits(moved, near)) < 1e-9


def test_an_array_of_another_body_is_named_and_a_shuffled_wiring_can_be_read() -> None:
    made, express = shipped()
    model = express(made.values(start_of(made)))
    assert unlike(express, model) is None
    moved = dataclasses.replace(model, stretch_joint=model.stretch_joint[::-1].copy())
    assert unlike(express, moved) == "stretch.joint"
    assert unlike(express, dataclasses.replace(model, gap_g=model.gap_g[1:])) == "gap.g"
    genome = somewhere(made, 6)
    shuffled = saved(Expression(made, anatomy(shuffle=3))(made.values(genome)))
    assert unlike(express, shuffled) is None
    found = made.genome(read_back(express, shuffled, {}))
    np.testing.assert_allclose(found, genome, atol=1e-5)
    assert {"chem.post", "gap.a", "gap.b"} <= set(missed(express, made.values(found), shuffled))
