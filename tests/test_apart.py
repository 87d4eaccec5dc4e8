"""A sensor in its own process: its samples come through, and whatever becomes of it the tick goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from wormctl.apart import ApartSensor
from wormctl.channel import Quality, Samples
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.layers import Settings
from wormctl.making import make
from wormctl.plugins import Choice, load_plugins
from wormctl.robot import parse_robot
from wormctl.slow import SlowSensor
from wormctl.testing import bare_context

PLUGIN = """
import os
import time
from wormctl.channel import Channel
from wormctl.device import Config, DeviceError, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl


class Settings(Config, frozen=True, kw_only=True):
    does: str = "works"
    simulated: bool = False


class Sensor:
    def __init__(self, config):
        self.does = config.does
        slow = config.does.startswith("writes ")
        rate_hz, max_age_s = (0.1, 20.0) if slow else (100.0, 0.2)
        channel = Channel(
            name="eye.pid", unit="1", low=0.0, high=1e9, size=2, rate_hz=rate_hz, max_age_s=max_age_s
        )
        self.spec = DeviceSpec(name="eye", channels=(channel,), simulated=config.simulated)
        self.reads = 0

    def configure(self, context):
        assert context.world is None
        self.notes = ("eye: look here",)
        if self.does == "refuses":
            raise DeviceError("no eye at 0x29: check the wiring")
        if self.does == "dies early":
            os._exit(3)

    def read(self, now_s, out):
        self.reads += 1
        if self.reads > 5:
            if self.does == "hangs":
                time.sleep(1000)
            if self.does == "dies":
                os._exit(7)
            if self.does == "raises":
                raise OSError("short read")
        if self.does == "burns":
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                pass
        out.vector("eye.pid")[:] = os.getpid(), self.reads
        out.stamp("eye.pid", now_s)

    def close(self):
        if self.does.startswith("writes "):
            open(self.does[7:], "w").close()


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="eye", summary="sees", config=Settings, make=Sensor, api_version=1))
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "eye.py"
    path.write_text(PLUGIN)
    return path


def made(plugin: Path, **words: object) -> object:
    """The sensor as a robot file asks for it."""
    raw: Settings = {
        "policy": "worm302", "body": {"use": "planar"}, "world": {"use": "empty"},
        "sensor": [{"use": "eye", **words}],
        "bind": [{"channel": "joint.position", "to": ["stretch"]}],
    }  # fmt: skip
    robot = parse_robot(raw, where="robot.toml", folder=Path())
    return make(robot, load_plugins(files=[plugin])).sensors[0]


@pytest.fixture
def eye(plugin: Path, request: pytest.FixtureRequest) -> Iterator[ApartSensor]:
    sensor = made(plugin, run="process", does=request.param)
    assert isinstance(sensor, ApartSensor)
    sensor.configure(bare_context())
    yield sensor
    sensor.close()
    sensor.close()


def read_until(sensor: ApartSensor, out: Samples, what: Quality, seconds: float = 10.0) -> None:
    """Read as a loop does until the sample is of that quality; STALE: until it is older than it may be."""
    end_s, began_s = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end_s:
        now_s = time.monotonic() - began_s
        sensor.read(now_s, out)
        age_s = now_s - out.time_s[0]
        if what is Quality.STALE and age_s > out.channels[0].max_age_s:
            return
        if what is not Quality.STALE and out.quality[0] == what and (what is not Quality.GOOD or age_s < 0.1):
            return
        time.sleep(0.005)
    raise AssertionError(f"never {what.name}: {sensor.last_error}")


@pytest.mark.parametrize("eye", ["works"], indirect=True)
def test_samples_come_from_another_process_with_their_age(eye: ApartSensor) -> None:
    out = Samples(eye.spec.channels)
    read_until(eye, out, Quality.GOOD)
    pid, reads = out.vector("eye.pid").tolist()
    assert pid != os.getpid()
    time.sleep(0.1)
    read_until(eye, out, Quality.GOOD)
    assert out.vector("eye.pid")[1] > reads
    eye.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


@pytest.mark.parametrize("eye", ["hangs"], indirect=True)
def test_one_that_hangs_goes_stale(eye: ApartSensor) -> None:
    out = Samples(eye.spec.channels)
    read_until(eye, out, Quality.GOOD)
    read_until(eye, out, Quality.STALE)
    assert out.quality[0] == Quality.GOOD, "the age says it"
    time.sleep(2.0)
    eye.read(0.0, out)
    assert eye.last_error == "it had not been read for 2 s: it hangs, or is very slow"
    began_s = time.monotonic()
    eye.close()
    assert time.monotonic() - began_s < 6.0


