"""The bare worm keeps to the published connectome: its signs, its sides, its clipped counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.anatomy import STRETCH, anatomy

from wormctl.connectome import load_connectome
from wormctl.worm.parts import CHEMICAL

Mask = NDArray[np.bool_]


@pytest.fixture(scope="module")
def gaba() -> Mask:
    return np.array([transmitter == "GABA" for transmitter in load_connectome().transmitter])


def test_gaba_synapses_inhibit_whatever_was_published(gaba: Mask) -> None:
    c = load_connectome()
    from_gaba = gaba[c.chem_pre]
    assert set(c.chem_sign[from_gaba]) == {-1, 0, 1}
    assert set(anatomy().chem_sign[from_gaba]) == {-1.0}


def test_other_synapses_keep_their_published_sign(gaba: Mask) -> None:
    c = load_connectome()
    known = ~gaba[c.chem_pre] & (c.chem_sign != 0)
    assert set(c.chem_sign[known]) == {-1, 1}
    np.testing.assert_array_equal(anatomy().chem_sign[known], c.chem_sign[known])


def test_other_synapses_without_a_published_sign_excite(gaba: Mask) -> None:
    c = load_connectome()
    unknown = ~gaba[c.chem_pre] & (c.chem_sign == 0)
    assert unknown.any()
    assert set(anatomy().chem_sign[unknown]) == {1.0}


def test_gaba_relaxes_muscle_and_all_else_contracts_it(gaba: Mask) -> None:
    c, strength = load_connectome(), anatomy().nmj_strength
    np.testing.assert_array_equal(strength < 0.0, gaba[c.nmj_neuron])
    assert (strength != 0.0).all()
    relaxing = {c.names[i][:2] for i in c.nmj_neuron[strength < 0.0]}
    assert relaxing >= {"DD", "VD"}
    assert relaxing.isdisjoint({"DA", "DB", "VA", "VB"})


def test_dorsal_muscles_bend_to_the_positive_side() -> None:
    dorsal = np.array([quadrant in ("DL", "DR") for quadrant in load_connectome().muscle_quadrant])
    assert set(anatomy().muscle_side[dorsal]) == {1.0}
    assert set(anatomy().muscle_side[~dorsal]) == {-1.0}


def test_only_aser_and_awc_answer_to_a_fall() -> None:
    body = anatomy()
    chemical = body.receptor_kind == CHEMICAL
    cells = [body.connectome.names[i] for i in body.receptor_neuron[chemical]]
    off = {cell for cell, sign in zip(cells, body.receptor_sign[chemical], strict=True) if sign < 0.0}
    assert off == {"ASER", "AWCL", "AWCR"}
    assert "ASEL" in cells
    assert (body.receptor_sign[~chemical] > 0.0).all()


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


def test_every_gap_junction_is_as_strong_as_its_clipped_count_says() -> None:
    c, strength = load_connectome(), anatomy().gap_strength
    relative = strength / strength[c.gap_count == 1][0]
    np.testing.assert_allclose(relative, np.sqrt(np.minimum(c.gap_count, 20)), rtol=1e-12)


def felt(cell: str) -> dict[str, tuple[list[int], set[float]]]:
    """By kind of receptor: the joints whose bend a cell feels, and with which sign."""
    body = anatomy()
    found: dict[str, tuple[list[int], set[float]]] = {}
    for k in np.flatnonzero(body.stretch_neuron == body.connectome.names.index(cell)).tolist():
        joints, signs = found.setdefault(body.stretch_kind[k], ([], set()))
        joints.append(int(body.stretch_joint[k]))
        signs.add(float(np.sign(body.stretch_unit[k])))
    return found


def middle(cell: str) -> int:
    """The middle of the joints that a motor neuron moves."""
    body = anatomy()
    c = body.connectome
    own = c.nmj_neuron == c.names.index(cell)
    return round(
        float(np.average(body.muscle_joint[c.nmj_muscle[own]], weights=np.abs(body.nmj_strength[own])))
    )


def cells(*kinds: str) -> list[str]:
    return [c for c, kind in zip(load_connectome().names, anatomy().classes, strict=True) if kind in kinds]


@pytest.mark.parametrize("cell", cells("DB", "VB"))
def test_b_neurons_take_up_the_bend_ahead_and_work_against_that_behind(cell: str) -> None:
    side, first = (1.0 if cell.startswith("D") else -1.0), middle(cell)
    kinds = felt(cell)
    assert set(kinds) <= {"B.ahead", "B.own"}
    assert kinds["B.own"] == (list(range(first, min(first + 6, 12))), {-side})
    if first:
        assert kinds["B.ahead"] == (list(range(max(first - 2, 0), first)), {side})


@pytest.mark.parametrize("cell", cells("DA", "VA"))
def test_a_neurons_are_their_mirror_image_and_the_hindmost_feel_the_tail(cell: str) -> None:
    side, first = (1.0 if cell.startswith("D") else -1.0), middle(cell)
    kinds = felt(cell)
    if first < 11:
        assert kinds.pop("A.behind") == (list(range(first + 1, min(first + 3, 12))), {side})
    if first >= 9:
        assert kinds == {"A.tail": ([8, 9, 10, 11], {-side})}
    else:
        assert kinds == {"A.own": (list(range(max(first - 3, 0), first + 1)), {-side})}


def test_there_are_a_neurons_of_the_tail_and_others() -> None:
    tail = [cell for cell in cells("DA", "VA") if "A.tail" in felt(cell)]
    assert 1 <= len(tail) <= 8
    assert {"DA9", "VA12"} <= set(tail)


@pytest.mark.parametrize("cell", cells("SMDD", "SMDV"))
def test_smd_feels_the_head_and_with_a_gain_of_its_own_what_comes_after_it(cell: str) -> None:
    against = {-1.0 if cell.startswith("SMDD") else 1.0}
    assert felt(cell) == {"SMD": ([0, 1, 2, 3], against), "SMD.far": ([4, 5, 6, 7], against)}


@pytest.mark.parametrize(("cell", "sign"), [("RMDDL", -1.0), ("RMDVR", 1.0)])
def test_rmd_feels_the_head_alone(cell: str, sign: float) -> None:
    assert felt(cell) == {"RMD": ([0, 1, 2, 3], {sign})}


def test_no_other_cell_feels_a_bend_and_every_kind_is_felt() -> None:
    body = anatomy()
    kinds = {body.classes[i] for i in body.stretch_neuron}
    assert kinds == {"DB", "VB", "DA", "VA", "SMDD", "SMDV", "RMDD", "RMDV"}
    assert set(body.stretch_kind) == set(STRETCH)
    assert (body.stretch_unit != 0.0).all()


def test_a_shuffled_body_differs_in_its_wiring_only() -> None:
    true, shuffled = anatomy(), anatomy(shuffle=3)
    c = load_connectome()
    np.testing.assert_array_equal(true.chem_post, c.chem_post)
    np.testing.assert_array_equal(np.bincount(shuffled.chem_post), np.bincount(c.chem_post))
    both = [np.bincount(np.concatenate([body.gap_a, body.gap_b])) for body in (true, shuffled)]
    np.testing.assert_array_equal(both[0], both[1])
    for name in ("chem_strength", "chem_sign", "gap_strength", "nmj_strength", "stretch_neuron"):
        np.testing.assert_array_equal(getattr(true, name), getattr(shuffled, name))
    assert not np.array_equal(shuffled.chem_post, anatomy(shuffle=4).chem_post)
