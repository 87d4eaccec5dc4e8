"""The host's side of the guardian: a process of its own that switches the torque off if this one dies.

The servos hold their last goal whatever becomes of the host, so somebody has to outlive a crash. What it cannot outlive
is the computer itself; see the README.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from typing import Protocol

from wormctl.device import DeviceError
from wormctl_bus_servo.config import BusServoConfig

READY_S = 10.0
LEAVE_S = 2.0
QUIT = b"q"


class Guardian(Protocol):
    """Somebody who waits for this process to die."""

    def wait(self) -> None:
        """Return when it is on guard. Raises `DeviceError` if it is not."""

    def dismiss(self) -> None:
        """Send it away; it does nothing more. Never raises."""


class _Nobody:
    def wait(self) -> None:
        """Nobody is to be waited for."""

    def dismiss(self) -> None:
        """Nobody is to be sent away."""


class GuardianProcess:
    """A small process that sees the other end of its standard input close."""

    def __init__(self, config: BusServoConfig, port: str) -> None:
        duty = {
            "controller": config.what.controller,
            "port": port,
            "baud": config.baud,
            "ids": list(config.servos),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wormctl_bus_servo.guarding", json.dumps(duty)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is for the run, not for it
        )
        self._ready = False

    def wait(self) -> None:
        """See `Guardian.wait`."""
        out = self._process.stdout
        if self._ready or out is None:
            return
        heard, _, _ = select.select([out], [], [], READY_S)
        if not heard or not os.read(out.fileno(), 64):
            raise DeviceError(
                "bus-servo: the process that would switch the torque off if this one died did not start; not arming"
            )
        self._ready = True

    def dismiss(self) -> None:
        """See `Guardian.dismiss`."""
        process = self._process
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):
            process.communicate(QUIT, timeout=LEAVE_S)
            return
        process.kill()
        process.wait()


def no_guardian() -> Guardian:
    """Nobody on guard."""
    return _Nobody()


def start_guardian(config: BusServoConfig, port: str) -> Guardian:
    """Put one on guard. It is ready some tenths of a second later."""
    return GuardianProcess(config, port)
