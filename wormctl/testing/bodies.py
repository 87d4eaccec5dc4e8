"""The kit for bodies: from the declaration through all states to the end, with joints that bend as they are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.config import ConfigError
from wormctl.device import JOINT_POSITION, Body, Config, Context, DeviceError, DeviceSpec
from wormctl.hookspecs import Offer
from wormctl.lifecycle import GuardedBody
from wormctl.testing import checks, cost, samples
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, brief, calling, came_of, never_raises, require
from wormctl.testing.fakes import bare_context

STILL_RAD = math.radians(3.0)
"""How far a joint may drift while it is asked to stay."""

BEND_RAD = 0.2
"""How far the kit bends a joint to see which one moves, and which way."""

_SETTLE_S, _UNARMED_S = 1.0, 0.5


@brief
def check_body(
    offer: Offer[Body], *, config: Config | None = None, context: Context | None = None, move: bool = True
) -> None:
    """A body, from its declaration to its end. It bends joints by 0.2 rad and back, if it may `move`.

    What the body says in a `DeviceError` when it is configured, or as a physical one when it is armed, is passed on.
    """
    name = offer.name
    checks.is_declared(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context()
    unused: Body = checks.made(offer, config, "body")
    checks.declares_itself(name, unused.spec)
    _measures_joints(unused.spec, context)
    never_raises(name, Rule.STOP, "stop before configure", lambda: unused.stop("test"))
    never_raises(name, Rule.CLOSE, "close before configure", lambda: unused.close())
    body: Body = checks.made(offer, config)
    require(body is not unused, name, Rule.MAKE, "make returns the same object twice")
    with cost.leaves_no_thread(name):
        run = _Exercise(body, context)
        try:
            run.configure()
            run.through_its_states()
            if body.spec.simulated:
                checks.truth_has_its_shape(body, context)
            run.stays_where_it_is()
            if move:
                run.bends_the_joint_it_is_told()
            if body.spec.simulated:
                cost.leaves_nothing_behind(name, "a tick", run.tick)
            run.stops()
        finally:
            never_raises(name, Rule.CLOSE, "close", lambda: body.close())
        never_raises(name, Rule.CLOSE, "closing twice", lambda: body.close())
        never_raises(name, Rule.STOP, "stop after close", lambda: body.stop("test"))


def _measures_joints(spec: DeviceSpec, context: Context) -> None:
    channel = next((c for c in spec.channels if c.name == JOINT_POSITION), None)
    require(channel is not None, spec.name, Rule.JOINTS, f"has no channel {JOINT_POSITION}")
    found = msgspec.structs.asdict(channel) if channel is not None else {}
    require(found["size"] == context.snake.joints, spec.name, Rule.JOINTS, f"measures {found['size']} joints")
    require(
        found["unit"] == "rad",
        spec.name,
        Rule.JOINTS,
        f"{JOINT_POSITION} is in {found['unit']}, must be in rad",
    )
    reach = context.snake.limit_rad
    far = found["low"] <= -reach and found["high"] >= reach
    require(far, spec.name, Rule.JOINTS, "cannot measure up to its limits")


class _Exercise:
    """One body on its way through the states, by the same door the loop uses."""

    def __init__(self, body: Body, context: Context) -> None:
        self.body, self.context, self.name = body, context, body.spec.name
        self.guarded = GuardedBody(body)
        self.out = Samples(body.spec.channels)
        self.goal_rad: NDArray[np.float64] = np.zeros(context.snake.joints)
        self.now_s = 0.0

    def configure(self) -> None:
        """Open it. What is missing it says itself, and that is passed on."""
        self._guarded(Rule.OPEN, "configure", lambda: self.guarded.configure(self.context), may_refuse=True)

    def through_its_states(self) -> None:
        """Configured, it can be read and stands still; then it is armed where it stands."""
        self.out = samples.reads_properly(self.body, self.context)
        self.now_s = float(self.out.time_s.max())
        before = self.position_rad().copy()
        for _ in range(round(_UNARMED_S / self.context.period_s)):
            self._pass()
            self._read()
        self._stood_still_since(before, "before it was armed")
        self.now_s += self.context.period_s
        self.goal_rad[:] = self.position_rad()
        self._guarded(
            Rule.STILL,
            "arm",
            lambda: self.guarded.arm(self.now_s, self.position_rad().copy()),
            may_refuse=not self.body.spec.simulated,  # a person may have to straighten a joint, or to switch it on
        )

    def stays_where_it_is(self) -> None:
        """Arming must not make it jump. Meanwhile it is timed, as what waits would make all that follows long."""
        before = self.position_rad().copy()
        self._returns_at_once("write", self._write, between=(self._pass, self._read))
        self._returns_at_once("read", self._read, between=(self._write, self._pass))
        self.hold(0.5)
        self._stood_still_since(before, "when it was armed")

    def _returns_at_once(
        self, what: str, call: Callable[[], None], between: Sequence[Callable[[], None]]
    ) -> None:
        cost.returns_at_once(
            self.name,
            what,
            call,
            simulated=self.body.spec.simulated,
            limit_s=cost.BODY_AT_ONCE_S,
            between=between,
        )

    def bends_the_joint_it_is_told(self) -> None:
        """Joints are in order, head first, positive where the setpoint is."""
        for joint in (0, self.goal_rad.size // 2, self.goal_rad.size - 1):
            start = self.position_rad().copy()
            for bend in (BEND_RAD, -BEND_RAD):
                self.goal_rad[joint] += bend
                self.hold(_SETTLE_S)
                if bend > 0.0:
                    moved = self.position_rad() - start
                    require(
                        int(np.argmax(np.abs(moved))) == joint and 0.5 * bend < moved[joint] < 1.5 * bend,
                        self.name,
                        Rule.MOVES,
                        f"joint {joint} was told to bend by {bend} rad, the joints moved by {_brief(moved)}",
                    )

    def stops(self) -> None:
        """Stopping is safe at any time, any number of times."""
        never_raises(self.name, Rule.STOP, "stop", lambda: self.body.stop("test"))
        never_raises(self.name, Rule.STOP, "stopping twice", lambda: self.body.stop("test"))
        self.guarded.stop("test")
        self.guarded.close()

    def tick(self) -> None:
        """One tick as the loop makes it."""
        self._read()
        self._write()
        self._pass()

    def hold(self, duration_s: float) -> None:
        """Ask for the goal for a while."""
        for _ in range(round(duration_s / self.context.period_s)):
            self.tick()
        sent = self.guarded.setpoint_rad
        require(
            np.allclose(sent, self.goal_rad, atol=0.1),
            self.name,
            Rule.MOVES,
            "write changes the setpoints it is given",
        )
        self._read()

    def position_rad(self) -> NDArray[Any]:
        """Where the joints stand, by the last read."""
        return self.out.vector(JOINT_POSITION)

    def _read(self) -> None:
        self._guarded(Rule.SHAPE, "read", lambda: self.guarded.read(self.now_s, self.out))

    def _write(self) -> None:
        self._guarded(Rule.MOVES, "write", lambda: self.guarded.write(self.goal_rad, self.now_s))

    def _pass(self) -> None:
        """The rest of a tick."""
        samples.nap_if_real(self.body, self.context.period_s)
        self.now_s += self.context.period_s

    def _guarded(
        self, rule: Rule, what: str, call: Callable[[], object], *, may_refuse: bool = False
    ) -> None:
        """A call through the guard, which makes a `DeviceError` of whatever the body raises: here that counts."""
        with calling(self.name, rule, what, let=(DeviceError,)):
            try:
                call()
            except DeviceError as error:
                cause = error.__cause__ or error
                if may_refuse and isinstance(cause, DeviceError | ConfigError):
                    raise
                raise ConformanceError(self.name, rule, f"{what} {came_of(cause)}") from cause

    def _stood_still_since(self, before: NDArray[Any], when: str) -> None:
        moved = float(np.max(np.abs(self.position_rad() - before)))
        require(moved < STILL_RAD, self.name, Rule.STILL, f"a joint moved by {moved:.2f} rad {when}")


def _brief(values: NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{v:.2f}" for v in values) + "]"
