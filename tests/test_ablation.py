"""What may be cut or moved, as a person writes it, and what it does to robot files and to the worm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from wormctl.ablation import move_receptors, parse_ablation, resolve, split_moves
from wormctl.binding import Bind
from wormctl.config import ConfigError
from wormctl.connectome import load_connectome
from wormctl.policy import find_policy, load_policy
from wormctl.worm.cuts import cut
from wormctl.worm.model import WormModel

C = load_connectome()


@pytest.fixture(scope="module")
def worm() -> WormModel:
    return WormModel.from_tensors(load_policy(find_policy("worm302")).tensors)


def changed(one: WormModel, other: WormModel) -> set[str]:
    fields = (field.name for field in dataclasses.fields(one))
    return {name for name in fields if not np.array_equal(getattr(one, name), getattr(other, name))}


def test_terms_are_separated_by_commas_and_groups_are_resolved() -> None:
    assert parse_ablation(" AVA>VA, premotor,AVA ,, AWA=>AWB") == [
        "AVA>VA", "AVA", "AVB", "AVD", "AVE", "PVC", "AWA=>AWB",
    ]  # fmt: skip
    assert parse_ablation(None) == []
    assert "ASE" in resolve(["chemosensory"])
    with pytest.raises(ConfigError, match="premotor"):
        parse_ablation(" , ")


def test_a_synapse_is_cut_in_its_direction_only(worm: WormModel) -> None:
    other = cut(worm, C, ["AVA>VA"])
    assert changed(worm, other) == {"chem_w"}
    gone = np.flatnonzero(other.chem_w != worm.chem_w)
    assert gone.size
    assert {C.classes[i] for i in worm.chem_pre[gone]} == {"AVA"}
    assert {C.classes[i] for i in worm.chem_post[gone]} == {"VA"}
    assert not other.chem_w[gone].any()
    back = worm.synapses(C.select(["VA"]), C.select(["AVA"]))
    assert back.any()
    np.testing.assert_array_equal(other.chem_w[back], worm.chem_w[back])


def test_a_gap_junction_is_cut_either_way_round(worm: WormModel) -> None:
    one, other = cut(worm, C, ["AVA~VA"]), cut(worm, C, ["VA~AVA"])
    assert changed(worm, one) == {"gap_g"}
    assert not changed(one, other)
    assert cut(worm, C, ["gaps"]).gap_g.any() is np.False_
    assert changed(worm, cut(worm, C, ["gaps"])) == {"gap_g"}


def test_senses_and_stretch_go_as_a_whole(worm: WormModel) -> None:
    blind, numb = cut(worm, C, ["senses"]), cut(worm, C, ["stretch"])
    assert changed(worm, blind) == {"receptor_gain"}
    assert changed(worm, numb) == {"stretch_gain"}
    assert not blind.receptor_gain.any()
    assert not numb.stretch_gain.any()
    assert changed(worm, cut(worm, C, ["senses", "stretch"])) == {"receptor_gain", "stretch_gain"}


def test_weights_are_dealt_out_anew_before_anything_is_cut(worm: WormModel) -> None:
    one, other = cut(worm, C, ["weights:1"]), cut(worm, C, ["weights:2"])
    for dealt in (one, other):
        assert changed(worm, dealt) == {"chem_w", "gap_g"}
        np.testing.assert_array_equal(np.sort(dealt.chem_w), np.sort(worm.chem_w))
        np.testing.assert_array_equal(np.sort(dealt.gap_g), np.sort(worm.gap_g))
    assert changed(one, other) == {"chem_w", "gap_g"}
    assert not changed(one, cut(worm, C, ["weights: 1"]))
    assert not changed(cut(worm, C, ["AVA>VA", "weights:1"]), cut(one, C, ["AVA>VA"]))


def test_a_cell_may_stand_for_a_class_and_terms_add_up(worm: WormModel) -> None:
    pair = cut(worm, C, ["AVAL>VA8"])
    assert 0 < np.count_nonzero(pair.chem_w != worm.chem_w) <= 1
    both = cut(worm, C, ["AVA>VA", "AIY", "AVA~VA"])
    assert {"chem_w", "gap_g"} <= changed(worm, both)
    assert not changed(both, cut(cut(worm, C, ["AIY"]), C, ["AVA~VA", "AVA>VA"]))
    assert not changed(worm, cut(worm, C, []))


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("AVQ", "'AVQ' is no neuron"),
        ("AVA>AVQ", "'AVA>AVQ': 'AVQ' is no neuron or neuron class, did you mean"),
        ("PLM~", "'PLM~': must name a cell or a class on each side"),
        ("AVA>VA>DA", "must name a cell or a class on each side of one '>'"),
        ("VD>ASE", "there is no chemical synapse from VD to ASE (gap junctions are written VD~ASE)"),
        ("VD~ASE", "there is no gap junction between VD and ASE"),
        ("weights", "'weights': must be weights: and a seed, a whole number from 0 to 4294967295"),
        ("weights:-1", "'weights:-1': must be weights: and a seed"),
    ],
)
def test_what_cannot_be_cut_is_one_line(worm: WormModel, term: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        cut(worm, C, [term])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_moved_receptor_moves_what_is_bound_to_it() -> None:
    binds = [
        Bind(channel="odour.diacetyl", to=["AWAL", "AWAR"], gain=2.0),
        Bind(channel="odour.food", to=["ASEL"]),
    ]
    moves, rest = split_moves(["ASE", "AWA => AWB"])
    assert rest == ["ASE"]
    moved = move_receptors(binds, moves, "mine.toml")
    assert moved == (Bind(channel="odour.diacetyl", to=["AWBL", "AWBR"], gain=2.0), binds[1])


@pytest.mark.parametrize(
    ("term", "said"),
    [
        ("AWC=>AWB", "'AWC=>AWB': mine.toml binds nothing to AWCL or AWCR"),
        ("AWA=>AVM", "'AWA=>AVM': AWA is 2 and AVM is 1 cells: must be as many"),
        ("AWA=>AWX", "'AWX' is no neuron"),
    ],
)
def test_a_receptor_that_cannot_be_moved_is_one_line(term: str, said: str) -> None:
    binds = [Bind(channel="odour.diacetyl", to=["AWAL", "AWAR"])]
    with pytest.raises(ConfigError, match=said):
        move_receptors(binds, split_moves([term])[0], "mine.toml")
