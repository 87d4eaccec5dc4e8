"""Pooled steering: planted effects are found, with their signs, and where there is none none is found."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.assay.steering import (
    CURVING_RAD_BL,
    DC_DT_PER_S,
    LATERAL_PER_M,
    SAMPLE_S,
    TURNS,
    Steered,
    steered,
)

K = 600


def lives(count: int, taxis: float, kinesis: float) -> list[NDArray[np.float64]]:
    """Samples where curving is `taxis` times the gradient, and turns `kinesis` times likelier in falling smell."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(count):
        samples = np.zeros((K, 4))
        slow = np.convolve(rng.standard_normal(K + 49), np.ones(50) / 7, mode="valid")
        samples[:, DC_DT_PER_S] = 0.01 * slow
        samples[:, LATERAL_PER_M] = 0.3 * np.convolve(
            rng.standard_normal(K + 49), np.ones(50) / 7, mode="valid"
        )
        samples[:, CURVING_RAD_BL] = taxis * samples[:, LATERAL_PER_M] + rng.standard_normal(K)
        rate = np.where(slow < 0.0, kinesis, 1.0) * 2.0 / 60.0
        samples[:, TURNS] = rng.random(K) < rate * SAMPLE_S
        samples[rng.random(K) < 0.1, CURVING_RAD_BL] = np.nan
        found.append(samples)
    return found


@pytest.fixture(scope="module")
def planted() -> Steered:
    return steered(lives(40, taxis=0.8, kinesis=4.0))


def test_planted_klinotaxis_is_found(planted: Steered) -> None:
    effect = planted.klinotaxis
    assert effect is not None
    assert effect.ci95 is not None
    assert effect.p is not None
    assert effect.value == pytest.approx(0.8, abs=0.1)
    assert effect.ci95[0] < 0.8 < effect.ci95[1]
    assert effect.p < 0.001
    assert effect.curve.y[-1] > 0.1 > -0.1 > effect.curve.y[0]


def test_planted_klinokinesis_is_found(planted: Steered) -> None:
    effect = planted.klinokinesis
    assert effect is not None
    assert effect.ci95 is not None
    assert effect.p is not None
    assert effect.value == pytest.approx(6.0, abs=2.0)
    assert effect.ci95[0] > 3.0
    assert effect.p < 0.01
    assert np.mean(effect.curve.y[:3]) > 2 * np.mean(effect.curve.y[-3:])


def test_nothing_is_found_where_there_is_nothing() -> None:
    none = steered(lives(40, taxis=0.0, kinesis=1.0))
    assert none.klinotaxis is not None
    assert none.klinokinesis is not None
    for effect in (none.klinotaxis, none.klinokinesis):
        assert effect.ci95 is not None
        assert effect.ci95[0] < 0.0 < effect.ci95[1]
        assert effect.p is not None
        assert effect.p > 0.05


def test_the_same_lives_give_the_same_numbers_and_few_give_none() -> None:
    some = lives(5, 0.5, 2.0)
    assert steered(some) == steered(some)
    assert steered(some[:1]) == Steered(klinokinesis=None, klinotaxis=None)
