"""The BME688: its values, a plate that stays cold, its older brother."""

from __future__ import annotations

import time

import pytest
from wormctl_i2c.bme68x import Bme68x, probe
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.models import Bme68xModel
from wormctl_i2c.models.bench import Bench, read_until
from wormctl_i2c.wire import Wire

from wormctl.channel import Quality
from wormctl.device import DeviceError
from wormctl.testing import FakeBus, RegisterDevice, bare_context

CONFIG = GasConfig(chip="bme688", warm_up_s=0.0, rate_hz=4.0)


@pytest.mark.parametrize(("variant", "rel"), [(1, 0.003), (0, 0.02)])
@pytest.mark.parametrize("ohm", [2_000.0, 8_000.0, 50_000.0, 1e6])
def test_the_resistance_comes_through(variant: int, rel: float, ohm: float) -> None:
    model = Bme68xModel(variant)
    model.resistance_ohm = ohm
    air = Bme68x(Wire(FakeBus({0x76: model}), 0x76)).air()
    assert air.resistance_ohm == pytest.approx(ohm, rel=rel)
    assert air.temperature_k == pytest.approx(298.15, abs=0.1)
    assert 0.2 < air.humidity < 0.8


@pytest.mark.parametrize("variant", [0, 1])
def test_the_plate_is_heated_as_its_maker_does_in_its_examples(variant: int) -> None:
    model = Bme68xModel(variant)
    Bme68x(Wire(FakeBus({0x76: model}), 0x76)).air()
    assert model.plate_c == pytest.approx(320.0, abs=8.0), "in steps of four degrees, cut off"
    assert model.heating_ms == 60


def test_a_plate_that_stays_cold_fails_the_smell_only() -> None:
    model = Bme68xModel()
    model.hot = False
    sensor = Gas(CONFIG, Bench({0x76: model}).buses)
    sensor.configure(bare_context())
    try:
        out = read_until(sensor, Quality.GOOD, "gas.temperature")
        assert out.quality.tolist() == [Quality.FAILED, Quality.FAILED, Quality.GOOD, Quality.GOOD]
        assert sensor.last_error is None, "once may happen"
        until_s = time.monotonic() + 10.0
        while sensor.last_error is None and time.monotonic() < until_s:
            time.sleep(0.02)
        said = str(sensor.last_error)
        assert said.startswith("gas: BME688 at 0x76 on I2C bus 1: its hot plate does not get hot: "), said
        assert read_until(sensor, Quality.GOOD, "gas.humidity").quality[2] == Quality.GOOD, "the rest goes on"
        model.hot = True
        read_until(sensor, Quality.GOOD)
    finally:
        sensor.close()


def test_a_chip_that_never_finishes_is_an_error() -> None:
    sensor = Gas(CONFIG, Bench({0x76: Bme68xModel(measuring_s=9.0)}).buses)
    with pytest.raises(DeviceError, match="does not finish a measurement"):
        sensor.configure(bare_context())


def test_a_bme680_is_told_from_a_bme688() -> None:
    sensor = Gas(CONFIG, Bench({0x77: Bme68xModel(variant=0)}).buses)
    with pytest.raises(
        DeviceError, match=r"^\$\.chip = 'bme688': .*0x77 is a BME680: set chip = \"bme680\"$"
    ):
        sensor.configure(bare_context())


@pytest.mark.parametrize(
    ("chip", "name"), [(0x60, "BME280"), (0x58, "BMP280"), (0x55, "BMP180"), (0x00, None)]
)
def test_relatives_are_known(chip: int, name: str | None) -> None:
    assert probe(Wire(FakeBus({0x76: RegisterDevice({0xD0: chip})}), 0x76)) == name


def test_two_noses_at_two_addresses() -> None:
    left, right = Bme68xModel(), Bme68xModel()
    right.resistance_ohm = 20_000.0
    bench = Bench({0x76: left, 0x77: right})
    sensors = [
        Gas(
            GasConfig(chip="bme688", warm_up_s=0.0, rate_hz=4.0, name=name, address=address),
            bench.buses,
        )
        for name, address in (("left", 0x76), ("right", 0x77))
    ]
    for sensor in sensors:
        sensor.configure(bare_context())
    try:
        raw = [read_until(s, Quality.GOOD).vector(f"{s.spec.name}.raw")[0] for s in sensors]
        assert raw == [pytest.approx(50_000.0, rel=0.003), pytest.approx(20_000.0, rel=0.003)]
        assert len(bench.opened) == 1, "they share the bus"
    finally:
        for sensor in sensors:
            sensor.close()
    assert bench.bus.closed
