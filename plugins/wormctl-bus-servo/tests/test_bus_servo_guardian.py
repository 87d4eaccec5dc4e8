"""The guardian: whatever kills the host, torque is off soon after; and it goes when it is sent away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from wormctl_bus_servo.bus import open_bus
from wormctl_bus_servo.for_tests import Rig, make_config, rig
from wormctl_bus_servo.guardian import GuardianProcess, start_guardian
from wormctl_bus_servo.kinds import KINDS

from wormctl.device import DeviceError

HOST = """
import sys, time
import numpy as np
from wormctl_bus_servo.body import BusServoBody
from wormctl_bus_servo.for_tests import make_config, patient_bus
from wormctl.testing import bare_context
body = BusServoBody(make_config(sys.argv[1], sys.argv[2]), patient_bus)
body.configure(bare_context())
body.arm(0.0)
print("armed", flush=True)
while True:
    body.write(np.zeros(12), 0.0)
    time.sleep(0.02)
"""


@pytest.mark.parametrize("kind", ["sts3215", "xl330"])
def test_a_host_that_is_killed_leaves_no_torque(kind: str) -> None:
    with rig(kind) as snake:
        host = subprocess.Popen(
            [sys.executable, "-c", HOST, snake.port.path, kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert host.stdout is not None
        assert host.stderr is not None
        assert host.stdout.readline() == "armed\n", host.stderr.read()
        time.sleep(0.1)
        assert not snake.bus.limp()
        host.send_signal(signal.SIGKILL)
        host.wait(5.0)
        assert limp_within(snake, 5.0)
        # The guardian holds the other end of stderr: once it has gone, that ends.
        assert host.stderr.read() == "bus-servo: wormctl has died; the torque of all servos is off\n"
        host.stdout.close()
        host.stderr.close()


def limp_within(snake: Rig, seconds: float) -> bool:
    end_s = time.monotonic() + seconds
    while not snake.bus.limp() and time.monotonic() < end_s:
        time.sleep(0.01)
    return snake.bus.limp()


def test_one_that_is_sent_away_does_nothing() -> None:
    with rig() as snake:
        guardian = GuardianProcess(make_config(snake.port.path), snake.port.path)
        guardian.wait()
        guardian.wait()
        guardian.dismiss()
        guardian.dismiss()
        assert guardian._process.returncode == 0
        assert not snake.port.heard


def test_it_outlives_what_is_meant_for_the_run() -> None:
    with rig() as snake:
        guardian = GuardianProcess(make_config(snake.port.path), snake.port.path)
        guardian.wait()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(guardian._process.pid, number)
        time.sleep(0.1)
        assert guardian._process.poll() is None
        guardian.dismiss()
        assert guardian._process.returncode == 0


def test_without_a_guardian_it_does_not_arm() -> None:
    class Missing:
        def wait(self) -> None:
            raise DeviceError("nobody is on guard")

        def dismiss(self) -> None:
            return

    with rig(guardian=Missing()) as snake:
        snake.configure()
        with pytest.raises(DeviceError, match="nobody is on guard"):
            snake.arm()
        assert snake.bus.limp()


def test_a_guardian_that_cannot_start_is_noticed() -> None:
    guardian = GuardianProcess(make_config("/dev/null"), "/dev/null")
    guardian._process.kill()
    guardian._process.wait()
    with pytest.raises(DeviceError, match="did not start; not arming"):
        guardian.wait()
    guardian.dismiss()


def test_close_sends_the_guardian_away_and_the_port_is_free() -> None:
    with rig() as snake:
        guardian = start_guardian(snake.body.config, snake.port.path)
        assert isinstance(guardian, GuardianProcess)
        snake.body._start_guardian = lambda config, port: guardian
        snake.configure()
        snake.arm()
        snake.body.close()
        assert guardian._process.returncode == 0
        open_bus(KINDS["sts3215"], snake.port.path, 1_000_000).close()
