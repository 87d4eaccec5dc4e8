"""The measurement behind `wormctl bench isolation`: the worm's loop at life speed beside a greedy sensor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wormctl.binding import Bind, Binding
from wormctl.clock import MonotonicClock
from wormctl.device import Sensor
from wormctl.lifecycle import GuardedBody
from wormctl.loop import Loop, TickView
from wormctl.making import place_sensor
from wormctl.plugins import load_plugins
from wormctl.policy import find_policy, load_policy
from wormctl.robot import Part
from wormctl.testing import IdealBody, bare_context

PLACES = {
    "none": "none",
    "tick": "read in the tick",
    "thread": "in a thread",
    "process": "in its own process",
}
RATE_HZ = 50.0
OVER_S = 0.002

GREEDY = """
import time
from wormctl.channel import Channel, OnError
from wormctl.device import Config, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl


class Greedy:
    def __init__(self, config):
        channel = Channel(
            name="greedy.count", unit="1", low=0.0, high=1e12, rate_hz=1000.0, max_age_s=1.0, on_error=OnError.IGNORE
        )
        self.spec = DeviceSpec(name="greedy", channels=(channel,), simulated=False)
        self.count = 0

    def configure(self, context): ...

    def read(self, now_s, out):
        end_s = time.monotonic() + 0.020
        while time.monotonic() < end_s:
            self.count += 1
        out.put("greedy.count", float(self.count), now_s)

    def close(self): ...


@hookimpl
def wormctl_register_sensors(register):
    register(Offer(name="greedy", summary="burns a core", config=Config, make=Greedy, api_version=1))
"""


class Lateness(NamedTuple):
    """How late ticks began."""

    median_ms: float
    p99_ms: float
    worst_ms: float
    over: float
    """The share of ticks more than `OVER_S` late, or left out altogether."""
    samples: int
    """How many different samples of the sensor came."""


def measure(place: str, seconds: float) -> Lateness:
    """One run with the sensor in that place."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "greedy.py"
        file.write_text(GREEDY)
        sensors: list[Sensor] = []
        if place != "none":
            part = Part(use="greedy", where="bench", path="$", run=place)
            sensors.append(place_sensor(part, load_plugins(only=(), files=[file])))
        return _live(sensors, seconds)


def _live(sensors: list[Sensor], seconds: float) -> Lateness:
    controller = load_policy(find_policy("worm302")).controller()
    body = IdealBody(joints=controller.joints)
    context = bare_context(period_s=1.0 / RATE_HZ)
    guarded = GuardedBody(body)
    guarded.configure(context)
    for sensor in sensors:
        sensor.configure(context)
    clock, late_s, seen = MonotonicClock(), [], set()
    specs = [body.spec, *(sensor.spec for sensor in sensors)]
    binding = Binding(specs, controller.inputs, [Bind(channel="joint.position", to=["stretch"])])

    def observe(view: TickView) -> None:
        # What is left over of the period when the tick began: its deadline was a whole number of periods.
        late_s.append(view.time_s % context.period_s)
        if sensors:
            seen.add(float(binding.samples[1].values[0]))

    loop = Loop(
        body=guarded,
        sensors=sensors,
        binding=binding,
        controller=controller,
        clock=clock,
        rate_hz=RATE_HZ,
        observers=[observe],
    )
    try:
        loop.run(seconds)
    finally:
        for sensor in sensors:
            sensor.close()
        guarded.close()
    times = np.array(late_s) if late_s else np.full(1, np.inf)
    wanted = round(seconds * RATE_HZ)
    good = int(np.count_nonzero(times <= OVER_S))
    return Lateness(
        median_ms=float(np.median(times)) * 1e3,
        p99_ms=float(np.percentile(times, 99)) * 1e3,
        worst_ms=float(times.max()) * 1e3,
        over=max(0.0, 1.0 - good / wanted),
        samples=len(seen),
    )
