"""Moving one joint by hand: arms it alone, keeps the firmware fed, and moves by what is asked and no more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wormctl.device import DeviceError
from wormctl.driving import claim, release
from wormctl_serial.messages import JOINTS, SAFETY, Fault, State
from wormctl_serial.talk import Talk, explain_fault

_TICK_S = SAFETY["TICK_MS"][0] * 1e-3
_STEP = SAFETY["SLOW_STEP"][0]


class Jog:
    """One joint under power, never quicker than 30 degrees/s. `angle`, in 0.1 mrad, is where it goes."""

    def __init__(self, talk: Talk, joint: int) -> None:
        self.talk, self.joint = talk, joint
        self.angle = 0
        self._pose = [0] * JOINTS

    def move_to(self, angle: int) -> None:
        """Ask for an angle; `feed` goes there."""
        self.angle = angle

    def settle(self) -> None:
        """Go there, and return when it is there: from 90 degrees to the other 90 takes 6 s."""
        for _ in range(400):
            self.feed()
            if self.talk.telemetry.numbers("angle")[self.joint] == self.angle:
                return
        raise DeviceError(f"joint {self.joint} does not get to where it was told to go: `wormctl doctor`")

    def feed(self) -> None:
        """Send the next setpoint, once every 20 ms. Raises `DeviceError` if the robot has stopped itself."""
        now = self._pose[self.joint]
        self._pose[self.joint] = min(max(self.angle, now - _STEP), now + _STEP)
        self.talk.send_setpoint(tuple(self._pose))
        self.talk.listen_for(_TICK_S)
        telemetry = self.talk.telemetry
        fault = Fault(telemetry.number("fault"))
        if fault is not Fault.NONE:
            raise DeviceError(f"the robot has stopped itself: {explain_fault(fault)}")
        if State(telemetry.number("state")) is State.SILENT:
            raise DeviceError("the robot was stopped by another program")


@contextmanager
def jog(talk: Talk, joint: int) -> Iterator[Jog]:
    """Switch one joint on, where the firmware thinks it stands; however it ends, it is switched off.

    Raises `DeviceError` if the firmware does not arm.
    """
    one = Jog(talk, joint)
    telemetry = talk.look()
    talk.hello()
    talk.clear(Fault(telemetry.number("fault")))
    one._pose = list(telemetry.numbers("angle"))
    one.angle = one._pose[joint]
    driving = claim(talk.line.name)
    try:
        talk.arm(tuple(one._pose), 1 << joint)
        yield one
    finally:
        try:
            talk.command("STOP", {})
        finally:
            release(driving)
