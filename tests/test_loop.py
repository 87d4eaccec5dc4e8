"""The loop, with stand-ins for everything around it."""

from __future__ import annotations

import gc
import math
import time
import tracemalloc
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.binding import Bind, Binding
from wormctl.channel import Channel, OnError, Samples
from wormctl.clock import NS, Clock, MonotonicClock, SimulatedClock
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION, DeviceError, DeviceSpec
from wormctl.lifecycle import GuardedBody, State
from wormctl.loop import Loop, Observer, TickView, ticks_per_step
from wormctl.testing import FixedSensor, IdealBody, StillController, bare_context

ODOUR = Channel(name="odour.food", unit="1", low=0.0, high=1.0, on_error=OnError.HOLD)
BINDS = [Bind(channel="odour.food", to=["ASEL"]), Bind(channel=JOINT_POSITION, to=["stretch"])]


class Rig:
    """One loop with stand-ins around it; every part can be replaced."""

    def __init__(
        self,
        *,
        body: IdealBody | None = None,
        sensor: FixedSensor | None = None,
        controller: StillController | None = None,
        clock: Clock | None = None,
        rate_hz: float = 50.0,
        world: Any = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.body = body or IdealBody()
        self.sensor = sensor or FixedSensor([ODOUR], name="odour")
        self.controller = controller or StillController([Port(name="ASEL")])
        self.guarded = GuardedBody(self.body)
        self.guarded.configure(bare_context(period_s=1.0 / rate_hz))
        self.binding = Binding([self.guarded.spec, self.sensor.spec], self.controller.inputs, BINDS)
        self.loop = Loop(
            body=self.guarded,
            sensors=[self.sensor],
            binding=self.binding,
            controller=self.controller,
            clock=clock or SimulatedClock(),
            rate_hz=rate_hz,
            world=world,
            truth=self.body.truth,
            observers=observers,
        )


def test_ten_seconds_are_five_hundred_ticks_in_order() -> None:
    seen: list[tuple[int, float]] = []
    rig = Rig(observers=[lambda view: seen.append((view.tick, view.time_s))])
    result = rig.loop.run(10.0)
    assert (result.reason, result.ticks, result.overruns, result.degraded) == ("time", 500, 0, False)
    assert result.time_s == pytest.approx(10.0)
    assert [tick for tick, _ in seen] == list(range(500))
    np.testing.assert_allclose([time_s for _, time_s in seen], np.arange(500) * 0.02)
    assert rig.controller.steps == 500
    assert rig.body.writes == 500
    assert 0.0 < result.tick_us_median <= result.tick_us_p99
    assert rig.guarded.state is State.CONFIGURED
    assert rig.body.log[-1] == "stop"


def test_what_is_sensed_reaches_the_controller_in_the_same_tick() -> None:
    rig = Rig()
    rig.sensor.values["odour.food"] = 0.25
    rig.body.position_rad[:] = np.linspace(-0.5, 0.5, 12)
    rig.loop.run(0.02)
    np.testing.assert_allclose(rig.controller.x, [0.25, *np.linspace(-0.5, 0.5, 12)])
    assert rig.controller.good.all()


def test_what_is_wanted_is_limited_before_it_is_sent() -> None:
    rig = Rig()
    rig.controller.wanted_rad[:] = 9.0
    rig.loop.run(1.0)
    np.testing.assert_allclose(rig.body.position_rad, math.radians(30.0))
    np.testing.assert_allclose(rig.loop.view.wanted_rad, 9.0)


@pytest.mark.parametrize(("rate_hz", "every"), [(50.0, 1), (100.0, 2), (200.0, 4)])
def test_a_fast_loop_limits_every_tick_and_thinks_every_kth(rate_hz: float, every: int) -> None:
    rig = Rig(rate_hz=rate_hz)
    rig.controller.wanted_rad[:] = 9.0
    result = rig.loop.run(1.0)
    assert (result.ticks, rig.controller.steps) == (round(rate_hz), round(rate_hz) // every)
    np.testing.assert_allclose(rig.body.position_rad, math.radians(30.0))


def test_a_tick_is_timed_when_the_nervous_system_steps() -> None:
    class Slow(StillController):
        def step(self, *arguments: Any) -> None:
            time.sleep(0.002)
            super().step(*arguments)

    result = Rig(rate_hz=200.0, controller=Slow([Port(name="ASEL")])).loop.run(0.2)
    assert result.tick_us_median >= 2000.0


@pytest.mark.parametrize("rate_hz", [25.0, 75.0, 50.5, 0.0, math.nan, math.inf])
def test_a_rate_that_is_no_multiple_of_the_policys_is_refused(rate_hz: float) -> None:
    with pytest.raises(ValueError, match=r"whole multiple of the policy's 50 Hz"):
        ticks_per_step(rate_hz, 0.02)


def test_a_body_of_another_size_is_refused() -> None:
    controller = StillController([Port(name="ASEL")])
    controller.joints = 11
    with pytest.raises(ValueError, match="11 joints"):
        Rig(controller=controller)


def test_a_bad_sample_never_reaches_a_neuron() -> None:
    rig = Rig()
    inputs: list[tuple[float, bool]] = []

    def spoil(view: TickView) -> None:
        inputs.append((rig.controller.x[0], bool(rig.controller.good[0])))
        rig.sensor.values["odour.food"] = [0.5, math.nan, math.inf, 7.0][min(3, view.tick)]

    rig.loop._observers = (spoil,)
    result = rig.loop.run(0.4)
    assert all(math.isfinite(x) and 0.0 <= x <= 1.0 for x, _ in inputs)
    assert inputs[5] == (0.5, True), "held"
    assert inputs[-1] == (0.0, False), "held for no longer than its maximum age"
    assert result.reason == "time"
    assert result.bad_samples == {JOINT_POSITION: 0, "odour.food": 18}


def test_ticks_that_the_nervous_system_guarded_are_reported() -> None:
    class Guarding(StillController):
        def step(self, x: Any, good: Any, setpoint_rad: Any) -> None:
            super().step(x, good, setpoint_rad)
            self.guarded_ticks = self.steps // 2

    assert Rig(controller=Guarding([Port(name="ASEL")])).loop.run(0.2).guarded_ticks == 5
    silent = Rig()
    del silent.controller.guarded_ticks
    assert silent.loop.run(0.2).guarded_ticks == 0, "a controller need not count"


def test_losing_the_joints_is_a_fault() -> None:
    class Blind(IdealBody):
        def read(self, now_s: float, out: Samples) -> None:
            super().read(now_s, out)
            if now_s > 0.1:
                out.vector(JOINT_POSITION)[4] = math.nan

    rig = Rig(body=Blind())
    result = rig.loop.run(1.0)
    assert result.faulted
    assert result.reason.startswith(f"fault: ideal: channel {JOINT_POSITION}: reads [")
    assert result.ticks == 6
    assert rig.guarded.state is State.FAULT
    assert rig.body.log[-1] == "stop"


def test_a_degraded_channel_marks_the_run() -> None:
    channel = Channel(name="odour.food", unit="1", low=0.0, high=1.0, on_error=OnError.DEGRADE)
    rig = Rig(sensor=FixedSensor([channel]))
    marks: list[bool] = []

    def spoil(view: TickView) -> None:
        marks.append(view.degraded)
        rig.sensor.values["odour.food"] = math.nan

    rig.loop._observers = (spoil,)
    result = rig.loop.run(0.1)
    assert marks == [False, True, True, True, True]
    assert (result.reason, result.degraded) == ("time", True)


class Broken(IdealBody):
    """Fails with `error` when `what` is called for the third time."""

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__()
        self.what, self.error, self.calls = what, error, 0

    def _count(self, what: str) -> None:
        self.calls += what == self.what
        if self.calls == 3:
            raise self.error

    def read(self, now_s: float, out: Samples) -> None:
        self._count("read")
        super().read(now_s, out)

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self._count("write")
        super().write(setpoint_rad, now_s)


@pytest.mark.parametrize(
    ("what", "error", "reason"),
    [
        ("write", DeviceError("ideal: the link is lost"), "fault: ideal: the link is lost"),
        ("write", OSError("errno 5"), "fault: ideal cannot be moved: OSError: errno 5 (test_loop.py, line "),
        ("read", ValueError("bad"), "fault: ideal cannot be read: ValueError: bad (test_loop.py, line "),
    ],
)
def test_a_body_that_raises_ends_the_run_as_a_fault(what: str, error: Exception, reason: str) -> None:
    rig = Rig(body=Broken(what, error))
    result = rig.loop.run(1.0)
    assert result.reason.startswith(reason)
    assert result.error is error
    assert rig.guarded.state is State.FAULT


@pytest.mark.parametrize("part", ["controller", "observer", "world"])
def test_whoever_raises_is_named_and_the_body_is_stopped(part: str) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("oops")

    class Falling:
        name = "falling"
        reset = goal_distance_m = advance = fail

    rig = Rig(observers=[fail] if part == "observer" else [], world=Falling() if part == "world" else None)
    if part == "controller":
        vars(rig.controller)["step"] = fail
    names = {"controller": "nervous system", "observer": "observer", "world": "world"}
    result = rig.loop.run(1.0)
    assert result.reason.startswith(f"fault: {names[part]}: ZeroDivisionError: oops (test_loop.py, line ")
    assert rig.body.log[-1] == "stop"


@pytest.mark.parametrize("on_error", list(OnError))
def test_a_sensor_that_raises_has_failed_to_measure(on_error: OnError) -> None:
    class Torn(FixedSensor):
        def read(self, now_s: float, out: Samples) -> None:
            if now_s > 0.05:
                raise OSError("no answer")
            super().read(now_s, out)

    channel = msgspec.structs.replace(ODOUR, on_error=on_error)
    rig = Rig(sensor=Torn([channel], name="odour"))
    result = rig.loop.run(1.0)
    said = result.sensor_errors["odour"]
    assert said.startswith("OSError: no answer (test_loop.py, line ")
    assert rig.body.log[-1] == "stop"
    if on_error is OnError.FAULT:
        channel_failed = "odour: channel odour.food: the device could not measure"
        assert result.reason == f"fault: {channel_failed} ({said})"
    else:
        assert (result.reason, result.bad_samples["odour.food"]) == ("time", 47)
        assert result.degraded is (on_error is OnError.DEGRADE)
        assert not rig.controller.good[0], "the neuron is told that there is nothing"


def test_what_went_wrong_in_a_sensors_own_thread_is_told() -> None:
    sensor = FixedSensor([ODOUR], name="odour")
    sensor.values["odour.food"] = math.nan
    vars(sensor)["last_error"] = "unplugged"
    assert Rig(sensor=sensor).loop.run(0.1).sensor_errors == {"odour": "unplugged"}


def test_a_controller_that_asks_for_nan_is_a_fault() -> None:
    rig = Rig()
    rig.controller.wanted_rad[2] = math.nan
    result = rig.loop.run(1.0)
    assert result.reason == "fault: ideal was refused a setpoint: ValueError: not finite for joints [2]"
    assert rig.body.writes == 0


def test_an_interrupt_that_is_not_handled_stops_the_body_too() -> None:
    def interrupt(view: TickView) -> None:
        raise KeyboardInterrupt

    rig = Rig(observers=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        rig.loop.run(1.0)
    assert rig.body.log[-1] == "stop"


def test_a_stop_can_be_asked_for_at_any_time() -> None:
    rig = Rig()
    rig.loop._observers = (lambda view: rig.loop.request_stop("goal") if view.tick == 7 else None,)
    result = rig.loop.run()
    assert (result.reason, result.ticks) == ("goal", 8)
    early = Rig()
    early.loop.request_stop()
    assert early.loop.run().reason == "interrupted"
    assert "arm" not in early.body.log


class Hand:
    """Wall time that moves when something sleeps or works."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns

    def sleep(self, duration_s: float) -> None:
        self.ns += max(1, round(duration_s * NS))


def hard_rig(work_ms: Sequence[float], **parts: Any) -> tuple[Rig, Hand]:
    """A physical loop whose tick n takes `work_ms[n]`."""
    hand = Hand()

    def work(view: TickView) -> None:
        hand.ns += round(work_ms[min(view.tick, len(work_ms) - 1)] * 1e6)

    clock = MonotonicClock(now_ns=hand.now_ns, sleep=hand.sleep)
    return Rig(clock=clock, observers=[work], **parts), hand


def test_overruns_are_skipped_and_counted() -> None:
    rig, _ = hard_rig([1, 25, 1, 1, 45, 1])
    result = rig.loop.run(1.0)
    assert result.reason == "time"
    assert result.overruns == 3
    assert result.ticks == 50 - 3


@pytest.mark.parametrize("work_ms", [[21.0], [1.0, 110.0, 1.0]])
def test_five_deadlines_missed_in_a_row_end_the_run(work_ms: list[float]) -> None:
    rig, _ = hard_rig(work_ms)
    result = rig.loop.run(10.0)
    assert result.reason == "fault: 5 deadlines in a row were missed"
    assert rig.guarded.state is State.FAULT


def test_four_in_a_row_again_and_again_do_not() -> None:
    rig, _ = hard_rig([21, 21, 21, 21, 1] * 10 + [1])
    assert rig.loop.run(5.0).reason == "time"


def test_arming_may_take_its_time() -> None:
    hand = Hand()

    class Slow(IdealBody):
        def arm(self, now_s: float) -> None:
            hand.ns += 3 * NS

    rig = Rig(body=Slow(), clock=MonotonicClock(now_ns=hand.now_ns, sleep=hand.sleep))
    result = rig.loop.run(1.0)
    assert (result.reason, result.ticks, result.overruns) == ("time", 50, 0)


def test_a_late_first_look_at_the_joints_is_waited_for() -> None:
    class Late(IdealBody):
        def read(self, now_s: float, out: Samples) -> None:
            if now_s > 0.05:
                super().read(now_s, out)

    rig = Rig(body=Late())
    result = rig.loop.run(1.0)
    assert result.reason == "time"
    assert result.bad_samples[JOINT_POSITION] == 0


def test_joints_that_are_never_seen_are_a_fault_without_arming() -> None:
    class Dead(IdealBody):
        def read(self, now_s: float, out: Samples) -> None:
            pass

    rig = Rig(body=Dead())
    result = rig.loop.run(1.0)
    assert result.reason == f"fault: ideal: channel {JOINT_POSITION}: no sample for 0.1 s"
    assert "arm" not in rig.body.log


def test_a_physical_body_is_never_run_on_simulated_time() -> None:
    body = IdealBody()
    body.spec = DeviceSpec(name="real", channels=body.spec.channels, simulated=False)
    with pytest.raises(ValueError, match="real time"):
        Rig(body=body, clock=SimulatedClock())


def test_garbage_collection_rests_while_it_runs_and_then_goes_on() -> None:
    states: list[bool] = []
    rig = Rig(observers=[lambda view: states.append(gc.isenabled())])
    rig.loop.run(0.1)
    assert not any(states)
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_thousand_ticks_leave_nothing_behind() -> None:
    grown: list[int] = []

    def watch(view: TickView) -> None:
        if view.tick in (1000, 2000):
            grown.append(tracemalloc.get_traced_memory()[0])

    rig = Rig(observers=[watch])
    tracemalloc.start()
    try:
        rig.loop.run(41.0)
    finally:
        tracemalloc.stop()
    assert grown[1] - grown[0] < 1000
