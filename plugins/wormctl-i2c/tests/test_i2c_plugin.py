"""The plugin: what it offers, without hardware and without the hardware's libraries."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import wormctl_i2c.plugin
from wormctl_i2c.config import I2cConfig
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.imu import Imu, ImuConfig
from wormctl_i2c.models import Bme68xModel, Vl53l0xModel
from wormctl_i2c.models.bench import Bench
from wormctl_i2c.tof import Tof, TofConfig

from wormctl.config import ConfigError, convert
from wormctl.device import DeviceError
from wormctl.plugins import collect
from wormctl.testing import bare_context
from wormctl.testing.kit import check_command

LIBRARIES = ("smbus2", "bme680", "adafruit_vl53l0x", "adafruit_vl53l1x", "busio", "micropython")


def test_it_offers_three_senses_and_a_command() -> None:
    offered = collect(wormctl_i2c.plugin)
    assert [offer.name for offer in offered["sensor"]] == ["imu", "tof", "gas"]
    assert [command.name for command in offered["command"]] == ["i2c"]
    check_command(offered["command"][0])


def test_importing_it_imports_no_library() -> None:
    code = f"import sys, wormctl_i2c.plugin; print([m for m in {LIBRARIES!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("library", "package", "sensor", "model"),
    [
        ("bme680", "bme680", lambda b: Gas(GasConfig(chip="bme688"), b), {0x76: Bme68xModel()}),
        (
            "adafruit_vl53l0x",
            "adafruit-circuitpython-vl53l0x",
            lambda b: Tof(TofConfig(), b),
            {0x29: Vl53l0xModel()},
        ),
    ],
)
def test_a_library_that_is_missing_is_named(
    library: str, package: str, sensor: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    bench = Bench(model)
    with pytest.raises(
        DeviceError, match=rf"needs {package}, which is not installed: `uv pip install {package}`"
    ):
        sensor(bench.buses).configure(bare_context())
    assert bench.bus.closed


def test_without_smbus2_there_is_no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smbus2", None)
    with pytest.raises(DeviceError, match=r"^imu: needs smbus2, which is not installed"):
        Imu(ImuConfig()).configure(bare_context())


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        (ImuConfig, {"address": 0x07}, r"address = 7: Expected `int` >= 8"),
        (ImuConfig, {"address": 0x78}, r"address = 120: Expected `int` <= 119"),
        (ImuConfig, {"bus": -1}, r"bus = -1: Expected `int` >= 0"),
        (ImuConfig, {"chip": "bno085"}, r"chip = 'bno085': .*icm20948"),
        (TofConfig, {"name": "Left Eye"}, r"name = 'Left Eye'"),
        (TofConfig, {"reach_m": 0.0}, r"reach_m = 0.0"),
        (GasConfig, {"rate_hz": 100.0}, r"rate_hz = 100.0"),
        (GasConfig, {"warmup_s": 1.0}, r"warmup_s.*warm_up_s"),
    ],
)
def test_a_wrong_setting_is_named(kind: type[I2cConfig], raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        convert(raw, kind, where="robot.toml")
