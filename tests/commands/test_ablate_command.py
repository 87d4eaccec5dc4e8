"""`wormctl ablate`: a table of one's own on the real worm, from the rows to the numbers and the picture."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tests.assay.test_controls import controls, worm
from wormctl.assay.controls import CONTROLS
from wormctl.assay.folder import write_results
from wormctl.assay.lives import live
from wormctl.assay.table import load_table
from wormctl.cli import main

ASSAY = """
summary = "crawling"
world = "food"
seconds = 4
judge = "gait"
[settings]
settle_s = 2
"""

TABLE = """
[expect.lost]
ratio_at_most = 0.25

[[row]]
name = "nothing much"
ablate = ["RIA>SMD", "RIH"]
[[row.test]]
assay = "crawl.toml"
number = "swing_rad"
ratio_at_least = 0.5

[[row]]
name = "no muscle"
ablate = ["DB", "VB", "DA", "VA", "SMB", "SMD", "RMD", "RME", "RMH", "IL1", "URA", "AS", "DD", "VD", "RIV", "VC",
          "RIM", "RMF", "RMG", "ADE", "CEP", "PLN", "ALN", "SAB", "PDA", "PDB", "SIB", "SIA"]
[[row.test]]
assay = "crawl.toml"
number = "swing_rad"
expect = "lost"
reference_at_least = 0.05
"""


@pytest.fixture
def command(here: Path) -> list[str]:
    (here / "crawl.toml").write_text(ASSAY)
    (here / "table.toml").write_text(TABLE)
    return ["ablate", "table.toml", "--body", "planar", "--trials", "3", "--workers", "1"]


def test_rows_are_compared_with_one_whole_worm(
    command: list[str], here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lived: list[str] = []

    def counted(job: Any) -> Any:
        lived.append(job[0].key)
        return live(job)

    monkeypatch.setattr("wormctl.assay.lives.live", counted)
    loaded: list[str] = []
    load = EntryPoint.load

    def watched(entry: EntryPoint) -> Any:
        loaded.append(entry.name)
        return load(entry)

    monkeypatch.setattr(EntryPoint, "load", watched)
    assert main([*command, "--json", "--out", "kept", "--plugin", "sim"]) == 0
    assert set(loaded) == {"sim"}, "to draw as well"
    found = json.loads(capsys.readouterr().out)
    assert [row["passed"] for row in found["rows"]] == [True, True]
    assert found["passed"] == 2
    assert lived.count("crawl") == 3
    assert len(lived) == 9
    (much,), (none,) = (row["tests"] for row in found["rows"])
    assert much["reference_mean"] == none["reference_mean"] > 0.05
    assert none["ratio"] < 0.25 < 0.5 < much["ratio"]
    assert json.loads((here / "kept" / "ablations.json").read_text()) == found
    assert (here / "kept" / "ablations.png").read_bytes().startswith(b"\x89PNG")


def test_a_person_reads_what_was_expected_and_what_came(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--rows", "2"]) == 0
    text = capsys.readouterr().out
    assert " 2 no muscle: as expected" in text
    assert "expected lost (ratio at most 0.25): yes" in text
    assert "1 of 1 rows as expected" in text


CONTROLS_TABLE = """
[[row]]
name = "no sensors"
ablate = ["senses", "stretch"]
[[row.test]]
assay = "crawl.toml"
number = "swing_rad"
ratio_at_most = 0.25

[[row]]
name = "weights 1"
ablate = ["weights:1"]
[[row.test]]
assay = "crawl.toml"
number = "swing_rad"
ratio_at_most = 0.0
"""


@pytest.fixture
def small_controls(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the shipped table of controls, which takes minutes."""
    (here / "small.toml").write_text(CONTROLS_TABLE)
    monkeypatch.setattr("wormctl.commands.ablate.CONTROLS_TABLE", "small.toml")


@pytest.mark.usefixtures("small_controls")
def test_controls_stand_beside_the_table_with_wirings_that_were_trained(
    command: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wirings = controls([worm(None, 20, 0.2), worm(1, 4, 0.1), worm(2, 7, 0.25)], shuffles=2)
    write_results(here / CONTROLS, wirings)
    words = [*command, "--rows", "2", "--controls", CONTROLS]
    assert main([*words, "--out", "kept"]) == 0
    text = capsys.readouterr().out
    rows, beside = text.split("\ncontrols\n")
    assert " 2 no muscle: as expected" in rows
    assert " 1 no sensors: as expected" in beside
    assert " 2 weights 1: NOT as expected" in beside
    assert "food.reached: The true wiring beats every shuffle (2 of 2" in beside
    assert "gait.speed_body_lengths_s: The true wiring does not beat every shuffle (1 of 2" in beside
    assert "1 of 1 rows as expected\n1 of 2 controls as expected; not: weights 1\n" in beside
    assert "kept in kept: ablations.json, controls.json, ablations.png, controls.png" in beside
    assert (here / "kept" / "controls.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((here / "kept" / "ablations.json").read_text())
    assert [row["name"] for row in kept["controls"]] == ["no sensors", "weights 1"]
    assert kept["passed"] == 1
    assert kept["retrained"] == json.loads((here / CONTROLS).read_text())

    assert main([*command, "--rows", "2", "--controls", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["controls"]) == 2
    assert found["retrained"] is None


def test_results_of_controls_that_cannot_be_read_are_named_before_anything_is_run(
    command: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--controls", "gone.json"]) == 2
    assert "gone.json: cannot be read: No such file" in capsys.readouterr().err
    (here / "other.json").write_text("{}")
    assert main([*command, "--controls", "other.json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wormctl: other.json: ")
    assert err.count("\n") == 1


def test_the_shipped_table_of_controls_deals_out_weights_and_cuts_gap_junctions_and_sensors() -> None:
    rows = load_table("controls").rows
    cut = [row.ablated for row in rows]
    assert cut[:5] == [(f"weights:{seed}",) for seed in range(1, 6)]
    assert cut[5:] == [("gaps",), ("senses",), ("senses", "stretch")]
    asked = {tuple((test.assay.name, test.number) for test in row.tests) for row in rows}
    assert asked == {(("food", "reached"), ("gait", "speed_body_lengths_s"))}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"RIH"', '"RIQ"'), "table.toml: $.row[0].test[0]: ablate: 'RIQ' is no neuron"),
        (
            ('"RIH"', '"VD>ASE"'),
            "table.toml: $.row[0].test[0]: ablate: 'VD>ASE': there is no chemical synapse",
        ),
        (('"RIH"', '"AWB=>AWA"'), "table.toml: $.row[0].test[0]: ablate: 'AWB=>AWA': "),
    ],
)
def test_a_row_that_cannot_be_run_is_named(
    command: list[str], here: Path, change: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "table.toml").write_text(TABLE.replace(*change))
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
