"""The scan, and what `wormctl i2c` prints of it."""

from __future__ import annotations

import argparse
import errno

import pytest
from wormctl_i2c import command
from wormctl_i2c.models import Bme68xModel, Icm20948Model, Sgp40Model, Vl53l0xModel, Vl53l1xModel
from wormctl_i2c.models.bench import Bench
from wormctl_i2c.scan import Found, scan

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.testing import BusFault, RegisterDevice


class Mute:
    """Acknowledges a write, and no read."""

    def write(self, data: bytes) -> None:
        """Fine."""

    def read(self, count: int) -> bytes:
        raise OSError(errno.EREMOTEIO, "Remote I/O error")


def args(bus: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(["--bus", str(bus)])


def test_who_answers_is_known_by_its_registers() -> None:
    bench = Bench(
        {
            0x29: Vl53l1xModel(),
            0x3C: RegisterDevice(),
            0x40: Mute(),
            0x59: Sgp40Model(),
            0x68: RegisterDevice({0: 0x68}),
            0x69: Icm20948Model(),
            0x76: Bme68xModel(),
            0x77: Bme68xModel(variant=0),
        }
    )
    lease = bench.buses.take(1)
    assert scan(lease) == [
        Found(0x29, "vl53l1x"),
        Found(0x3C, None),
        Found(0x40, None),
        Found(0x59, "sgp40"),
        Found(0x68, "MPU-6050"),
        Found(0x69, "icm20948"),
        Found(0x76, "bme688"),
        Found(0x77, "bme680"),
    ]
    lease.close()


def test_an_address_that_a_sensor_reads_is_left_alone() -> None:
    bench = Bench({0x59: Sgp40Model(), 0x29: Vl53l0xModel()})
    lease = bench.buses.take(1)
    lease.claim(0x59, "gas")
    assert scan(lease) == [Found(0x29, "vl53l0x")]
    assert all(address != 0x59 for address, _, _ in bench.bus.log)
    lease.close()


def test_it_prints_what_to_write_into_a_robot_file(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench({0x29: Vl53l0xModel(), 0x3C: RegisterDevice(), 0x77: Bme68xModel()})
    assert command.run(args(3), bench.buses) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        '0x29 VL53L0X use = "tof", chip = "vl53l0x", bus = 3',
        "0x3c ?",
        '0x77 BME688 use = "gas", chip = "bme688", bus = 3, address = 0x77',
    ]
    assert bench.bus.closed


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (BusFault.STUCK, "I2C bus 1 is stuck"),
        (BusFault.NACK, "nobody answers on I2C bus 1: check power"),
    ],
)
def test_a_bus_that_is_no_good(fault: BusFault, said: str) -> None:
    bench = Bench({0x29: Vl53l0xModel()})
    bench.breaks(fault)
    with pytest.raises(DeviceError, match=said):
        command.run(args(1), bench.buses)
    assert bench.bus.closed


def test_a_bus_that_is_not_there() -> None:
    with pytest.raises(DeviceError, match=r"^there is no /dev/i2c-12"):
        command.run(args(12), Bench({}).buses)


def test_a_number_that_no_bus_has() -> None:
    with pytest.raises(ConfigError, match=r"^--bus = 256: Expected `int` <= 255"):
        command.run(args(256), Bench({}).buses)
