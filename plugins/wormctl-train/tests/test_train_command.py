"""`wormctl train` from its command line: a tiny recipe ends in a policy and a picture, and nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wormctl_train.executors
from PIL import Image

from wormctl.cli import main
from wormctl.policy import load_policy

Train = Callable[..., int]


@pytest.fixture
def train(tmp_path: Path, tiny: Any) -> Train:
    """Runs the tiny recipe, with `before` and `more` around it; the exit status."""

    def run(*options: str, confirm: int = 0, more: str = "", before: str = "") -> int:
        recipe = tiny.recipe.replace("confirm = 0", f"confirm = {confirm}")
        path = tiny.write(tmp_path, before + recipe + more)
        words = ["train", str(path), "--out", str(tmp_path / "out"), "--workers", "serial", *options]
        try:
            return main(words)
        except SystemExit as end:
            return int(end.code or 0)

    return run


def test_a_recipe_ends_in_a_policy_that_says_how_it_was_made_and_how_it_did(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(confirm=1) == 0
    policy = load_policy(tmp_path / "out" / "tiny.safetensors")
    assert policy.meta.made.evaluations == 8
    assert "tiny.toml" in policy.meta.made.command
    assert policy.meta.made.scores["planar.trials"] == 1.0
    assert set(policy.meta.made.scores) >= {"planar.reached", "planar.reached_without_smell"}
    told = capsys.readouterr().err
    assert "planar: reached food in" in told
    assert "wave 2/2  best " in told
    with Image.open(tmp_path / "out" / "training.png") as picture:
        assert min(picture.size) > 400

    journal = tmp_path / "out" / "journal.jsonl"
    before, first = journal.read_bytes(), policy.sha256
    assert train(confirm=1) == 2
    assert capsys.readouterr().err == (
        f"wormctl: {journal}: holds 2 generations of this run: add --resume to go on, or choose another --out\n"
    )
    assert train("--resume", confirm=1) == 0
    assert "wave 2/2" in capsys.readouterr().err
    assert journal.read_bytes() == before
    assert load_policy(tmp_path / "out" / "tiny.safetensors").sha256 == first


@pytest.mark.parametrize(
    "option",
    [("--seed", "0"), ("--seed", "-1"), ("--seed", "9999999999")],
)
def test_a_number_that_cannot_be_used_is_refused(
    train: Train, option: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*option) == 2
    assert f"{option[1]}: must be a whole number from 1 to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("who", ["0", "x", "dask:here"])
def test_workers_that_make_no_sense_are_refused(
    train: Train, who: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--workers", who) == 2
    assert f"{who}: must be serial, a number of processes" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_is_not_there_is_told_and_costs_nothing(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wormctl_train.executors, "CONNECT_S", 0.5)
    assert train("--workers", "dask:tcp://127.0.0.1:1") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no scheduler answers there" in line
    assert "keeps 0 generations: the same command with --resume goes on" in line
    assert train() == 0  # there is nothing yet that could be lost


def test_resuming_what_has_not_begun_begins_it(train: Train, tmp_path: Path) -> None:
    assert train("--resume") == 0
    assert (tmp_path / "out" / "tiny.safetensors").is_file()


def test_a_recipe_may_choose_the_large_scale_strategy(train: Train, tmp_path: Path) -> None:
    assert train(more='strategy = "es"\nes = { learning_rate = 0.1 }') == 0
    assert "an evolution strategy" in load_policy(tmp_path / "out" / "tiny.safetensors").meta.made.notes


def test_a_folder_that_cannot_be_made_is_an_error_in_a_line(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert train() == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_policy_is_whose_the_recipe_says_and_training_can_begin_with_it(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    first = load_policy(tmp_path / "out" / "tiny.safetensors").meta.made
    assert first.by == ""
    (tmp_path / "out").rename(tmp_path / "first")
    assert train(before='start = "first/tiny.safetensors"\nby = "me"\n') == 0
    told = "starts from first/tiny.safetensors, all of which the blueprint can express"
    assert told in " ".join(capsys.readouterr().err.split())
    second = load_policy(tmp_path / "out" / "tiny.safetensors").meta.made
    assert second.by == "me"
    assert second.genes != first.genes
    kept = [name for name in first.genes if name.startswith("rest")]
    assert {name: second.genes[name] for name in kept} == pytest.approx(
        {name: first.genes[name] for name in kept}
    )
    rows = [(tmp_path / name / "journal.jsonl").read_text().splitlines()[1:] for name in ("first", "out")]
    assert rows[0] != rows[1]


def test_what_cannot_be_in_a_task_is_told_in_a_line_before_a_folder_is_made(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        train(
            more='[[stage]]\nname = "two"\ngenes = ["x"]\ngenerations = 1\npopulation = 4\nsigma = 1',
        )
        == 2
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("wormctl: $.stage 'two': genes[0] = 'x': no such gene")
    assert not (tmp_path / "out").exists()


def test_a_journal_of_another_seed_is_refused_and_kept(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    before = (tmp_path / "out" / "journal.jsonl").read_bytes()
    assert train("--seed", "4") == 2
    assert "another recipe, seed or version" in capsys.readouterr().err
    assert (tmp_path / "out" / "journal.jsonl").read_bytes() == before


def test_a_journal_of_another_world_is_refused(
    train: Train, tiny: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    (tmp_path / "poke.toml").write_text(tiny.world.replace("at_s = 1.5", "at_s = 2.0"))
    assert train("--resume") == 2
    assert "another recipe, seed or version" in capsys.readouterr().err
