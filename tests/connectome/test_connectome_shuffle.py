"""A shuffled wiring keeps what it should keep, and nothing else: degrees stay, contacts go."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormctl.connectome import load_connectome
from wormctl.connectome.shuffle import IntArray, shuffled_junctions, shuffled_synapses

C = load_connectome()
N = len(C.names)
SEEDS = (1, 2, 2**31)

Pairs = set[tuple[int, int]]


def pairs(one: IntArray, other: IntArray) -> Pairs:
    return set(zip(one.tolist(), other.tolist(), strict=True))


@st.composite
def graphs(draw: st.DrawFn, *, directed: bool) -> tuple[IntArray, IntArray]:
    n = draw(st.integers(1, 9))
    possible = [(i, k) for i in range(n) for k in range(n) if (directed or i < k)]
    edges = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    ends = np.array(edges, np.int32).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]


@given(graphs(directed=True), st.integers(0, 2**32 - 1))
def test_synapses_of_any_graph_keep_degrees_and_autapses(graph: tuple[IntArray, IntArray], seed: int) -> None:
    pre, post = graph
    found = shuffled_synapses(pre, post, seed)
    np.testing.assert_array_equal(np.bincount(found, minlength=9), np.bincount(post, minlength=9))
    assert len(pairs(pre, found)) == pre.size
    np.testing.assert_array_equal(found == pre, post == pre)
    np.testing.assert_array_equal(found, shuffled_synapses(pre, post, seed))


@given(graphs(directed=False), st.integers(0, 2**32 - 1))
def test_junctions_of_any_graph_keep_degrees_and_one_neuron(
    graph: tuple[IntArray, IntArray], seed: int
) -> None:
    a, b = graph
    one, other = shuffled_junctions(a, b, seed)
    assert (one < other).all()
    assert len(pairs(one, other)) == a.size
    assert ((one == a) | (one == b) | (other == a) | (other == b)).all()
    before, after = (np.concatenate(ends) for ends in ((a, b), (one, other)))
    np.testing.assert_array_equal(np.bincount(before, minlength=9), np.bincount(after, minlength=9))
    again = shuffled_junctions(a, b, seed)
    np.testing.assert_array_equal((one, other), again)


@pytest.mark.parametrize("seed", SEEDS)
def test_little_is_left_of_the_published_wiring(seed: int) -> None:
    start_s = time.perf_counter()
    post = shuffled_synapses(C.chem_pre, C.chem_post, seed)
    one, other = shuffled_junctions(C.gap_a, C.gap_b, seed)
    assert time.perf_counter() - start_s < 1.0
    assert {array.dtype for array in (post, one, other)} == {np.dtype(np.int32)}
    apart = C.chem_pre != C.chem_post
    # As many fall on a published contact by chance as there is wiring between cells with many contacts.
    for before, after in (
        (pairs(C.chem_pre[apart], C.chem_post[apart]), pairs(C.chem_pre[apart], post[apart])),
        (pairs(C.gap_a, C.gap_b), pairs(one, other)),
    ):
        assert len(before & after) < 0.15 * len(before)


def test_other_seeds_give_other_wirings() -> None:
    found = [tuple(shuffled_synapses(C.chem_pre, C.chem_post, seed)) for seed in SEEDS]
    assert len(set(found)) == len(SEEDS)
    joined = [tuple(shuffled_junctions(C.gap_a, C.gap_b, seed)[1]) for seed in SEEDS]
    assert len(set(joined)) == len(SEEDS)


def test_nothing_to_swap_stays() -> None:
    none = np.zeros(0, np.int32)
    assert shuffled_synapses(none, none, 1).size == 0
    one, other = np.array([3], np.int32), np.array([5], np.int32)
    assert shuffled_synapses(one, other, 1).tolist() == [5]
    assert [ends.tolist() for ends in shuffled_junctions(one, other, 1)] == [[3], [5]]
