"""`wormctl train --shuffles`: the true wiring and shuffled ones trained alike, tried in the same seeds, compared."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console

from wormctl import __version__
from wormctl.assay.controls import CONTROLS, MEASURES, Controls, Retrained, seen, told, verdicts
from wormctl.assay.file import load_assay
from wormctl.assay.folder import read_results, write_results
from wormctl.assay.lives import trialled
from wormctl.commands.assays import follow, look_at
from wormctl.config import ConfigError
from wormctl.jit import sources
from wormctl.policy import load_policy, save_policy
from wormctl_train.confirm import FIRST_SEED
from wormctl_train.executors import Workers
from wormctl_train.make import make_policy
from wormctl_train.recipe import Task, Wiring
from wormctl_train.training import JOURNAL, open_training, search

TRIED = "tried.json"
BODY = "planar"
"""The one that they are trained on: how well a worm moves to another body is no matter of its wiring."""

Command = Callable[[Task, Path], str]
"""The command line that makes the policy of a task in a folder."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a wiring came to, kept in its folder."""

    by: list[str]
    """All that decides it."""
    result: Retrained


def wired(task: Task, shuffle: int | None) -> Task:
    """The same task on the wiring of that shuffle, or on the published one."""
    return replace(task, recipe=msgspec.structs.replace(task.recipe, wiring=Wiring(shuffle=shuffle)))


def run_controls(
    task: Task, shuffles: int, folder: Path, who: Workers, console: Console, command: Command, *, resume: bool
) -> Controls:
    """Train the true wiring and the first so many shuffles in folders of their own, one after the other; try each.

    `controls.json` in `folder` has those that are finished. Raises `ConfigError`, before anything is trained, for a
    recipe that cannot be, and without `resume` for folders that were used; `KeyboardInterrupt` when stopped.
    """
    recipe = task.recipe
    if recipe.wiring.shuffle is not None:
        raise ConfigError(f"--shuffles: recipe {recipe.name} has $.wiring.shuffle; must be without it")
    if recipe.confirm < 2:
        raise ConfigError(
            f"--shuffles: recipe {recipe.name} has $.confirm = {recipe.confirm}; must be at least 2"
        )
    tasks = [wired(task, shuffle) for shuffle in (None, *range(1, shuffles + 1))]
    for one in tasks[1:]:
        path = folder / one.recipe.wiring.name / JOURNAL
        if path.exists() and not resume:
            raise ConfigError(
                f"{path}: there is a run already: add --resume to go on, or choose another --out"
            )
    results: list[Retrained] = []
    for k, one in enumerate(tasks):
        name = one.recipe.wiring.name
        training = open_training(one, folder / name, console, resume=resume)
        console.print(f"wiring {name}, {k + 1} of {len(tasks)}")
        genome, shown = search(training, who, console)
        evaluations = sum(done.candidates for done in shown)
        made = command(one, folder / name)
        save_policy(training.policy, *make_policy(one, genome, made, evaluations))
        results.append(_try(one, training.policy, folder, evaluations, shown[-1].mean, who.count))
        found = Controls(
            recipe=recipe.name,
            command=shlex.join([*shlex.split(command(task, folder)), "--shuffles", str(shuffles)]),
            wormctl=__version__,
            body=BODY,
            seed=FIRST_SEED,
            trials=recipe.confirm,
            shuffles=shuffles,
            wirings=results,
            verdicts=verdicts(results),
        )
        write_results(folder / CONTROLS, found)
        console.print(told(found)[1 + k].strip())
    return found


def _try(task: Task, policy: Path, folder: Path, evaluations: int, score: float, workers: int) -> Retrained:
    """What the policy does in the real loop, in worlds that no stage has seen; lived once, and then kept."""
    recipe, sha256 = task.recipe, load_policy(policy).sha256
    path = policy.with_name(TRIED)
    by = [sha256, BODY, str(FIRST_SEED), str(recipe.confirm), sources()]
    if path.exists():
        try:
            kept = read_results(path, Tried)
        except ConfigError:  # of another version: it is lived again
            kept = None
        if kept is not None and kept.by == by:
            return kept.result
    robot = task.find(recipe.robot)
    assays = dict.fromkeys(assay for assay, _ in MEASURES)
    trials = [trialled(load_assay(name), robot, body=BODY, policy=str(policy)) for name in assays]
    notes: set[str] = set()
    for trial in trials:
        look_at(trial, FIRST_SEED, notes)
    lives = follow(trials, range(FIRST_SEED, FIRST_SEED + recipe.confirm), workers)
    if any(len(some) < recipe.confirm for some in lives.values()):
        raise KeyboardInterrupt
    result = Retrained(
        wiring=recipe.wiring.name,
        shuffle=recipe.wiring.shuffle,
        policy=str(policy.relative_to(folder)),
        policy_sha256=sha256,
        evaluations=evaluations,
        score=score,
        faults=sum(life.faulted for some in lives.values() for life in some),
        numbers=[seen(assay, number, lives[assay]) for assay, number in MEASURES],
    )
    write_results(path, Tried(by=by, result=result))
    return result
