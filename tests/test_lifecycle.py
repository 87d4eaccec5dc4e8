"""The states of a body: whatever is called in whatever order, nothing moves that was not armed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.device import Context, DeviceError
from wormctl.lifecycle import GuardedBody, LifecycleError, State
from wormctl.testing import IdealBody, bare_context

JOINTS = 12
LIMIT_RAD = math.radians(60.0)
FIRST_STEP_RAD = math.radians(30.0) * 0.02


class FlakyBody(IdealBody):
    """An ideal body that fails where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: str | None = None

    def _maybe(self, what: str) -> None:
        if self.failing == what:
            raise RuntimeError(f"no {what} today")

    def configure(self, context: Context) -> None:
        super().configure(context)
        self._maybe("configure")

    def read(self, now_s: float, out: Samples) -> None:
        self._maybe("read")
        super().read(now_s, out)

    def arm(self, now_s: float) -> None:
        super().arm(now_s)
        self._maybe("arm")

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self._maybe("write")
        super().write(setpoint_rad, now_s)
        setpoint_rad[:] = 99.0  # must not matter to anybody

    def stop(self, reason: str) -> None:
        super().stop(reason)
        self._maybe("stop")

    def close(self) -> None:
        super().close()
        self._maybe("close")


def armed(position_rad: float = 0.0) -> tuple[GuardedBody, FlakyBody]:
    body = FlakyBody()
    guarded = GuardedBody(body)
    guarded.configure(bare_context())
    guarded.arm(0.0, np.full(JOINTS, position_rad))
    return guarded, body


def test_setpoints_start_where_the_joints_stand() -> None:
    guarded, body = armed(position_rad=0.4)
    guarded.write(np.zeros(JOINTS), 0.0)
    assert body.writes == 1
    assert guarded.state is State.ARMED
    guarded.stop("done")
    guarded.arm(1.0, np.full(JOINTS, -0.4))
    np.testing.assert_array_equal(guarded.setpoint_rad, np.full(JOINTS, -0.4))


def test_the_slew_is_slow_for_two_seconds_after_every_arming() -> None:
    guarded, body = armed()
    for _ in range(2):
        body_goals = [-0.9]
        guarded.stop("again")
        guarded.arm(0.0, np.full(JOINTS, -0.9))
        for _ in range(110):
            guarded.write(np.full(JOINTS, 10.0), 0.0)
            body_goals.append(body.position_rad[0])
        steps = np.diff(body_goals)
        np.testing.assert_allclose(steps[:100], FIRST_STEP_RAD)
        np.testing.assert_allclose(steps[100:], 4.0 * FIRST_STEP_RAD)


@pytest.mark.parametrize(
    ("position_rad", "says"),
    [
        (math.radians(66.0), "joint 0 stands at 66 degrees, beyond its limit of 60"),
        (math.radians(-80.0), "joint 0 stands at -80 degrees"),
        (math.nan, "the position of joint 0 is unknown"),
    ],
)
def test_arming_is_refused_where_it_would_jump(position_rad: float, says: str) -> None:
    body = FlakyBody()
    guarded = GuardedBody(body)
    guarded.configure(bare_context())
    with pytest.raises(DeviceError, match=says):
        guarded.arm(0.0, np.full(JOINTS, position_rad))
    assert "arm" not in body.log
    assert guarded.state is State.CONFIGURED


def test_a_joint_a_little_beyond_its_limit_is_brought_to_it() -> None:
    guarded, _ = armed(position_rad=math.radians(63.0))
    np.testing.assert_allclose(guarded.setpoint_rad, LIMIT_RAD)


def test_a_setpoint_that_is_not_finite_is_a_fault_and_never_sent() -> None:
    guarded, body = armed()
    wanted = np.zeros(JOINTS)
    wanted[3] = math.nan
    with pytest.raises(DeviceError, match=r"not finite for joints \[3\]"):
        guarded.write(wanted, 0.0)
    assert body.writes == 0
    assert body.log[-1] == "stop"
    assert guarded.state is State.FAULT


