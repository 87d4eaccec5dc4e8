"""Effects of ablations on planted numbers: paired over seeds, bounded as the row says, honest where nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from wormctl.assay.compare import compared, key, row_result
from wormctl.assay.lives import Outcome
from wormctl.assay.table import Table, load_table, pick
from wormctl.config import ConfigError

TABLE = """
[expect.lost]
ratio_at_most = 0.25
[expect.kept]
ratio_at_least = 0.75

[[row]]
name = "PLM"
ablate = ["PLM"]
[[row.test]]
assay = "gait"
number = "speed_body_lengths_s"
expect = "lost"
reference_at_least = 0.05

[[row]]
name = "both"
ablate = ["AIY", "premotor"]
[[row.test]]
assay = "food"
number = "reached"
expect = "kept"
[[row.test]]
assay = "food"
number = "reached"
reference = ["AIY"]
difference_at_most = -0.2
"""


def table(tmp_path: Path, text: str = TABLE) -> Table:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_table(str(path))


def lives(name: str, number: str, values: dict[int, float]) -> list[Outcome]:
    return [
        Outcome(key=name, seed=seed, verdict="", good=True, numbers={number: [value]}, reason="time")
        for seed, value in values.items()
    ]


SPEED = "speed_body_lengths_s"


def test_an_effect_is_the_ratio_of_means_over_the_seeds_that_both_have(tmp_path: Path) -> None:
    (test,) = table(tmp_path).rows[0].tests
    whole = {seed: 0.1 + 0.01 * seed for seed in range(12)}
    cut = {seed: 0.2 * value for seed, value in whole.items()} | {99: 5.0}
    found = compared(test, {key("gait", ("PLM",)): lives("a", SPEED, cut), "gait": lives("b", SPEED, whole)})
    assert found.seeds == 12
    assert found.ratio == pytest.approx(0.2)
    assert found.ratio_ci95 == pytest.approx((0.2, 0.2)), "paired: every seed has the same ratio"
    assert found.difference_ci95 is not None
    assert found.difference_ci95[0] < found.difference_ci95[1] < 0.0
    assert (found.passed, found.why_not) == (True, "")


@pytest.mark.parametrize(
    ("whole", "cut", "why"),
    [
        (0.1, 0.05, "ratio is 0.5, must be at most 0.25"),
        (0.04, 0.0, "nothing to compare: the reference has 0.04, less than 0.05"),
        (0.1, 0.02, ""),
        (0.1, -0.3, ""),
    ],
)
def test_a_row_fails_in_words(tmp_path: Path, whole: float, cut: float, why: str) -> None:
    row = table(tmp_path).rows[0]
    seeds = range(5)
    found = row_result(
        row,
        {
            key("gait", ("PLM",)): lives("a", SPEED, dict.fromkeys(seeds, cut)),
            "gait": lives("b", SPEED, dict.fromkeys(seeds, whole)),
        },
    )
    assert found.passed is not bool(why)
    assert found.tests[0].why_not == why


def test_a_row_may_be_compared_with_another_cut_and_passes_with_all_its_tests(tmp_path: Path) -> None:
    row = table(tmp_path).rows[1]
    assert row.ablated == ("AIY", "AVA", "AVB", "AVD", "AVE", "PVC")
    cut = lives("a", "reached", {seed: float(seed % 10 < 8) for seed in range(20)})
    whole = lives("b", "reached", dict.fromkeys(range(20), 1.0))
    some = {key("food", row.ablated): cut, "food": whole, key("food", ("AIY",)): whole}
    assert row_result(row, some).passed
    other = some | {key("food", ("AIY",)): cut}
    found = row_result(row, other)
    assert [test.passed for test in found.tests] == [True, False]
    assert not found.passed
    assert found.tests[1].why_not == "difference is 0, must be at most -0.2"


def test_without_lives_nothing_passes(tmp_path: Path) -> None:
    found = row_result(table(tmp_path).rows[0], {})
    assert not found.passed
    assert found.tests[0].why_not == "never seen in the same seeds"


def test_rows_are_picked_by_name_and_number(tmp_path: Path) -> None:
    mine = table(tmp_path)
    assert [row.name for row in pick(mine, "2, PLM")] == ["PLM", "both"]
    assert pick(mine, None) == mine.rows
    with pytest.raises(ConfigError, match="--rows = 'PLN': no such row, did you mean 'PLM'"):
        pick(mine, "PLN")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"gait"', '"gate"'), "$.row[0].test[0].assay = 'gate': no such assay"),
        (('"reached"', '"reeched"'), "$.row[1].test[0].number = 'reeched': no such number"),
        (('"lost"', '"gone"'), "$.row[0].test[0].expect = 'gone': no such expectation"),
        (('expect = "lost"\n', ""), "$.row[0].test[0]: must have expect, or bounds"),
        (('name = "both"', 'name = "PLM"'), "$.row[1].name = 'PLM': is the name of row 1 too"),
        (('["PLM"]', '["PLM>"]'), "$.row[0].ablate: 'PLM>': must name a cell or a class on each side"),
        (('["PLM"]', "[]"), "$.row[0].ablate"),
    ],
)
def test_a_mistake_in_a_table_is_one_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in TABLE
    with pytest.raises(ConfigError) as caught:
        table(tmp_path, TABLE.replace(*change, 1))
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "mine.toml"))
    assert "\n" not in str(caught.value)


def test_the_shipped_table_has_its_rows_each_with_a_source() -> None:
    rows = load_table().rows
    assert len(rows) == 18
    for row in rows:
        assert row.source
        assert row.expected
