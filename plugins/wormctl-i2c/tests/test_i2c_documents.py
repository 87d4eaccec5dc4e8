"""What a person copies from the README must work: its robot files, its addresses, its commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from wormctl_i2c.chips import CHIPS
from wormctl_i2c.gas import GasConfig

from wormctl.cli import main
from wormctl.config import convert
from wormctl.robot import load_robot

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", README, re.M | re.S)
ROBOTS = [block for block in BLOCKS if block.startswith("extends")]
CASES = [
    (robot, chip.key)
    for robot in ROBOTS
    for chip in CHIPS.values()
    if f'use = "{chip.sense}"' in robot and f'"{chip.key}"' in robot + '"sgp40" "icm20948"'
]


def on_the_robot(text: str) -> str:
    """As the README says: another robot below, and no line or table that is for the bench only."""
    tables = re.split(r"^\n", text.replace('"worm"', '"serial-snake"'), flags=re.M)
    lines = "\n".join(t for t in tables if not re.match(r"\[.*# bench only", t)).splitlines()
    return "\n".join(line for line in lines if "# bench only" not in line)


def mine(text: str, chip: str, folder: Path) -> Path:
    """The robot file in `text`, for that chip."""
    file = folder / "mine.toml"
    file.write_text(re.sub(r'^chip = "\w+"', f'chip = "{chip}"', text, flags=re.M), encoding="utf-8")
    return file


@pytest.mark.parametrize(("text", "chip"), CASES, ids=[chip for _, chip in CASES])
def test_a_robot_file_for_every_chip_fits(
    text: str, chip: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["robot", "check", str(mine(on_the_robot(text), chip, tmp_path))]) == 0
    said = capsys.readouterr().out
    assert "fits: wormctl run --robot" in said
    assert '"serial"' in said
    assert f'"{chip}"' in said or chip == "icm20948"


@pytest.mark.parametrize("text", ROBOTS)
def test_on_the_bench_it_stands_on_the_simulated_worm(text: str, tmp_path: Path) -> None:
    robot = load_robot(mine(text, "bme688" if "gas" in text else "vl53l0x", tmp_path))
    assert robot.body.use == "planar"
    assert {"gas", "tof", "imu"} & {sensor.use for sensor in robot.sensors}
    smelled = [bind.channel for bind in robot.binds if "AWCL" in bind.to]
    assert len(smelled) == 1, "one smell on a cell"


def test_there_is_a_robot_file_for_every_chip() -> None:
    assert {chip for _, chip in CASES} == set(CHIPS)


def test_two_noses_can_be_named() -> None:
    (two,) = (tomllib.loads(block)["sensor"] for block in BLOCKS if block not in ROBOTS)
    configs = [
        convert({k: v for k, v in table.items() if k != "use"}, GasConfig, where="README.md") for table in two
    ]
    assert [config.called("gas", "raw") for config in configs] == ["gas.left.raw", "gas.right.raw"]


def test_every_chip_has_its_wires_and_its_addresses() -> None:
    for chip in CHIPS.values():
        assert len(re.findall(rf"^\|[^|]*{chip.title}[^|]*\| VIN \| GND \|", README, re.M)) == 1
        (addresses,) = re.findall(rf"^\|[^|]*{chip.title}[^|]*\| (0x[^|]*) \|", README, re.M)
        assert addresses == " or ".join(f"{address:#04x}" for address in chip.addresses)
