"""A worm's life begins at rest: nothing moves until something is sensed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worm.test_worm_kernel import Alive, small_worm
from wormctl.policy import find_policy, load_policy
from wormctl.worm.controller import WormController
from wormctl.worm.rest import resting_potential


def test_a_worm_that_senses_nothing_stays_where_it_rests() -> None:
    it = Alive(small_worm())
    it.state.v[:] = resting_potential(it.packed, it.state.v)
    rest, x = it.state.v.copy(), np.zeros(it.life.fast.size + it.life.bend.size)
    for _ in range(200):
        it.tick(x)
    np.testing.assert_allclose(it.state.v, rest, rtol=0, atol=1e-4)


def test_rest_is_found_from_anywhere() -> None:
    it = Alive(small_worm())
    found = [resting_potential(it.packed, np.full_like(it.state.v, start)) for start in (-0.3, 0.0, 0.3)]
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-4)
    np.testing.assert_allclose(found[2], found[1], rtol=0, atol=1e-4)


def test_looking_for_rest_leaves_the_start_alone() -> None:
    it = Alive(small_worm())
    start = np.full_like(it.state.v, 0.2)
    resting_potential(it.packed, start)
    assert (start == 0.2).all()


@pytest.mark.parametrize("cut", [[], ["AVB"]])
def test_the_shipped_worm_begins_at_rest_whole_and_cut(cut: list[str]) -> None:
    worm = WormController.from_policy(load_policy(find_policy("worm302")))
    worm.ablate(cut)
    worm.reset()
    began = worm.state.copy()
    values = sum(port.size for port in worm.inputs)
    worm.step(np.zeros(values), np.zeros(values, bool), np.zeros(worm.joints))
    assert np.abs(worm.state - began).max() < 0.02
    assert np.abs(began).max() > 0.2, "not where the leaks pull"
