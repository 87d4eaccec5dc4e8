"""What is told while training runs: pace, time left and scores, without what came from a journal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from wormctl_train import plot
from wormctl_train.evolve import Progress
from wormctl_train.progress import Display, Length, Pace

STAGES = [Length("one", 20, 10), Length("two", 5, 40)]


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def done(stage: str, generation: int, replayed: bool = False, best: float = 1.0) -> Progress:
    length = next(length for length in STAGES if length.name == stage)
    return Progress(
        stage=stage, generation=generation, generations=length.generations, candidates=length.population, best=best,
        mean=0.5, spread=0.25, step=0.3, replayed=replayed,
    )  # fmt: skip


def test_the_pace_is_that_of_the_last_generations_of_a_stage() -> None:
    clock = Clock()
    pace = Pace(STAGES, clock)
    assert (pace.per_s, pace.left_s, pace.stage_left_s) == (None, None, None)
    for generation in range(1, 11):
        clock.now_s += 2.0
        pace.add(done("one", generation), busy_s=3.0 * generation)
    assert pace.per_s == pytest.approx(5.0)
    assert pace.busy(2) == pytest.approx(0.75)
    assert pace.stage_left_s == pytest.approx(100 / 5.0)
    assert pace.left_s == pytest.approx(300 / 5.0)
    clock.now_s += 20.0
    pace.add(done("two", 1), busy_s=70.0)
    assert pace.per_s == pytest.approx(2.0)
    assert pace.busy(2) == pytest.approx(1.0)


def test_what_comes_from_the_journal_has_no_pace() -> None:
    clock = Clock()
    pace = Pace(STAGES, clock)
    for generation in range(1, 10):
        clock.now_s += 0.001
        pace.add(done("one", generation, replayed=True), 0.0)
    assert pace.per_s is None
    clock.now_s += 5.0
    pace.add(done("one", 10), 4.0)
    assert pace.per_s == pytest.approx(2.0)
    assert pace.left_s == pytest.approx(150.0)


@pytest.mark.parametrize("terminal", [False, True])
def test_scores_pace_and_time_left_are_shown(terminal: bool) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=200)
    with Display(console, STAGES) as display:
        for generation in range(1, 21):
            display.show(done("one", generation, best=2.0 if generation == 3 else 1.0), 0.1 * generation, 2)
    text = shown.getvalue()
    for part in (
        "20/20",
        "best 1.000",
        "mean 0.500",
        "spread 0.250",
        "best so far 2.000",
        "candidates/s",
        " left",
    ):
        assert part in text
    assert terminal or [line.split()[1] for line in text.splitlines()] == ["10/20", "20/20"]


def test_a_run_is_drawn_however_far_it_came(tmp_path: Path) -> None:
    run = [done("one", generation) for generation in range(1, 21)] + [done("two", 1)]
    sizes = set()
    for length in (1, 12, 21):
        plot.draw(run[:length], tmp_path / "training.png")
        with Image.open(tmp_path / "training.png") as picture:
            sizes.add(picture.size)
            assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 20
    assert len(sizes) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["training.png"]
