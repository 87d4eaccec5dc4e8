"""`wormctl bench train` measures something and says it."""

from __future__ import annotations

import json

import pytest
from wormctl_train.recipe import load_recipe
from wormctl_train.timing import ratio_if_idle

from wormctl.cli import main

STAGES = [stage.name for stage in load_recipe("worm302").recipe.stage]
LAST = STAGES[-1]
QUICK = ("bench", "train", "--cost", "0.005", "--rounds", "2", "--workers", "2")


def test_one_worker_is_compared_with_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["one"]["workers"], result["many"]["workers"]) == (1, 2)
    assert 0.0 < result["one"]["candidates_per_s"] <= 200.0
    for half in ("one", "many"):
        assert 0.0 < result[half]["on_a_core"] <= result[half]["with_work"] + 0.01 <= 1.02
    assert min(result["ratios"]) <= result["ratio"] <= max(result["ratios"])


def test_what_other_programs_took_is_left_out_of_the_ratio_on_an_idle_machine() -> None:
    one = {"workers": 1, "with_work": 1.0, "cpu_s": 0.1}
    assert ratio_if_idle(one, {"workers": 2, "with_work": 0.9, "cpu_s": 0.1}) == pytest.approx(1.8)
    assert ratio_if_idle(one, {"workers": 4, "with_work": 1.0, "cpu_s": 0.125}) == pytest.approx(3.2)


def test_it_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--stage", LAST]) == 0
    assert "2 workers against one: " in capsys.readouterr().out


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
