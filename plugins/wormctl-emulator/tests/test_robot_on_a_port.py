"""The commands against the real firmware behind a port, as a person types them: what they say, how they end."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wormctl_emulator.for_tests import need_firmware
from wormctl_emulator.judge import judge
from wormctl_emulator.lockstep import ready_rig
from wormctl_emulator.terminal import Terminal, in_background
from wormctl_serial.body import SerialBody
from wormctl_serial.config import JointTable, SerialConfig

from wormctl.channel import Quality, Samples
from wormctl.device import Context, DeviceError
from wormctl.robot import load_robot
from wormctl.snake import load_snake
from wormctl.testing import FakePort

need_firmware()

SNAKE = Path(sys.modules["wormctl_serial"].__file__ or "").parent / "serial-snake.toml"
JOINTS = (JointTable(),) * 12


def wormctl(
    *words: str, folder: Path, typed: str = "", timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """A command line, as it is typed."""
    return subprocess.run(
        [sys.executable, "-m", "wormctl", *words],
        cwd=folder, input=typed, capture_output=True, text=True, timeout=timeout,
    )  # fmt: skip


@contextlib.contextmanager
def running(folder: Path, *program: str) -> Iterator[subprocess.Popen[str]]:
    """`wormctl run` on the robot in `folder`; `program`: what stands for `-m wormctl`."""
    command = [
        sys.executable,
        *(program or ("-m", "wormctl")),
        "run",
        "--body",
        "serial",
        "--port",
        str(folder / "robot"),
    ]
    command += ["--no-media", "--seconds", "60", "--out", str(folder / "run")]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def wait_for(what: Callable[[], object], seconds: float = 40.0) -> None:
    end_s = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end_s, "it never came"
        time.sleep(0.02)


@pytest.fixture
def robot(tmp_path: Path) -> Iterator[Terminal]:
    """A robot that is set up, at `robot` in the test's folder."""
    with in_background(ready_rig(JOINTS), tmp_path / "robot") as terminal:
        yield terminal


def test_doctor_passes_a_robot_that_is_well_and_says_what_is_wrong_with_one_that_is_not(
    robot: Terminal, tmp_path: Path
) -> None:
    done = wormctl("doctor", "--port", "robot", "--json", folder=tmp_path)
    told = {check["name"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout
    wanted = {
        "link",
        "firmware",
        "joint table",
        "pack",
        "servo rail",
        "e-stop",
        "round trip",
        "frames",
        "clock",
    }
    assert wanted <= told.keys()
    assert "fail" not in told.values()
    robot.rig.estop_open, robot.rig.pack_v = True, 6.85
    time.sleep(0.3)
    done = wormctl("doctor", "--port", "robot", folder=tmp_path)
    assert done.returncode == 1
    assert "fail  e-stop" in done.stdout
    assert "release it" in done.stdout
    assert "warn  pack           6.8" in done.stdout
    assert "charge it" in done.stdout
    assert "fail  servo rail" in done.stdout


def test_a_run_that_is_unplugged_ends_with_its_reason_and_a_whole_folder(
    robot: Terminal, tmp_path: Path
) -> None:
    with running(tmp_path) as process:
        wait_for(lambda: robot.rig.width_us.all())
        time.sleep(0.5)
        robot.unplug()
        said, _ = process.communicate(timeout=20.0)
    assert process.returncode == 1
    assert "unplugged?" in said
    assert "Traceback" not in said
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["state"] == "fault"
    assert (tmp_path / "run" / "record.npy").stat().st_size > 1000
    assert (tmp_path / "run" / "summary.txt").is_file()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda rig: setattr(rig, "estop_open", True), "emergency stop was opened"),
        (lambda rig: rig.press_reset(), "started anew by itself"),
        (lambda rig: setattr(rig, "pack_v", 6.0), "pack ran empty"),
    ],
    ids=["e-stop", "reset", "empty pack"],
)
def test_a_robot_that_stops_itself_ends_the_run(
    robot: Terminal, tmp_path: Path, harm: Callable[[object], None], reason: str
) -> None:
    with running(tmp_path) as process:
        wait_for(lambda: robot.rig.width_us.all())
        with robot._lock:
            harm(robot.rig)
        said, _ = process.communicate(timeout=20.0)
    assert process.returncode == 1
    assert reason in said


def test_stop_ends_a_run_from_another_shell(robot: Terminal, tmp_path: Path) -> None:
    assert wormctl("stop", "--port", "robot", folder=tmp_path).returncode == 1
    with running(tmp_path) as process:
        wait_for(lambda: robot.rig.width_us.all())
        done = wormctl("stop", "--port", "robot", folder=tmp_path)
        said, _ = process.communicate(timeout=20.0)
    assert " setpoints sent, " in said
    assert " 0 frames damaged" in said
    assert done.returncode == 0
    assert f"stopped the run on {tmp_path / 'robot'}" in done.stdout
    assert process.returncode == 130
    assert not robot.rig.width_us.any()


