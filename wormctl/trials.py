"""Many lives, each from a seed of its own, on as many processes as asked, and what they add up to."""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from wormctl.assembly import Assembly, assemble
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.episode import Episode
from wormctl.plugins import Choice, Plugins
from wormctl.robot import Robot
from wormctl.summary import Summary, wilson_interval
from wormctl.workers import work_off


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What all trials have in common; with a seed it determines a trial."""

    robot: Robot
    ablated: tuple[str, ...]
    seconds: float
    full: bool
    """Whether a trial goes on to its end after the food was reached."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One life in numbers; the fields are those of `wormctl.summary.Summary`."""

    seed: int
    reached: bool
    time_to_food_s: float | None
    distance_start_m: float | None
    distance_min_m: float | None
    speed_bl_per_s: float | None
    frequency_hz: float
    seconds: float
    reason: str
    varied: dict[str, float] = {}


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the trials add up to."""

    trials: int
    """Finished ones."""
    reached: int
    rate: float
    ci95: tuple[float, float]
    """Wilson score interval of the rate."""
    speed_bl_per_s: float | None
    """Mean over the trials, each measured on the way to the food; see `wormctl.summary.crawl_speed_m_s`."""
    frequency_hz: float | None
    """Mean over the trials that moved."""
    time_to_food_s_median: float | None
    """Over the trials that reached it."""
    faults: int
    """Trials that ended by a fault; they count as not reached unless the food was reached before."""
    per_trial: list[Trial]


def run_trial(plan: Plan, seed: int) -> Trial:
    """One life; the same for the same plan and seed in any process. A robot that cannot start has a fault."""
    try:
        assembly = open_trial(plan, seed)
    except (ConfigError, DeviceError) as error:
        return Trial(
            seed=seed, reached=False, time_to_food_s=None, distance_start_m=None, distance_min_m=None,
            speed_bl_per_s=None, frequency_hz=0.0, seconds=0.0, reason=f"fault: {error}",
        )  # fmt: skip
    with assembly:
        episode = Episode(assembly, seconds=plan.seconds, linger_s=plan.seconds if plan.full else 0.0)
        result = episode.live()
        return as_trial(episode.summary(result, plan.ablated, plan.robot.policy))


def open_trial(plan: Plan, seed: int) -> Assembly:
    """The robot of a trial, open. Raises `ConfigError` or `DeviceError`."""
    return assemble(
        plan.robot, _plugins(plan.robot.plugins), seed=seed, ablate=plan.ablated, one_of_many=True
    )


def as_trial(summary: Summary) -> Trial:
    """The part of a summary that a trial keeps."""
    return Trial(**{name: getattr(summary, name) for name in Trial.__struct_fields__})


def run_trials(
    plan: Plan, seeds: Sequence[int], workers: int, stop: Callable[[], bool] = lambda: False
) -> Iterator[Trial]:
    """The trials as they finish, in any order. Once `stop` says so, no further one is begun.

    Raises `DeviceError` if a worker process dies.
    """
    yield from work_off(functools.partial(run_trial, plan), seeds, workers, stop)


def tally(trials: Sequence[Trial]) -> Tally:
    """Add trials up; they are listed in the order of their seeds."""
    ordered = sorted(trials, key=lambda trial: trial.seed)
    reached = sum(t.reached for t in ordered)
    low, high = wilson_interval(reached, len(ordered))
    return Tally(
        trials=len(ordered),
        reached=reached,
        rate=round(reached / len(ordered), 4) if ordered else 0.0,
        ci95=(round(low, 4), round(high, 4)),
        speed_bl_per_s=_over([t.speed_bl_per_s for t in ordered], np.mean),
        frequency_hz=_over([t.frequency_hz or None for t in ordered], np.mean),
        time_to_food_s_median=_over([t.time_to_food_s for t in ordered], np.median),
        faults=sum(t.reason.startswith("fault: ") for t in ordered),
        per_trial=ordered,
    )


def _over(values: Sequence[float | None], how: Callable[[list[float]], np.floating]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(how(known)), 4) if known else None


@functools.cache
def _plugins(choice: Choice) -> Plugins:
    """Once a process; the parent has already told which ones are broken."""
    in_main = (
        threading.current_thread() is threading.main_thread() and multiprocessing.parent_process() is None
    )
    return choice.load(warn=None if in_main else lambda line: None)
