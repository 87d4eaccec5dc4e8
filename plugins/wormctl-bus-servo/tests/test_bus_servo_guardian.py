"""The guardian: whatever kills the host or stops it, torque is off soon after; and it goes when it is sent away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from wormctl_bus_servo.bus import open_bus
from wormctl_bus_servo.for_tests import Rig, make_config, rig
from wormctl_bus_servo.guardian import MARGIN_S, GuardianProcess, no_guardian, start_guardian
from wormctl_bus_servo.kinds import KINDS

from wormctl.device import DeviceError

HOST = """
import ctypes, sys, time
import numpy as np
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.for_tests import make_config, patient_bus
from wormctl.testing import bare_context
body = BusServoBody(make_config(sys.argv[1], sys.argv[2], silence_s=0.3), patient_bus)
body.configure(bare_context())
body.arm(0.0)
print("armed", flush=True)
for _ in range(int(sys.argv[3])):
    body.write(np.zeros(12), 0.0)
    time.sleep(0.02)
ctypes.PyDLL(None).sleep(20)  # keeps all of Python's threads waiting
"""


@contextmanager
def host(snake: Rig, kind: str = "sts3215", ticks: int = 10_000) -> Iterator[subprocess.Popen[str]]:
    """A process that drives the snake."""
    words = [sys.executable, "-c", HOST, snake.port.path, kind, str(ticks)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stdout.readline() == "armed\n", process.stderr.read()
        time.sleep(0.1)
        assert not snake.bus.limp()
        yield process
    finally:
        process.kill()
        process.wait(5.0)
        process.stdout.close()
        process.stderr.close()


@contextmanager
def guard(snake: Rig) -> Iterator[GuardianProcess]:
    """A guardian that holds the snake's port."""
    bus = open_bus(KINDS["sts3215"], snake.port.path, 1_000_000)
    guardian = GuardianProcess(make_config(snake.port.path, silence_s=0.1), bus)
    try:
        yield guardian
    finally:
        guardian.dismiss(limp=True)
        bus.close()


def said(process: subprocess.Popen[str]) -> str:
    """What the host and its guardian have written to stderr, both having ended."""
    assert process.stderr is not None
    return process.stderr.read()


def limp_within(snake: Rig, seconds: float) -> bool:
    end_s = time.monotonic() + seconds
    while not snake.bus.limp() and time.monotonic() < end_s:
        time.sleep(0.005)
    return snake.bus.limp()


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_a_host_that_is_killed_leaves_no_torque(kind: str) -> None:
    with rig(kind) as snake, host(snake, kind) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(5.0)
        assert limp_within(snake, 0.5)
        assert (
            said(process) == "bus-servo: wormctl has died; all servos were told to switch their torque off\n"
        )


HANGS = "bus-servo: wormctl hangs or is suspended; all servos were told to switch their torque off\n"


def test_a_host_that_is_suspended_leaves_no_torque_and_says_so_when_it_goes_on() -> None:
    with rig() as snake, host(snake) as process:
        process.send_signal(signal.SIGSTOP)  # Ctrl-Z is the same, of a kind that may be caught
        assert limp_within(snake, 0.3 + MARGIN_S + 0.5)
        process.send_signal(signal.SIGCONT)
        process.wait(5.0)
        text = said(process)
        assert HANGS in text
        assert "no setpoint came for 0.3 s: the loop hangs, the run was suspended (Ctrl-Z), or" in text
        assert snake.bus.limp()


def test_a_host_whose_threads_all_hang_leaves_no_torque() -> None:
    with rig() as snake, host(snake, ticks=10) as process:
        assert limp_within(snake, 0.2 + 0.3 + MARGIN_S + 0.5)
        assert process.poll() is None
        process.kill()
        assert said(process) == HANGS


def test_it_acts_when_it_is_not_told_in_time_and_not_otherwise() -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian.wait()
        for _ in range(20):
            guardian.beat()
            time.sleep(0.05)
        guardian.relax()
        time.sleep(0.6)
        assert not snake.port.heard
        guardian.beat()
        assert snake.port.wait_for(KINDS["sts3215"].limp)
        time.sleep(0.1)
        with pytest.raises(DeviceError, match=r"hung or was suspended for more than 0\.4 s, so its guardian"):
            guardian.beat()


