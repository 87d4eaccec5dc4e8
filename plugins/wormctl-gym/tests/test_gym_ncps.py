"""The example that needs torch: what it says without, and, where torch is installed, that it learns and runs."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from wormctl.cli import main
from wormctl.plugins import load_file
from wormctl.robot import allowed_plugins, load_robot
from wormctl.runs import read_run

EXAMPLES = Path(__file__).parent.parent / "examples"
INSTALL = "needs torch and ncps: pip install torch ncps"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two files, copied as a person would, for the network to be written beside them."""
    for name in ("ncps_policy.py", "ncps.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    return tmp_path


@pytest.fixture
def example(folder: Path) -> ModuleType:
    return load_file(folder / "ncps_policy.py")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds of the worm."""
    out = tmp_path_factory.mktemp("lessons") / "1"
    words = f"run --body planar --world food --seed 1 --seconds 7 --quiet --no-media --out {out}"
    assert main(words.split()) == 0
    return out


def test_the_robot_file_asks_for_nothing_but_the_libraries(
    folder: Path, without_torch: None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "ncps.toml"
    robot = load_robot(path)
    assert (robot.policy, [bind.channel for bind in robot.binds]) == (
        "ncps",
        ["joint.position", "odour.food"],
    )
    offered = allowed_plugins(path).load().policies["ncps"]
    assert offered.origin.distribution == str(folder / "ncps_policy.py")
    assert main(["run", "--robot", str(path), "--seconds", "1", "--no-media", "--quiet"]) == 2
    said = capsys.readouterr().err
    assert INSTALL in said
    assert len(said.splitlines()) == 1


def test_importing_it_does_nothing_that_a_plugin_may_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["plugin", "check", str(folder / "ncps_policy.py")])
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split() == ["plugin", "ncps_policy", "ok"]


def test_the_trainer_without_torch_says_what_to_install(
    example: ModuleType, without_torch: None, lesson: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example.main([str(lesson)]) == 2
    assert capsys.readouterr().err.startswith(f"ncps_policy: {INSTALL} (")


def test_its_help_needs_no_torch(
    example: ModuleType, without_torch: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        example.main(["--help"])
    assert ended.value.code == 0
    assert "imitation (behaviour cloning)" in capsys.readouterr().out


def test_a_run_is_cut_into_pieces_of_what_was_felt_and_asked(example: ModuleType, lesson: Path) -> None:
    felt, asked = example.pieces(lesson)
    record = read_run(lesson).record[::2]
    assert felt.shape == (3, 125, 14)
    assert asked.shape == (3, 125, 12)
    assert felt.dtype == asked.dtype == np.float32
    assert felt[1, :, :12] == pytest.approx(record["joint.position"][25:150], abs=1e-6)
    assert asked[1] * example.REACH_RAD == pytest.approx(record["wanted_rad"][25:150], abs=1e-6)


def test_what_it_smells_is_a_change_whatever_the_strength(example: ModuleType) -> None:
    def smelt(*food: float) -> list[float]:
        senses = example.Senses()
        return [float(senses.feel(np.zeros(12), c)[12]) for c in food]

    steady, rise, fall = smelt(0.3, 0.3, 0.3), smelt(0.3, 0.31), smelt(0.3, 0.29)
    assert steady == [0.0, 0.0, 0.0]
    assert fall[1] < 0.0 < rise[1]
    assert smelt(30.0, 31.0)[1] == pytest.approx(rise[1], rel=0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, -1e300])
def test_what_cannot_be_used_does_not_reach_the_network(example: ModuleType, bad: float) -> None:
    senses = example.Senses()
    for food in (0.3, bad, 0.3):
        felt = senses.feel(np.full(12, bad), food)
        assert np.isfinite(felt).all()
        assert np.abs(felt).max() < 4.0


def _without_smell(info: dict[str, Any], record: np.ndarray) -> np.ndarray:
    return record[[name for name in record.dtype.names or () if name != "odour.food"]]


def _short(info: dict[str, Any], record: np.ndarray) -> np.ndarray:
    return record[:200]


def _other_rate(info: dict[str, Any], record: np.ndarray) -> np.ndarray:
    info["period_s"] = 0.03
    return record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_smell, "must be a run of 12 joints, with a sensor of odour.food"),
        (_short, "lasts 4 s: must be at least 5 s"),
        (_other_rate, "a tick every 0.03 s: 0.04 s is no multiple of that"),
    ],
)
def test_a_run_that_is_no_lesson_is_named(
    example: ModuleType,
    lesson: Path,
    tmp_path: Path,
    change: Callable[[dict[str, Any], np.ndarray], np.ndarray],
    said: str,
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(lesson, bad)
    info = json.loads((bad / "run.json").read_text())
    np.save(bad / "record.npy", change(info, np.load(lesson / "record.npy")))
    (bad / "run.json").write_text(json.dumps(info))
    with pytest.raises(ValueError, match=said) as raised:
        example.pieces(bad)
    assert str(bad) in str(raised.value)


def test_it_learns_and_runs(
    example: ModuleType, folder: Path, lesson: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in ("torch", "ncps"):
        pytest.importorskip(library)
    robot = [
        "run",
        "--robot",
        str(folder / "ncps.toml"),
        "--quiet",
        "--no-media",
        "--out",
        str(folder / "run"),
    ]
    assert main([*robot, "--seconds", "1"]) == 2
    said = capsys.readouterr().err
    assert "net.pt: No such file or directory; to teach one: python ncps_policy.py RUN..." in said

    assert example.main([str(folder / "nowhere")]) == 2
    assert "nowhere: not the folder of a run" in capsys.readouterr().err
    assert example.main([str(lesson), "--out", str(folder)]) == 2
    assert "must be a file in a folder that exists" in capsys.readouterr().err

    assert example.main([str(lesson), "--epochs", "1"]) == 0
    assert "net.pt: 1 epochs, 3 pieces of 1 runs" in capsys.readouterr().err
    assert main([*robot, "--seconds", "1"]) == 0
    run = read_run(folder / "run")
    assert len(run.record) == 50
    assert (run.record["wanted_rad"][0::2] == run.record["wanted_rad"][1::2]).all(), "25 steps a second"
    assert np.abs(run.record["wanted_rad"]).max() > 0.0
    assert main(["plugin", "check", str(folder / "ncps_policy.py")]) == 0

    (folder / "net.pt").write_text("no network")
    capsys.readouterr()
    assert main([*robot, "--seconds", "1"]) == 2
    assert "net.pt: holds no network like that in" in capsys.readouterr().err


def test_interrupted_it_keeps_what_it_has_learnt(
    example: ModuleType,
    folder: Path,
    lesson: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for library in ("torch", "ncps"):
        pytest.importorskip(library)
    teach = example.teach

    def ctrl_c_first(*args: object) -> Any:
        signal.raise_signal(signal.SIGINT)
        yield from teach(*args)

    monkeypatch.setattr(example, "teach", ctrl_c_first)
    assert example.main([str(lesson), "--epochs", "50"]) == 130
    assert "net.pt: 1 epochs" in capsys.readouterr().err
    assert (folder / "net.pt").is_file()
