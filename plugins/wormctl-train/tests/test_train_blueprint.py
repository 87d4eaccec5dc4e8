"""Blueprints: what is assumed and what may evolve, and a wrong line in one is named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_train.blueprint import Blueprint, Gene, load_blueprint

from wormctl.config import ConfigError

TEXT = """
summary = "small"
[groups]
SMD = ["SMDD", "SMDV"]
[[sign]]
synapse = "AVB>AVA"
sign = -1
why = "assumed"
[assumed]
"slope" = 8.0
[evolved]
"synapse" = { start = 0.2, low = 0.05, high = 0.4, step = 0.5 }
"rest/AVB" = { start = 2.0, low = -1.0, high = 4.0, step = 0.7, linear = true }
"rest/AVA" = { start = -2.0, low = -4.0, high = 0.0, linear = true }
"""
finite = st.floats(-1e6, 1e6)


def load(folder: Path, text: str = TEXT) -> Blueprint:
    (folder / "b.toml").write_text(text)
    return load_blueprint("b.toml", folder)


def test_what_stands_in_the_file_is_read_in_its_order(tmp_path: Path) -> None:
    blueprint = load(tmp_path)
    assert list(blueprint.genes) == ["synapse", "rest/AVB", "rest/AVA"]
    assert blueprint.groups == {"SMD": ("SMDD", "SMDV")}
    assert [(sign.synapse, sign.sign, sign.why) for sign in blueprint.signs] == [("AVB>AVA", -1, "assumed")]
    start = {"slope": 8.0, "synapse": 0.2, "rest/AVB": 2.0, "rest/AVA": -2.0}
    assert blueprint.values(np.zeros(3)) == start


def test_a_step_multiplies_or_adds(tmp_path: Path) -> None:
    values = load(tmp_path).values(np.array([1.0, -1.0, 0.5]))
    assert values["synapse"] == pytest.approx(0.2 * math.exp(0.5))
    assert values["rest/AVB"] == pytest.approx(2.0 - 0.7)
    assert values["rest/AVA"] == pytest.approx(-1.5)


def test_values_go_back_to_their_genome_and_new_genes_are_at_their_start(tmp_path: Path) -> None:
    blueprint = load(tmp_path)
    genome = np.array([-0.7, 1.1, 0.0])
    values = blueprint.values(genome)
    np.testing.assert_allclose(blueprint.genome(values), genome, atol=1e-12)
    del values["rest/AVB"]
    np.testing.assert_allclose(blueprint.genome(values), [-0.7, 0.0, 0.0], atol=1e-12)


@given(
    ends=st.tuples(st.floats(1e-3, 10.0), st.floats(1.1, 100.0)),
    share=st.floats(0.0, 1.0),
    step=st.floats(0.05, 2.0),
    linear=st.booleans(),
    x=finite,
    value=finite,
)
def test_a_gene_keeps_to_its_bounds_and_its_coordinate_is_its_value(
    ends: tuple[float, float], share: float, step: float, linear: bool, x: float, value: float
) -> None:
    low, high = ends[0], ends[0] * ends[1]
    start = min(max(low + share * (high - low), low), high)
    gene = Gene(start=start, low=low, high=high, step=step, linear=linear)
    assert gene.value(0.0) == pytest.approx(start)
    found = gene.value(x)
    assert low <= found <= high
    assert gene.value(gene.coordinate(found)) == pytest.approx(found)
    least, most = gene.reach
    assert least <= gene.coordinate(value) <= most
    assert gene.coordinate(found) == pytest.approx(min(max(x, least), most), abs=1e-6)
    assert [gene.value(least), gene.value(most)] == pytest.approx([low, high])


def test_bounds_are_where_values_end(tmp_path: Path) -> None:
    blueprint = load(tmp_path)
    low, high = blueprint.bounds()
    assert blueprint.values(low)["rest/AVA"] == pytest.approx(-4.0)
    assert blueprint.values(high)["synapse"] == pytest.approx(0.4)
    assert blueprint.values(high + 5.0) == blueprint.values(high)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [(["*"], [0, 1, 2]), (["rest/*"], [1, 2]), (["rest/AV[A]", "syn*"], [0, 2]), (["rest/AVB"] * 2, [1])],
)
def test_genes_are_chosen_by_patterns(tmp_path: Path, patterns: list[str], chosen: list[int]) -> None:
    assert load(tmp_path).chosen(patterns, "here").tolist() == chosen


def test_a_pattern_that_fits_no_gene_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^here\[1\] = 'rest/AVC': no such gene, did you mean 'rest/AVB'"):
        load(tmp_path).chosen(["*", "rest/AVC"], "here")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("low = 0.05", "low = 0.3", "$.evolved.synapse"),
        ("start = 0.2", "start = 0.5", "must lie within low = 0.05 and high = 0.4"),
        ("high = 0.4", "high = 0.05", "$.evolved.synapse"),
        ("low = 0.05", "low = 0.0", "low = 0 must be greater than 0, or linear = true"),
        ("step = 0.5", "step = 0.0", "$.evolved.synapse.step"),
        ("step = 0.5", "stop = 0.5", "stop"),
        ("start = 0.2", "start = inf", "$.evolved.synapse.start"),
        ("sign = -1", "sign = 0", "$.sign[0].sign"),
        ('why = "assumed"', 'why = ""', "$.sign[0].why"),
        ('"AVB>AVA"', '"AVB~AVA"', "$.sign[0].synapse"),
        ('"slope" = 8.0', '"slope" = "8"', "$.assumed.slope"),
        ('"slope" = 8.0', '"synapse" = 8.0', "$.assumed.synapse: stands in [evolved] too"),
        ("[evolved]", "[evolving]", "evolving"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, TEXT.replace(old, new, 1))
    assert told in str(caught.value)
    assert str(tmp_path / "b.toml") in str(caught.value)


def test_a_blueprint_that_is_not_there_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such blueprint, did you mean 'worm302'"):
        load_blueprint("wurm302", tmp_path)


def test_another_file_has_another_digest(tmp_path: Path) -> None:
    one = load(tmp_path).digest
    assert load(tmp_path).digest == one
    assert load(tmp_path, TEXT + "\n").digest != one
