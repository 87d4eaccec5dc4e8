"""The end of training: where a policy is tried, and what its file says of its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import wormctl_train.confirm
from wormctl_train.anatomy import anatomy
from wormctl_train.confirm import confirm, scores
from wormctl_train.genome import GENES
from wormctl_train.make import make_policy
from wormctl_train.recipe import load_recipe

from wormctl.commands import evaluate
from wormctl.connectome import load_connectome
from wormctl.policy import Origin
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


def test_a_policy_tells_where_each_of_its_numbers_comes_from() -> None:
    meta, tensors = make_policy(load_recipe("worm302"), np.zeros(len(GENES)), "wormctl train worm302", 1)
    told = [(name, group.origin) for group in meta.parameters for name in group.tensors]
    assert sorted(name for name, _ in told) == sorted(tensors)
    wiring = "chem.pre chem.post gap.a gap.b nmj.neuron nmj.muscle muscle.side"
    chosen = (
        "chem.erev neuron.gleak neuron.vleak neuron.bias receptor.neuron receptor.kind receptor.floor receptor.top "
        "stretch.neuron stretch.joint muscle.joint"
    )
    assert {name for name, origin in told if origin == Origin.CONNECTOME} == set(wiring.split())
    assert {name for name, origin in told if origin == Origin.ASSUMED} == set(chosen.split())
    assert {origin for _, origin in told} == {Origin.CONNECTOME, Origin.ASSUMED, Origin.EVOLVED}


def test_what_a_policy_calls_evolved_is_what_the_genes_move() -> None:
    recipe = load_recipe("worm302")
    meta, start = make_policy(recipe, np.zeros(len(GENES)), "", 1)
    moved: set[str] = set()
    for shift in (-0.3, 0.3):
        _, changed = make_policy(recipe, np.full(len(GENES), shift), "", 1)
        moved |= {name for name in start if not np.array_equal(start[name], changed[name])}
    evolved = {name for group in meta.parameters if group.origin == Origin.EVOLVED for name in group.tensors}
    assert moved == evolved
