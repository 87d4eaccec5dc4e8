import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from wormctl.config import ConfigError
from wormctl.recorder import record_dtype
from wormctl.runs import INFO, SUMMARY, PolicyUsed, RunFolder, RunInfo, new_folder, read_run
from wormctl.snake import load_snake
from wormctl.summary import Summary

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7)


def make_info() -> RunInfo:
    return RunInfo(
        started="2026-03-04T05:06:07",
        command=["wormctl", "run"],
        versions={},
        seed=3,
        seconds=10.0,
        period_s=0.02,
        body="planar",
        simulated=True,
        snake=load_snake(),
        world=None,
        policy=PolicyUsed(name="p", sha256="0"),
        ablated=[],
        robot="",
        neurons=["a"],
        channels=[],
    )


def make_summary() -> Summary:
    return Summary(
        seed=3, body="planar", world=None, policy="p", ablated=[], seconds=1.0, reached=False,
        time_to_food_s=None, distance_start_m=None, distance_min_m=None, distance_end_m=None,
        speed_bl_per_s=0.1, frequency_hz=0.5, ticks=50, overruns=0, tick_us_median=50.0, rtf=300.0,
        reason="time", bad_samples={}, loudest=[],
    )  # fmt: skip


def _with_record(folder: Path) -> None:
    np.save(folder / "record.npy", np.zeros(4, record_dtype((), 13, 12, 1)))


def test_a_folder_says_that_it_is_unfinished_until_it_is(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "b", make_info())
    _with_record(folder.path)
    assert "has not ended in order" in (folder.path / SUMMARY).read_text()
    assert read_run(folder.path).info.state == "unfinished"
    folder.finish("complete", make_summary(), "done\n")
    run = read_run(folder.path)
    assert (run.info.state, run.info.summary, len(run.record)) == ("complete", make_summary(), 4)
    assert (folder.path / SUMMARY).read_text() == "done\n"
    assert not list(folder.path.glob(".*")), "nothing half-written is left behind"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    info = make_info()
    folder = RunFolder(tmp_path, info)
    _with_record(folder.path)
    assert read_run(tmp_path).info == info


def test_a_folder_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/run: cannot be written: Not a directory"):
        RunFolder(tmp_path / "file" / "run", make_info())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[]", "Expected `object`"),
        ("{}", "missing required field `started`"),
        ('{"format": 99}', r"\$\.format = 99: this wormctl reads format 1"),
    ],
)
def test_a_broken_run_json_is_said_in_a_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / INFO).write_text(content)
    with pytest.raises(ConfigError, match=message) as error:
        read_run(tmp_path)
    assert "\n" not in str(error.value)


def test_a_wrong_field_is_named(tmp_path: Path) -> None:
    RunFolder(tmp_path, make_info())
    raw = msgspec.json.decode((tmp_path / INFO).read_bytes())
    raw["snake"]["links"] = "many"
    (tmp_path / INFO).write_bytes(msgspec.json.encode(raw))
    with pytest.raises(ConfigError, match=r"\$\.snake\.links = 'many': Expected `int`"):
        read_run(tmp_path)


def test_some_folder_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not the folder of a run: it has no run\.json"):
        read_run(tmp_path)


def test_folders_get_names_that_sort_and_never_collide(tmp_path: Path) -> None:
    first = new_folder(tmp_path, "my robot!", 7, NOW)
    assert first.name == "20260304-050607-my-robot-7"
    first.mkdir()
    second = new_folder(tmp_path, "my robot!", 7, NOW)
    assert second.name == "20260304-050607-my-robot-7-2"
    assert new_folder(tmp_path, "../..", 7, NOW).parent == tmp_path
