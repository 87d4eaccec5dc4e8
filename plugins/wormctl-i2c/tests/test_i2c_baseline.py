"""Clean air: learned, forgotten slowly, and never smelled before it is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_i2c.baseline import Baseline
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.models import Bme68xModel, Sgp40Model
from wormctl_i2c.models.bench import Bench, read_until

from wormctl.channel import Quality
from wormctl.testing import BusFault, bare_context

octaves = st.floats(-80.0, 80.0)


def test_while_the_plate_warms_up_nothing_is_smelled() -> None:
    baseline = Baseline(warm_up_s=60.0, learn_s=900.0)
    drifting = [(float(t), 30.0 + 4.0 * math.exp(-t / 10.0)) for t in range(120)]
    ratios = [baseline.ratio(value, t) for t, value in drifting]
    assert ratios[:60] == [None] * 60
    assert all(ratio == pytest.approx(1.0, abs=0.05) for ratio in ratios[60:]), "the drift was learned"


def test_a_smell_is_a_multiple_of_clean_air() -> None:
    baseline = Baseline(warm_up_s=0.0, learn_s=900.0)
    assert baseline.ratio(35.0, 0.0) == 1.0
    assert baseline.ratio(34.0, 0.001) == pytest.approx(2.0, rel=1e-3)
    assert baseline.ratio(32.0, 0.002) == pytest.approx(8.0, rel=1e-3)
    assert baseline.ratio(35.0, 0.003) == pytest.approx(1.0, rel=1e-3)


def test_a_smell_that_stays_is_forgotten_slowly_and_cleaner_air_is_believed_soon() -> None:
    baseline = Baseline(warm_up_s=0.0, learn_s=900.0)
    baseline.ratio(35.0, 0.0)
    stays = [baseline.ratio(33.0, float(t)) or 0.0 for t in range(1, 3600)]
    assert stays[0] == pytest.approx(4.0, rel=0.01)
    assert math.log2(stays[899]) == pytest.approx(2.0 * math.exp(-1.0), rel=0.02)
    assert stays == sorted(stays, reverse=True)
    fresh = [baseline.ratio(35.0, 3600.0 + t) or 0.0 for t in range(1, 300)]
    assert fresh[0] < 0.3
    assert fresh[-1] == pytest.approx(1.0, abs=0.08)


def test_after_a_pause_what_was_clean_is_still_known() -> None:
    baseline = Baseline(warm_up_s=0.0, learn_s=900.0)
    baseline.ratio(35.0, 0.0)
    baseline.pause(10.0)
    assert [baseline.ratio(50.0, float(t)) for t in range(1, 11)] == [None] * 10, "a cold plate is not asked"
    assert baseline.ratio(34.0, 11.0) == pytest.approx(2.0, rel=0.01)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1e4), octaves), min_size=1, max_size=20), st.floats(10.0, 86400.0))
def test_whatever_comes_the_ratio_is_a_positive_number(
    steps: list[tuple[float, float]], learn_s: float
) -> None:
    baseline, time_s = Baseline(0.0, learn_s), 0.0
    for step_s, value in steps:
        time_s += step_s
        ratio = baseline.ratio(value, time_s)
        assert ratio is not None
        assert math.isfinite(ratio)
        assert ratio > 0.0


@pytest.mark.parametrize(
    ("chip", "model", "stronger", "ratio"),
    [
        ("sgp40", Sgp40Model(30000), lambda m: setattr(m, "ticks", 30000 - 870), 2.0),
        ("bme688", Bme68xModel(), lambda m: setattr(m, "resistance_ohm", 12_500.0), 4.0),
    ],
)
def test_the_sensors_smell_grows_with_the_concentration(
    chip: str, model: Sgp40Model, stronger: object, ratio: float
) -> None:
    address = 0x59 if chip == "sgp40" else 0x76
    config = GasConfig(chip=chip, warm_up_s=0.0, rate_hz=4.0, name="left")  # type: ignore[arg-type]
    sensor = Gas(config, Bench({address: model}).buses)
    sensor.configure(bare_context())
    try:
        assert read_until(sensor, Quality.GOOD).vector("gas.left")[0] == pytest.approx(1.0, rel=0.01)
        assert callable(stronger)
        stronger(model)
        for _ in range(200):
            smell = float(read_until(sensor, Quality.GOOD).vector("gas.left")[0])
            if smell > 1.1:
                break
        assert smell == pytest.approx(ratio, rel=0.02)
    finally:
        sensor.close()


def test_a_person_is_told_that_it_warms_up() -> None:
    sensor = Gas(GasConfig(rate_hz=4.0), Bench({0x59: Sgp40Model()}).buses)
    assert sensor.notes == ["gas: warms up, and smells nothing for 60 s"]
    sensor.configure(bare_context())
    try:
        out = read_until(sensor, Quality.GOOD, "gas.raw")
        assert out.quality.tolist() == [Quality.FAILED, Quality.GOOD]
    finally:
        sensor.close()
    assert not Gas(GasConfig(warm_up_s=0.0)).notes


def test_after_a_fault_the_plate_is_given_time_to_heat_again() -> None:
    bench = Bench({0x59: Sgp40Model()})
    sensor = Gas(GasConfig(warm_up_s=0.3, rate_hz=4.0), bench.buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.GOOD)
        bench.breaks(BusFault.NACK)
        read_until(sensor, Quality.FAILED)
        bench.breaks(None)
        out = read_until(sensor, Quality.GOOD, "gas.raw")
        assert out.quality.tolist() == [Quality.FAILED, Quality.GOOD]
        assert read_until(sensor, Quality.GOOD).vector("gas")[0] == pytest.approx(1.0)
    finally:
        sensor.close()
