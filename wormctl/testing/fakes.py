"""Stand-ins for tests: a body that does at once what it is told, a sensor with fixed values, a still worm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Samples
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION, Context, DeviceSpec, Truth
from wormctl.snake import Snake, load_snake


def bare_context(
    *, snake: Snake | None = None, period_s: float = 0.02, seed: int = 1, body: object | None = None
) -> Context:
    """What a device is configured with where there is no world."""
    return Context(snake=snake or load_snake(), period_s=period_s, seed=seed, body=body)


class IdealBody:
    """A body whose joints are where they were told to be. `log` names every call but reads and writes."""

    def __init__(self, config: Any = None, *, name: str = "ideal", joints: int = 12) -> None:
        channel = Channel(name=JOINT_POSITION, unit="rad", low=-3.2, high=3.2, size=joints)
        self.spec = DeviceSpec(name=name, channels=(channel,), simulated=True)
        self.position_rad: NDArray[np.float64] = np.zeros(joints)
        self.truth = Truth(joints + 1)
        self.log: list[str] = []
        self.writes = 0

    def configure(self, context: Context) -> None:
        """Nothing to open."""
        self.log.append("configure")

    def read(self, now_s: float, out: Samples) -> None:
        """The joints as they stand."""
        out.vector(JOINT_POSITION)[:] = self.position_rad
        out.stamp(JOINT_POSITION, now_s)

    def arm(self, now_s: float) -> None:
        """Always possible."""
        self.log.append("arm")

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        """The joints are there at once."""
        self.writes += 1
        self.position_rad[:] = setpoint_rad

    def stop(self, reason: str) -> None:
        """Remembered."""
        self.log.append("stop")

    def close(self) -> None:
        """Remembered."""
        self.log.append("close")


class FixedSensor:
    """A sensor of scalar channels, one for each entry of `values`, which may be changed at any time."""

    def __init__(self, channels: Sequence[Channel], *, name: str = "fixed") -> None:
        self.spec = DeviceSpec(name=name, channels=tuple(channels), simulated=True)
        self.values = {channel.name: 0.5 * (channel.low + channel.high) for channel in channels}

    def configure(self, context: Context) -> None:
        """Nothing to open."""

    def read(self, now_s: float, out: Samples) -> None:
        """The values as they stand."""
        for name, value in self.values.items():
            out.put(name, value, now_s)

    def close(self) -> None:
        """Nothing to give back."""


class StillController:
    """A nervous system that keeps the snake straight, or at `wanted_rad`, and remembers what it was given."""

    def __init__(self, inputs: Sequence[Port] = (), *, joints: int = 12, dt_s: float = 0.02) -> None:
        self.inputs = (*inputs, Port(name="stretch", size=joints, unit="rad"))
        self.joints, self.dt_s = joints, dt_s
        self.neurons = ("A", "B")
        self.state: NDArray[np.float64] = np.zeros(2)
        self.activity: NDArray[np.float64] = np.zeros(2)
        self.wanted_rad: NDArray[np.float64] = np.zeros(joints)
        size = sum(port.size for port in self.inputs)
        self.x: NDArray[np.float64] = np.zeros(size)
        self.good: NDArray[np.bool_] = np.zeros(size, dtype=np.bool_)
        self.steps = 0
        self.guarded_ticks = 0
        self.ablated: tuple[str, ...] = ()

    def reset(self) -> None:
        """Count from 0."""
        self.steps = 0

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """Ask for `wanted_rad`."""
        self.steps += 1
        self.x[:], self.good[:] = x, good
        setpoint_rad[:] = self.wanted_rad

    def ablate(self, cells: Sequence[str]) -> None:
        """Cells are A and B."""
        for cell in cells:
            if cell not in self.neurons:
                raise KeyError(f"no cell {cell!r}; there are: A, B")
        self.ablated = tuple(cells)
