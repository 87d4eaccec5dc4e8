"""The CfC kernel, plain and layered, against its slow oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.neural.naive import cfc
from wormctl.neural.cfc import CfCLayer, CfCParams, Dense, cfc_tick, pack_cfc
from wormctl.neural.network import CfCNetwork, Precision

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


def test_arrays_that_do_not_fit_are_named() -> None:
    params = two_layers()
    wrong = CfCParams(layers=(params.layers[0], params.layers[0]))
    with pytest.raises(ValueError, match=r"layer1\.ff1 has weight \(3, 5\)"):
        pack_cfc(wrong)
    with pytest.raises(ValueError, match="activation = 'gelu', must be one of lecun_tanh, tanh"):
        pack_cfc(CfCParams(layers=params.layers, activation="gelu"))
