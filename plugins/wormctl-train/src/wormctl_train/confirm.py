"""The last thing training does: try the policy in the real loop and body, in worlds that no stage has seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from wormctl_sim.bullet_config import bullet_installed

from wormctl.ablation import CHEMOSENSORY
from wormctl.robot import DEFAULT, load_robot
from wormctl.trials import Plan, Trial, run_trials, tally

FIRST_SEED = 50_000
"""Far from the seeds that `wormctl evaluate` starts from, and from those of every stage."""
SECONDS = 120.0


def bodies() -> list[str]:
    """The bodies to try it in: the one it was evolved on, and PyBullet where there is one."""
    return ["planar", "pybullet"] if bullet_installed() else ["planar"]


def confirm(
    policy: Path, body: str, trials: int, workers: int, blind: bool = False, robot: str = DEFAULT
) -> Iterator[Trial]:
    """Lives of `policy` in `body`, food 1 to 2 m away at any bearing, as they finish.

    `blind`: without any cell that smells or tastes. `robot` is the name or the path of a robot file.
    """
    plan = Plan(
        robot=load_robot(robot).replace(policy=str(policy), body=body, world="food"),
        ablated=CHEMOSENSORY if blind else (),
        seconds=SECONDS,
        full=False,
    )
    return run_trials(plan, range(FIRST_SEED, FIRST_SEED + trials), workers)


def scores(body: str, intact: list[Trial], blind: list[Trial]) -> dict[str, float]:
    """What a policy file keeps of it."""
    whole, cut = tally(intact), tally(blind)
    return {
        f"{body}.trials": float(whole.trials),
        f"{body}.reached": float(whole.reached),
        f"{body}.reached_without_smell": float(cut.reached),
        f"{body}.speed_bl_per_s": whole.speed_bl_per_s or 0.0,
    }
