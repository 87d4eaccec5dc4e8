import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from wormctl.cli import main
from wormctl.plugins import load_plugins
from wormctl.runs import read_run

PROMISED = {
    *("seed", "seconds", "reached", "time_to_food_s", "distance_start_m", "distance_min_m", "speed_bl_per_s"),
    *("frequency_hz", "ticks", "overruns", "tick_us_median", "rtf"),
}


def _run(robot: Path, *options: str) -> int:
    return main(["run", "--robot", str(robot), "--seconds", "2", *options])


def test_json_is_one_object_and_nothing_else(
    robot_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(robot_file, "--seed", "5", "--json", "--no-media", "--out", "o") == 0
    out, err = capsys.readouterr()
    summary = json.loads(out)
    assert err == ""
    assert set(summary) >= PROMISED
    assert (summary["seed"], summary["seconds"], summary["ticks"], summary["reached"]) == (5, 2.0, 100, False)
    assert 0.99 < summary["distance_start_m"] + 0.04 < 2.1
    assert summary["distance_min_m"] <= summary["distance_start_m"] + 1e-3
    assert summary["reason"] == "time"
    assert summary["rtf"] > 1


def test_the_folder_holds_everything_to_repeat_the_run(robot_file: Path, here: Path) -> None:
    assert (
        _run(robot_file, "--seed", "5", "--quiet", "--no-media", "--out", "first", "--ablate", "neuron14")
        == 0
    )
    run = read_run(here / "first")
    assert run.info.state == "complete"
    assert tomllib.loads(run.info.robot) == tomllib.loads(robot_file.read_text())
    assert run.info.ablated == ["neuron14"]
    assert run.info.policy.name == "small"
    assert run.info.channels == ["joint.position", "odour.food"]
    assert len(run.record) == 100
    # Its own words, run again elsewhere, give the same ticks.
    assert main([*run.info.command[1:], "--out", "again"]) == 0
    again = read_run(here / "again").record
    for field in ("time_s", "pose", "activity", "odour.food", "setpoint_rad"):
        np.testing.assert_array_equal(again[field], run.record[field])
    assert run.info.seed != 0
    assert main([*run.info.command[1:], "--seed", "6", "--out", "other"]) == 0
    assert not np.array_equal(read_run(here / "other").record["odour.food"], run.record["odour.food"])


def test_the_record_agrees_with_the_world(robot_file: Path, here: Path) -> None:
    assert _run(robot_file, "--quiet", "--no-media", "--out", "o") == 0
    record = read_run(here / "o").record
    # The smell of tick n was taken where tick n-1 left the nose; it falls by e for every metre.
    np.testing.assert_allclose(record["odour.food"][1:], np.exp(-record["goal_distance_m"][:-1]), rtol=1e-5)
    np.testing.assert_allclose(record["time_s"], 0.02 * np.arange(100))
    assert (record["quality"] == 0).all()


def test_a_run_ends_a_while_after_the_food_was_reached(
    robot_file: Path, robot_folder: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near = str(robot_folder / "near.toml")
    arguments = ["run", "--robot", str(robot_file), "--world", near, "--json", "--no-media"]
    assert main(arguments) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["reached"] is True
    assert summary["time_to_food_s"] == pytest.approx(0.02)
    assert summary["seconds"] == pytest.approx(2.0, abs=0.05)
    assert summary["reason"] == "goal"


def test_a_person_gets_one_readable_screen(
    robot_file: Path, robot_folder: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(robot_file, "--no-media", "--out", "o", "--world", str(robot_folder / "near.toml")) == 0
    text, err = capsys.readouterr()
    assert err == ""
    assert text.startswith("The worm reached the food after 0.0 s.")
    for word in ("distance", "speed", "wave", "loudest", "pace", "folder", "record.npy", "wormctl run"):
        assert word in text
    assert text == (here / "o" / "summary.txt").read_text()
    lines = text.splitlines()
    assert len(lines) <= 24
    assert (
        max(len(line) for line in lines if "wormctl run --" not in line and "wormctl evaluate --" not in line)
        <= 100
    )


def test_without_an_out_option_a_new_folder_is_made_each_time(robot_file: Path, here: Path) -> None:
    for _ in range(2):
        assert _run(robot_file, "--quiet", "--no-media", "--seed", "4") == 0
    folders = sorted((here / "runs").iterdir())
    assert len(folders) == 2
    assert all("-robot-4" in folder.name for folder in folders)


def test_what_plugins_draw_lands_in_the_folder_and_a_failure_costs_a_line(
    robot_file: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = load_plugins()
    plugins.artists.clear()
    plugins.add(next(iter(plugins.loaded)), _Artists())
    monkeypatch.setattr("wormctl.plugins.load_plugins", lambda **keywords: plugins)
    assert _run(robot_file, "--out", "o") == 0
    out, err = capsys.readouterr()
    assert (here / "o" / "drawn.txt").read_text() == "complete, 100 ticks"
    assert "drawn.txt, summary.txt, record.npy, run.json" in out
    assert err.startswith(
        "wormctl: broken is not drawn: RuntimeError: no more paint (test_run_command.py, line "
    )
    assert err.count("\n") == 1


class _Artists:
    """A plugin with an artist that works and one that does not."""

    from wormctl.hookspecs import hookimpl

    @hookimpl
    def wormctl_register_artists(self, register: object) -> None:
        from wormctl.hookspecs import Artist

        def works(folder: Path, progress: object) -> list[Path]:
            run = read_run(folder)
            path = folder / "drawn.txt"
            path.write_text(f"{run.info.state}, {len(run.record)} ticks")
            return [path]

        def broken(folder: Path, progress: object) -> list[Path]:
            raise RuntimeError("no more paint")

        for draw in (works, broken):
            register(Artist(name=draw.__name__, summary="for a test", draw=draw))  # type: ignore[operator]


def test_a_fault_is_told_and_the_folder_is_whole(
    robot_file: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from wormctl_sim.planar_body import PlanarBody

    write = PlanarBody.write

    def breaks(self: PlanarBody, setpoint_rad: np.ndarray, now_s: float) -> None:
        if now_s > 0.5:
            raise OSError("the cable came off")
        write(self, setpoint_rad, now_s)

    monkeypatch.setattr(PlanarBody, "write", breaks)
    assert _run(robot_file, "--json", "--no-media", "--out", "o") == 1
    out, err = capsys.readouterr()
    assert "the cable came off" in json.loads(out)["reason"]
    assert err.count("\n") == 1
    assert "the cable came off" in err
    run = read_run(here / "o")
    assert run.info.state == "fault"
    assert len(run.record) == 26


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ablate", "AVQ"], "'AVQ' is no neuron"),
        (["--ablate", ","], "--ablate = ',': name a cell, a class or one of chemosensory"),
        (["--body", "planer"], "no such body, did you mean 'planar'?"),
        (["--world", "nowhere.toml"], "--world = 'nowhere.toml': no such file"),
        (["--policy", "worm303"], "worm303"),
        (["--robot", "none.toml"], "none.toml: no such file"),
        (["--gui"], "--gui: opens PyBullet's window, but the body is planar"),
        (["--out", "taken"], "--out = taken: already holds a run"),
        (["--out", ""], "--out is empty: name a folder, or leave it out"),
        (["--seconds", "0.01"], "--seconds = 0.01: must be at least one tick, 0.02 s"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    robot_file: Path, here: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    (here / "taken").mkdir()
    (here / "taken" / "run.json").write_text("{}")
    assert _run(robot_file, *options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("wormctl: ")
    assert message in err
    assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    "option",
    [["--seconds", "0"], ["--seconds", "nan"], ["--seconds", "99999"], ["--seed", "-1"], ["--seed", "x"]],
)
def test_a_number_out_of_range_is_refused(
    robot_file: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--robot", str(robot_file), *option])
    assert f"argument {option[0]}: {option[1]}: must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 130, "interrupted"),
        (signal.SIGKILL, -9, "unfinished"),
    ],
)
def test_stopped_from_outside_the_folder_is_readable(
    robot_file: Path, here: Path, number: signal.Signals, status: int, state: str
) -> None:
    command = [sys.executable, "-m", "wormctl", "run", "--robot", str(robot_file), "--realtime", "--out", "o"]
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _wait_for_ticks(here / "o", process)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == status
    assert b"Traceback" not in err
    run = read_run(here / "o")
    assert run.info.state == state
    assert 5 <= len(run.record) < 6000
    if state == "interrupted":
        assert json.loads(out)["reason"] == "interrupted"
        assert (here / "o" / "trajectory.png").exists()
        assert "Interrupted after" in (here / "o" / "summary.txt").read_text()
        assert not (here / "o" / "video.mp4").exists(), "nobody waits for a video after Ctrl-C"
    else:
        assert "has not ended in order" in (here / "o" / "summary.txt").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_drawing_it_says_so_and_keeps_what_is_whole(
    robot_file: Path, here: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "wormctl", "run", "--robot", str(robot_file), "--seconds", "60"]
    process = subprocess.Popen(
        [*command, "--json", "--out", "o"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        while not list((here / "o").glob(".video*")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == b"wormctl: interrupted: video not drawn\n"
    assert json.loads(out)["reason"] == "time"
    found = sorted(path.name for path in (here / "o").iterdir())
    assert found == ["record.npy", "run.json", "summary.txt", "traces.png", "trajectory.png"]
    assert "video.mp4" not in (here / "o" / "summary.txt").read_text()


def _wait_for_ticks(folder: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1800):  # kernels may have to be compiled first
        assert process.poll() is None, process.communicate()
        if (folder / "record.npy").exists() and (folder / "run.json").exists():
            try:
                if len(read_run(folder).record) >= 5:
                    return
            except Exception:  # the file is being made
                pass
        time.sleep(0.1)
    raise AssertionError("the run does not begin")


def test_a_window_needs_a_screen(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if why := pytest.importorskip("wormctl_sim.bullet_config").why_no_bullet():
        pytest.skip(why)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["run", "--gui", "--seconds", "1"]) == 2
    assert "--gui: $.body: there is no screen for PyBullet's window" in capsys.readouterr().err
