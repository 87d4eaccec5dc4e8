"""`wormctl robot`: robots by name, and what a file comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wormctl.cli import main


def test_robots_of_core_and_plugins_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robot", "list"]) == 0
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"worm", "serial-snake", "emulated-snake", "bus-servo-snake", "keyboard", "gamepad"} <= names


def test_what_a_file_comes_to_and_where_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'extends = "worm"\n[body]\nuse = "planar"\n[[bind]]\nchannel = "odour.food"\ngain = 2.0\n'
    )
    assert main(["robot", "check", str(mine), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    values = {entry["path"]: entry for entry in told["values"]}
    use = values["$.body.use"]
    assert (use["value"], use["file"], use["path_in_file"]) == ("planar", str(mine), "$.body.use")
    assert values["$.bind[0].gain"]["file"] == str(mine)
    assert values["$.bind[0].to"]["file"].endswith("worm.toml")
    assert "$.body.fallback" not in values
    assert main(["robot", "check", str(mine)]) == 0
    shown = capsys.readouterr().out
    assert 'A  body.use = "planar"' in shown
    assert f"fits: wormctl run --robot {mine}" in shown


def test_a_physical_robot_is_checked_without_being_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('extends = "serial-snake"\n[body]\nport = "/dev/nowhere"\n')
    assert main(["robot", "check", str(mine)]) == 0
    mine.write_text('extends = "serial-snake"\n[body]\nbaud = 9600\n')
    assert main(["robot", "check", str(mine)]) == 2
    said = capsys.readouterr().err
    assert f"{mine}: $.body.baud = 9600" in said
    assert "500000" in said


GAS = """
from wormctl.channel import Channel
from wormctl.device import Config
from wormctl.hookspecs import Offer, hookimpl
from wormctl.testing import FixedSensor


def make(config):
    return FixedSensor([Channel(name="my_gas.value", unit="1", low=0.0, high=1.0)], name="my-gas")


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="my-gas", summary="a gas", config=Config, make=make, api_version=1))
"""

MINE = """
extends = "worm"
[body]
use = "planar"
[[sensor]]
use = "my-gas"
[[bind]]
channel = "my_gas.value"
to = ["AWCL", "AWCR"]
"""


@pytest.fixture
def gas(here: Path) -> list[str]:
    """How a person checks a robot with a sensor in a file of its own."""
    (here / "my_gas.py").write_text(GAS)
    (here / "mine.toml").write_text(MINE)
    return ["robot", "check", "--plugin", "./my_gas.py", "mine.toml"]


def test_a_sensor_in_a_file_of_its_own_is_found(gas: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["robot", "check", "mine.toml"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("wormctl: mine.toml: $.sensor[0].use = 'my-gas': no such sensor")
    assert "is it in a file of its own? --plugin FILE.py, or plugins = [" in said
    assert main(gas) == 0
    shown = capsys.readouterr().out
    assert "fits: wormctl run --robot mine.toml --plugin ./my_gas.py" in shown
    assert main(["robot", "check", "--plugin", "./my_gas.py", "--plugin", "range", "mine.toml"]) == 2
    assert "no such" in capsys.readouterr().err, "of the installed ones, no others than those named"


def test_a_value_is_shown_where_it_stands_in_its_own_file(
    gas: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(gas) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 'A  sensor[0].use = "my-gas"' in lines, "as an error about it says"
    assert 'B  sensor[0].use = "odour"' in lines
    assert main([*gas, "--json"]) == 0
    values = {entry["path"]: entry for entry in json.loads(capsys.readouterr().out)["values"]}
    entry = values["$.sensor[3].use"]
    assert (entry["value"], entry["file"], entry["path_in_file"]) == (
        "my-gas",
        "mine.toml",
        "$.sensor[0].use",
    )


def test_inputs_of_several_channels_are_noted(
    gas: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(gas) == 0
    sums = "note: AWCL, AWCR get the sum of odour.benzaldehyde and my_gas.value, "
    assert f"{sums}and nothing while one of them fails\n" in capsys.readouterr().out
    (here / "mine.toml").write_text(f"{MINE}optional = true\n")
    assert main(gas) == 0
    rest = "without my_gas.value (optional) while it fails, and nothing while odour.benzaldehyde fails\n"
    assert f"{sums}{rest}" in capsys.readouterr().out


def test_a_file_may_bring_a_robot(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "my_gas.py").write_text(
        GAS.replace("make=make", "make=make, robot=Path(__file__).with_name('gassy.toml')").replace(
            "from wormctl.channel", "from pathlib import Path\nfrom wormctl.channel", 1
        )
    )
    (here / "gassy.toml").write_text(MINE)
    assert main(["robot", "list", "--plugin", "my_gas.py"]) == 0
    assert "gassy" in capsys.readouterr().out
    assert main(["robot", "check", "--plugin", "my_gas.py", "gassy"]) == 0
