"""The fixtures of the kit, as a plugin author uses them."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from wormctl_range.sensor import NEARNESS, RangeConfig, SimulatedRange

from wormctl.testing import FakeBus, FakeClock, FakePort, RegisterDevice
from wormctl.testing.recorded import RecordedLife


def test_a_clock(fake_clock: FakeClock) -> None:
    fake_clock.advance(1.5)
    assert fake_clock() == 1.5


def test_a_bus(fake_bus: Callable[..., FakeBus]) -> None:
    assert fake_bus({0x29: RegisterDevice({1: 7})}).transfer(0x29, b"\x01", 1) == b"\x07"


def test_a_port(fake_port: Callable[..., FakePort]) -> None:
    port = fake_port(lambda data: data.upper())
    host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
    os.write(host, b"abc")
    assert port.wait_for(b"abc")
    assert os.read(host, 3) == b"ABC"
    os.close(host)


def test_a_recorded_life_in_which_a_sensor_sees(recorded_world: RecordedLife) -> None:
    life = recorded_world
    assert 7.0 < life.seconds < 8.5
    start = life.world.goal_distance_m(*life.body.truth.nose)
    life.at(life.seconds)
    assert life.world.goal_distance_m(*life.body.truth.nose) < start - 0.3, "it comes nearer to the food"
    sensor = SimulatedRange(RangeConfig(wall_x_m=1.0, reach_m=2.0))
    sensor.configure(life.context())
    seen = life.play(sensor)
    assert np.ptp(seen[NEARNESS][np.isfinite(seen[NEARNESS])]) > 0.1
