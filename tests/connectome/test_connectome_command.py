"""`wormctl connectome` as a person meets it: what is printed, what is returned."""

import argparse
import json
from typing import Any

import pytest

from wormctl.commands import connectome as command
from wormctl.connectome import UnknownCell, load_connectome


def ask(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def ask_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    ask(*words, "--json")
    return json.loads(capsys.readouterr().out)


def named(partners: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {partner["name"]: partner for partner in partners}


def test_a_cell_is_shown_with_every_contact_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    c = load_connectome()
    shown = ask_json(capsys, "show", "AVBL")
    i = c.index("AVBL")
    assert shown["transmitters"] == ["ACh"]
    assert shown["classes"] == ["AVB"]
    expected = {
        c.names[p]: n for p, q, n in zip(c.chem_pre, c.chem_post, c.chem_count, strict=True) if q == i
    }
    assert {p["name"]: p["sections"] for p in shown["inputs"]} == expected
    gaps = {
        c.names[b if a == i else a]: n
        for a, b, n in zip(c.gap_a, c.gap_b, c.gap_count, strict=True)
        if i in (a, b)
    }
    assert {p["name"]: p["sections"] for p in shown["gap_junctions"]} == gaps
    doubtful = named(shown["inputs"])["AVM"]
    assert (doubtful["sign"], doubtful["evidence"]) == ("+", "disputed")


def test_a_class_is_shown_with_its_partners_by_class(capsys: pytest.CaptureFixture[str]) -> None:
    awc = ask_json(capsys, "show", "AWC")
    assert awc["cells"] == ["AWCL", "AWCR"]
    outputs = named(awc["outputs"])
    assert (outputs["AIY"]["sign"], outputs["AIY"]["evidence"]) == ("-", "confirmed")
    assert (outputs["AIB"]["sign"], outputs["AIB"]["contacts"]) == ("+", 4)
    one, two = (named(ask_json(capsys, "show", cell)["outputs"]) for cell in ("AWCL", "AWCR"))
    to_aib = sum(
        cells.get(name, {"sections": 0})["sections"] for cells in (one, two) for name in ("AIBL", "AIBR")
    )
    assert outputs["AIB"]["sections"] == to_aib


def test_a_motor_neuron_is_shown_with_its_muscles_and_a_muscle_with_its_neurons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    muscles = named(ask_json(capsys, "show", "VD5")["muscles"])
    assert muscles["MVR13"]["sign"] == "-"
    assert all(name.startswith("MV") for name in muscles)
    assert named(ask_json(capsys, "show", "MVR13")["inputs"])["VD5"] == muscles["MVR13"] | {"name": "VD5"}


def test_partners_are_sorted_by_weight(capsys: pytest.CaptureFixture[str]) -> None:
    sections = [p["sections"] for p in ask_json(capsys, "show", "RIAL")["outputs"]]
    assert sections == sorted(sections, reverse=True)


def test_long_lists_are_cut_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    ask("show", "AVAL")
    short = capsys.readouterr().out
    ask("show", "AVAL", "--all")
    full = capsys.readouterr().out
    assert "and 53 more (--all)" in short
    assert "more (--all)" not in full
    assert len(full.splitlines()) > len(short.splitlines())


def test_paths_are_printed_with_counts_and_signs(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("path", "ASEL", "SMBVL") == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "ASEL > AIYL > AIZL > SMBVL 32- 67- 21? 10.66 ?" in printed


def test_paths_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask_json(capsys, "path", "AWC", "AIZ", "--limit", "2")
    assert [len(found[kind]) for kind in ("shortest", "strongest")] == [2, 2]
    for path in found["shortest"] + found["strongest"]:
        assert path["cells"][0] in ("AWCL", "AWCR")
        assert path["cells"][-1] in ("AIZL", "AIZR")
        assert [step["post"] for step in path["steps"]] == path["cells"][1:]


def test_no_path_is_said_and_returned(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("path", "CANL", "AVAL") == 1
    assert capsys.readouterr().out == "no path from CANL to AVAL\n"


def test_the_numbers_agree_with_the_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    c = load_connectome()
    numbers = ask_json(capsys, "stats")
    assert numbers["signs"]["+"] == (c.chem_sign == 1).sum()
    assert numbers["signs"]["-"] == (c.chem_sign == -1).sum()
    assert sum(numbers["evidence"].values()) == sum(numbers["signs"].values()) == c.chem_pre.size
    assert numbers["counts"]["gap junctions"] == 1091
    assert next(iter(numbers["most_inputs"])) == "AVAL"


def test_the_check_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("check") == 0
    assert "WRONG" not in capsys.readouterr().out
    assert ask_json(capsys, "check")["ok"] is True


@pytest.mark.parametrize("question", [["show"], ["path", "AVAL"]])
def test_a_misspelt_name_is_answered_with_what_was_meant(question: list[str]) -> None:
    with pytest.raises(UnknownCell, match=r"'AWCC' is no neuron.*did you mean .*AWC"):
        ask(*question, "AWCC")


@pytest.mark.parametrize("name", ["", "zzzz"])
def test_a_name_like_no_other_is_answered_with_how_names_are_written(name: str) -> None:
    with pytest.raises(
        UnknownCell, match=r"body-wall muscle; names are written as in AVAL, AVA, VB5, MDL05$"
    ):
        ask("show", name)


def test_a_path_to_a_muscle_is_refused_as_that() -> None:
    with pytest.raises(UnknownCell, match="'MDL05' is a body-wall muscle, no neuron or neuron class"):
        ask("path", "AVAL", "MDL05")


def test_a_class_reaches_its_own_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("path", "AVA", "AVAL") == 0
    assert "AVAR > AVAL" in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["0", "-1", "101", "many", "1.5"])
def test_a_wrong_limit_is_refused(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ask("path", "AVAL", "AVBL", "--limit", limit)
    assert f"{limit!r} is not a whole number in 1..100" in capsys.readouterr().err


def test_piped_output_has_no_control_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["show", "AVAL"], ["path", "ASEL", "SMBVL"], ["stats"], ["check"]):
        ask(*words)
    assert "\x1b" not in capsys.readouterr().out


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ask("--help")
    assert "wormctl connectome path ASEL SMBVL" in capsys.readouterr().out
