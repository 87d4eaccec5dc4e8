"""The live view: values while they come, what went wrong, and that everything is given back."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import pytest
from rich.console import Console
from wormctl_i2c import command
from wormctl_i2c.models import Bme68xModel, Icm20948Model, Sgp40Model, Vl53l0xModel
from wormctl_i2c.models.bench import Bench
from wormctl_i2c.scan import Found
from wormctl_i2c.watch import watch

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.testing import BusFault, RegisterDevice

LOOK_S = 0.6


def args(*told: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(told)


def look(
    bench: Bench, *found: Found, terminal: bool = True, nap: Callable[[float], None] = time.sleep
) -> str:
    """What is shown, at last."""
    console = Console(
        file=io.StringIO(), force_terminal=terminal, color_system=None, width=160, highlight=False
    )
    watch(found, 1, bench.buses, console, LOOK_S, nap)
    assert all(bus.closed for bus in bench.opened)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_chip_shows_its_values_in_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = Bench({0x29: Vl53l0xModel(), 0x59: Sgp40Model(), 0x69: Icm20948Model(), 0x3C: RegisterDevice()})
    assert command.run(args("--watch", str(LOOK_S)), bench.buses) == 0
    said = capsys.readouterr().out
    assert "0x59     SGP40" in said, "the scan comes first"
    assert "gas: warms up, and smells nothing for 10 s" in said
    line = said.splitlines()[-1]
    assert (
        "tof 0.250 m   tof.nearness 0.375 1   gas failed 1   gas.raw 30000 1   imu.acceleration 0.000" in line
    )
    assert "imu.acceleration 0.000  0.000  9.807 m/s^2" in line
    assert all(bus.closed for bus in bench.opened)


def test_on_a_terminal_it_is_a_table() -> None:
    said = look(Bench({0x29: Vl53l0xModel(100)}), Found(0x29, "vl53l0x"))
    assert "channel       now    unit  what it is" in said
    assert "tof.nearness  0.750  1     how close that is: 1 at contact" in said


def test_two_of_a_kind_are_named_after_their_addresses() -> None:
    bench = Bench({0x76: Bme68xModel(), 0x77: Bme68xModel()})
    said = look(bench, Found(0x76, "bme688"), Found(0x77, "bme688"), terminal=False)
    assert "gas.at_76.raw 49" in said or "gas.at_76.raw 50" in said
    assert "gas.at_77.humidity 0." in said


def test_one_that_does_not_start_is_told_and_the_others_go_on() -> None:
    bad = Sgp40Model()
    bad.healthy = False
    said = look(
        Bench({0x59: bad, 0x29: Vl53l0xModel()}), Found(0x59, "sgp40"), Found(0x29, "vl53l0x"), terminal=False
    )
    assert "gas: SGP40 at 0x59 on I2C bus 1: fails its own test" in said
    assert "tof 0.250 m" in said


def test_what_goes_wrong_meanwhile_is_told() -> None:
    bench = Bench({0x29: Vl53l0xModel()})

    def unplug(seconds: float) -> None:
        bench.breaks(BusFault.NACK)
        time.sleep(seconds)

    said = look(bench, Found(0x29, "vl53l0x"), nap=unplug)
    assert "last trouble: tof: VL53L0X at 0x29 on I2C bus 1: does not answer: is its wire loose" in said
    assert "tof           failed" in said


def test_ctrl_c_ends_it() -> None:
    bench = Bench({0x29: Vl53l0xModel()})

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    look(bench, Found(0x29, "vl53l0x"), nap=interrupt)
    assert bench.bus.closed


def test_nothing_of_ours_to_watch() -> None:
    with pytest.raises(
        DeviceError, match="nothing to watch: none of these chips is one that this package reads"
    ):
        look(Bench({}), Found(0x3C, None), Found(0x68, "MPU-6050"))


def test_a_time_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"^--watch = -1.0: "):
        command.run(args("--watch", "-1"), Bench({}).buses)