@pytest.mark.parametrize("what", ["configure", "read", "arm", "write"])
def test_whatever_fails_is_a_fault_in_a_line_with_the_motors_safe(what: str) -> None:
    body = FlakyBody()
    body.failing = what
    guarded = GuardedBody(body)

    def go_through() -> None:
        guarded.configure(bare_context())
        guarded.read(0.0, Samples(body.spec.channels))
        guarded.arm(0.0, np.zeros(JOINTS))
        guarded.write(np.zeros(JOINTS), 0.0)

    with pytest.raises(DeviceError, match=f"ideal .*: RuntimeError: no {what} today"):
        go_through()
    assert guarded.state.name == "FAULT"
    assert what == "configure" or body.log[-1] == "stop"
    guarded.close()
    guarded.close()
    assert guarded.state.name == "CLOSED"
    assert body.log.count("close") == 1


@pytest.mark.parametrize("what", ["stop", "close"])
def test_stop_and_close_never_raise(what: str) -> None:
    guarded, body = armed()
    body.failing = what
    guarded.stop("test")
    guarded.stop("test")
    assert guarded.state is (State.FAULT if what == "stop" else State.CONFIGURED)
    guarded.close()


def test_the_number_of_setpoints_must_be_the_number_of_joints() -> None:
    guarded, _ = armed()
    with pytest.raises(LifecycleError, match="12 joints"):
        guarded.write(np.zeros(JOINTS + 1), 0.0)


class AnyOrder(RuleBasedStateMachine):
    """Calls in any order, failures anywhere: the body must only ever see an allowed order."""

    @initialize()
    def begin(self) -> None:
        self.body = FlakyBody()
        self.guarded = GuardedBody(self.body)
        self.sent = np.zeros(JOINTS)
        self.may_move = False

    def _try(self, call: Any, *arguments: Any) -> bool:
        try:
            call(*arguments)
        except (LifecycleError, DeviceError):
            return False
        return True

    @rule(what=st.sampled_from([None, None, None, "configure", "read", "arm", "write", "stop"]))
    def fail_at(self, what: str | None) -> None:
        self.body.failing = what

    @rule()
    def configure(self) -> None:
        before = self.guarded.state
        if self._try(self.guarded.configure, bare_context()):
            assert before is State.UNCONFIGURED

    @rule()
    def read(self) -> None:
        self._try(self.guarded.read, 0.0, Samples(self.body.spec.channels))

    @rule(position_rad=st.floats(-1.3, 1.3) | st.just(math.nan))
    def arm(self, position_rad: float) -> None:
        before = self.guarded.state
        if self._try(self.guarded.arm, 0.0, np.full(JOINTS, position_rad)):
            assert before is State.CONFIGURED
            self.may_move = True
            self.sent[:] = self.guarded.setpoint_rad
            assert abs(self.sent[0] - position_rad) <= math.radians(5.0) + 1e-9

    @rule(wanted_rad=st.floats(width=64))
    def write(self, wanted_rad: float) -> None:
        writes = self.body.writes
        if self._try(self.guarded.write, np.full(JOINTS, wanted_rad), 0.0):
            now = self.body.position_rad
            assert self.may_move
            assert np.all(np.abs(now) <= LIMIT_RAD)
            assert np.all(np.abs(now - self.sent) <= math.radians(120.0) * 0.02 + 1e-12)
            self.sent[:] = now
        else:
            assert self.body.writes == writes

    @rule()
    def stop(self) -> None:
        self.guarded.stop("test")
        self.may_move = False

    @rule()
    def close(self) -> None:
        self.guarded.close()
        self.may_move = False

    @invariant()
    def only_an_armed_body_is_armed(self) -> None:
        if self.guarded.state is not State.ARMED:
            self.may_move = False
        assert self.guarded.state is not State.ARMED or self.may_move

    @precondition(lambda self: self.guarded.state in (State.FAULT, State.CLOSED))
    @rule()
    def nothing_leads_back(self) -> None:
        before = self.guarded.state
        assert not self._try(self.guarded.configure, bare_context())
        assert not self._try(self.guarded.arm, 0.0, np.zeros(JOINTS))
        assert not self._try(self.guarded.write, np.zeros(JOINTS), 0.0)
        assert self.guarded.state is before


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
