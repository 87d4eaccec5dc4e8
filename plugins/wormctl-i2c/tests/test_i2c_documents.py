"""What a person copies from the README must work: its robot files, its addresses, its commands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from wormctl_i2c.chips import CHIPS
from wormctl_i2c.gas import GasConfig
from wormctl_i2c.watch import KINDS

from wormctl.config import convert
from wormctl.policy import find_policy, load_policy
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


@pytest.fixture(scope="module")
def inputs() -> set[str]:
    """What the shipped worm can be given."""
    return {port.name for port in load_policy(find_policy("worm302")).meta.inputs}


@pytest.mark.parametrize(("text", "chip"), CASES, ids=[chip for _, chip in CASES])
@pytest.mark.parametrize("changed", [str, on_the_robot], ids=["bench", "robot"])
def test_a_robot_file_for_every_chip_fits(
    text: str, chip: str, changed: Callable[[str], str], inputs: set[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(re.sub(r'^chip = "\w+"', f'chip = "{chip}"', changed(text), flags=re.M), encoding="utf-8")
    robot = load_robot(file)
    assert robot.body.use == ("planar" if changed is str else "serial")
    (part,) = (sensor for sensor in robot.sensors if sensor.use == CHIPS[chip].sense)
    make, config = KINDS[part.use]
    sensor = make(convert(dict(part.settings), config, where="README.md"))
    assert sensor.chip.key == chip
    (bind,) = (bind for bind in robot.binds if bind.channel.split(".")[0] == part.use)
    assert bind.channel in {channel.name for channel in sensor.spec.channels}
    assert set(bind.to) <= inputs
    others = [
        bind.channel for bind in robot.binds if bind.channel != "gas" and {"AWCL", "AWCR"} & set(bind.to)
    ]
    assert part.use != "gas" or not others, "one smell on a cell"


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
