"""What a name that nobody knows is answered."""

import pytest

from wormctl.names import closest, did_you_mean, instead, unknown


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("planer", ["planar", "pybullet"], ("planar",)),
        ("AVLA", ["AVAR", "AVL", "AVAL"], ("AVAL", "AVL", "AVAR")),
        ("aval", ["AVAL"], ("AVAL",)),
        ("a1", ["a2", "a3", "a4", "a5", "A1"], ("A1",)),
        ("zzzz", ["AVAL"], ()),
        ("", ["AVAL"], ()),
        ("x", [], ()),
    ],
)
def test_the_closest_names_come_first_whatever_their_case(
    typed: str, known: list[str], meant: tuple[str, ...]
) -> None:
    assert closest(typed, known) == meant


def test_the_answer_names_the_closest_and_then_what_there_is() -> None:
    assert did_you_mean("fod", ["food", "wood"]) == ", did you mean 'food'?"
    assert did_you_mean("ode", ["code", "mode", "x"]) == ", did you mean 'mode' or 'code'?"
    assert did_you_mean("fod", ["x"]) == ""
    assert instead("fod", ["wood", "food"], "allowed") == ", did you mean 'food'? allowed: wood, food"
    assert unknown("world", "fod", ["wood", "food"]) == (
        "no such world, did you mean 'food'? there are: food, wood"
    )
    assert unknown("world", "x", ["food"]) == "no such world; there is: food"
    assert unknown("policy", "x", []) == "no such policy; there are: none"
