"""Living the lives of assays on many processes, and judging each. What they add up to is `wormctl.assay.outcome`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from wormctl.assay.file import Assay
from wormctl.assay.judges import JUDGES
from wormctl.assay.judging import Settings
from wormctl.assay.life import Life
from wormctl.assembly import Assembly
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.episode import Episode
from wormctl.motion.path import FloatArray
from wormctl.plugins import Plugins, together
from wormctl.trials import Plan, open_trial
from wormctl.workers import work_off


class Trialled(msgspec.Struct, frozen=True, kw_only=True):
    """What all lives of an assay have in common; with a seed it determines what is measured."""

    key: str
    """Tells the lives of several assays, or of several worms, apart."""
    plan: Plan
    judge: str
    settings: Settings
    where: str
    """The assay file."""
    keep: bool = False
    """Whether pictures will want the way each life went."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One life, judged."""

    key: str
    seed: int
    verdict: str
    good: bool
    numbers: dict[str, list[float]]
    """Empty after a fault."""
    reason: str
    """Why the life ended, as in `wormctl.loop.Result`."""
    samples: dict[str, FloatArray] = {}
    scene: dict[str, FloatArray] = {}

    @property
    def faulted(self) -> bool:
        """Whether it could not be judged, or the robot had to be stopped."""
        return self.reason.startswith("fault: ")


def trialled(
    assay: Assay,
    asked: str,
    *,
    body: str | None = None,
    policy: str | None = None,
    plugin: Sequence[str] = (),
    ablate: Sequence[str] = (),
    key: str | None = None,
    keep: bool = False,
) -> Trialled:
    """An assay for the robot that was `asked` for, the terms of `ablate` cut beside the assay's own."""
    return Trialled(
        key=assay.name if key is None else key,
        plan=Plan(
            robot=assay.robot(asked, body=body, policy=policy, plugin=plugin),
            ablated=tuple(dict.fromkeys((*assay.ablated, *ablate))),
            seconds=assay.file.seconds,
            full=assay.file.full,
        ),
        judge=assay.file.judge,
        settings=assay.settings,
        where=str(assay.path),
        keep=keep,
    )


def artists(trials: Iterable[Trialled]) -> Plugins:
    """The plugins that may draw what was lived: those that the lives might load. Which are broken has been told."""
    return together(trial.plan.robot.plugins for trial in trials).load(warn=lambda line: None)


def try_out(trial: Trialled, seed: int) -> Assembly:
    """The robot of a life, open, for the caller to close.

    Raises `ConfigError` or `DeviceError`, naming the file.
    """
    assembly = open_trial(trial.plan, seed)
    if assembly.truth is None or assembly.world is None:
        assembly.close()
        raise ConfigError(f"{trial.where}: an assay needs a simulated body in a world")
    return assembly


def live(job: tuple[Trialled, int]) -> Outcome:
    """One life, judged: the same for the same job in any process. A robot that cannot start has a fault."""
    trial, seed = job
    try:
        assembly = try_out(trial, seed)
    except (ConfigError, DeviceError) as error:
        return Outcome(
            key=trial.key, seed=seed, verdict="fault", good=False, numbers={}, reason=f"fault: {error}"
        )
    with assembly:
        plan = trial.plan
        episode = Episode(assembly, seconds=plan.seconds, linger_s=plan.seconds if plan.full else 0.0)
        result = episode.live()
        rows = episode.recorder.rows()
        if result.faulted or not len(rows):
            return Outcome(
                key=trial.key, seed=seed, verdict="fault", good=False, numbers={}, reason=result.reason
            )
        assert assembly.world is not None
        summary = episode.summary(result, plan.ablated, plan.robot.policy)
        found = Life(
            record=rows,
            period_s=episode.period_s,
            snake=assembly.snake,
            world=assembly.world,
            reach_m=episode.goal.radius_m,
            reached_s=summary.time_to_food_s,
            start_distance_m=episode.goal.start_m,
        )
        try:
            judged = JUDGES[trial.judge].judge(found, trial.settings)
        except ValueError as error:
            raise ConfigError(f"{trial.where}: {error}") from None
        return Outcome(
            key=trial.key,
            seed=seed,
            verdict=judged.verdict,
            good=judged.good,
            numbers=judged.numbers,
            reason=result.reason,
            samples=judged.samples,
            scene=found.scene() if trial.keep else {},
        )


def live_all(
    trials: Sequence[Trialled],
    seeds: Sequence[int],
    workers: int,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Outcome]:
    """Every trial in every seed, seed by seed, as they are finished. Once `stop` says so, no further one is begun.

    Raises `ConfigError` for a world in which there is nothing to judge, `DeviceError` if a worker process dies.
    """
    yield from work_off(live, [(trial, seed) for seed in seeds for trial in trials], workers, stop)
