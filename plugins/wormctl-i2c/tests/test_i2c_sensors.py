"""Every sensor with every chip, over register models: the kit, and whatever can go wrong on a bus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from wormctl_i2c.config import I2cConfig
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.imu import Imu, ImuConfig
from wormctl_i2c.models import Bme68xModel, Icm20948Model, Sgp40Model, Vl53l0xModel, Vl53l1xModel
from wormctl_i2c.models.bench import Bench, read_until
from wormctl_i2c.sensor import I2cSensor
from wormctl_i2c.tof import Tof, TofConfig

from wormctl.channel import Quality
from wormctl.device import Config, DeviceError
from wormctl.hookspecs import Offer
from wormctl.testing import BusFault, IdealBody, RegisterDevice, bare_context, check_sensor

PATIENT_S = 0.06
"""The kit's tick: ten of them leave a nose at 4 Hz time for a sample on a machine that is busy."""


class Case(NamedTuple):
    """A sensor, its settings, and its chip."""

    make: Callable[..., I2cSensor]
    config: I2cConfig
    address: int
    model: Callable[[], Any]
    title: str


def gas(chip: Any) -> GasConfig:
    return GasConfig(chip=chip, warm_up_s=0.0, rate_hz=4.0)


CASES = {
    "icm20948": Case(Imu, ImuConfig(), 0x69, Icm20948Model, "ICM-20948"),
    "vl53l0x": Case(Tof, TofConfig(), 0x29, Vl53l0xModel, "VL53L0X"),
    "vl53l1x": Case(Tof, TofConfig(chip="vl53l1x"), 0x29, Vl53l1xModel, "VL53L1X"),
    "sgp40": Case(Gas, gas("sgp40"), 0x59, Sgp40Model, "SGP40"),
    "bme688": Case(Gas, gas("bme688"), 0x76, Bme68xModel, "BME688"),
    "bme680": Case(Gas, gas("bme680"), 0x77, lambda: Bme68xModel(variant=0), "BME680"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def bench(case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr("wormctl.slow._RETRY_S", 0.1, raising=False)  # models need no rest
    before = set(threading.enumerate())
    bench = Bench({case.address: case.model()})
    yield bench
    assert all(bus.closed for bus in bench.opened), "a bus was left open"
    assert not [t for t in threading.enumerate() if t not in before], "a thread was left behind"


def test_it_passes_the_kit(case: Case, bench: Bench) -> None:
    def make(config: Config) -> I2cSensor:
        return case.make(config, bench.buses)

    offer: Any = Offer(name="test", summary="test", config=type(case.config), make=make)
    context = bare_context(body=IdealBody(), period_s=PATIENT_S)
    check_sensor(offer, config=case.config, context=context)


def said_at_start(case: Case, bench: Bench, config: I2cConfig | None = None) -> str:
    """What `configure` complains of, in a line."""
    sensor = case.make(config or case.config, bench.buses)
    with pytest.raises(DeviceError) as caught:
        sensor.configure(bare_context())
    sensor.close()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nobody_at_its_address(case: Case, bench: Bench) -> None:
    del bench.devices[case.address]
    bench.devices[0x3C] = RegisterDevice()
    said = said_at_start(case, bench)
    assert said.startswith(f"{case.make(case.config).spec.name}: no {case.title} on I2C bus 1: ")
    assert f"nobody answers at {case.address:#04x}" in said
    assert "these answer: 0x3c; check its power" in said


def test_nobody_at_all(case: Case, bench: Bench) -> None:
    bench.devices.clear()
    assert "nobody at all answers on this bus: check its power" in said_at_start(case, bench)


def test_somebody_else_at_its_address(case: Case, bench: Bench) -> None:
    bench.devices[case.address] = RegisterDevice(dict.fromkeys(range(256), 0x5A))
    said = said_at_start(case, bench)
    assert f"{case.address:#04x} is something else" in said
    assert f"these answer: {case.address:#04x};" in said


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BusFault.STUCK, "I2C bus 1 is stuck, a device holds the clock or the data line down"),
        (BusFault.SHORT, "bytes came: a loose wire"),
        (BusFault.NACK, "nobody at all answers"),
    ],
)
def test_a_bus_that_is_broken_at_the_start(case: Case, bench: Bench, fault: BusFault, said: str) -> None:
    bench.breaks(fault)
    assert said in said_at_start(case, bench)


