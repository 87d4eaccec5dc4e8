"""Names as the literature writes them, and what a misspelt one is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormctl.config import ConfigError
from wormctl.connectome import UnknownCell, load_connectome


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("AVAL", "AVAL"),
        ("AVA", "AVAL AVAR"),
        ("ASE", "ASEL ASER"),
        ("AWC", "AWCL AWCR"),
        ("VB5", "VB5"),
        ("DD", "DD1 DD2 DD3 DD4 DD5 DD6"),
        ("CEP", "CEPDL CEPDR CEPVL CEPVR"),
        ("SMD", "SMDDL SMDDR SMDVL SMDVR"),
        ("SMDD", "SMDDL SMDDR"),
        ("RMD", "RMDDL RMDDR RMDL RMDR RMDVL RMDVR"),
        ("RMDV", "RMDVL RMDVR"),
        ("RME", "RMED RMEL RMER RMEV"),
        ("IL1V", "IL1VL IL1VR"),
        ("AVM", "AVM"),
        ("HSN", "HSNL HSNR"),
        ("M2", "M2L M2R"),
    ],
)
def test_a_name_stands_for_its_cells(name: str, cells: str) -> None:
    c = load_connectome()
    assert sorted(c.names[i] for i in c.select([name])) == cells.split()


def test_class_sizes_of_the_ventral_cord_are_the_published_ones() -> None:
    c = load_connectome()
    sizes = {kind: len(c.select([kind])) for kind in ("DA", "DB", "DD", "VA", "VB", "VC", "VD", "AS")}
    assert sizes == {"DA": 9, "DB": 7, "DD": 6, "VA": 12, "VB": 11, "VC": 6, "VD": 13, "AS": 11}


@given(st.lists(st.sampled_from(sorted(load_connectome().known_names))))
def test_a_selection_is_the_union_of_its_names_each_cell_once(names: list[str]) -> None:
    c = load_connectome()
    one_by_one = {i for name in names for i in c.select([name])}
    assert c.select(names) == tuple(sorted(one_by_one))


def test_every_cell_is_found_at_its_own_index() -> None:
    c = load_connectome()
    assert [c.index(name) for name in c.names] == list(range(302))


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("AVLA", "AVAL"), ("aval", "AVAL"), ("VB05", "VB5"), ("SMDX", "SMDD"), ("ASEl", "ASEL")],
)
def test_a_misspelt_name_gets_a_suggestion(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownCell) as caught:
        load_connectome().select(["AVAL", wrong])
    said = str(caught.value)
    assert said.startswith(f"{wrong!r} is no neuron or neuron class, did you mean ")
    assert repr(meant) in said


@pytest.mark.parametrize("strange", ["", "zzzz"])
def test_a_name_like_no_other_is_answered_with_how_names_are_written(strange: str) -> None:
    with pytest.raises(UnknownCell) as caught:
        load_connectome().select([strange])
    assert str(caught.value) == (
        f"{strange!r} is no neuron or neuron class; names are written as in AVAL, AVA, VB5"
    )


def test_a_muscle_is_known_but_no_neuron() -> None:
    for ask in (lambda: load_connectome().select(["MDL05"]), lambda: load_connectome().index("MDL05")):
        with pytest.raises(UnknownCell, match="'MDL05' is a body-wall muscle, no neuron"):
            ask()


def test_a_class_is_no_single_cell() -> None:
    with pytest.raises(UnknownCell, match="AVAL"):
        load_connectome().index("AVA")


@given(st.text())
def test_any_other_text_is_answered_in_one_line(text: str) -> None:
    c = load_connectome()
    if text in c.known_names:
        return
    with pytest.raises(UnknownCell) as caught:
        c.select([text])
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, ConfigError)
    assert len(str(caught.value).splitlines()) == 1
