"""`wormctl evaluate --assay`: assays of one's own, what comes out, and what is said of mistakes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from wormctl.assay.file import load_assay, shipped_assays
from wormctl.assay.lives import Outcome, live, live_all, trialled, try_out
from wormctl.cli import main
from wormctl.config import ConfigError
from wormctl.plugins import load_plugins

ASSAY = """
summary = "food near or far"
world = "sometimes.toml"
seconds = 1
judge = "reach"

[[criterion]]
number = "reached"
at_least = 0.2
"""


@pytest.fixture
def mine(robot_folder: Path) -> Path:
    path = robot_folder / "mine.toml"
    path.write_text(ASSAY)
    return path


@pytest.fixture
def command(robot_file: Path) -> list[str]:
    return ["evaluate", "--robot", str(robot_file), "--seed", "40", "--workers", "1", "--trials", "8"]


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def test_an_assay_of_ones_own_counts_what_evaluate_counts(
    mine: Path, command: list[str], robot_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = _json(capsys, *command, "--assay", str(mine))
    world = str(robot_folder / "sometimes.toml")
    trials = _json(capsys, *command, "--world", world, "--seconds", "1")["per_trial"]
    (run,) = found["assays"]
    lives = run["result"]["per_life"]
    assert [life["seed"] for life in lives] == list(range(40, 48))
    assert [life["numbers"]["reached"] == [1.0] for life in lives] == [t["reached"] for t in trials]
    assert 0 < sum(t["reached"] for t in trials) < 8, "the world should decide"
    (check,) = run["result"]["criteria"]
    assert check["value"] == pytest.approx(sum(t["reached"] for t in trials) / 8)
    assert check["passed"] is run["result"]["passed"] is True
    assert (found["passed"], found["interrupted"], run["world"]) == (1, False, "sometimes")


OWN = """
import math
from pathlib import Path

from wormctl.device import Config
from wormctl.hookspecs import Artist, Offer, hookimpl


class Still:
    def __init__(self, config): ...
    def reset(self): ...
    def step(self, inputs, dt, outputs):
        outputs[:] = 0.0


def draw(folder, share):
    (folder / "own.txt").write_text("drawn")
    return [folder / "own.txt"]


@hookimpl
def wormctl_register_policies(register):
    register(Offer(name="still", summary="x", config=Config, make=Still, api_version=1))


@hookimpl
def wormctl_register_artists(register):
    register(Artist(name="own", summary="x", draw=draw, kind="assays"))