def test_stop_kills_a_run_that_does_not_listen(robot: Terminal, tmp_path: Path) -> None:
    deaf = (
        "import signal, sys\n"
        "from wormctl.cli import main\n"
        "kept = signal.signal\n"
        "signal.signal = lambda number, handler: kept(number, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with running(tmp_path, "-c", deaf) as process:
        wait_for(lambda: robot.rig.width_us.all())
        done = wormctl("stop", "--port", "robot", folder=tmp_path)
        assert process.wait(5.0) == -signal.SIGKILL
    assert done.returncode == 0
    assert "killed the run on" in done.stdout
    wait_for(lambda: not robot.rig.width_us.any(), 3.0)


def test_calibrating_a_new_robot(tmp_path: Path) -> None:
    with in_background(ready_rig(None), tmp_path / "robot") as robot:
        robot.rig.keep = True
        common = ("calibrate", "--port", "robot", "--robot", "mine.toml")
        done = wormctl("run", "--body", "serial", "--port", "robot", "--no-media", folder=tmp_path)
        assert done.returncode == 1
        assert "wormctl calibrate" in done.stdout
        # Straight at +3 degrees, turns the other way, 10 degrees to the right, the usual to the left.
        typed = "q\n\n+5\n-2\nhm\n\n\nmaybe\nn\n-3\n+10\n\n\n"
        done = wormctl(*common, "--joint", "4", typed=typed, folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "q: must be Enter alone, or Ctrl-C to stop" in done.stdout
        assert "hm: must be +, -, or a number" in done.stdout
        assert "maybe: must be y or n" in done.stdout
        assert "-3: would be -3.0 degrees, beyond +0 to +60" in done.stdout
        assert "joint 4: straight at 1531 us, -600 us/rad, -60 to +10 degrees; kept" in done.stdout
        assert "joints 0, 1, 2, 3, 5" in done.stdout
        assert not (tmp_path / "mine.toml").exists()
        pulses = robot.rig.pulses()
        assert set(pulses["servo"]) == {4}, "one joint at a time, and only after Enter"
        seen = judge(pulses, (JointTable(),) * 12)
        assert seen.slew_deg_s <= 31.0, "at 30 degrees/s, over the change of its line as well"
        shown = wormctl("calibrate", "--show", "--port", "robot", folder=tmp_path).stdout
        assert "joint  4: straight at 1531 us, -600 us/rad, -60 to +10 degrees" in shown
        assert "joint  5: not set up" in shown


@pytest.mark.parametrize("typed", ["", "\n", "\n+5\n", "\n+5\n\n\nn\n", "\n+5\n\n\nn\n+4\n\n-3\n"])
def test_a_joint_that_is_not_done_stays_as_it_was(robot: Terminal, tmp_path: Path, typed: str) -> None:
    common = ("calibrate", "--port", "robot", "--robot", "mine.toml", "--joint")
    before = wormctl("calibrate", "--show", "--port", "robot", folder=tmp_path).stdout
    done = wormctl(*common, "3", typed=typed, folder=tmp_path)
    assert done.returncode == 130, "the end of what is typed ends it in order"
    assert "stopped; joints that are done are kept" in done.stdout
    assert wormctl("calibrate", "--show", "--port", "robot", folder=tmp_path).stdout == before
    done = wormctl(*common, "2", typed="\n\n\ny\n+9\n\n\n", folder=tmp_path)
    assert done.returncode == 0
    robot.rig.press_reset()
    after = wormctl("calibrate", "--show", "--port", "robot", folder=tmp_path).stdout.splitlines()
    wanted = before.splitlines()
    wanted[2] = "joint  2: straight at 1500 us, +600 us/rad, -60 to +9 degrees"
    assert after == wanted, "what another joint kept is that joint's"
    assert load_robot(tmp_path / "mine.toml").body.settings["joint"][3]["high_deg"] == 60.0


def test_the_table_goes_from_the_file_to_the_robot_and_back(robot: Terminal, tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.toml", tmp_path / "other.toml"
    other.write_text(SNAKE.read_text())
    port = ("--port", "robot")
    assert wormctl("calibrate", "--fetch", "--robot", "mine.toml", *port, folder=tmp_path).returncode == 0
    assert len(load_robot(mine).body.settings["joint"]) == 12
    text = mine.read_text().replace("centre_us = 1500", "centre_us = 1480", 1)
    mine.write_text(text)
    command = ("run", "--robot", "mine.toml", "--seconds", "1", "--no-media", *port)
    done = wormctl(*command, folder=tmp_path)
    assert done.returncode != 0
    assert "wormctl calibrate --robot FILE" in done.stderr
    assert wormctl("calibrate", "--send", "--robot", "mine.toml", *port, folder=tmp_path).returncode == 0
    assert wormctl(*command, folder=tmp_path).returncode == 0
    assert wormctl("calibrate", "--fetch", "--robot", "other.toml", *port, folder=tmp_path).returncode == 0
    joints = load_robot(other).body.settings["joint"]
    assert [joint["centre_us"] for joint in joints] == [1480] + [1500] * 11
    assert load_robot(other).body.settings == load_robot(mine).body.settings, (
        "copied or extended, it is the same"
    )
    bad = tmp_path / "bad.toml"
    bad.write_text("rate_hz =")
    done = wormctl("calibrate", "--fetch", "--robot", "bad.toml", *port, folder=tmp_path)
    assert (done.returncode, bad.read_text()) == (2, "rate_hz =")
    assert "not valid TOML" in done.stderr


def test_a_robot_that_was_unplugged_is_found_again_for_reading_and_never_armed(
    robot: Terminal, tmp_path: Path
) -> None:
    body = SerialBody(SerialConfig(port=str(tmp_path / "robot")))
    out = Samples(body.spec.channels)
    body.configure(Context(snake=load_snake(), period_s=0.02, seed=0))
    body.arm(0.0)
    robot.unplug()
    time.sleep(0.1)
    with pytest.raises(DeviceError, match="unplugged"):
        body.read(1.0, out)
    robot.plug()

    def reads() -> bool:
        with contextlib.suppress(DeviceError):
            out.quality[:] = Quality.STALE
            body.read(2.0, out)
        return bool((out.quality == Quality.GOOD).all())

    wait_for(reads, 5.0)
    with pytest.raises(DeviceError, match="not armed"):
        body.write(out.vector("joint.position").copy(), 2.0)
    body.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"", "nothing answers"), (b"hello, I am a modem\r\n\0" * 8, "is no wormctl firmware")],
)
def test_another_device_on_the_port(fake_port: Callable[..., FakePort], answer: bytes, told: str) -> None:
    body = SerialBody(SerialConfig(port=fake_port(lambda asked: answer).path))
    with pytest.raises(DeviceError, match=told):
        body.configure(Context(snake=load_snake(), period_s=0.02, seed=0))


