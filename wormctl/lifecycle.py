"""The states of a body, and the only way to its `write`.

unconfigured -> configured -> armed -> fault / closed. Nobody but `GuardedBody` calls a body's `write`: what
reaches the motors has passed the limits, in a body that was armed where it stood.
"""

from __future__ import annotations

import enum
import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.device import Body, Context, Counting, DeviceError, DeviceSpec, said
from wormctl.hanging import FAULTS, attempt
from wormctl.limits import Limits, limit_setpoint, make_limits

ARMING_TOLERANCE_RAD = math.radians(5.0)
"""How far beyond its limit a joint may stand when the motors are enabled."""


class State(enum.StrEnum):
    """Where a body stands."""

    UNCONFIGURED = "unconfigured"
    CONFIGURED = "configured"
    """It can be read; its motors are safe."""
    ARMED = "armed"
    """It follows setpoints."""
    FAULT = "fault"
    """Its motors are safe; it can be read and closed, and that is all."""
    CLOSED = "closed"


class LifecycleError(RuntimeError):
    """A call that the present state does not allow: a mistake in the program, not in the robot."""


class GuardedBody:
    """A body together with its state and its limits.

    `setpoint_rad`, shape (joints,), is what was last sent, or where arming found the joints. Errors of the
    body, whatever they are, become a `DeviceError` and the state `FAULT`.
    """

    def __init__(self, body: Body) -> None:
        self.spec: DeviceSpec = body.spec
        self.state = State.UNCONFIGURED
        self.fault_reason: str | None = None
        self.setpoint_rad: NDArray[np.float64] = np.zeros(0)
        self._body = body
        self._goal_rad: NDArray[np.float64] = np.zeros(0)
        self._limits = Limits(0.0, 0.0, 0.0, 0)
        self._writes = 0

    def configure(self, context: Context) -> None:
        """Open the body. After a failure only `close` is left."""
        self._require(State.UNCONFIGURED)
        self._limits = make_limits(context.snake, context.period_s)
        self.setpoint_rad = np.zeros(context.snake.joints)
        self._goal_rad = np.zeros(context.snake.joints)
        # Compiled now, while nothing is armed: it may take a second.
        limit_setpoint(self.setpoint_rad, self._goal_rad, self._limits.limit_rad, 0.0, self._goal_rad)
        try:
            self._body.configure(context)
        except FAULTS as error:
            raise self._failed("cannot be configured", error) from error
        self.state = State.CONFIGURED

    def read(self, now_s: float, out: Samples) -> None:
        """Let the body fill `out`, in any state between configured and closed."""
        if self.state is State.UNCONFIGURED or self.state is State.CLOSED:
            self._require(State.CONFIGURED, State.ARMED, State.FAULT)
        try:
            self._body.read(now_s, out)
        except FAULTS as error:
            raise self._failed("cannot be read", error) from error

    def arm(self, now_s: float, position_rad: NDArray[np.float64]) -> None:
        """Enable the motors; setpoints start from `position_rad`, (joints,), where they stand now.

        Raises `DeviceError`, with the motors still off, if a position is unknown or too far out of range.
        """
        self._require(State.CONFIGURED)
        if position_rad.shape != self._goal_rad.shape:
            raise DeviceError(
                f"{self.spec.name}: gives {position_rad.size} joints, not {self._goal_rad.size}"
            )
        edge_rad = self._limits.limit_rad + ARMING_TOLERANCE_RAD
        for joint, angle_rad in enumerate(position_rad.tolist()):
            if not math.isfinite(angle_rad):
                raise DeviceError(f"{self.spec.name}: the position of joint {joint} is unknown; not arming")
            if abs(angle_rad) > edge_rad:
                stands, limit = math.degrees(angle_rad), math.degrees(self._limits.limit_rad)
                raise DeviceError(
                    f"{self.spec.name}: joint {joint} stands at {stands:.0f} degrees, beyond its limit of "
                    f"{limit:.0f}; straighten it by hand, then start again"
                )
        try:
            self._body.arm(now_s)
        except FAULTS as error:
            raise self._failed("cannot be armed", error) from error
        np.clip(position_rad, -self._limits.limit_rad, self._limits.limit_rad, out=self._goal_rad)
        self.setpoint_rad[:] = self._goal_rad
        self._writes = 0
        self.state = State.ARMED

    def write(self, wanted_rad: NDArray[np.float64], now_s: float) -> None:
        """Limit `wanted_rad`, shape (joints,), and send it. A value that is not finite is a fault."""
        if self.state is not State.ARMED:
            self._require(State.ARMED)
        if wanted_rad.shape != self._goal_rad.shape:
            raise LifecycleError(f"{wanted_rad.shape} setpoints for {self._goal_rad.size} joints")
        limits = self._limits
        step_rad = limits.arming_step_rad if self._writes < limits.arming_ticks else limits.step_rad
        if limit_setpoint(wanted_rad, self._goal_rad, limits.limit_rad, step_rad, self._goal_rad):
            joints = np.flatnonzero(~np.isfinite(wanted_rad)).tolist()
            raise self._failed("was refused a setpoint", ValueError(f"not finite for joints {joints}"))
        self._writes += 1
        # The body gets a copy, so that nothing it does can change where the next step starts.
        self.setpoint_rad[:] = self._goal_rad
        try:
            self._body.write(self.setpoint_rad, now_s)
        except FAULTS as error:
            raise self._failed("cannot be moved", error) from error

    def stop(self, reason: str) -> None:
        """Make the motors safe. Allowed in any state, any number of times; never raises."""
        if self.state is State.UNCONFIGURED or self.state is State.CLOSED:
            return
        if self.state is State.ARMED:
            self.state = State.CONFIGURED
        if (error := attempt(partial(self._body.stop, reason))) is not None:
            self.state = State.FAULT
            self.fault_reason = self.fault_reason or f"{self.spec.name}: stop failed: {said(error)}"

    def fault(self, reason: str) -> None:
        """Stop for good. The first reason is kept."""
        if self.state is State.CLOSED:
            return
        self.fault_reason = self.fault_reason or reason
        self.stop(reason)
        self.state = State.FAULT

    def counted(self) -> dict[str, int]:
        """What the body has counted, if it counts anything."""
        return dict(self._body.counted()) if isinstance(self._body, Counting) else {}

    def close(self) -> None:
        """Stop, and give everything back. May be called twice; never raises."""
        if self.state is State.CLOSED:
            return
        self.stop("closing")
        self.state = State.CLOSED
        attempt(self._body.close)

    def _failed(self, what: str, error: BaseException) -> DeviceError:
        """Fault because of `error`, and the error to raise from it."""
        why = said(error) if isinstance(error, DeviceError) else f"{self.spec.name} {what}: {said(error)}"
        if self.state is State.UNCONFIGURED:
            self.state = State.FAULT
            self.fault_reason = why
        else:
            self.fault(why)
        return DeviceError(why)

    def _require(self, *allowed: State) -> None:
        if self.state not in allowed:
            raise LifecycleError(f"{self.spec.name} is {self.state}, must be {' or '.join(allowed)}")
