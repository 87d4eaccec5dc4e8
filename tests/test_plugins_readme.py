"""The code in plugins/README.md runs as it stands there: a policy in one file, and a gas sensor on a serial port."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from wormctl.testing import FakePort

TEXT = (Path(__file__).parents[1] / "plugins" / "README.md").read_text(encoding="utf-8")


def block(language: str, has: str) -> str:
    """The block of that language with these words in it."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if has in text]
    assert len(found) == 1, f"{len(found)} blocks have {has!r}"
    return str(found[0])


def wormctl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wormctl", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def gas(tmp_path: Path) -> Path:
    """A folder with the sensor and its robot."""
    (tmp_path / "gas.py").write_text(block("python", "class Gas("))
    return tmp_path


def test_the_policy_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "wave.py").write_text(block("python", "class Wave"))
    words = block("sh", "--policy wave").split()[1:]
    done = wormctl(tmp_path, *words, "--seconds", "3", "--quiet", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert {"traces.png", "trajectory.png", "video.mp4"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


def test_the_gas_sensors_own_test(gas: Path) -> None:
    (gas / "test_gas.py").write_text(block("python", "def test_it_keeps_the_contract"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_gas.py"]
    done = subprocess.run(
        command, cwd=gas, capture_output=True, text=True, env={"PYTHONPATH": str(gas)}, timeout=120
    )
    assert done.returncode == 0, done.stdout


def test_the_gas_sensor_drives_awc_is_unplugged_and_comes_back(gas: Path) -> None:
    with FakePort() as port:
        port.repeat(b"G 600\r\n", every_s=0.05)
        (gas / "gas.toml").write_text(block("toml", 'use = "gas"').replace("/dev/ttyUSB0", port.path))
        check, robot, watch, _ = (
            line.split("#")[0].split()[1:] for line in block("sh", "gas.toml").splitlines()
        )
        done = wormctl(gas, *[word.replace("/dev/ttyUSB0", port.path) for word in check])
        assert done.returncode == 0, done.stdout
        assert "sensor    gas                  ok" in done.stdout
        done = wormctl(gas, *robot)
        assert done.returncode == 0, done.stderr
        done = wormctl(gas, *watch, "--seconds", "1.5")
        assert "gas.level 2.933 V" in done.stdout

        def plays() -> None:
            port.unplug()
            over.wait(2.5)
            port.plug_in()
            port.repeat(b"G 100\r\n", every_s=0.05)

        over = threading.Event()
        timer = threading.Timer(3.0, plays)
        words = ["run", "--robot", "gas.toml", "--body", "planar", "--seconds", "12", "--no-media", "--json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "wormctl", *words, "--out", "out"],
            cwd=gas, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        said = ""
        while "at life speed: gas is real" not in said:
            said += process.stderr.readline()
        timer.start()
        out, err = process.communicate(timeout=60)
        over.set()
        timer.join()
    assert process.returncode == 0, err
    assert "no good sample: gas: channel gas.level: the device could not measure" in err
    assert "gas.level is back" in err
    summary = json.loads(out)
    assert 0 < summary["bad_samples"]["gas.level"] < 500
    record = np.load(gas / "out" / "record.npy")
    neurons = json.loads((gas / "out" / "run.json").read_text())["neurons"]
    awc = record["activity"][:, neurons.index("AWCL")]
    gone = (
        record["quality"][
            :, json.loads((gas / "out" / "run.json").read_text())["channels"].index("gas.level")
        ]
        == 3
    )
    back = np.flatnonzero(gone).max()
    assert record["gas.level"][back + 10] == pytest.approx(100 * 5 / 1023)
    assert awc[gone].max() < awc[back:].max(), "its loss is no smell that goes down; the lower level is one"