"""


def test_no_plugin_is_loaded_that_the_robot_file_leaves_out_not_even_to_draw(
    mine: Path, robot_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot = robot_folder / "restricted.toml"
    robot.write_text('plugins = ["sim"]\n' + (robot_folder / "robot.toml").read_text())
    (here / "own.py").write_text(OWN)
    loaded: list[str] = []
    load = EntryPoint.load

    def watched(entry: EntryPoint) -> Any:
        loaded.append(entry.name)
        return load(entry)

    monkeypatch.setattr(EntryPoint, "load", watched)
    command = ["evaluate", "--assay", str(mine), "--trials", "1", "--workers", "1", "--robot", str(robot)]
    assert main([*command, "--out", "a"]) == 0
    assert set(loaded) == {"sim"}
    assert (here / "a" / "mine.png").exists()
    assert main([*command, "--policy", "still", "--out", "b"]) == 2
    assert main([*command, "--policy", "still", "--plugin", "own.py", "--out", "c"]) == 0
    assert (here / "c" / "own.txt").read_text() == "drawn", "a file that is named draws too"
    assert set(loaded) == {"sim"}
    mine.write_text(ASSAY.replace('"food near or far"', '"food near or far"\nrobot = "restricted.toml"'))
    assert main([*command[:-2], "--out", "d"]) == 0
    assert set(loaded) == {"sim"}, "an assay's own robot says it as well"
    mine.write_text(ASSAY)


def test_two_workers_find_the_same(
    mine: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one = _json(capsys, *command, "--assay", str(mine))
    two = _json(capsys, *command, "--assay", str(mine), "--workers", "2")
    assert one == two


def test_a_person_reads_rate_interval_criterion_and_verdict(
    mine: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text(ASSAY.replace("at_least = 0.2", "at_least = 1.0"))
    assert main([*command, "--assay", str(mine), "--ablate", "motor0"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("mine: NOT passed\n  food near or far\n")
    assert "without motor0; 8 lives" in text
    assert "% of 8 (95 %: " in text
    assert "must be at least 100%: NOT met" in text
    assert "time_to_food_s" in text


def test_ctrl_c_keeps_what_is_finished(
    mine: Path, command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(job: Any) -> Outcome:
        if job[1] == 42:
            os.kill(os.getpid(), signal.SIGINT)
        return live(job)

    monkeypatch.setattr("wormctl.assay.lives.live", interrupted)
    assert main([*command, "--assay", str(mine), "--trials", "1000", "--json"]) == 130
    out, err = capsys.readouterr()
    assert err == "stopping; lives that have begun are finished first\n"
    found = json.loads(out)
    assert found["interrupted"] is True
    assert [life["seed"] for life in found["assays"][0]["result"]["per_life"]] == [40, 41, 42]


@pytest.fixture
def several(mine: Path, robot_folder: Path) -> list[str]:
    """Three assays: one that is met, one that is not, one that asks for nothing."""
    (robot_folder / "strict.toml").write_text(ASSAY.replace("at_least = 0.2", "at_least = 1.0"))
    (robot_folder / "open.toml").write_text(ASSAY.partition("[[criterion]]")[0])
    paths = (mine, robot_folder / "strict.toml", robot_folder / "open.toml")
    return [word for path in paths for word in ("--assay", str(path))]


def test_several_assays_end_with_a_table_and_no_verdict_is_an_error(
    several: list[str], command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *several]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    table = [" ".join(line.split()) for line in out.splitlines()[-6:]]
    assert table == [
        "assay verdict lives criteria met",
        "mine passed 8 of 8 1 of 1",
        "strict NOT passed 8 of 8 0 of 1, not: reached",
        "open measured 8 of 8 none asked",
        "",
        "1 of 2 passed",
    ]


def test_away_from_a_terminal_a_line_now_and_then_says_how_far_it_is(
    several: list[str],
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wormctl.commands.assays._TELL_S", 0.0)
    assert main([*command, *several, "--trials", "1"]) == 0
    assert capsys.readouterr().err == "1 of 3 lives\n2 of 3 lives\n3 of 3 lives\n"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("finished", [0, 4])
def test_ctrl_c_in_several_assays_keeps_in_a_folder_what_is_finished(
    finished: int,
    several: list[str],
    command: list[str],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*args: Any, **options: Any) -> Iterator[Outcome]:
        for k, life in enumerate(live_all(*args, **options)):
            if k == finished:
                os.kill(os.getpid(), signal.SIGINT)
                return
            yield life

    monkeypatch.setattr("wormctl.commands.assays.live_all", interrupted)
    assert main([*command, *several, "--out", "kept"]) == 130
    out, err = capsys.readouterr()
    assert err == ""
    assert ("strict  NOT passed  1 of 8" if finished else "strict  not run  0 of 8  -\n") in out
    kept = json.loads((here / "kept" / "assays.json").read_text())
    assert kept["interrupted"] is True
    assert sum(run["result"]["lives"] for run in kept["assays"]) == finished
    assert (here / "kept" / "strict.png").read_bytes().startswith(b"\x89PNG")


def test_beside_another_assay_lives_are_compared_seed_by_seed(
    mine: Path, command: list[str], robot_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = robot_folder / "both.toml"
    gain = 'number = "approach"\nof = "gain"\ninterval_above = -2.0'
    text = ASSAY.replace('"sometimes', '"near').replace('number = "reached"\nat_least = 0.2', gain)
    both.write_text(f'beside = "mine.toml"\n{text}')
    (run,) = _json(capsys, *command, "--assay", str(both))["assays"]
    (check,) = run["result"]["criteria"]
    here = {life["seed"]: life["numbers"]["approach"][0] for life in run["result"]["per_life"]}
    there = _json(capsys, *command, "--assay", str(mine))["assays"][0]["result"]["per_life"]
    gains = [here[life["seed"]] - life["numbers"]["approach"][0] for life in there]
    assert check["value"] == pytest.approx(sum(gains) / 8, rel=1e-4)
    assert check["what"] == "mean difference to mine.toml"
    assert check["passed"] is True


def test_a_folder_keeps_results_and_pictures(
    mine: Path, command: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--assay", str(mine), "--out", "kept"]) == 0
    assert "kept in kept: assays.json, mine.png" in capsys.readouterr().out
    assert (here / "kept" / "mine.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((here / "kept" / "assays.json").read_text())["trials"] == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"reach"', '"reech"'), "$.judge = 'reech': no such judge, did you mean 'reach'"),
        (('"reached"', '"reech"'), "$.criterion[0].number = 'reech': no such number, did you mean 'reached'"),
        (("at_least = 0.2", ""), "$.criterion[0]: a criterion needs at_least, at_most or interval_above"),
        (('"sometimes.toml"', '"nowhere.toml"'), "$.world = 'nowhere.toml': no such file"),
        (('"sometimes.toml"', '"fod"'), "$.world = 'fod': no such world, did you mean 'food'"),
        (("seconds = 1", "seconds = 0"), "$.seconds = 0"),
        (("seconds = 1", "seconds = 1\nrobot = 'wurm'"), "$.robot = 'wurm'"),
        (("seconds = 1", "seconds = 1\nbeside = 'fuud'"), "$.beside = 'fuud': no such assay"),
        (("at_least = 0.2", "at_least = 0.2\nof = 'gain'"), "$.criterion[0].of = 'gain': goes with beside"),
        (("seconds = 1", "seconds = 1\nsettings = { core = 1 }"), "$.settings"),
        (('"sometimes.toml"', '"empty"'), "world empty has no food to reach"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(
    mine: Path, command: list[str], change: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert change[0] in ASSAY
    mine.write_text(ASSAY.replace(*change, 1))
    assert main([*command, "--assay", str(mine)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.startswith(f"wormctl: {mine}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--assay", "fod"], "--assay = 'fod': no such assay, did you mean 'food'"),
        (["--assay", "food", "--world", "pegs"], "--world: means nothing with --assay"),
        (["--out", "x"], "--out: goes with --assay"),
    ],
)
def test_options_that_do_not_fit_are_told(
    command: list[str], options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *options]) == 2
    assert said in capsys.readouterr().err


def test_every_shipped_assay_can_be_read_and_has_its_world() -> None:
    worlds = load_plugins().worlds
    for name in shipped_assays():
        assay = load_assay(name)
        assert assay.file.world in worlds, name


def test_an_assay_adds_senses_and_lets_the_robots_own_stand(robot_file: Path, robot_folder: Path) -> None:
    path = robot_folder / "senses.toml"
    senses = (
        "[[sensor]]\nuse = 'odour'\nnames = ['food', 'x']\n[[sensor]]\nuse = 'touch'\n"
        "[[bind]]\nchannel = 'odour.food'\nto = ['AWAL']\n[[bind]]\nchannel = 'touch.head'\nto = ['ASHL']\n"
    )
    path.write_text(ASSAY + senses)
    robot = load_assay(str(path)).robot(str(robot_file))
    assert [part.use for part in robot.sensors] == ["odour", "touch"]
    assert robot.sensors[0].settings == {"names": ["food", "x"]}
    assert {bind.channel: bind.to for bind in robot.binds} == {
        "odour.food": ["ASEL"], "joint.position": ["stretch"], "touch.head": ["ASHL"],
    }  # fmt: skip
    path.write_text(ASSAY.replace("seconds", 'unbind = ["odour.food"]\nseconds') + senses)
    assert "odour.food" not in {b.channel for b in load_assay(str(path)).robot(str(robot_file)).binds}


@pytest.mark.parametrize("name", sorted(set(shipped_assays()) - {"varied"}))
def test_the_shipped_worm_can_be_put_into_every_shipped_assay(name: str) -> None:
    trial = trialled(load_assay(name), "worm", body="planar")
    with try_out(trial, 1000) as assembly:
        assert assembly.world_name == trial.plan.robot.world.name  # type: ignore[union-attr]


def test_body_settings_of_an_assay_hold_for_the_fallback_too(robot_folder: Path) -> None:
    path = robot_folder / "slippery.toml"
    path.write_text(ASSAY + "[body.ground]\nalong = 0.03\n")
    robot = load_assay(str(path)).robot("worm")
    assert robot.body.settings == robot.body.kept == {"ground": {"along": 0.03}}
    assert robot.body.fallback == "planar"
    with pytest.raises(ConfigError, match="no such robot"):
        load_assay(str(path)).robot("wurm")
