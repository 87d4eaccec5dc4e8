import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from wormctl.channel import Channel, Quality
from wormctl.config import ConfigError
from wormctl.device import Truth
from wormctl.loop import TickView
from wormctl.recorder import Recorder, read_record, record_dtype

CHANNELS = (
    Channel(name="joint.position", unit="rad", low=-4, high=4, size=2),
    Channel(name="odour.food", unit="1", low=0, high=1),
    Channel(name="pose", unit="1", low=0, high=1),  # a name the record uses itself
)
LINKS, JOINTS, NEURONS, TOLD = 3, 2, 5, 2


def _view(truth: bool = True) -> Any:
    """What the recorder looks at, without a loop."""
    return SimpleNamespace(
        binding=SimpleNamespace(channels=CHANNELS),
        controller=SimpleNamespace(neurons=tuple("abcde"), activity=np.zeros(NEURONS, np.float32)),
        values=np.zeros(4),
        quality=np.zeros(3, np.uint8),
        wanted_rad=np.zeros(JOINTS),
        setpoint_rad=np.zeros(JOINTS),
        told=np.zeros(TOLD),
        truth=Truth(LINKS) if truth else None,
        time_s=0.0,
        duration_s=0.0,
    )


def _tick(view: Any, k: int) -> None:
    view.time_s, view.duration_s = 0.02 * k, 1e-6 * k
    for n, array in enumerate(_arrays(view)):
        array[...] = k + 0.25 * n


def _arrays(view: Any) -> list[Any]:
    arrays = [view.values, view.wanted_rad, view.setpoint_rad, view.controller.activity, view.told]
    return arrays + ([view.truth.pose, view.truth.nose] if view.truth else [])


def _recorder(path: Path | None, view: Any, ticks: int, distance: float = 1.5) -> Recorder:
    return Recorder(path, cast(TickView, view), ticks=ticks, goal_distance_m=lambda: distance)


def test_every_tick_is_kept_by_name(tmp_path: Path) -> None:
    view = _view()
    recorder = _recorder(tmp_path / "record.npy", view, ticks=10)
    for k in range(4):
        _tick(view, k)
        view.quality[:] = Quality.STALE
        recorder(view)
    recorder.close()
    rows = np.load(tmp_path / "record.npy")  # as anyone would
    assert rows.shape == (4,)
    row = rows[3]
    assert row["time_s"] == 0.06
    assert row["tick_us"] == 3.0
    assert row["goal_distance_m"] == 1.5
    assert row["quality"].tolist() == [Quality.STALE] * 3
    assert row["joint.position"].tolist() == [3.0, 3.0]
    assert row["odour.food"] == 3.0
    assert row["channel.pose"] == 3.0
    assert row["wanted_rad"].tolist() == [3.25] * JOINTS
    assert row["setpoint_rad"].tolist() == [3.5] * JOINTS
    assert row["activity"].tolist() == [3.75] * NEURONS
    assert row["told"].tolist() == [4.0] * TOLD
    assert row["pose"].tolist() == [[4.25] * 3] * LINKS
    assert row["nose"].tolist() == [4.5] * 2


def test_a_body_that_does_not_know_where_it_is(tmp_path: Path) -> None:
    view = _view(truth=False)
    recorder = _recorder(tmp_path / "r.npy", view, ticks=2)
    recorder(view)
    recorder.close()
    rows = read_record(tmp_path / "r.npy")
    assert rows["pose"].shape == (1, 0, 3)
    assert np.isnan(rows["nose"]).all()


@pytest.mark.parametrize("ran", [0, 1, 7])
def test_the_file_is_cut_to_what_was_run(tmp_path: Path, ran: int) -> None:
    path, view = tmp_path / "r.npy", _view()
    recorder = _recorder(path, view, ticks=100_000)
    whole = path.stat().st_size
    for k in range(ran):
        _tick(view, k)
        recorder(view)
    recorder.close()
    assert len(np.load(path)) == len(read_record(path)) == ran
    assert path.stat().st_size < whole / 100


def test_an_unfinished_record_holds_what_was_run(tmp_path: Path) -> None:
    path, view = tmp_path / "r.npy", _view()
    recorder = _recorder(path, view, ticks=50)
    for k in range(5):
        _tick(view, k)
        recorder(view)
    raw = np.load(path)
    assert len(raw) == 50
    assert np.isnan(raw["time_s"][5:]).all()
    assert read_record(path)["time_s"].tolist() == [0.02 * k for k in range(5)]


def test_ticks_survive_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "r.npy"
    script = f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_recorder import _recorder, _tick, _view
        view = _view()
        recorder = _recorder(Path({str(path)!r}), view, ticks=1000)
        for k in range(123):
            _tick(view, k)
            recorder(view)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert done.returncode == -9
    assert len(read_record(path)) == 123


def test_ticks_beyond_the_planned_ones_are_not_kept(tmp_path: Path) -> None:
    view = _view()
    for path in (tmp_path / "r.npy", None):
        recorder = _recorder(path, view, ticks=3)
        for k in range(5):
            _tick(view, k)
            recorder(view)
        assert len(recorder.rows()) == recorder.kept == 3
        recorder.close()


def test_no_file_is_had_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere/r\.npy: cannot reserve"):
        _recorder(tmp_path / "nowhere" / "r.npy", _view(), ticks=3)


def test_a_full_disk_is_an_error_before_the_robot_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full, raising=False)
    with pytest.raises(ConfigError, match="cannot reserve 0 MB for the record: No space left"):
        _recorder(tmp_path / "r.npy", _view(), ticks=3)
    assert not list(tmp_path.iterdir())


def test_a_record_appears_only_when_no_row_can_be_mistaken_for_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.npy"
    seen: list[bool] = []
    monkeypatch.setattr("os.posix_fallocate", lambda *_: seen.append(path.exists()), raising=False)
    _recorder(path, _view(), ticks=3)
    assert seen == [False]
    assert len(read_record(path)) == 0


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"hello", b"\x93NUMPY\x01\x00\x10\x00{'descr': 1}\n"])
def test_what_is_no_record_is_said_in_a_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.npy"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a record of a run") as error:
        read_record(path)
    assert "\n" not in str(error.value)


def test_some_other_array_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "r.npy"
    for array in (np.zeros(3), np.zeros((2, 2)), np.zeros(3, dtype=[("a", "f8")])):
        np.save(path, array)
        with pytest.raises(ConfigError, match="it has no time_s"):
            read_record(path)
    with pytest.raises(ConfigError, match="no such file"):
        read_record(tmp_path / "none.npy")


def test_channels_lie_last_and_side_by_side() -> None:
    dtype = record_dtype(CHANNELS, LINKS, JOINTS, NEURONS, TOLD)
    names = list(dtype.names or ())
    assert names[-3:] == ["joint.position", "odour.food", "channel.pose"]
