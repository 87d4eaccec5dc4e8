"""The host's side of the guardian: a process of its own that switches the torque off if this one dies or hangs.

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
from wormctl_bus_servo.bus import Bus
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.guarding import ACTED, BEAT, HELP, LIMP, QUIT

READY_S = 10.0
LEAVE_S = 2.0
MARGIN_S = 0.3
"""It acts so long after `silence_s`: this process itself comes first, if it can."""


class Guardian(Protocol):
    """Somebody who waits for this process to die or to hang."""

    def wait(self) -> None:
        """Return when it is on guard. Raises `DeviceError` if it is not."""

    def beat(self) -> None:
        """All is well, and the torque is on: it acts if it does not hear this again in time. Returns at once.

        Raises `DeviceError` if it has gone, or has acted.
        """

    def relax(self) -> None:
        """The torque is off: no more beats will come. Never raises."""

    def help(self) -> None:
        """The torque cannot be switched off from here: have it do so. Never raises."""

    def dismiss(self, limp: bool) -> None:
        """Send it away. It switches the torque off before it goes if the servos are not `limp`. Never raises."""


class _Nobody:
    def wait(self) -> None:
        """Nobody is to be waited for."""

    def beat(self) -> None:
        """Nobody listens."""

    def relax(self) -> None:
        """Nobody listens."""

    def help(self) -> None:
        """Nobody helps."""

    def dismiss(self, limp: bool) -> None:
        """Nobody is to be sent away."""


class GuardianProcess:
    """A small process that listens at the other end of a pipe, and holds the port of `bus`, too."""

    def __init__(self, config: BusServoConfig, bus: Bus) -> None:
        self._limit_s = config.silence_s + MARGIN_S
        duty = {
            "hold": bus.hold,
            "limp": config.what.limp.hex(),
            "limit_s": self._limit_s,
            "controller": config.what.controller,
            "port": bus.name,
            "baud": config.baud,
            "ids": list(config.servos),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wormctl_bus_servo.guarding", json.dumps(duty)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=[bus.hold],
            start_new_session=True,  # Ctrl-C and Ctrl-Z in a terminal are for the run, not for it
        )
        for end in (self._process.stdin, self._process.stdout):
            assert end is not None
            os.set_blocking(end.fileno(), False)
        self._ready = False

    def wait(self) -> None:
        """See `Guardian.wait`."""
        out = self._process.stdout
        if not self._ready and out is not None:
            heard, _, _ = select.select([out], [], [], READY_S)
            self._ready = bool(heard and self._heard())
        if not self._ready or self._process.poll() is not None:
            raise DeviceError(
                "bus-servo: the process that would switch the torque off if this one died is not there; not arming: "
                "start again"
            )

    def beat(self) -> None:
        """See `Guardian.beat`."""
        if not self._tell(BEAT):
            raise DeviceError(
                "bus-servo: the process that would switch the torque off if this one died has ended: start again"
            )
        if ACTED in self._heard():
            raise DeviceError(
                f"bus-servo: wormctl hung or was suspended for more than {self._limit_s:g} s, so its guardian has "
                "switched the torque off: start again"
            )

    def relax(self) -> None:
        """See `Guardian.relax`."""
        self._tell(LIMP)

    def help(self) -> None:
        """See `Guardian.help`."""
        self._tell(HELP)

    def dismiss(self, limp: bool) -> None:
        """See `Guardian.dismiss`."""
        process = self._process
        self._tell(QUIT if limp else HELP)
        for end in (process.stdin, process.stdout):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()
        try:
            process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            if limp:
                process.kill()
                process.wait()
            # Otherwise it is still trying, and goes by itself.

    def _tell(self, what: bytes) -> bool:
        pipe = self._process.stdin
        try:
            return pipe is not None and os.write(pipe.fileno(), what) == len(what)
        except (OSError, ValueError):  # it has gone, does not listen any more, or was sent away
            return False

    def _heard(self) -> bytes:
        pipe = self._process.stdout
        try:
            return b"" if pipe is None else os.read(pipe.fileno(), 64)
        except (OSError, ValueError):
            return b""


def no_guardian() -> Guardian:
    """Nobody on guard."""
    return _Nobody()


def start_guardian(config: BusServoConfig, bus: Bus) -> Guardian:
    """Put one on guard. It is ready some tenths of a second later."""
    return GuardianProcess(config, bus)
