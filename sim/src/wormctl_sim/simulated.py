"""What every simulated body shares: its declaration, its lifecycle, the checks on what it is asked.

The physics lives in the subclasses; nothing here integrates anything.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Quality, Samples
from wormctl.device import (
    JOINT_POSITION,
    Capability,
    Config,
    Context,
    DeviceError,
    DeviceSpec,
    Truth,
)
from wormctl.jit import njit
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import Terrain
from wormctl_sim.ground import Ground
from wormctl_sim.planar_layout import OBSTACLE_SIZE

FloatArray = NDArray[np.float64]


class BodyConfig(Config, frozen=True, kw_only=True):
    """Settings that every simulated body takes."""

    joints: Annotated[int, msgspec.Meta(ge=2, le=63)] = 12
    """Must agree with the robot's description; here because channels are declared before that is read."""
    ground: Ground = msgspec.field(default_factory=Ground)
    physics_hz: Annotated[float, msgspec.Meta(ge=100.0, le=10_000.0)] = 200.0
    """Physics steps a second; the loop's period must hold a whole number of them."""
    latency_s: Annotated[float, msgspec.Meta(ge=0.0, le=0.2)] = 0.0
    """How much later setpoints reach the servos; rounded to whole periods of the loop."""

    @property
    def carries_weight(self) -> bool:
        """Whether the body lies on the ground, so that the ground may be uneven."""
        return False


class SimulatedBody(ABC):
    """A body in a world of its own making, which advances by one period of the loop with every `write`.

    It starts at rest and straight, where the world (an `Arena`) says, or at the origin without one. Configure
    it after the world was reset; configuring it again puts it back to the start.
    """

    def __init__(self, name: str, config: BodyConfig) -> None:
        self.spec = DeviceSpec(
            name=name,
            channels=(
                Channel(
                    name=JOINT_POSITION,
                    unit="rad",
                    low=-math.pi,
                    high=math.pi,
                    size=config.joints,
                    doc="joint angles, head first; positive turns the part ahead to the right, seen from above",
                ),
            ),
            simulated=True,
            capabilities=frozenset({Capability.FEEDBACK, Capability.TORQUE_OFF}),
        )
        self.config = config
        self.ground = config.ground
        """As it is in this trial."""
        self.truth = Truth(config.joints + 1)
        self._angles: FloatArray = np.zeros(config.joints)
        self._armed = False
        self._configured = False
        self._steps = 0
        self._dt_s = 0.0
        self.notes: tuple[str, ...] = ()
        self._late: list[FloatArray] = []
        """Setpoints on their way, the next to arrive at `_next`; one row more than periods that they take."""
        self._next = 0
        self._out: Samples | None = None
        self._out_angles: FloatArray = self._angles

    def configure(self, context: Context) -> None:
        """Build the body at its start. Raises `DeviceError` if it cannot be had as asked."""
        wanted = context.snake.joints
        if wanted != self.config.joints:
            raise DeviceError(
                f"$.joints = {self.config.joints}: the snake {context.snake.name} has {wanted}: set joints = {wanted}"
            )
        rate_hz, physics_hz = 1.0 / context.period_s, self.config.physics_hz
        steps = physics_hz / rate_hz
        if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
            raise DeviceError(
                f"$.physics_hz = {physics_hz:g}: must be a whole multiple of {rate_hz:g}, the loop's rate_hz, "
                f"such as {rate_hz * math.ceil(steps):g}"
            )
        world = context.world
        arena = world if isinstance(world, Arena) else None
        terrain = arena.terrain if arena else None
        if terrain is not None and not self.config.carries_weight:
            raise DeviceError(
                f"this world is uneven, and the body {self.spec.name} slides in a plane: add --body "
                'pybullet_gravity, or write use = "pybullet_gravity" in [body] of the robot file'
            )
        self.close()
        self._steps = round(steps)
        self._dt_s = context.period_s / self._steps
        start = arena.start if arena else np.zeros(3)
        obstacles = arena.obstacles if arena else np.zeros((0, OBSTACLE_SIZE))
        self.truth.contact_n[:] = 0.0
        self.ground = self.config.ground.varied(context.variation)
        self._build(context, start, obstacles, terrain)
        self._set_latency(context.period_s, context.variation.latency_s)
        all_finite(self._angles)  # compiled now, not in the first tick
        self._configured = True

    def arm(self, now_s: float) -> None:
        """Enable the motors; they hold the present position until the first `write`."""
        if not self._configured:
            raise DeviceError(f"{self.spec.name}: cannot be armed before it is configured")
        self._armed = True

    def read(self, now_s: float, out: Samples) -> None:
        """Fill the joint angles, exact and without delay."""
        if out is not self._out:
            self._out, self._out_angles = out, out.vector(JOINT_POSITION)
        self._out_angles[:] = self._angles
        out.stamp(JOINT_POSITION, now_s, Quality.GOOD)

    def write(self, setpoint_rad: FloatArray, now_s: float) -> None:
        """Advance by one period, the joints' targets gliding from the last setpoint to this one.

        Or to the one of `latency_s` before; the posture at the start, as long as there was none.

        `setpoint_rad` is (joints,), float64. Raises `DeviceError` if it is not, if a value is not finite, or
        if the body is not armed; nothing moves then.
        """
        if not self._armed:
            raise DeviceError(f"{self.spec.name}: not armed, so it does not move")
        if setpoint_rad.shape != self._angles.shape or setpoint_rad.dtype != np.float64:
            raise DeviceError(
                f"{self.spec.name}: setpoints must be {self._angles.shape} float64, "
                f"not {setpoint_rad.shape} {setpoint_rad.dtype}"
            )
        if not all_finite(setpoint_rad):
            raise DeviceError(f"{self.spec.name}: a setpoint is not finite")
        self._late[self._next][:] = setpoint_rad
        self._next = (self._next + 1) % len(self._late)
        self._advance(self._late[self._next])

    def _set_latency(self, period_s: float, drawn_s: float | None) -> None:
        """Fill the queue of setpoints with the present posture. What was drawn for the trial goes before settings."""
        latency_s = self.config.latency_s if drawn_s is None else drawn_s
        periods = round(latency_s / period_s)
        self._late = [self._angles.copy() for _ in range(periods + 1)]
        self._next = 0
        taken_s = periods * period_s
        self.notes = ()
        if drawn_s is None and abs(taken_s - latency_s) > 1e-9:
            self.notes = (
                f"setpoints reach the servos {taken_s:g} s late instead of latency_s = {latency_s:g}: "
                "a whole number of the loop's periods",
            )

    def stop(self, reason: str) -> None:
        """Make the motors safe. A simulated body simply moves no more."""
        self._armed = False

    def close(self) -> None:
        """Give everything back."""
        self._armed = False
        if self._configured:
            self._configured = False
            self._destroy()

    @abstractmethod
    def _build(
        self, context: Context, start: FloatArray, obstacles: FloatArray, terrain: Terrain | None
    ) -> None:
        """Make the physics, at rest and straight with the head at `start`; fill `truth` and `_angles`."""

    @abstractmethod
    def _advance(self, setpoint_rad: FloatArray) -> None:
        """Take `_steps` physics steps of `_dt_s`; refresh `truth` and `_angles`."""

    @abstractmethod
    def _destroy(self) -> None:
        """Undo `_build`. Never raises."""


@njit(cache=True)
def all_finite(values: FloatArray) -> bool:
    """Whether every entry of a vector is a finite number."""
    total = 0.0
    for value in values:
        total += value * 0.0
    return total == 0.0
