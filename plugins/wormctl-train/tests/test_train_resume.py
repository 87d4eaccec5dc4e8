"""A run that is killed, or stopped, and resumed ends in the very files of one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SECOND_STAGE = """
[[stage]]
name = "more"
genes = ["rest/*"]
generations = 4
population = 4
sigma = 0.1
strategy = "es"
"""
KILLED_AFTER, STOPPED_AFTER = 3, 8
LONGEST_S = 300.0


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tiny: Any) -> Start:
    """Starts the tiny recipe in a folder, longer and with a second stage."""
    recipe = tiny.recipe.replace("generations = 2", "generations = 6") + SECOND_STAGE

    def run(folder: Path, *options: str) -> subprocess.Popen[str]:
        folder.mkdir(exist_ok=True)
        tiny.write(folder, recipe)
        command = [sys.executable, "-m", "wormctl", "train", "tiny.toml", "--out", "out", *options]
        return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)

    return run


def lines(folder: Path) -> int:
    journal = folder / "out" / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def end_after(
    process: subprocess.Popen[str], folder: Path, generations: int, number: signal.Signals
) -> tuple[int, str]:
    deadline_s = time.monotonic() + LONGEST_S
    while lines(folder) < 1 + generations:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    os.kill(process.pid, number)
    _, told = process.communicate(timeout=LONGEST_S)
    return process.returncode, told


def test_a_run_that_was_killed_and_then_stopped_ends_as_one_left_alone(start: Start, tmp_path: Path) -> None:
    alone, cut = tmp_path / "alone", tmp_path / "cut"
    whole = start(alone, "--workers", "serial")
    _, told = whole.communicate(timeout=LONGEST_S)
    assert whole.returncode == 0, told

    status, _ = end_after(start(cut, "--workers", "serial"), cut, KILLED_AFTER, signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert 1 + KILLED_AFTER <= lines(cut) < lines(alone)
    assert not (cut / "out" / "tiny.safetensors").exists()

    # On with others, until a polite end: it says how to go on, and leaves a picture.
    status, told = end_after(
        start(cut, "--workers", "local:2", "--resume"), cut, STOPPED_AFTER, signal.SIGTERM
    )
    assert status == 130, told
    assert "keeps" in told
    assert "with --resume goes on" in told
    assert "Traceback" not in told
    assert (cut / "out" / "training.png").stat().st_size > 0

    last = start(cut, "--workers", "serial", "--resume")
    _, told = last.communicate(timeout=LONGEST_S)
    assert last.returncode == 0, told
    for name in ("journal.jsonl", "tiny.safetensors"):
        assert (cut / "out" / name).read_bytes() == (alone / "out" / name).read_bytes(), name