def test_whatever_breaks_in_a_run_fails_the_channels_until_it_is_mended(case: Case, bench: Bench) -> None:
    sensor = case.make(case.config, bench.buses)
    sensor.configure(bare_context())
    try:
        truth = read_until(sensor, Quality.GOOD).values.copy()
        where = f"{sensor.spec.name}: {case.title} at {case.address:#04x} on I2C bus 1: "
        for fault, said in (
            (BusFault.NACK, "does not answer"),
            (BusFault.STUCK, "I2C bus 1 is stuck"),
            (BusFault.SHORT, "bytes came"),
        ):
            bench.breaks(fault)
            read_until(sensor, Quality.FAILED)
            assert sensor.last_error is not None
            assert sensor.last_error.startswith(where)
            assert said in sensor.last_error
            bench.breaks(None)
            out = read_until(sensor, Quality.GOOD)
            assert out.values.tolist() == pytest.approx(truth.tolist(), abs=1e-9)
    finally:
        sensor.close()
        sensor.close()


@pytest.mark.parametrize(
    "case", [CASES[chip] for chip in CASES if chip != "sgp40"], ids=lambda case: case.title
)
def test_a_chip_that_loses_its_power_for_a_moment_is_started_anew(case: Case, bench: Bench) -> None:
    model: Any = bench.devices[case.address]
    sensor = case.make(case.config, bench.buses)
    sensor.configure(bare_context())
    try:
        truth = read_until(sensor, Quality.GOOD).values.copy()
        model.lose_power()
        read_until(sensor, Quality.FAILED, sensor.spec.channels[0].name)
        out = read_until(sensor, Quality.GOOD)
        assert out.values.tolist() == pytest.approx(truth.tolist(), abs=1e-9)
    finally:
        sensor.close()


def test_another_chip_that_comes_in_its_place_is_not_believed(case: Case, bench: Bench) -> None:
    sensor = case.make(case.config, bench.buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.GOOD)
        bench.devices[case.address] = RegisterDevice(dict.fromkeys(range(256), 0x5A))
        bench.breaks(BusFault.NACK)
        read_until(sensor, Quality.FAILED)
        bench.breaks(None)
        for _ in range(2000):
            if "something else answers" in str(sensor.last_error):
                break
            read_until(sensor, Quality.FAILED)
        assert "something else answers" in str(sensor.last_error)
    finally:
        sensor.close()


def test_two_of_a_kind_have_names_of_their_own(case: Case, bench: Bench) -> None:
    class_ = type(case.config)
    settings: dict[str, Any] = {"chip": case.config.chip} if hasattr(case.config, "chip") else {}
    left, right = (
        {c.name for c in case.make(class_(name=name, **settings)).spec.channels} for name in ("left", "right")
    )
    sense = case.make(case.config).spec.name
    assert not left & right
    assert all(name.startswith(f"{sense}.left") for name in left)
    assert f"{sense}.left" in left or len(left) == 5


def test_one_address_is_read_by_one_sensor(case: Case, bench: Bench) -> None:
    first = case.make(case.config, bench.buses)
    first.configure(bare_context())
    try:
        said = said_at_start(case, bench)
        assert f"{case.address:#04x} is read by the sensor {first.spec.name}" in said
        read_until(first, Quality.GOOD)
    finally:
        first.close()
    again = case.make(case.config, bench.buses)
    again.configure(bare_context())
    again.close()
