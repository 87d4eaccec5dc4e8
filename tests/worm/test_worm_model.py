"""A worm as tensors: what is saved comes back, and what nobody could mean is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.worm.test_worm_kernel import JOINTS, N, small_worm
from wormctl.worm.model import WormModel


def test_tensors_round_trip() -> None:
    m = small_worm()
    again = WormModel.from_tensors(m.tensors())
    np.testing.assert_allclose(again.chem_w, m.chem_w, rtol=1e-6)
    np.testing.assert_array_equal(again.chem_pre, m.chem_pre)


def test_indices_may_be_saved_in_any_width() -> None:
    m = small_worm()
    wide = m.tensors() | {"chem.pre": m.chem_pre.astype(np.int64), "gap.a": m.gap_a.astype(np.uint8)}
    again = WormModel.from_tensors(wide)
    for mine, saved in ((again.chem_pre, m.chem_pre), (again.gap_a, m.gap_a)):
        np.testing.assert_array_equal(mine, saved)
        assert mine.dtype == np.int32


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("chem.w", np.full(20, -1.0), r"chem\.w\[0\] = -1, must be 0\.\.1e\+06"),
        ("chem.w", np.full(20, 1e38), r"chem\.w\[0\] = 1e\+38"),
        ("neuron.cm", np.zeros(N), r"neuron\.cm\[0\] = 0, must be 1e-09\.\.1e\+06"),
        ("neuron.cm", np.full(N, 1e38), r"neuron\.cm\[0\] = 1e\+38"),
        ("neuron.vleak", np.full(N, 3e38), r"neuron\.vleak\[0\] = 3e\+38, must be -1e\+06\.\.1e\+06"),
        ("neuron.mu", np.full(N, np.nan), r"neuron\.mu has a value that is not finite"),
        ("neuron.mu", np.zeros(N, np.int32), r"neuron\.mu is int32 of shape \(9,\), must be 1-D reals"),
        ("chem.pre", np.full(20, N), r"chem\.pre\[0\] = 9, must be 0\.\.8"),
        ("chem.pre", np.full(20, 2**32), r"chem\.pre\[0\] = 4294967296, must be 0\.\.8"),
        ("chem.pre", np.full(20, 0.7), r"chem\.pre is float64 of shape \(20,\), must be 1-D integers"),
        ("gap.g", np.ones(2), r"gap\.g has shape \(2,\), must be \(3,\)"),
        ("receptor.kind", np.array([0, 2, 1]), r"receptor\.kind\[1\] = 2, must be 0\.\.1"),
        ("receptor.tau_fast_s", np.array([1.0, 0.0, 1.0]), r"receptor\.tau_fast_s\[1\] = 0, must be 1e-09"),
        ("receptor.tau_slow_s", np.array([1.0, 1.0, 1e30]), r"receptor\.tau_slow_s\[2\] = 1e\+30"),
        ("muscle.tau_s", np.array([-0.3]), r"muscle\.tau_s\[0\] = -0\.3"),
        ("muscle.tau_s", np.ones(4), r"muscle\.tau_s has shape \(4,\), must be \(1,\)"),
        ("muscle.side", np.array([1.0, 7.0, 1.0, -1.0]), r"muscle\.side\[1\] = 7, must be -1\.\.1"),
        ("muscle.side", np.array([1.0, 0.5, 1.0, -1.0]), r"muscle\.side\[1\] = 0\.5, must be -1 or \+1"),
        (
            "joint.amplitude_rad",
            np.full(JOINTS, 100.0),
            r"joint\.amplitude_rad\[0\] = 100, must be 0\.\.1\.5708",
        ),
        ("neuron.colour", np.zeros(N), r"tensor neuron\.colour means nothing"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WormModel.from_tensors(small_worm().tensors() | {name: value})


def test_a_tensor_that_is_not_there_is_named() -> None:
    tensors = small_worm().tensors()
    del tensors["nmj.weight"]
    with pytest.raises(ValueError, match=r"the worm lacks nmj\.weight"):
        WormModel.from_tensors(tensors)


def test_the_largest_amplitude_survives_being_saved() -> None:
    tensors = small_worm().tensors() | {"joint.amplitude_rad": np.full(JOINTS, np.pi / 2, np.float32)}
    WormModel.from_tensors(tensors)


@pytest.mark.parametrize(
    ("neuron", "message"), [(N, r"cut\[0\] = 9, must be 0\.\.8"), (-1, r"cut\[0\] = -1")]
)
def test_only_neurons_that_are_there_can_be_cut(neuron: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small_worm().without([neuron])


def test_steady_currents_add_to_the_bias_of_the_neurons_named() -> None:
    worm = small_worm()
    excited = worm.excited({3: 2.0, 5: -1.0})
    np.testing.assert_allclose(
        excited.neuron_bias - worm.neuron_bias, np.array([0, 0, 0, 2, 0, -1, *[0] * (N - 6)])
    )
    with pytest.raises(ValueError, match="excited"):
        worm.excited({N: 1.0})
