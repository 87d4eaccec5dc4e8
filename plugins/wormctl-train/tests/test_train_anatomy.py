"""The bare worm keeps to the published connectome: its signs, its sides, its clipped counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.anatomy import anatomy
from wormctl_train.genome import GENES, express

from wormctl.connectome import load_connectome
from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL

Mask = NDArray[np.bool_]


@pytest.fixture(scope="module")
def worm() -> WormModel:
    return express(np.zeros(len(GENES)), anatomy())


@pytest.fixture(scope="module")
def gaba() -> Mask:
    return np.array([transmitter == "GABA" for transmitter in load_connectome().transmitter])


def test_gaba_synapses_inhibit_whatever_was_published(worm: WormModel, gaba: Mask) -> None:
    c = load_connectome()
    from_gaba = gaba[c.chem_pre]
    assert set(c.chem_sign[from_gaba]) == {-1, 0, 1}
    assert set(worm.chem_erev[from_gaba]) == {-1.0}


def test_other_synapses_keep_their_published_sign(worm: WormModel, gaba: Mask) -> None:
    c = load_connectome()
    known = ~gaba[c.chem_pre] & (c.chem_sign != 0)
    assert set(c.chem_sign[known]) == {-1, 1}
    np.testing.assert_array_equal(worm.chem_pre, c.chem_pre)
    np.testing.assert_array_equal(worm.chem_post, c.chem_post)
    np.testing.assert_array_equal(worm.chem_erev[known], c.chem_sign[known])


def test_other_synapses_without_a_published_sign_excite(worm: WormModel, gaba: Mask) -> None:
    c = load_connectome()
    unknown = ~gaba[c.chem_pre] & (c.chem_sign == 0)
    assert unknown.any()
    assert set(worm.chem_erev[unknown]) == {1.0}


def test_gaba_relaxes_muscle_and_all_else_contracts_it(worm: WormModel, gaba: Mask) -> None:
    np.testing.assert_array_equal(worm.nmj_weight < 0.0, gaba[worm.nmj_neuron])
    assert (worm.nmj_weight != 0.0).all()
    names = load_connectome().names
    relaxing = {names[i][:2] for i in worm.nmj_neuron[worm.nmj_weight < 0.0]}
    assert relaxing >= {"DD", "VD"}
    assert relaxing.isdisjoint({"DA", "DB", "VA", "VB"})


def test_dorsal_muscles_bend_to_the_positive_side(worm: WormModel) -> None:
    dorsal = np.array([quadrant in ("DL", "DR") for quadrant in load_connectome().muscle_quadrant])
    assert set(worm.muscle_side[dorsal]) == {1.0}
    assert set(worm.muscle_side[~dorsal]) == {-1.0}


def test_only_aser_and_awc_answer_to_a_fall(worm: WormModel) -> None:
    names = load_connectome().names
    chemical = worm.receptor_kind == CHEMICAL
    cells = [names[i] for i in worm.receptor_neuron[chemical]]
    off = {cell for cell, gain in zip(cells, worm.receptor_gain[chemical], strict=True) if gain < 0.0}
    assert off == {"ASER", "AWCL", "AWCR"}
    assert "ASEL" in cells
    assert (worm.receptor_gain[~chemical] > 0.0).all()


@pytest.mark.parametrize(("contact", "clip"), [("chem", 60), ("gap", 20), ("nmj", 60)])
def test_sections_beyond_the_clip_add_no_strength(contact: str, clip: int) -> None:
    count: NDArray[np.int32] = getattr(load_connectome(), f"{contact}_count")
    strength = np.abs(getattr(anatomy(), f"{contact}_strength"))
    beyond, below = count > clip, count < clip
    assert beyond.any()
    assert np.unique(strength[beyond]).size == 1
    assert strength[below].max() < strength[beyond].min()
    order = np.argsort(count[below])
    assert (np.diff(strength[below][order]) >= 0.0).all()


def test_every_gap_junction_is_as_strong_as_its_clipped_count_says(worm: WormModel) -> None:
    c = load_connectome()
    relative = worm.gap_g / worm.gap_g[c.gap_count == 1][0]
    np.testing.assert_allclose(relative, np.sqrt(np.minimum(c.gap_count, 20)), rtol=1e-12)
