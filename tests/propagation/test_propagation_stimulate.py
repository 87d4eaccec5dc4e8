"""The experiment on small worms whose answers are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from tests.worm.test_worm_kernel import N, small_worm
from wormctl.propagation.stimulate import CURRENT, CURRENT_S, Responses, stimulate
from wormctl.worm.model import WormModel
from wormctl.worm.parts import new_state

DT_S, UNFOLDS = 0.02, 2
NONE = np.zeros(0, np.int32)


def bare(**changes: Any) -> WormModel:
    """Neurons with a leak of 1 that rest at 0 and touch nothing but what `changes` says."""
    quiet = dataclasses.replace(
        small_worm(),
        neuron_gleak=np.ones(N), neuron_vleak=np.zeros(N), neuron_gself=np.zeros(N), neuron_bias=np.zeros(N),
        neuron_cm=np.full(N, 0.2), neuron_sigma=np.full(N, 8.0), neuron_mu=np.full(N, 0.3),
        chem_pre=NONE, chem_post=NONE, chem_w=np.zeros(0), chem_erev=np.zeros(0),
        gap_a=NONE, gap_b=NONE, gap_g=np.zeros(0),
    )  # fmt: skip
    return dataclasses.replace(quiet, **changes)


def chemical(pre: list[int], post: list[int], erev: list[float]) -> dict[str, Any]:
    return {
        "chem_pre": np.array(pre, np.int32), "chem_post": np.array(post, np.int32),
        "chem_w": np.ones(len(pre)), "chem_erev": np.array(erev),
    }  # fmt: skip


def answers(worm: WormModel, neurons: Sequence[int], tell: Callable[[], None] = lambda: None) -> Responses:
    packed = worm.pack(DT_S, UNFOLDS, dtype=np.float64)
    return stimulate(packed, new_state(packed, worm.neuron_vleak), neurons, tell)


def test_a_neuron_alone_charges_by_its_leak_and_no_other_hears_of_it() -> None:
    found = answers(bare(), [4])
    per_step = 0.2 / (DT_S / UNFOLDS)
    steps = round(CURRENT_S / DT_S) * UNFOLDS
    charged = CURRENT * (1.0 - (per_step / (per_step + 1.0)) ** steps)
    assert found.strength[4, 4] == pytest.approx(charged, rel=1e-6)
    assert set(np.delete(found.strength[:, 4], 4)) == {0.0}
    assert np.isnan(np.delete(found.strength, 4, axis=1)).all()
    assert found.settled


def test_answers_follow_the_synapse_and_gap_junctions_go_both_ways() -> None:
    wired = bare(
        **chemical([0, 1], [1, 2], [1.0, -1.0]),
        gap_a=np.array([5], np.int32), gap_b=np.array([6], np.int32), gap_g=np.array([0.3]),
    )  # fmt: skip
    found = answers(wired, range(N)).strength
    assert found[1, 0] > 0.01
    assert 0.0 < found[2, 0] < found[1, 0], "an inhibited neuron answers too, and the further the less"
    assert found[0, 1] == found[1, 2] == found[0, 2] == 0.0
    assert found[5, 6] == pytest.approx(found[6, 5])
    assert found[6, 5] > 0.01


def test_the_order_of_stimulations_changes_nothing_and_each_is_told() -> None:
    told: list[None] = []
    worm = small_worm()
    one = answers(worm, [3, 0, 7], lambda: told.append(None)).strength
    other = answers(worm, [7, 3, 0]).strength
    np.testing.assert_array_equal(one, other)
    assert len(told) == 3


def test_a_worm_that_never_rests_is_compared_with_its_own_unrest() -> None:
    # A ring of three that inhibit one another in turn, driven: an oscillator.
    ring = bare(
        **chemical([0, 1, 2], [1, 2, 0], [-1.0, -1.0, -1.0]),
        neuron_bias=np.array([2.0, 2.1, 1.9] + [0.0] * (N - 3)),
        neuron_sigma=np.full(N, 30.0), neuron_mu=np.full(N, 0.7),
    )  # fmt: skip
    ring = dataclasses.replace(ring, chem_w=np.full(3, 10.0))
    found = answers(ring, [8, 0])
    assert not found.settled
    assert found.rest_s >= 60.0
    assert set(found.strength[:8, 8]) == {0.0}, "nobody touches neuron 8: their unrest is no answer"
    assert found.strength[1, 0] > 0.0
