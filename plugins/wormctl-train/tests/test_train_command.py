"""`wormctl train` from its command line: a tiny recipe ends in a policy that runs, and a second call goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from wormctl_train.recipe import load_recipe

from wormctl.cli import main
from wormctl.policy import load_policy

RECIPE = """
name = "tiny"
seed = 3
confirm = 1
[[stage]]
name = "wave"
score = "wave"
genes = "crawl"
generations = 2
population = 4
sigma = 0.1
"""


def train(tmp_path: Path, *more: str, confirm: int = 0) -> int:
    (tmp_path / "tiny.toml").write_text(RECIPE.replace("confirm = 1", f"confirm = {confirm}"))
    words = ["train", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "out"), "--workers", "1", *more]
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


def test_a_recipe_ends_in_a_policy_that_says_how_it_was_made_and_how_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, confirm=1) == 0
    policy = load_policy(tmp_path / "out" / "tiny.safetensors")
    assert policy.meta.made.evaluations == 8
    assert "tiny.toml" in policy.meta.made.command
    assert policy.meta.made.scores["planar.trials"] == 1.0
    assert set(policy.meta.made.scores) >= {"planar.reached", "planar.reached_without_smell"}
    assert "planar: reached food in" in capsys.readouterr().err

    journal = tmp_path / "out" / "journal.jsonl"
    before, first = journal.read_bytes(), policy.sha256
    assert train(tmp_path, confirm=1) == 0
    assert journal.read_bytes() == before
    assert load_policy(tmp_path / "out" / "tiny.safetensors").sha256 == first


@pytest.mark.parametrize(
    "option",
    [("--seed", "0"), ("--seed", "-1"), ("--seed", "9999999999"), ("--workers", "0"), ("--workers", "x")],
)
def test_a_number_that_cannot_be_used_is_refused(
    option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, *option) == 2
    assert f"{option[1]}: must be a whole number from 1 to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_an_error_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert train(tmp_path) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_policy_is_whose_the_recipe_says(tmp_path: Path) -> None:
    assert train(tmp_path) == 0
    assert load_policy(tmp_path / "out" / "tiny.safetensors").meta.made.by == ""
    assert load_recipe("worm302").by


def test_a_journal_of_another_seed_is_refused_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path) == 0
    before = (tmp_path / "out" / "journal.jsonl").read_bytes()
    assert train(tmp_path, "--seed", "4") == 2
    assert "another recipe, seed or version" in capsys.readouterr().err
    assert (tmp_path / "out" / "journal.jsonl").read_bytes() == before
