"""A run that is killed, or stopped, and resumed ends in the very files of one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

RECIPE = """
name = "tiny"
seed = 3
confirm = 0
[[trial]]
name = "rest"
world = "empty"
seconds = 3
[[trial]]
name = "front"
world = "poke.toml"
seconds = 4
[[pay]]
name = "crawl"
trial = "rest"
number = "crawl"
always = true
[[pay]]
name = "withdraws"
trial = "front"
number = "withdraw"
[[stage]]
name = "wave"
genes = ["stretch/*", "muscle*"]
part = 0.5
generations = 6
population = 4
sigma = 0.1
[[stage]]
name = "more"
genes = ["rest/*"]
generations = 4
population = 4
sigma = 0.1
strategy = "es"
"""
WORLD = """
kind = "arena"
[[poke]]
region = "front"
at_s = 1.5
"""
KILLED_AFTER, STOPPED_AFTER = 3, 8
LONGEST_S = 300.0


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.toml").write_text(RECIPE)
    (folder / "poke.toml").write_text(WORLD)
    command = [sys.executable, "-m", "wormctl", "train", "tiny.toml", "--out", "out", *options]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


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


def test_a_run_that_was_killed_and_then_stopped_ends_as_one_left_alone(tmp_path: Path) -> None:
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