def test_it_helps_when_it_is_asked_to(capfd: pytest.CaptureFixture[str]) -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian.wait()
        guardian.help()
        assert snake.port.wait_for(KINDS["sts3215"].limp)
        guardian.dismiss(limp=True)
        assert guardian._process.returncode == 0
        assert "wormctl cannot switch the torque off itself; all servos were told" in capfd.readouterr().err


def test_a_port_that_comes_back_is_used_again(capfd: pytest.CaptureFixture[str]) -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian.wait()
        snake.bus[5]["torque_enable"], snake.bus[5]["goal_position"] = 1, 2048
        snake.port.unplug()
        guardian.help()
        time.sleep(0.3)
        snake.port.plug_in()
        assert limp_within(snake, 3.0)
        guardian.dismiss(limp=True)
        cannot, done = capfd.readouterr().err.splitlines()
        assert "the servos cannot be reached" in cannot
        assert cannot.endswith("CUT THEIR SUPPLY")
        assert done.endswith("all servos were told to switch their torque off")


def test_one_that_is_sent_away_does_nothing() -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian.wait()
        guardian.wait()
        guardian.dismiss(limp=True)
        guardian.dismiss(limp=True)
        guardian.relax()
        guardian.help()
        assert guardian._process.returncode == 0
        assert not snake.port.heard


def test_one_that_is_sent_away_from_stiff_servos_switches_them_off_first() -> None:
    with rig() as snake, guard(snake) as guardian:
        snake.bus[5]["torque_enable"], snake.bus[5]["goal_position"] = 1, 2048
        guardian.wait()
        guardian.dismiss(limp=False)
        assert guardian._process.returncode == 0
        assert snake.limp()


def test_it_outlives_what_is_meant_for_the_run() -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian.wait()
        assert os.getsid(guardian._process.pid) != os.getsid(0)  # what a terminal sends does not reach it
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
            os.kill(guardian._process.pid, number)
        time.sleep(0.1)
        assert guardian._process.poll() is None
        guardian.dismiss(limp=True)
        assert guardian._process.returncode == 0


def test_without_a_guardian_it_is_not_configured() -> None:
    class Missing(type(no_guardian())):  # type: ignore[misc]
        def wait(self) -> None:
            raise DeviceError("nobody is on guard")

    with rig(guardian=Missing()) as snake:
        with pytest.raises(DeviceError, match="nobody is on guard"):
            snake.configure()
        assert snake.bus.limp()


def test_a_guardian_that_cannot_start_is_noticed() -> None:
    with rig() as snake, guard(snake) as guardian:
        guardian._process.kill()
        guardian._process.wait()
        with pytest.raises(DeviceError, match="is not there; not arming"):
            guardian.wait()


def test_a_guardian_that_dies_ends_the_run_and_there_is_no_other() -> None:
    with rig() as snake:
        made: list[GuardianProcess] = []

        def start(*args: object) -> GuardianProcess:
            made.append(GuardianProcess(*args))  # type: ignore[arg-type]
            return made[-1]

        snake.body._start_guardian = start
        snake.configure()
        snake.arm()
        snake.hold(0.1)
        made[0]._process.kill()
        text, after_s = snake.fault()
        assert "the process that would switch the torque off if this one died has ended" in text
        assert after_s < 1.0
        assert snake.limp()
        with pytest.raises(DeviceError):
            snake.arm()
        snake.configure()
        made[1]._process.kill()
        made[1]._process.wait()
        with pytest.raises(DeviceError, match="is not there; not arming"):
            snake.arm()
        assert snake.limp()


def test_close_sends_the_guardian_away_and_the_port_is_free() -> None:
    with rig() as snake:
        guardians: list[GuardianProcess] = []

        def start(*args: object) -> GuardianProcess:
            guardian = start_guardian(*args)  # type: ignore[arg-type]
            assert isinstance(guardian, GuardianProcess)
            guardians.append(guardian)
            return guardian

        snake.body._start_guardian = start
        snake.configure()
        snake.arm()
        snake.body.close()
        assert guardians[0]._process.returncode == 0
        open_bus(KINDS["sts3215"], snake.port.path, 1_000_000).close()
