"""The wirings have the structure they are named for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wormctl.connectome import load_connectome
from wormctl.neural.wiring import (
    Wiring,
    auto_ncp,
    connectome_wiring,
    fully_connected,
    make_wiring,
    ncp,
    random_wiring,
)


@settings(deadline=None, max_examples=60)
@given(
    units=st.integers(6, 60),
    inputs=st.integers(1, 10),
    sparsity=st.floats(0.1, 0.9),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_auto_ncp_is_layered_and_nobody_is_left_out(
    units: int, inputs: int, sparsity: float, seed: int, data: st.DataObject
) -> None:
    motors = data.draw(st.integers(1, units - 3))
    wiring = auto_ncp(units, motors, inputs, sparsity, seed)
    inter, command, motor = wiring.layers
    assert motor == tuple(range(motors))
    assert sorted((*motor, *command, *inter)) == list(range(units))
    allowed = {(a, b) for a in inter for b in command} | {(a, b) for a in command for b in (*command, *motor)}
    assert set(zip(wiring.pre.tolist(), wiring.post.tolist(), strict=True)) <= allowed
    assert set(wiring.sensory_post.tolist()) == set(inter)
    assert set(wiring.sensory_pre.tolist()) == set(range(inputs))
    for layer in (command, motor):
        assert set(layer) <= set(wiring.post.tolist())
    assert set(np.unique(wiring.sign)) <= {-1, 1}


def test_auto_ncp_sizes_follow_the_rule() -> None:
    wiring = auto_ncp(19, 4, inputs=8, sparsity=0.5)
    inter, command, motor = (len(layer) for layer in wiring.layers)
    assert (inter, command, motor) == (9, 6, 4)
    fan_out = np.bincount(wiring.sensory_pre, minlength=8)
    assert (fan_out >= 4).all()
    into_motors = np.bincount(wiring.post, minlength=19)[:4]
    assert (into_motors >= 3).all()


def test_the_same_seed_gives_the_same_wiring() -> None:
    makers: tuple[Callable[[int], Wiring], ...] = (
        lambda seed: auto_ncp(20, 4, 5, seed=seed),
        lambda seed: random_wiring(12, 3, seed=seed),
        lambda seed: fully_connected(6, 2, seed=seed),
    )
    for make in makers:
        a, b, c = make(3), make(3), make(4)
        np.testing.assert_array_equal(a.adjacency(), b.adjacency())
        assert not np.array_equal(a.adjacency(), c.adjacency())


def test_fully_connected_has_every_synapse() -> None:
    assert (fully_connected(5, 3).adjacency() != 0).all()
    alone = fully_connected(5, 3, motors=2, self_connections=False)
    np.testing.assert_array_equal(alone.adjacency() != 0, ~np.eye(5, dtype=bool))
    assert (alone.sensory_adjacency() != 0).all()
    assert alone.motors == 2


def test_random_wiring_has_the_share_asked_for() -> None:
    wiring = random_wiring(20, 5, sparsity=0.75)
    assert (wiring.adjacency() != 0).sum() == 100
    assert (wiring.sensory_adjacency() != 0).sum() == 25


def test_the_connectome_keeps_every_connection_under_the_new_numbers() -> None:
    table = load_connectome()
    motors = ("VB5", "DB3")
    wiring = connectome_wiring(["ASEL", "ASER"], motors)
    assert wiring.names[:2] == motors
    assert sorted(wiring.names) == sorted(table.names)

    def edges(w: Wiring, names: Any) -> list[tuple[str, str]]:
        return sorted((names[a], names[b]) for a, b in zip(w.pre, w.post, strict=True))

    original = sorted(
        (table.names[a], table.names[b]) for a, b in zip(table.chem_pre, table.chem_post, strict=True)
    )
    assert edges(wiring, wiring.names) == original
    junctions = {
        frozenset((wiring.names[a], wiring.names[b])) for a, b in zip(wiring.gap_a, wiring.gap_b, strict=True)
    }
    assert len(junctions) == len(table.gap_a) == 1091
    assert [wiring.names[i] for i in wiring.sensory_post] == ["ASEL", "ASER"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: auto_ncp(10, 8, 2), r"motors = 8, must be 1\.\.7 with 10 units"),
        (lambda: auto_ncp(10, 2, 2, sparsity=1.0), r"sparsity = 1.0, must be 0\.1\.\.0\.9"),
        (lambda: random_wiring(10, 2, sparsity=1.0), "sparsity = 1.0, must be in 0 <= sparsity < 1"),
        (lambda: fully_connected(3, 1, motors=4), r"3 units, 1 inputs, 4 motors"),
        (lambda: connectome_wiring(["ASEX"], ["VB5"]), "ASEX is not a neuron"),
        (lambda: connectome_wiring(["ASEL"], ["VB5", "VB5"]), "named twice"),
        (lambda: make_wiring(2, 1, 1, ([0], [2], [1]), ([], [], [])), r"post\[0\] = 2, must be 0\.\.1"),
        (
            lambda: make_wiring(2, 1, 1, ([0, -3], [1, 1], [1, 1]), ([], [], [])),
            r"pre\[1\] = -3, must be 0\.\.1",
        ),
        (lambda: make_wiring(2, 1, 1, ([2**32], [0], [1]), ([], [], [])), r"pre\[0\] = 4294967296"),
        (lambda: make_wiring(2, 1, 1, ([0.7], [0], [1]), ([], [], [])), "pre is of type float64"),
        (
            lambda: make_wiring(2, 1, 1, ([0], [], [1]), ([], [], [])),
            r"post has shape \(0,\), must be \(1,\)",
        ),
        (lambda: make_wiring(2, 1, 1, ([0], [0], [1, 1]), ([], [], [])), r"sign has shape \(2,\)"),
        (lambda: make_wiring(2, 1, 1, ([], [], []), ([], [], []), ([0], [0, 1])), r"gap_b has shape \(2,\)"),
        (lambda: make_wiring(2, 1, 1, ([], [], []), ([], [], []), names=("a", "a")), "names"),
        (
            lambda: ncp(
                inputs=2,
                inter=3,
                command=2,
                motors=1,
                sensory_fanout=4,
                inter_fanout=1,
                recurrent_command=1,
                motor_fanin=1,
            ),
            r"sensory_fanout = 4, must be 1\.\.3",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
