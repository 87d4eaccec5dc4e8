"""The control experiment: the true wiring and shuffles trained alike, each in its folder, compared, and resumable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wormctl_train.controls
from wormctl_train.training import search

from wormctl.assay.controls import Controls
from wormctl.assay.file import load_assay
from wormctl.assay.folder import read_results
from wormctl.cli import main
from wormctl.commands.assays import follow
from wormctl.policy import load_policy

RECIPE = """
name = "tiny"
seed = 3
confirm = 2
[[trial]]
name = "uphill"
world = "food"
seconds = 9
[[pay]]
name = "climb"
trial = "uphill"
number = "climb"
[[stage]]
name = "one"
genes = ["stretch/*"]
generations = 2
population = 4
sigma = 0.1
"""

Train = Callable[..., int]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Run the recipe in an empty folder, with short lives at the end; exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "food.toml").write_text('summary = "short"\nworld = "food"\nseconds = 12\njudge = "reach"\n')
    (tmp_path / "gait.toml").write_text(
        'summary = "short"\nworld = "far_food"\nseconds = 12\njudge = "gait"\n'
    )
    load = load_assay
    monkeypatch.setattr(wormctl_train.controls, "load_assay", lambda name: load(f"{name}.toml"))

    def run(*options: str, recipe: str = RECIPE, out: str = "out") -> int:
        (tmp_path / "tiny.toml").write_text(recipe)
        try:
            return main(["train", "tiny.toml", "--out", out, "--workers", "serial", *options])
        except SystemExit as end:
            return int(end.code or 0)

    return run


def test_every_wiring_is_trained_and_tried_alike_and_the_verdict_is_told(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--shuffles", "1") == 0
    out, err = capsys.readouterr()
    found = read_results(tmp_path / "out" / "controls.json", Controls)
    assert [worm.wiring for worm in found.wirings] == ["true", "shuffle-1"]
    assert [worm.evaluations for worm in found.wirings] == [8, 8]
    assert (found.trials, found.seed, found.body, found.shuffles) == (2, 50_000, "planar", 1)
    assert found.command == "wormctl train tiny.toml --out out --seed 3 --shuffles 1"
    for worm in found.wirings:
        assert load_policy(tmp_path / "out" / worm.policy).sha256 == worm.policy_sha256
        assert [len(number.values) for number in worm.numbers] == [2, 2]
    assert all(verdict.sentence in out for verdict in found.verdicts)
    assert "The true wiring " in out
    assert "wiring shuffle-1, 2 of 2" in err
    assert "next: " in err
    assert (tmp_path / "out" / "controls.png").read_bytes().startswith(b"\x89PNG")


def test_more_shuffles_may_follow_and_nothing_that_is_done_is_done_again(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train("--shuffles", "1") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("*/*.json*")}
    assert len(before) == 4
    capsys.readouterr()
    assert train("--shuffles", "2") == 2
    assert "add --resume to go on" in capsys.readouterr().err

    tried: list[int] = []

    def counted(trials: Any, seeds: Any, workers: int) -> Any:
        tried.append(len(seeds))
        return follow(trials, seeds, workers)

    monkeypatch.setattr(wormctl_train.controls, "follow", counted)
    assert train("--shuffles", "2", "--resume") == 0
    assert tried == [2]
    assert {path: path.read_bytes() for path in before} == before
    assert len(read_results(tmp_path / "out" / "controls.json", Controls).wirings) == 3


def test_what_is_stopped_keeps_what_is_finished_and_goes_on(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(training: Any, who: Any, console: Any) -> Any:
        if training.task.recipe.wiring.shuffle == 1:
            raise KeyboardInterrupt
        return search(training, who, console)

    monkeypatch.setattr(wormctl_train.controls, "search", stopped)
    assert train("--shuffles", "1") == 130
    assert "stopped; out keeps all that is finished: the same command with --resume goes on" in (
        capsys.readouterr().err
    )
    kept = json.loads((tmp_path / "out" / "controls.json").read_text())
    assert ([worm["wiring"] for worm in kept["wirings"]], kept["verdicts"]) == (["true"], [])

    monkeypatch.setattr(wormctl_train.controls, "search", search)
    monkeypatch.setattr(wormctl_train.controls, "follow", lambda trials, *rest: {t.key: [] for t in trials})
    assert train("--shuffles", "1", "--resume") == 130, "stopped while it was tried"
    monkeypatch.setattr(wormctl_train.controls, "follow", follow)
    assert train("--shuffles", "1", "--resume") == 0
    assert len(json.loads((tmp_path / "out" / "controls.json").read_text())["verdicts"]) == 2


def test_one_shuffled_wiring_is_trained_by_itself_and_not_mixed_with_another(
    train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = RECIPE.replace("confirm = 2", "confirm = 0")
    assert train("--shuffle-wiring", "3", recipe=alone) == 0
    by_option = load_policy(tmp_path / "out" / "tiny.safetensors")
    assert by_option.meta.made.command.endswith("--shuffle-wiring 3")
    assert "wiring shuffled with seed 3" in by_option.meta.made.notes
    for options in ((), ("--shuffle-wiring", "4")):
        assert train(*options, "--resume", recipe=alone) == 2
        assert "was made by another recipe" in capsys.readouterr().err
    assert train("--resume", recipe=alone + "[wiring]\nshuffle = 3\n") == 0
    by_recipe = load_policy(tmp_path / "out" / "tiny.safetensors")
    np.testing.assert_array_equal(by_recipe.tensors["chem.post"], by_option.tensors["chem.post"])
    assert train("--shuffle-wiring", "4", recipe=alone, out="other") == 0
    other = load_policy(tmp_path / "other" / "tiny.safetensors")
    assert not np.array_equal(other.tensors["chem.post"], by_option.tensors["chem.post"])


@pytest.mark.parametrize(
    ("options", "recipe", "said"),
    [
        (("--shuffles", "0"), RECIPE, "0: must be a whole number from 1 to 1000"),
        (("--shuffle-wiring", "0"), RECIPE, "0: must be a whole number from 1 to"),
        (("--shuffles", "2", "--shuffle-wiring", "1"), RECIPE, "not allowed with argument --shuffles"),
        (("--shuffles", "2"), RECIPE + "[wiring]\nshuffle = 3\n", "recipe tiny has $.wiring.shuffle"),
        (
            ("--shuffles", "2"),
            RECIPE.replace("confirm = 2", "confirm = 1"),
            "$.confirm = 1; must be at least 2",
        ),
        ((), RECIPE + "[wiring]\nshuffle = 0\n", "tiny.toml: $.wiring.shuffle = 0: Expected `int` >= 1"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_folder_is_made(
    train: Train,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    recipe: str,
    said: str,
) -> None:
    assert train(*options, recipe=recipe) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