@pytest.mark.parametrize(
    ("eye", "told"), [("dies", "exit status 7"), ("raises", "OSError: short read")], indirect=["eye"]
)
def test_one_that_ends_or_raises_has_failed(eye: ApartSensor, told: str) -> None:
    out = Samples(eye.spec.channels)
    read_until(eye, out, Quality.FAILED)
    assert told in str(eye.last_error)


@pytest.mark.parametrize("eye", ["works"], indirect=True)
def test_one_that_is_killed_has_failed(eye: ApartSensor) -> None:
    out = Samples(eye.spec.channels)
    read_until(eye, out, Quality.GOOD)
    os.kill(int(out.vector("eye.pid")[0]), signal.SIGKILL)
    read_until(eye, out, Quality.FAILED)
    assert "exit status -9" in str(eye.last_error)


@pytest.mark.parametrize("eye", ["works"], indirect=True)
def test_what_it_has_to_tell_comes_through(eye: ApartSensor) -> None:
    assert tuple(eye.notes) == ("eye: look here",)


def test_one_that_is_seldom_read_is_closed_at_once(plugin: Path, tmp_path: Path) -> None:
    sensor = made(plugin, run="process", does=f"writes {tmp_path / 'closed'}")
    assert isinstance(sensor, ApartSensor)
    sensor.configure(bare_context())
    began_s = time.monotonic()
    sensor.close()
    assert (tmp_path / "closed").exists()
    assert time.monotonic() - began_s < 2.0


RUN = """
import sys, time
from pathlib import Path
from tests.test_apart import made, read_until
from wormctl.channel import Quality, Samples
from wormctl.testing import bare_context

if __name__ == "__main__":
    sensor = made(Path(sys.argv[1]), run="process", does="hangs")
    sensor.configure(bare_context())
    out = Samples(sensor.spec.channels)
    read_until(sensor, out, Quality.GOOD)
    print(int(out.vector("eye.pid")[0]), flush=True)
    time.sleep(100)
"""


def test_its_process_does_not_outlive_a_run_that_is_killed(plugin: Path, tmp_path: Path) -> None:
    before = set(Path("/dev/shm").glob("wormctl-*"))
    (tmp_path / "run.py").write_text(RUN)
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "run.py"), str(plugin)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    run.kill()
    run.wait()
    end_s = time.monotonic() + 10.0
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end_s:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    assert set(Path("/dev/shm").glob("wormctl-*")) <= before


@pytest.mark.parametrize("eye", ["burns"], indirect=True)
def test_the_tick_does_not_wait_for_one_that_burns_a_core(eye: ApartSensor) -> None:
    out = Samples(eye.spec.channels)
    read_until(eye, out, Quality.GOOD)
    times_s = []
    for _ in range(200):
        began_s = time.perf_counter()
        eye.read(1.0, out)
        times_s.append(time.perf_counter() - began_s)
    assert np.median(times_s) < 0.001


@pytest.mark.parametrize(
    ("does", "told"),
    [("refuses", "no eye at 0x29: check the wiring"), ("dies early", "has ended while it opened")],
)
def test_what_goes_wrong_when_it_is_opened_is_told(plugin: Path, does: str, told: str) -> None:
    sensor = made(plugin, run="process", does=does)
    assert isinstance(sensor, ApartSensor)
    with pytest.raises(DeviceError, match=told):
        sensor.configure(bare_context())
    sensor.close()


def test_where_a_sensor_is_read(plugin: Path) -> None:
    assert isinstance(made(plugin), SlowSensor), "a real one is not read in the tick"
    assert isinstance(made(plugin, run="thread"), SlowSensor)
    assert not isinstance(made(plugin, run="tick"), SlowSensor)
    assert not isinstance(made(plugin, simulated=True), SlowSensor), "a simulated one is"
    with pytest.raises(ConfigError, match=r'\$\.sensor\[0\]\.run = "process": eye is simulated'):
        made(plugin, run="process", simulated=True)
    with pytest.raises(
        ConfigError, match=r"\$\.sensor\[0\]\.run = 'fibre': .*allowed: process, thread, tick"
    ):
        made(plugin, run="fibre")


def test_only_its_own_plugin_is_loaded_there(plugin: Path) -> None:
    plugins = load_plugins(files=[plugin])
    assert plugins.choice_of("sensor", "eye") == Choice(only=(), files=(str(plugin.resolve()),))
    assert plugins.choice_of("sensor", "range") == Choice(only=("wormctl-range",))
