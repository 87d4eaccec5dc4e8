"""A new body: `send` is to be filled in."""

from __future__ import annotations

_BODY = '''\
"""The body itself. wormctl never calls `write` unless it is armed, and has brought setpoints within their limits."""

import math

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, OnError, Samples
from wormctl.device import JOINT_POSITION, Config, Context, DeviceSpec


class ${title}Config(Config, frozen=True, kw_only=True):
    """The settings in a robot file. Misspelt names and values out of range are refused for you."""

    joints: int = 12
    """Is filled in from the description of the robot."""


class ${title}Body:
    """Motors that do not tell where they are: the joints are taken to be where they were last told to be."""

    def __init__(self, config: ${title}Config) -> None:
        channel = Channel(
            name=JOINT_POSITION,
            unit="rad",
            low=-math.pi,
            high=math.pi,
            size=config.joints,
            on_error=OnError.FAULT,
        )
        self.spec = DeviceSpec(name="$name", channels=(channel,), simulated=False, api_version=$api)
        self._told_rad: NDArray[np.float64] = np.zeros(config.joints)
        self._armed = False

    def configure(self, context: Context) -> None:
        """Open your hardware, motors off. If it is not there, say in a `DeviceError` what a person can do about it."""

    def read(self, now_s: float, out: Samples) -> None:
        """Where the joints are. Return at once: what has to wait is for a thread."""
        out.vector(JOINT_POSITION)[:] = self._told_rad
        out.stamp(JOINT_POSITION, now_s)

    def arm(self, now_s: float) -> None:
        """Motors on, holding still. Raise `DeviceError` if that is not safe."""
        self._armed = True

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        """Send setpoints, (joints,), head first. Return at once."""
        self.send(setpoint_rad)
        self._told_rad[:] = setpoint_rad

    def send(self, setpoint_rad: NDArray[np.float64]) -> None:
        """Tell your motors. Whatever this raises ends the run."""
        raise NotImplementedError("fill in send: tell your motors to go to setpoint_rad")

    def stop(self, reason: str) -> None:
        """Motors off. In any state, again and again; never raise."""
        self._armed = False

    def close(self) -> None:
        """Close what `configure` opened. Maybe twice; never raise."""
        self.stop("closing")
'''

FILES = {
    "src/$package/body.py": _BODY,
    "fill": "`send` in `src/$package/body.py`, and `configure`, `arm` and `stop` there",
    "robot": """\
policy = "worm302"

[body]
use = "$name"

[[bind]]                  # the wave along the body comes from feeling its own bend
channel = "joint.position"
to = ["stretch"]""",
}
