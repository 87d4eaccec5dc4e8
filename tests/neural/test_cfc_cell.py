"""The CfC kernel, plain and layered, against its slow oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.neural.naive import cfc
from wormctl.neural.cfc import CfCLayer, CfCParams, Dense, cfc_tick, initial_cfc, pack_cfc
from wormctl.neural.network import CfCNetwork, Precision
from wormctl.neural.wiring import Wiring, auto_ncp, fully_connected, make_wiring

ATOL: dict[Precision, float] = {np.float32: 5e-6, np.float64: 1e-12}


@st.composite
def networks(draw: st.DrawFn) -> CfCParams:
    rng = np.random.default_rng(draw(st.integers(0, 9999)))

    def dense(out: int, width: int) -> Dense:
        return Dense(rng.normal(0, width**-0.5, (out, width)), rng.normal(0, 0.5, out))

    fed = draw(st.integers(1, 6))
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        units = draw(st.integers(1, 20))
        width, backbone = fed + units, []
        for _ in range(draw(st.integers(0, 2))):
            out = draw(st.integers(1, 40))
            backbone.append(dense(out, width))
            width = out
        ff1, ff2, time_a, time_b = (dense(units, width) for _ in range(4))
        layers.append(CfCLayer(ff1, ff2, time_a, time_b, backbone=tuple(backbone)))
        fed = units
    return CfCParams(
        layers=tuple(layers),
        projection=dense(3, fed) if draw(st.booleans()) else None,
        gate=draw(st.booleans()),
        activation=draw(st.sampled_from(["lecun_tanh", "tanh"])),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(deadline=None, max_examples=60)
@given(params=networks(), elapsed=st.sampled_from([0.001, 0.02, 1.0, 10.0]))
def test_one_tick_is_that_of_the_oracle(dtype: Precision, params: CfCParams, elapsed: float) -> None:
    rng = np.random.default_rng(0)
    h: Any = rng.uniform(-1, 1, params.units).astype(dtype)
    x: Any = rng.uniform(-1, 1, params.inputs).astype(dtype)
    state, y = h.copy(), np.zeros(params.outputs, dtype=h.dtype)
    ints, floats = pack_cfc(params, dtype=dtype)
    assert cfc_tick(ints, floats, state, x, y, elapsed) == 0
    for mine, expected in zip((state, y), cfc(params, h, x, elapsed), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=0, atol=ATOL[dtype])


def two_layers() -> CfCParams:
    rng = np.random.default_rng(1)

    def layer(fed: int, units: int) -> CfCLayer:
        shape = (units, fed + units)
        ff1, ff2, time_a, time_b = (Dense(rng.normal(size=shape), rng.normal(size=units)) for _ in range(4))
        return CfCLayer(ff1, ff2, time_a, time_b)

    return CfCParams(layers=(layer(2, 3), layer(3, 2)))


def test_cut_neurons_say_nothing() -> None:
    outputs = []
    for x in ([0.0, 0.0], [9.0, -9.0]):
        network = CfCNetwork(two_layers(), 0.02)
        network.cut([0])
        network.cut([1, 2])
        outputs.append(network.step(x).copy())
        assert (network.state[:3] == 0).all()
    # The second layer hears only the first, which is cut, so the input no longer matters.
    np.testing.assert_array_equal(outputs[0], outputs[1])


def test_cutting_one_neuron_leaves_the_others_their_say() -> None:
    outputs = []
    for x in ([0.0, 0.0], [9.0, -9.0]):
        network = CfCNetwork(two_layers(), 0.02)
        network.cut([0])
        outputs.append(network.step(x).copy())
    assert not np.array_equal(outputs[0], outputs[1])


def test_a_wiring_becomes_one_masked_cell_a_layer() -> None:
    wiring = auto_ncp(19, 4, inputs=8, seed=3)
    params = initial_cfc(wiring, seed=0)
    assert [layer.units for layer in params.layers] == [len(layer) for layer in wiring.layers]
    assert (params.inputs, params.units, params.outputs) == (8, 19, 4)
    adjacency = wiring.adjacency()
    heard = wiring.sensory_adjacency()
    for k, (layer, cell) in enumerate(zip(wiring.layers, params.layers, strict=True)):
        if k:
            heard = adjacency[list(wiring.layers[k - 1])]
        synapses = heard[:, list(layer)].T != 0
        for masked in (cell.ff1, cell.ff2):
            np.testing.assert_array_equal(masked.weight[:, : synapses.shape[1]] != 0, synapses)
            assert (masked.weight[:, synapses.shape[1] :] != 0).all()
        for gate in (cell.time_a, cell.time_b):
            assert (gate.weight != 0).all()
    network, other = CfCNetwork(params, 0.02), CfCNetwork(initial_cfc(wiring, seed=1), 0.02)
    assert np.isfinite(network.step(np.ones(8))).all()
    assert not np.array_equal(network.outputs, other.step(np.ones(8)))


def layered(**changes: Any) -> Wiring:
    """Input -> 2 -> 1 -> motor 0."""
    plain: Any = {
        "synapses": ([2, 1], [1, 0], [1, 1]), "sensory": ([0], [2], [1]), "layers": [[2], [1], [0]]
    }  # fmt: skip
    return make_wiring(3, 1, 1, **plain | changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fully_connected(3, 1, motors=2), r"last layer is \(0, 1, 2\), must be the motors 0\.\.1"),
        (lambda: layered(layers=[[2], [0]]), "exactly one layer"),
        (lambda: layered(layers=[[2, 1], [1], [0]]), "exactly one layer"),
        (lambda: layered(synapses=([2], [0], [1])), "synapse neuron2 -> motor0 skips a layer"),
        (lambda: layered(synapses=([0], [1], [1])), "synapse motor0 -> neuron1 skips a layer"),
        (lambda: layered(sensory=([0], [1], [1])), "beyond the first layer"),
        (lambda: layered(gaps=([0], [1])), "no gap junctions, the wiring has 1"),
    ],
)
def test_a_wiring_that_is_not_layered_is_refused(make: Any, message: str) -> None:
    initial_cfc(layered(), 0)
    with pytest.raises(ValueError, match=message):
        initial_cfc(make(), 0)


def test_an_output_that_would_not_be_finite_keeps_its_value() -> None:
    params = two_layers()
    params = CfCParams(layers=params.layers, projection=Dense(np.full((1, 2), 3e38), np.full(1, 3e38)))
    ints, floats = pack_cfc(params)
    h, y = np.full(5, 0.9, np.float32), np.full(1, 0.5, np.float32)
    assert cfc_tick(ints, floats, h, np.zeros(2, np.float32), y, 1.0) == 1
    assert y[0] == 0.5


def test_what_float32_cannot_hold_is_refused_for_float32_only() -> None:
    params = two_layers()
    params.layers[1].time_a.bias[0] = 1e39
    pack_cfc(params, dtype=np.float64)
    with pytest.raises(
        ValueError, match=r"layer1\.heads\.bias\[4\] = 1e\+39, must be finite and within 3\.4e\+38"
    ):
        pack_cfc(params)


def test_arrays_that_do_not_fit_are_named() -> None:
    params = two_layers()
    wrong = CfCParams(layers=(params.layers[0], params.layers[0]))
    with pytest.raises(ValueError, match=r"layer1\.ff1 has weight \(3, 5\)"):
        pack_cfc(wrong)
    with pytest.raises(ValueError, match="activation = 'gelu', must be one of lecun_tanh, tanh"):
        pack_cfc(CfCParams(layers=params.layers, activation="gelu"))
