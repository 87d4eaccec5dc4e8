"""The end of training: where a policy is tried, and what its file keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import wormctl_train.confirm
from wormctl_train.anatomy import anatomy
from wormctl_train.confirm import confirm, scores

from wormctl.commands import evaluate
from wormctl.connectome import load_connectome
from wormctl.robot import shipped_robots
from wormctl.trials import Plan, Trial
from wormctl.worm.parts import CHEMICAL

MOST = 10_000
"""The largest `confirm` that a recipe may have."""

Asked = list[tuple[Plan, Sequence[int]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What `confirm` asks for; nothing is run."""
    calls: Asked = []

    def run_trials(plan: Plan, seeds: Sequence[int], workers: int) -> Iterator[Trial]:
        calls.append((plan, seeds))
        return iter(())

    monkeypatch.setattr(wormctl_train.confirm, "run_trials", run_trials)
    return calls


def life(seed: int, reached: bool) -> Trial:
    return Trial(
        seed=seed, reached=reached, time_to_food_s=None, distance_start_m=1.0, distance_min_m=0.1,
        speed_bl_per_s=0.1, frequency_hz=0.5, seconds=1.0, reason="",
    )  # fmt: skip


@pytest.mark.parametrize("blind", [False, True])
def test_no_world_of_the_confirmation_is_one_that_evaluate_starts_with(asked: Asked, blind: bool) -> None:
    list(confirm(Path("p.safetensors"), "planar", MOST, 1, blind))
    seeds = set(asked[0][1])
    assert len(seeds) == MOST
    assert seeds.isdisjoint(range(evaluate.FIRST_SEED, evaluate.FIRST_SEED + MOST))


def test_with_and_without_smell_are_tried_in_the_same_worlds(asked: Asked) -> None:
    for blind in (False, True):
        list(confirm(Path("p.safetensors"), "planar", 7, 1, blind))
    (whole, seeds), (cut, same_seeds) = asked
    assert list(seeds) == list(same_seeds)
    assert whole.robot == cut.robot
    assert whole.robot.world is not None
    assert (whole.robot.policy, whole.robot.body.name, whole.robot.world.name) == (
        "p.safetensors",
        "planar",
        "food",
    )


def test_only_the_blind_worm_lacks_every_cell_that_smells_or_tastes(asked: Asked) -> None:
    for blind in (False, True):
        list(confirm(Path("p.safetensors"), "planar", 1, 1, blind))
    (whole, _), (cut, _) = asked
    assert whole.ablated == ()
    body = anatomy()
    smelling = set(body.receptor_neuron[body.receptor_kind == CHEMICAL].tolist())
    assert smelling <= set(load_connectome().select(cut.ablated))


def test_scores_tell_the_intact_worm_from_the_blind_one() -> None:
    intact = [life(seed, reached=seed != 3) for seed in range(4)]
    blind = [life(seed, reached=seed == 3) for seed in range(4)]
    found = scores("planar", intact, blind)
    assert found["planar.trials"] == 4.0
    assert found["planar.reached"] == 3.0
    assert found["planar.reached_without_smell"] == 1.0


def test_the_robot_is_the_recipe_s(asked: Asked, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(shipped_robots()["no_smell"].read_text())
    list(confirm(Path("p.safetensors"), "planar", 1, 1, robot=str(own)))
    list(confirm(Path("p.safetensors"), "planar", 1, 1))
    (mine, _), (usual, _) = asked
    assert not mine.robot.sensors
    assert usual.robot.sensors
