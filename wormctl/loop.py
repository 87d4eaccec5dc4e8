"""The control loop: sense -> judge and bind -> nervous system -> limits and slew -> act, at a fixed rate.

It calls plain objects in a fixed order. A tick makes no hook call, no allocation that lasts and no I/O but
the devices' own. What the devices are, and where their settings come from, is not known here.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.actuation import Actuation
from wormctl.binding import Binding
from wormctl.binding_kernel import DEGRADED
from wormctl.channel import Quality
from wormctl.clock import Clock
from wormctl.controller import Controller
from wormctl.device import JOINT_POSITION, Sensor, Truth, World, said
from wormctl.hanging import FAULTS, HangWatch, HungError
from wormctl.lifecycle import GuardedBody

OVERRUNS_IN_A_ROW = 5
"""A hard clock that misses this many deadlines in a row ends the run."""

TIMES_KEPT = 1 << 16
"""Tick durations kept for the statistics: the last 22 minutes at 50 Hz."""

_RATE_TOLERANCE = 1e-6


class TickView:
    """What an observer sees after a tick. The same object every time: copy what you keep.

    `values` and `quality` are in the order of `binding.channels`. `truth` is there if the body is simulated.
    """

    def __init__(
        self,
        binding: Binding,
        controller: Controller,
        body: GuardedBody,
        truth: Truth | None,
        wanted_rad: NDArray[np.float64],
        told: NDArray[np.float64],
    ) -> None:
        self.tick = 0
        self.time_s = 0.0
        self.duration_s = 0.0
        """How long the previous tick took, all in all."""
        self.overruns = 0
        self.degraded = False
        self.binding = binding
        self.values = binding.values
        self.quality = binding.judged
        self.x, self.good = binding.x, binding.good
        self.controller = controller
        self.wanted_rad = wanted_rad
        """What the nervous system asked for."""
        self.setpoint_rad = body.setpoint_rad
        """What was sent."""
        self.told = told
        """What the actuators were told."""
        self.truth = truth


Observer = Callable[[TickView], None]
"""Called after every tick; must be quick and must not keep the view. An exception ends the run as a fault."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended, and what it counted."""

    reason: str
    """`time`, `goal`, `interrupted`, or `fault: ` and why."""
    ticks: int
    time_s: float
    """Ticks times the period."""
    elapsed_s: float
    """By the wall."""
    overruns: int
    degraded: bool
    bad_samples: dict[str, int]
    """By channel: the ticks without a good sample."""
    sensor_errors: dict[str, str]
    """By sensor: the first thing that went wrong in it, of those in which anything did."""
    guarded_ticks: int
    """See `wormctl.controller.Controller.guarded_ticks`."""
    tick_us_median: float
    tick_us_p99: float
    """Over the ticks in which the nervous system stepped; see `Loop` on `rate_hz`."""
    error: BaseException | None = None
    """What lies behind a fault, for debugging."""

    @property
    def faulted(self) -> bool:
        """Whether the run ended by a fault."""
        return self.reason.startswith("fault: ")


