"""`wormctl bench train` measures something and says it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from wormctl_train.recipe import load_recipe
from wormctl_train.timing import ratio_if_idle

from wormctl.cli import main

STAGES = [stage.name for stage in load_recipe("worm302").recipe.stage]
LAST = STAGES[-1]
SECONDS = (3.0, 2.0)
RECIPE = f"""
name = "two"
seed = 3
[[trial]]
name = "rest"
world = "empty"
seconds = {SECONDS[0]}
[[trial]]
name = "again"
world = "empty"
seconds = {SECONDS[1]}
lives = 2
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
[[pay]]
name = "speed"
trial = "again"
number = "speed"
[[stage]]
name = "wave"
generations = 1
population = 4
sigma = 0.1
"""
QUICK = ("bench", "train", "--cost", "0.005", "--rounds", "2", "--workers", "2")


def test_one_worker_is_compared_with_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["one"]["workers"], result["many"]["workers"]) == (1, 2)
    assert 0.0 < result["one"]["candidates_per_s"] <= 200.0
    for half in ("one", "many"):
        assert 0.0 < result[half]["on_a_core"] <= result[half]["with_work"] + 0.01 <= 1.02
        assert result[half]["rollouts"] == result[half]["rollouts_per_s"] == 0.0
    assert min(result["ratios"]) <= result["ratio"] <= max(result["ratios"])


def test_rollouts_and_the_worm_s_time_are_counted_whoever_lives_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "two.toml").write_text(RECIPE)
    words = ["bench", "train", "--recipe", str(tmp_path / "two.toml"), "--rounds", "1", "--workers", "2"]
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    for half in (result["one"], result["many"]):
        assert half["rollouts"] == 3.0
        assert half["rollouts_per_s"] == pytest.approx(3.0 * half["candidates_per_s"])
        lived_s = SECONDS[0] + 2 * SECONDS[1]
        assert half["simulated_s_per_s"] == pytest.approx(lived_s * half["candidates_per_s"])
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "4 candidates a generation, 1 rounds, 3 rollouts a candidate" in " ".join(told.split())
    assert "rollouts/s" in told
    assert "simulated s/s" in told


def test_what_other_programs_took_is_left_out_of_the_ratio_on_an_idle_machine() -> None:
    one = {"workers": 1, "with_work": 1.0, "cpu_s": 0.1}
    assert ratio_if_idle(one, {"workers": 2, "with_work": 0.9, "cpu_s": 0.1}) == pytest.approx(1.8)
    assert ratio_if_idle(one, {"workers": 4, "with_work": 1.0, "cpu_s": 0.125}) == pytest.approx(3.2)


def test_it_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--stage", LAST]) == 0
    told = capsys.readouterr().out
    assert "2 workers against one: " in told
    assert "rollouts" not in told


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--cost", "-1"), "--cost = -1: must be 0..60 s"),
        (("--stage", "wav"), f"--stage = wav: worm302 has {', '.join(STAGES)}"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(
    option: tuple[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "train", *option]) == 2
    assert told in capsys.readouterr().err
