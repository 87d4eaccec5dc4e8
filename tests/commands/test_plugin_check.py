"""`wormctl plugin check`: what it says of sound and broken plugins, wherever they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wormctl.cli import main

SENSOR = """
from wormctl.channel import Channel
from wormctl.device import Config, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl

BESIDES

class Sensor:
    def __init__(self, config):
        channel = Channel(name="eye.light", unit="1", low=0.0, high=1.0)
        self.spec = DeviceSpec(name="eye", channels=(channel,), simulated=True)

    def configure(self, context): ...

    def read(self, now_s, out):
        out.put("eye.light", VALUE, now_s)

    def close(self): ...


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="eye", summary="sees", config=Config, make=Sensor, api_version=VERSION))
"""


def write(path: Path, value: str = "0.5", besides: str = "", version: str = "1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = SENSOR.replace("VALUE", value).replace("BESIDES", besides).replace("VERSION", version)
    path.write_text(text)
    return path


def check(what: Path | str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(["plugin", "check", str(what)])
    return status, capsys.readouterr().out


def test_a_sound_file_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = check(write(tmp_path / "eye.py"), capsys)
    assert status == 0
    assert [line.split() for line in out.splitlines()] == [["plugin", "eye", "ok"], ["sensor", "eye", "ok"]]


@pytest.mark.parametrize(
    ("words", "rule", "told"),
    [
        ({"value": "2.0"}, "RANGE", "outside 0..1"),
        ({"version": "2"}, "OFFER", "is for version 2 of the plugin API, this wormctl has 1"),
        ({"besides": "import subprocess; subprocess.run(['true'])"}, "IMPORT", "subprocess.Popen"),
        (
            {"besides": "open('/tmp/wormctl-test-litter', 'w').close()"},
            "IMPORT",
            "write /tmp/wormctl-test-litter",
        ),
        ({"besides": "import socket; socket.socket().bind(('127.0.0.1', 0))"}, "IMPORT", "socket.bind"),
        ({"besides": "raise OSError('no lidar')"}, "IMPORT", "OSError: no lidar"),
        ({"besides": "def"}, "IMPORT", "SyntaxError"),
    ],
)
def test_the_line_that_is_broken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: dict[str, str], rule: str, told: str
) -> None:
    file = write(tmp_path / "eye.py", **words)
    assert main(["plugin", "check", str(file), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    broken = [finding for finding in findings if finding["breaks"]]
    assert [finding["breaks"]["name"] for finding in broken] == [rule]
    assert told in broken[0]["told"]
    status, out = check(file, capsys)
    assert status == 1
    assert "BREAKS IT" in out


def test_the_folder_of_a_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "wormctl-eye"
    write(root / "src" / "wormctl_eye_test" / "plugin.py")
    (root / "src" / "wormctl_eye_test" / "__init__.py").write_text("")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "wormctl-eye"\n[project.entry-points.wormctl]\neye = "wormctl_eye_test.plugin"\n'
    )
    assert check(root, capsys)[0] == 0
    (root / "pyproject.toml").write_text('[project]\nname = "wormctl-eye"\n')
    assert main(["plugin", "check", str(root)]) == 2
    assert "names no plugin" in capsys.readouterr().err


def test_an_installed_one_and_one_that_needs_hardware(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("range", capsys)[0] == 0
    status, out = check("wormctl-i2c", capsys)
    assert status == 0
    assert "not checked" in out


def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "check", "rang"]) == 2
    assert "did you mean 'range'" in capsys.readouterr().err
    assert main(["plugin", "check", "nowhere.py"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_the_name_of_what_it_offers_and_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "check", "keyboard", "--set", "force_n=2.0"]) == 0
    assert "keyboard" in capsys.readouterr().out
    assert main(["plugin", "check", "keyboard", "--set", "force_m=2.0"]) == 2
    assert "no such setting, did you mean 'force_n'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["plugin", "check", "keyboard", "--set", "force_n"])
    assert "must be NAME=VALUE" in capsys.readouterr().err


def test_a_hook_without_its_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "eye.py")
    file.write_text(file.read_text().replace("@hookimpl", ""))
    status, out = check(file, capsys)
    assert status == 1
    assert "offers nothing: put @hookimpl before wormctl_register_sensors" in out


def test_a_device_that_is_opened_too_early_even_if_it_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "eye.py")
    opens = '    def __init__(self, config):\n        open("/dev/ttyNowhere", "rb")\n'
    file.write_text(file.read_text().replace("    def __init__(self, config):\n", opens))
    status, out = check(file, capsys)
    assert status == 1
    assert "does I/O while it is made (open /dev/ttyNowhere)" in out


def test_a_policy_that_a_robot_file_gives_its_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugin", "new", "bender", "--kind", "policy", "--folder", str(tmp_path)]) == 0
    file = tmp_path / "wormctl-bender" / "src" / "wormctl_bender" / "policy.py"
    unfinished = file.read_text()
    status, out = check(tmp_path / "wormctl-bender", capsys)
    assert status == 1
    assert "fill in step" in out
    for step, status, told in (
        ('outputs[:] = 0.1 * np.nan_to_num(inputs["bend"])', 0, "ok"),
        (
            'outputs[:] = np.nan_to_num(inputs["bend"].reshape(7))[0]',
            0,
            "not checked: what a robot file binds",
        ),
        ('outputs[:] = inputs["bend"]', 1, "asks for a setpoint that is not finite"),
    ):
        before, after = unfinished.split("        raise NotImplementedError", 1)
        file.write_text(
            "import numpy as np\n"
            + before.replace("from __future__ import annotations\n", "")
            + f"        {step}\n"
            + after.split("\n", 1)[1]
        )
        got, out = check(tmp_path / "wormctl-bender", capsys)
        assert (got, told in out) == (status, True), out
