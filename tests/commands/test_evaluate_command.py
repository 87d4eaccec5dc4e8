import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wormctl.cli import main
from wormctl.robot import load_robot
from wormctl.trials import Plan, Trial, run_trial, run_trials, tally


@pytest.fixture
def arguments(robot_file: Path, robot_folder: Path) -> list[str]:
    world = str(robot_folder / "sometimes.toml")
    return ["evaluate", "--robot", str(robot_file), "--world", world, "--seconds", "1", "--seed", "40"]


def _json(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    assert main([*command, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def test_json_has_what_was_promised(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, *arguments, "--trials", "8", "--workers", "1")
    assert {"trials", "reached", "rate", "ci95", "speed_bl_per_s"} <= set(found)
    trials = found["per_trial"]
    assert [trial["seed"] for trial in trials] == list(range(40, 48))
    assert found["trials"] == 8
    assert found["reached"] == sum(trial["reached"] for trial in trials)
    assert 0 < found["reached"] < 8, "the world should decide"
    assert found["rate"] == found["reached"] / 8
    low, high = found["ci95"]
    assert low < found["rate"] < high
    assert found["interrupted"] is False


def test_the_number_of_workers_changes_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one = _json(capsys, *arguments, "--trials", "5", "--workers", "1")
    two = _json(capsys, *arguments, "--trials", "5", "--workers", "2")
    assert one == two


def test_a_trial_is_the_run_of_that_seed(
    arguments: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = _json(capsys, *arguments, "--trials", "6", "--workers", "1")["per_trial"]
    assert len({trial["reached"] for trial in trials}) == 2
    for trial in trials:
        run = ["run", *arguments[1:-1], str(trial["seed"]), "--no-media", "--out", f"o{trial['seed']}"]
        summary = _json(capsys, *run)
        for key in ("reached", "time_to_food_s", "speed_bl_per_s", "frequency_hz", "distance_start_m"):
            assert summary[key] == trial[key], key


def test_a_trial_ends_at_the_food_unless_full(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    short = _json(capsys, *arguments, "--trials", "6", "--workers", "1")["per_trial"]
    full = _json(capsys, *arguments, "--trials", "6", "--workers", "1", "--full")["per_trial"]
    assert all(trial["seconds"] < 1.0 for trial in short if trial["reached"])
    assert all(trial["seconds"] == 1.0 for trial in full)
    assert [t["time_to_food_s"] for t in short] == [t["time_to_food_s"] for t in full]


def test_a_person_gets_a_rate_with_its_interval(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--trials", "4", "--workers", "1", "--ablate", "motor0"]) == 0
    text = capsys.readouterr().out
    assert "of 4 = " in text
    assert "95 % interval" in text
    assert "without motor0" in text
    assert "not reached seeds" in text


def test_ctrl_c_keeps_what_is_finished(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(plan: Plan, seed: int) -> Trial:
        if seed == 42:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGINT)
        return run_trial(plan, seed)

    monkeypatch.setattr("wormctl.trials.run_trial", interrupted)
    assert main([*arguments, "--trials", "1000", "--workers", "1", "--json"]) == 130
    found = json.loads(capsys.readouterr().out)
    assert found["interrupted"] is True
    assert [trial["seed"] for trial in found["per_trial"]] == [40, 41, 42]


def test_a_pool_is_stopped_after_what_it_has_begun(robot_file: Path) -> None:
    plan = Plan(robot=load_robot(robot_file), ablated=(), seconds=0.1, full=False)
    stop = threading.Event()

    def until_first() -> Iterator[Trial]:
        for trial in run_trials(plan, range(200), 2, stop=stop.is_set):
            stop.set()
            yield trial

    assert 1 <= len(list(until_first())) < 50


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ablate", "AVQ"], "'AVQ' is no neuron"),
        (["--world", "fod"], "no such world, did you mean 'food'?"),
        (
            ["--seed", "4294967295", "--trials", "2"],
            "--seed = 4294967295: with 2 trials it must be at most 4294967294",
        ),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_adding_up_trials() -> None:
    def trial(seed: int, time_s: float | None, reason: str = "time") -> Trial:
        return Trial(
            seed=seed, reached=time_s is not None, time_to_food_s=time_s, distance_start_m=1.0,
            distance_min_m=0.1, speed_bl_per_s=0.1 * seed,
            frequency_hz=0.5 if seed else 0.0, seconds=10.0, reason=reason,
        )  # fmt: skip

    found = tally([trial(2, 30.0), trial(0, None), trial(1, 10.0), trial(3, None, "fault: smoke")])
    assert [t.seed for t in found.per_trial] == [0, 1, 2, 3]
    assert (found.trials, found.reached, found.rate, found.faults) == (4, 2, 0.5, 1)
    assert found.speed_bl_per_s == pytest.approx(0.15)
    assert found.frequency_hz == 0.5
    assert found.time_to_food_s_median == 20.0
    empty = tally([])
    assert (empty.trials, empty.rate, empty.ci95, empty.speed_bl_per_s) == (0, 0.0, (0.0, 1.0), None)


def test_a_robot_of_ones_own_is_tried_in_its_own_world(
    robot_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _json(capsys, "evaluate", "--robot", str(robot_file), "--trials", "1", "--seconds", "1")
    assert found["world"] == "far"


def test_where_there_is_no_food_there_is_nothing_to_count(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--world", "empty"]) == 2
    assert capsys.readouterr().err == (
        "wormctl: world empty: there is no food to reach: add --world food, or another\n"
    )


def test_a_seed_that_cannot_start_costs_no_other_trial(
    robot_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = here / "walled.toml"
    world.write_text(
        'kind = "arena"\n[start]\nheading_deg = [-180, 180]\n[[odour]]\nname = "food"\n[[odour.source]]\n'
        "distance_m = 1\nbearing_deg = 0\n[[wall]]\nfrom_m = [0.5, -1]\nto_m = [0.5, 1]\n"
    )
    command = ["evaluate", "--robot", str(robot_file), "--world", str(world), "--seconds", "1"]
    found = _json(capsys, *command, "--seed", "3", "--trials", "8", "--workers", "1")
    assert found["trials"] == 8
    assert 0 < found["faults"] < 8
    reasons = {t["reason"] for t in found["per_trial"] if t["reason"].startswith("fault: ")}
    assert all("stands where the snake starts" in reason for reason in reasons)
