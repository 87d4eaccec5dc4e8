"""How training goes, told while it runs: a live display on a terminal, a line now and then elsewhere. No files."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from wormctl_train.evolve import Progress

LOG_EVERY = 10
"""Generations between two lines where there is no terminal to show a bar on."""
WINDOW = 20
"""Generations over which the pace is taken: what a candidate costs changes as worms learn to crawl."""


@dataclass(frozen=True)
class Length:
    """A stage, as long as it is planned."""

    name: str
    generations: int
    population: int


class Pace:
    """How fast candidates are scored, how busy the workers are, and how long the rest will take.

    Generations that came from the journal took no time and are left out. The later stages are taken to cost as much
    a candidate as this one, which is a guess.
    """

    def __init__(self, stages: Sequence[Length], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._left = sum(stage.generations * stage.population for stage in stages)
        self._stage = ""
        self._stage_left = 0
        self._marks: deque[tuple[float, float, int]] = deque(maxlen=WINDOW + 1)
        """Time, processor time and candidates in all, after each generation of this stage that was scored."""
        self._scored = 0
        self._mark(0.0)

    def _mark(self, busy_s: float) -> None:
        self._marks.append((self._clock_s(), busy_s, self._scored))

    def add(self, done: Progress, busy_s: float) -> None:
        """A generation is done; the workers have been busy for `busy_s` in all."""
        self._left -= done.candidates
        self._stage_left = (done.generations - done.generation) * done.candidates
        if done.stage != self._stage:
            self._stage = done.stage
            while len(self._marks) > 1:
                self._marks.popleft()
        if done.replayed:
            self._marks.clear()
        else:
            self._scored += done.candidates
        self._mark(busy_s)

    @property
    def per_s(self) -> float | None:
        """Candidates scored in a second, if that is known yet."""
        (start_s, _, before), (end_s, _, after) = self._marks[0], self._marks[-1]
        return (after - before) / (end_s - start_s) if after > before and end_s > start_s else None

    def busy(self, lanes: int) -> float | None:
        """The share of the time in which `lanes` workers were scoring, 0..1, if that is known yet."""
        (start_s, before_s, _), (end_s, after_s, _) = self._marks[0], self._marks[-1]
        return (after_s - before_s) / (lanes * (end_s - start_s)) if end_s > start_s else None

    @property
    def stage_left_s(self) -> float | None:
        """What this stage will still take, s."""
        return self._stage_left / self.per_s if self.per_s else None

    @property
    def left_s(self) -> float | None:
        """What the run will still take, s."""
        return self._left / self.per_s if self.per_s else None


class Display:
    """Tells of every generation it is shown. A context manager; what it showed last stays."""

    def __init__(self, console: Console, stages: Sequence[Length]) -> None:
        self._console = console
        self._stages = {stage.name: stage for stage in stages}
        self._pace = Pace(stages)
        self._best: dict[str, float] = {}
        columns = (
            TextColumn("{task.description:10}"), BarColumn(24), MofNCompleteColumn(), TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[scores]}"),
        )  # fmt: skip
        self._bars = Bars(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}
        self._whole = self._bars.add_task(
            "all", total=sum(stage.generations for stage in stages), left="", scores=""
        )

    def show(self, done: Progress, busy_s: float, lanes: int) -> None:
        """A generation is done; `lanes` workers have been busy for `busy_s` in all."""
        self._pace.add(done, busy_s)
        best = self._best[done.stage] = max(done.best, self._best.get(done.stage, done.best))
        scores = (
            f"best {done.best:.3f}  mean {done.mean:.3f}  spread {done.spread:.3f}  "
            f"best so far {best:.3f}  step {done.step:.3f}"
        )
        pace = self._pace_text(lanes)
        if done.stage not in self._tasks:
            self._tasks[done.stage] = self._bars.add_task(
                done.stage, total=done.generations, left="", scores=""
            )
        self._bars.update(
            self._tasks[done.stage],
            completed=done.generation,
            left=_left(self._pace.stage_left_s),
            scores=scores,
        )
        self._bars.update(self._whole, advance=1, left=_left(self._pace.left_s), scores=pace)
        last = done.generation == done.generations
        if not self._console.is_terminal and (last or done.generation % LOG_EVERY == 0):
            left = f"{_left(self._pace.stage_left_s)} of the stage, {_left(self._pace.left_s)} in all"
            self._console.print(
                f"{done.stage} {done.generation}/{done.generations}  {scores}  "
                + (f"{pace}  {left}" if pace else "from the journal")
            )

    def _pace_text(self, lanes: int) -> str:
        per_s, busy = self._pace.per_s, self._pace.busy(lanes)
        if per_s is None or busy is None:
            return ""
        return f"{per_s:.3g} candidates/s, {lanes} workers {busy:.0%} busy".replace("1 workers", "1 worker")

    def __enter__(self) -> Display:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()


def _left(seconds: float | None) -> str:
    if seconds is None:
        return "--:-- left"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"
