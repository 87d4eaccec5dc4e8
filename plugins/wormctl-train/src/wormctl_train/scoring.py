"""Scoring a batch of genomes in whatever process it lands: what is sent there is small and picklable."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.neural.presynaptic import PresynapticStructure
from wormctl.robot import load_robot
from wormctl.snake import load_snake
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import Blueprint, load_blueprint
from wormctl_train.course import CheatError, Course, Scene
from wormctl_train.express import Expression
from wormctl_train.pay import Paid, drawn, pay_out
from wormctl_train.payable import NEEDS, Shown
from wormctl_train.recipe import Recipe, Stage, Task

FloatArray = NDArray[np.float64]

WORST = -10.0
"""The score of a worm that cheats."""
PRIOR = 0.0005
"""What a mean square coordinate of 1 costs: without evidence, a gene stays where it starts."""


class Bench:
    """Everything about a task that stays the same from candidate to candidate. One for each process."""

    def __init__(self, task: Task) -> None:
        """Raises `ConfigError` for anything in the task that cannot be."""
        recipe = task.recipe
        self.recipe = recipe
        self.blueprint: Blueprint = load_blueprint(recipe.blueprint, task.folder)
        body = anatomy(shuffle=recipe.wiring.shuffle)
        self.express = Expression(self.blueprint, body)
        robot = load_robot(task.find(recipe.robot))
        self.courses = {
            spec.name: Course(spec, robot, body, task.find(spec.world), f"$.trial[{i}]")
            for i, spec in enumerate(recipe.trial)
        }
        snake, worlds = (
            load_snake(robot.description),
            [course.arena.config for course in self.courses.values()],
        )
        wired = [ends.tobytes() for ends in (body.chem_post, body.gap_a, body.gap_b)]
        files = msgspec.json.encode([self.blueprint.digest, robot.binds, snake, worlds, wired])
        self.digest = hashlib.sha256(files).hexdigest()
        """Of all that the files say which the recipe names, and of who is wired to whom."""
        first = self.express(self.blueprint.values(np.zeros(len(self.blueprint.genes))))
        for course in self.courses.values():
            course.worm(first)
        for i, pay in enumerate(recipe.pay):
            for name in filter(None, (pay.trial, pay.over)):
                what = NEEDS.get(pay.number, "")
                if what and not self.courses[name].has(what):
                    raise ConfigError(
                        f"$.pay[{i}].number = {pay.number!r}: the world of trial {name!r} has no {what}"
                    )
        for stage in recipe.stage:
            self.free_genes(stage)
        self._structure: PresynapticStructure | None = None
        self._generation = -1
        self._scenes: dict[str, list[Scene]] = {}

    def free_genes(self, stage: Stage) -> NDArray[np.intp]:
        """Indices of the genes that may move in `stage`. Raises `ConfigError`."""
        return self.blueprint.chosen(stage.genes, f"$.stage {stage.name!r}: genes")

    def pay(self, stage: Stage, genome: FloatArray, generation: int) -> Paid:
        """What the worm of `genome`, (genes,), earns in a generation of `stage`; a cheat gets `WORST`."""
        model = self.express(self.blueprint.values(genome))
        if self._structure is None:
            self._structure = model.structure()
        structure = self._structure
        if generation != self._generation:
            self._generation, self._scenes = generation, {}

        def live(name: str) -> list[Shown]:
            course = self.courses[name]
            if name not in self._scenes:  # drawn once, for all candidates
                self._scenes[name] = course.scenes(generation)
            return course.run(course.worm(model), structure, self._scenes[name])

        pays = drawn(self.recipe.pays(stage), stage.part, generation)
        try:
            paid = pay_out(pays, stage.part, live)
        except CheatError:
            return Paid(WORST, {}, {})
        return Paid(paid.score - PRIOR * float(np.square(genome).mean()), paid.shares, paid.values)


@functools.lru_cache(maxsize=2)
def _bench(recipe: bytes, folder: Path) -> Bench:
    return Bench(Task(msgspec.json.decode(recipe, type=Recipe), folder))


@dataclass(frozen=True)
class Scorer:
    """Scores the free genes of a stage on top of a fixed base genome."""

    recipe: bytes
    """As JSON: it is also what tells one bench from another."""
    folder: Path
    stage: int
    base: tuple[float, ...]

    @classmethod
    def of(cls, task: Task, stage: int, base: FloatArray) -> Scorer:
        """For stage number `stage`, which starts from the genome `base`, (genes,)."""
        return cls(msgspec.json.encode(task.recipe), task.folder.resolve(), stage, tuple(base.tolist()))

    @property
    def bench(self) -> Bench:
        """That of this process: made once."""
        return _bench(self.recipe, self.folder)

    @property
    def free(self) -> NDArray[np.intp]:
        """Indices of the genes that may move."""
        return self.bench.free_genes(self.bench.recipe.stage[self.stage])

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The lowest and the highest coordinates of the genes that may move."""
        low, high = self.bench.blueprint.bounds()
        return low[self.free], high[self.free]

    def whole(self, free: FloatArray) -> FloatArray:
        """The whole genome with its free genes at `free`."""
        genome = np.array(self.base)
        genome[self.free] = free
        return genome

    def __call__(self, genomes: Sequence[FloatArray], generation: int) -> list[float]:
        """Scores, higher is better; deterministic for a genome and a generation."""
        stage = self.bench.recipe.stage[self.stage]
        return [self.bench.pay(stage, self.whole(genome), generation).score for genome in genomes]