def test_two_emulators_on_one_link(robot: Terminal, tmp_path: Path) -> None:
    done = wormctl("emulate", "--link", "robot", "--seconds", "1", folder=tmp_path)
    assert done.returncode == 1 or done.returncode == 2
    assert "another emulator has it" in done.stderr
    assert (tmp_path / "robot").exists()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--pulses", "nowhere/x.csv", "cannot be written"),
        ("--eeprom", "rubbish", "has 7 bytes, must have 1024"),
        ("--firmware", "rubbish", "is no firmware"),
    ],
)
def test_options_of_the_emulator_are_checked_before_it_begins(
    tmp_path: Path, option: str, value: str, told: str
) -> None:
    (tmp_path / "rubbish").write_text("rubbish")
    done = wormctl("emulate", "--link", "robot", "--seconds", "1", option, value, folder=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "robot").is_symlink()


def test_pulses_are_written_as_they_come(robot: Terminal, tmp_path: Path) -> None:
    done = wormctl("emulate", "--link", "other", "--seconds", "0.3", "--pulses", "p.csv", folder=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "p.csv").read_text().startswith("# rise_s,joint,width_us,cut_by_reset")
    assert not (tmp_path / "other").exists()


def test_two_programs_on_one_port(robot: Terminal, tmp_path: Path) -> None:
    body = SerialBody(SerialConfig(port=str(tmp_path / "robot")))
    body.configure(Context(snake=load_snake(), period_s=0.02, seed=0))
    done = wormctl("doctor", "--port", "robot", folder=tmp_path)
    body.close()
    assert done.returncode == 1
    assert "another program has it open" in done.stdout
    assert "wormctl stop" in done.stdout


@pytest.mark.parametrize(
    ("port", "told"),
    [
        ("nowhere", "there is no such port"),
        (".", "is no serial port, but a file or folder"),
        ("/dev/null", "is no serial port, or none that works"),
    ],
)
def test_ports_that_are_none(tmp_path: Path, port: str, told: str) -> None:
    body = SerialBody(SerialConfig(port=port))
    with pytest.raises(DeviceError, match=told):
        body.configure(Context(snake=load_snake(), period_s=0.02, seed=0))


def test_firmware_of_another_schema_can_be_read_and_is_never_armed(
    robot: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wormctl_serial.talk.SCHEMA", 0x12345678)
    body = SerialBody(SerialConfig(port=str(tmp_path / "robot")))
    body.configure(Context(snake=load_snake(), period_s=0.02, seed=0))
    assert any("flash firmware" in note for note in body.notes)
    with pytest.raises(DeviceError, match="flash firmware"):
        body.arm(0.0)
    body.close()
