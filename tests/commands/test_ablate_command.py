"""`wormctl ablate`: a table of one's own on the real worm, from the rows to the numbers and the picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wormctl.assay.lives import live
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
    assert main([*command, "--json", "--out", "kept"]) == 0
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