class Loop:
    """One robot's loop. Everything is allocated here. A loop runs once.

    `body` must be configured, and so must the `sensors`; the caller closes them. `binding` was made from the
    specs of `body` and `sensors`, in that order. `rate_hz` must be a whole multiple of 1/`controller.dt_s`:
    the nervous system then ticks at every k-th tick of the loop, limits and slew at every one.
    """

    def __init__(
        self,
        *,
        body: GuardedBody,
        sensors: Sequence[Sensor],
        binding: Binding,
        controller: Controller,
        clock: Clock,
        rate_hz: float,
        world: World | None = None,
        truth: Truth | None = None,
        actuation: Actuation | None = None,
        observers: Sequence[Observer] = (),
        watch: HangWatch | None = None,
    ) -> None:
        self._every = ticks_per_step(rate_hz, controller.dt_s)
        if controller.joints != body.setpoint_rad.size:
            raise ValueError(f"controller has {controller.joints} joints, the body {body.setpoint_rad.size}")
        if JOINT_POSITION not in {channel.name for channel in body.spec.channels}:
            raise ValueError(f"{body.spec.name} has no channel {JOINT_POSITION}")
        if not (clock.hard or body.spec.simulated):
            raise ValueError(f"{body.spec.name} is a physical body: it needs a clock of real time")
        self._body, self._sensors, self._binding = body, tuple(sensors), binding
        self._controller, self._clock, self._world = controller, clock, world
        self._actuation = actuation if actuation is not None and actuation.actuators else None
        self._observers = tuple(observers)
        self._watch = watch or HangWatch()
        self._hung = [False] * len(self._sensors)
        self._period_s = 1.0 / rate_hz
        self._wanted_rad = np.zeros(controller.joints)
        self._times_ns = np.zeros(TIMES_KEPT, dtype=np.int64)
        self._stop: str | None = None
        self._culprit = ""
        self._sensor_errors: dict[str, str] = {}
        self._done = self._thought = 0
        told = np.zeros(0) if actuation is None else actuation.values
        self.view = TickView(binding, controller, body, truth, self._wanted_rad, told)

    def observe(self, *observers: Observer) -> None:
        """Add observers, called after those that are there. Before the run; some are made from `view`."""
        self._observers += observers

    def request_stop(self, reason: str = "interrupted") -> None:
        """End the run before the next tick. May be called from an observer, a signal handler or a thread."""
        self._stop = self._stop or reason

    def run(self, duration_s: float | None = None) -> Result:
        """Arm the body where it stands and run until `duration_s`, a requested stop or a fault.

        However it ends, by an exception too, the body is stopped. Faults of body, world, controller and
        observers do not raise: they are the `reason` of the result. A sensor that raises has failed to measure
        for that tick; what that means is for its channels' `on_error` to say. A device that hangs is interrupted
        where that is possible (see `wormctl.hanging`): a sensor has failed then for the rest of the run.
        """
        error: BaseException | None = None
        reason = "interrupted"
        began_s = time.monotonic()
        try:
            with _no_garbage_collection(), self._watch.watching():
                reason = self._arm() or self._ticks(math.inf if duration_s is None else duration_s)
        except FAULTS as caught:
            self._watch.end()
            error = caught.__cause__ or caught
            culprit = (
                self._actuation.culprit if self._culprit == "actuator" and self._actuation else self._culprit
            )
            reason = f"fault: {_blame(culprit, caught)}"
        finally:
            try:
                if reason.startswith("fault: "):
                    self._body.fault(reason.removeprefix("fault: "))
                else:
                    self._body.stop(reason)
            finally:
                if self._actuation is not None:
                    self._actuation.stop(reason)
        if not reason.startswith("fault: ") and (still_on := self._stop_error()) is not None:
            reason = f"fault: {still_on}"
        return self._result(reason, time.monotonic() - began_s, error)

    def _stop_error(self) -> str | None:
        """What went wrong when the motors and actuators were made safe."""
        return self._body.fault_reason or (None if self._actuation is None else self._actuation.stop_error)

    def _arm(self) -> str | None:
        """Look until the joints are seen, then arm. Returns a reason to end before the first tick."""
        binding, clock, period_s = self._binding, self._clock, self._period_s
        self._culprit = "nervous system"
        # Both once for nothing: whatever they have to compile is ready before the motors are.
        binding.run(0.0)
        self._controller.step(binding.x, binding.good, self._wanted_rad)
        if self._actuation is not None:
            self._actuation.warm_up(self._controller.activity)
        self._controller.reset()
        clock.start(period_s)
        binding.reset(clock.now_s())
        while True:
            now_s = clock.now_s()
            self._sense(now_s)
            outcome = binding.run(now_s)
            if outcome >= 0:
                return self._complaint(outcome)
            if self._stop is not None:
                return self._stop
            if binding.serves(JOINT_POSITION):
                break
            clock.wait()
        self._culprit = self._body.spec.name
        self._body.arm(now_s, binding.latest(JOINT_POSITION))
        self._wanted_rad[:] = self._body.setpoint_rad
        binding.clear_counts()
        if clock.hard:  # arming took its time: those deadlines were not missed by a tick
            clock.wait()
        return None

    def _ticks(self, duration_s: float) -> str:
        """The loop itself. Returns why it ended."""
        body, binding, controller, world = self._body, self._binding, self._controller, self._world
        clock, view, observers, times_ns = self._clock, self.view, self._observers, self._times_ns
        actuation, watch = self._actuation, self._watch
        x, good, wanted_rad = binding.x, binding.good, self._wanted_rad
        end_s = clock.now_s() + duration_s - 0.5 * self._period_s
        missed_in_a_row = 0
        while self._stop is None:
            began_ns = time.perf_counter_ns()
            now_s = clock.now_s()
            if now_s >= end_s:
                return "time"
            if world is not None:
                self._culprit = "world"
                watch.begin()
                world.advance(now_s)
            self._sense(now_s)
            outcome = binding.run(now_s)
            if outcome >= 0:
                return self._complaint(outcome)
            thinks = self._done % self._every == 0
            if thinks:
                self._culprit = "nervous system"
                watch.begin()
                controller.step(x, good, wanted_rad)
            self._culprit = body.spec.name
            watch.begin()
            body.write(wanted_rad, now_s)
            if actuation is not None:
                self._culprit = "actuator"
                watch.begin()
                actuation.run(controller.activity, now_s)
            watch.end()
            view.tick, view.time_s, view.degraded = self._done, now_s, outcome == DEGRADED
            self._culprit = "observer"
            for observer in observers:
                observer(view)
            lasted_ns = time.perf_counter_ns() - began_ns
            if thinks:
                times_ns[self._thought % TIMES_KEPT] = lasted_ns
                self._thought += 1
            view.duration_s = lasted_ns * 1e-9
            self._done += 1
            watch.warm()
            missed = clock.wait()
            view.overruns += missed
            missed_in_a_row = missed_in_a_row + missed if missed else 0
            if clock.hard and missed_in_a_row >= OVERRUNS_IN_A_ROW:
                return f"fault: {missed_in_a_row} deadlines in a row were missed"
        return self._stop

    def _sense(self, now_s: float) -> None:
        samples, watch = self._binding.samples, self._watch
        self._culprit = self._body.spec.name
        watch.begin()
        self._body.read(now_s, samples[0])
        watch.end()
        for i, sensor in enumerate(self._sensors):
            if self._hung[i]:
                continue
            try:
                watch.begin()
                sensor.read(now_s, samples[i + 1])
                watch.end()
            except FAULTS as error:
                watch.end()
                self._hung[i] = isinstance(error, HungError)
                samples[i + 1].quality[:] = Quality.FAILED
                why = f"{said(error)}; it is not read again" if self._hung[i] else said(error)
                self._sensor_errors.setdefault(sensor.spec.name, why)

    def _complaint(self, channel: int) -> str:
        """Why the run ends when a channel faults."""
        binding = self._binding
        why = self._sensor_error(binding.owners[channel])
        return f"fault: {binding.complaint(channel)}{f' ({why})' if why else ''}"

    def _sensor_error(self, name: str) -> str | None:
        """What went wrong first in the sensor called `name`, in its `read` or in a thread of its own."""
        for sensor in self._sensors:
            if sensor.spec.name == name:
                told = getattr(sensor, "first_error", None) or getattr(sensor, "last_error", None)
                if told is not None:
                    self._sensor_errors.setdefault(name, str(told))
        return self._sensor_errors.get(name)

    def _result(self, reason: str, elapsed_s: float, error: BaseException | None) -> Result:
        times_us = self._times_ns[: min(self._thought, TIMES_KEPT)] * 1e-3
        median, p99 = np.percentile(times_us, [50, 99]) if times_us.size else (0.0, 0.0)
        return Result(
            reason=reason,
            ticks=self._done,
            time_s=self._done * self._period_s,
            elapsed_s=elapsed_s,
            overruns=self.view.overruns,
            degraded=self._binding.degraded(),
            bad_samples=self._binding.bad_samples(),
            sensor_errors={
                s.spec.name: why for s in self._sensors if (why := self._sensor_error(s.spec.name))
            },
            # Not every user's controller counts.
            guarded_ticks=int(getattr(self._controller, "guarded_ticks", 0)),
            tick_us_median=float(median),
            tick_us_p99=float(p99),
            error=error,
        )


def ticks_per_step(rate_hz: float, dt_s: float) -> int:
    """How many ticks of a loop at `rate_hz` make one step of a controller made for `dt_s`.

    Raises `ValueError` if that is not a whole number of at least 1.
    """
    every = rate_hz * dt_s
    if not (
        math.isfinite(every) and round(every) >= 1 and abs(every - round(every)) < _RATE_TOLERANCE * every
    ):
        raise ValueError(f"rate_hz = {rate_hz:g}: must be a whole multiple of the policy's {1.0 / dt_s:g} Hz")
    return round(every)


def _blame(culprit: str, error: BaseException) -> str:
    text = said(error)
    return text if text.startswith(culprit) else f"{culprit}: {text}"


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A full collection takes as long as half a tick: do it now, then not until the end."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
