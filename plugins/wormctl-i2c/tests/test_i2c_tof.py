"""The rangers: distances, echoes that are not to be trusted, chips that stop."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from typing import Any

import pytest
from wormctl_i2c.bus import Bus
from wormctl_i2c.chips import CHIPS
from wormctl_i2c.finding import identify
from wormctl_i2c.models import Vl53l0xModel, Vl53l1xModel
from wormctl_i2c.models.bench import Bench, read_until
from wormctl_i2c.rangers import Vl53l0x, Vl53l1x
from wormctl_i2c.tof import MAKERS, Tof, TofConfig
from wormctl_i2c.wire import Wire

from wormctl.channel import Quality
from wormctl.device import DeviceError
from wormctl.testing import FakeBus, bare_context

EYES = pytest.mark.parametrize(
    ("chip", "model"), [("vl53l0x", Vl53l0xModel), ("vl53l1x", Vl53l1xModel)], ids=["vl53l0x", "vl53l1x"]
)


@EYES
def test_far_near_and_no_echo(chip: Any, model: Any) -> None:
    eye = model(distance_mm=1200)
    sensor = Tof(TofConfig(chip=chip, reach_m=0.5), Bench({0x29: eye}).buses)
    sensor.configure(bare_context())
    try:
        out = read_until(sensor, Quality.GOOD)
        assert out.values.tolist() == pytest.approx([1.2, 0.0])
        eye.status = 4
        read_until(sensor, Quality.FAILED)
        assert sensor.last_error is None, "no echo is no fault of the sensor's"
        eye.status, eye.distance_mm = (11 if chip == "vl53l0x" else 9), 100
        assert read_until(sensor, Quality.GOOD).values.tolist() == pytest.approx([0.1, 0.8])
        eye.distance_mm = 8190
        read_until(sensor, Quality.FAILED)
        assert eye.measures
    finally:
        sensor.close()
    assert not eye.measures, "it is told to stop"


@EYES
def test_one_that_stops_is_started_anew(chip: Any, model: Any) -> None:
    eye = model()
    sensor = Tof(TofConfig(chip=chip), Bench({0x29: eye}).buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.GOOD)
        eye.lose_power()
        read_until(sensor, Quality.FAILED)
        assert "has stopped measuring" in str(sensor.last_error)
        read_until(sensor, Quality.GOOD)
    finally:
        sensor.close()


@EYES
def test_one_that_a_killed_program_left_measuring_is_stopped_first(chip: Any, model: Any) -> None:
    eye = model()
    MAKERS[chip](Wire(FakeBus({0x29: eye}), 0x29))
    assert eye.measures
    sensor = Tof(TofConfig(chip=chip), Bench({0x29: eye}).buses)
    sensor.configure(bare_context())
    try:
        assert not eye.disturbed, "it was set up while it measured"
        assert read_until(sensor, Quality.GOOD).vector("tof")[0] == pytest.approx(0.25)
    finally:
        sensor.close()


def test_a_vl53l0x_measures_30_times_a_second() -> None:
    eye = Vl53l0xModel(period_s=0.0)
    Vl53l0x(Wire(FakeBus({0x29: eye}), 0x29))
    assert eye.budget_s == pytest.approx(0.033, rel=0.02)


def test_a_vl53l1x_sees_far_in_50_ms() -> None:
    """As its maker's driver sets it: the distance mode, then the two timeouts."""
    eye = Vl53l1xModel(period_s=0.0)
    Vl53l1x(Wire(FakeBus({0x29: eye}), 0x29))
    long = {0x4B: 0x0A, 0x60: 0x0F, 0x63: 0x0D, 0x69: 0xB8, 0x78: 0x0F, 0x79: 0x0D, 0x7A: 0x0E, 0x7B: 0x0E}
    in_50_ms = {0x5E: 0x00, 0x5F: 0xAD, 0x61: 0x00, 0x62: 0xC6}
    assert {register: eye.registers[register] for register in long | in_50_ms} == long | in_50_ms


class Loose:
    """A bus with a wire that comes loose at one transfer of all."""

    def __init__(self, bus: Bus, at: int) -> None:
        self._bus, self.left = bus, at

    def transfer(self, address: int, write: bytes, read: int) -> bytes:
        self.left -= 1
        if self.left == 0:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        return self._bus.transfer(address, write, read)

    def close(self) -> None:
        self._bus.close()


@pytest.mark.parametrize("at", [*range(1, 10), *range(11, 220, 5)])
def test_a_start_that_breaks_off_anywhere_can_be_made_again(at: int) -> None:
    """Its registers are then left on any page."""
    eye = Vl53l0xModel(period_s=0.0)
    bus = Loose(FakeBus({0x29: eye}), at)
    wire = Wire(bus, 0x29)
    with contextlib.suppress(OSError):
        Vl53l0x(wire)
    bus.left = 0
    with contextlib.suppress(OSError):  # it may have been left in its reset, and boots
        identify(wire, CHIPS["vl53l0x"], wake=True)
    time.sleep(0.005)
    assert identify(wire, CHIPS["vl53l0x"], wake=True) == "vl53l0x"
    assert Vl53l0x(wire).distance_m() == 0.25


def test_a_vl53l1x_is_told_from_a_vl53l0x() -> None:
    for chip, model in (("vl53l1x", Vl53l0xModel()), ("vl53l0x", Vl53l1xModel())):
        sensor = Tof(TofConfig(chip=chip), Bench({0x29: model}).buses)  # type: ignore[arg-type]
        other = "vl53l0x" if chip == "vl53l1x" else "vl53l1x"
        with pytest.raises(DeviceError, match=rf'^\$\.chip = \'{chip}\': no .*: set chip = "{other}"$'):
            sensor.configure(bare_context())


def test_two_in_two_threads_do_not_mix_their_bytes() -> None:
    """Adafruit's driver keeps one buffer for all chips of the kind."""
    chips = [Vl53l0x(Wire(FakeBus({0x29: Vl53l0xModel(mm, 0.0)}), 0x29)) for mm in (123, 1867)]
    seen: list[set[float | None]] = [set(), set()]

    def look(i: int) -> None:
        for _ in range(300):
            seen[i].add(chips[i].distance_m())

    threads = [threading.Thread(target=look, args=(i,)) for i in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert seen == [{0.123}, {1.867}]


def test_a_chip_that_is_never_ready_ends_soon() -> None:
    sensor = Tof(TofConfig(), Bench({0x29: Vl53l0xModel(period_s=60.0)}).buses)
    with pytest.raises(DeviceError, match=r"tof: VL53L0X at 0x29 on I2C bus 1: Timeout waiting for VL53L0X!"):
        sensor.configure(bare_context())
