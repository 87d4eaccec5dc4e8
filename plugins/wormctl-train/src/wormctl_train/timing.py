"""How fast the engine of training is on this machine. Measures; prints nothing."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from wormctl_train.evolve import Journal, evolve
from wormctl_train.executors import Crew, Evaluate, Workers
from wormctl_train.recipe import Task
from wormctl_train.scoring import Scorer
from wormctl_train.sphere import Sphere
from wormctl_train.strategy import make_strategy


def measure(
    task: Task, index: int, workers: int, generations: int, rounds: int, cost_s: float | None = None
) -> dict[str, Any]:
    """Medians over `rounds` of `generations` generations of stage `index`, with one worker and with `workers`.

    With `cost_s` the worm is left out, and a candidate takes that much processor time, s. Each of `one` and `many`
    holds `workers`, `candidates_per_s`, `rollouts_per_s`, `simulated_s_per_s`, `with_work` and `on_a_core` (shares of
    the workers' time, 0..1), and of a candidate `rollouts` and `cpu_s`, its processor time; `ratios` has the ratio of
    `candidates_per_s` in every round. Both score the same candidates: the other rates have the same ratios.
    """
    recipe, stage = task.recipe, task.recipe.stage[index]
    genes = len(Scorer.of(task, index, np.zeros(0)).bench.blueprint.genes)
    scorer = Scorer.of(task, index, np.zeros(genes))
    evaluate: Evaluate = scorer if cost_s is None else Sphere(cost_s)
    with Workers(1).hire() as one, Workers(workers).hire() as many, tempfile.TemporaryDirectory() as folder:
        crews = (one, many)
        for crew, lanes in ((one, 1), (many, workers)):
            crew.score(evaluate, [np.zeros(len(scorer.free))] * lanes, 0)
        rows: tuple[list[dict[str, float]], ...] = ([], [])
        for round_ in range(rounds):
            for row, crew in zip(rows, crews, strict=True):
                path = Path(folder) / f"{round_}_{crew.lanes}.jsonl"
                row.append(_round(evaluate, scorer, task, generations, path, crew))
        ratios = [b["candidates_per_s"] / a["candidates_per_s"] for a, b in zip(*rows, strict=True)]
        halves = [
            {"workers": crew.lanes, **{key: statistics.median(r[key] for r in row) for key in row[0]}}
            for crew, row in zip(crews, rows, strict=True)
        ]
    return {
        "what": f"{recipe.name}, stage {stage.name}" if cost_s is None else f"a function of {cost_s:g} s",
        "population": stage.population,
        "generations": generations,
        "rounds": rounds,
        "one": halves[0],
        "many": halves[1],
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "ratio_if_idle": ratio_if_idle(halves[0], halves[1]),
    }


def ratio_if_idle(one: dict[str, float], many: dict[str, float]) -> float:
    """What the ratio would be if nothing else ran: every worker on a core whenever it has a candidate to score.

    A worker that shares memory and caches with others pays for it in processor time, which counts here.
    """
    rates = [half["workers"] * half["with_work"] / half["cpu_s"] for half in (one, many)]
    return rates[1] / rates[0]


def _round(
    evaluate: Evaluate, scorer: Scorer, task: Task, generations: int, path: Path, crew: Crew
) -> dict[str, float]:
    """The first generations of the stage. Workers have started and compiled before the clock does."""
    stage = task.recipe.stage[scorer.stage]
    strategy = make_strategy(
        stage.strategy, np.zeros(len(scorer.free)), population=stage.population, sigma=stage.sigma,
        seed=task.recipe.seed, bounds=scorer.bounds, es=stage.es,
    )  # fmt: skip
    run = evolve(
        evaluate, strategy, stage=stage.name, generations=generations, journal=Journal(path, {}), crew=crew
    )
    busy_s, held_s, start_s = crew.busy_s, crew.held_s, time.perf_counter()
    rollouts, simulated_s = crew.rollouts, crew.simulated_s
    candidates = sum(done.candidates for done, _ in run)
    took_s = time.perf_counter() - start_s
    return {
        "candidates_per_s": candidates / took_s,
        "rollouts_per_s": (crew.rollouts - rollouts) / took_s,
        "simulated_s_per_s": (crew.simulated_s - simulated_s) / took_s,
        "with_work": (crew.held_s - held_s) / (took_s * crew.lanes),
        "on_a_core": (crew.busy_s - busy_s) / (took_s * crew.lanes),
        "rollouts": (crew.rollouts - rollouts) / candidates,
        "cpu_s": (crew.busy_s - busy_s) / candidates,
    }
