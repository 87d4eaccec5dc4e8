"""What is told of the senses while a robot runs: once when one fails, once when it is back, and not for ever."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from wormctl.announce import LOOKS, TOLD, Senses, announcing
from wormctl.binding import Bind, Binding
from wormctl.channel import Channel, OnError, Quality
from wormctl.controller import Port
from wormctl.testing import FixedSensor, IdealBody

GAS = Channel(name="gas.value", unit="1", low=0.0, high=1.0, on_error=OnError.HOLD)
IDLE = Channel(name="gas.raw", unit="1", low=0.0, high=1.0)


class Rig:
    def __init__(self) -> None:
        body, sensor = IdealBody(), FixedSensor([GAS, IDLE], name="gas")
        binds = [Bind(channel="gas.value", to=["AWCL"]), Bind(channel="joint.position", to=["stretch"])]
        ports = [Port(name="AWCL"), Port(name="stretch", size=12)]
        self.binding = Binding([body.spec, sensor.spec], ports, binds)
        self.sensor: Any = sensor
        robot: Any = SimpleNamespace(binds=binds)
        assembly: Any = SimpleNamespace(robot=robot, binding=self.binding, sensors=[sensor])
        self.assembly, self.senses = assembly, Senses(assembly)
        self.find()

    def find(self, gas: Quality = Quality.GOOD, raw: Quality = Quality.GOOD) -> None:
        self.binding.judged[:] = [Quality.GOOD, gas, raw]

    def looks(self, count: int = LOOKS) -> list[str]:
        return [line for _ in range(count) for line in self.senses.look()]


def test_a_sense_that_fails_is_told_with_why_and_again_when_it_is_back() -> None:
    rig = Rig()
    assert rig.looks(20) == []
    rig.find(Quality.FAILED)
    rig.sensor.last_error = "went away: plug it in"
    assert rig.looks() == [
        "no good sample: gas: channel gas.value: the device could not measure (went away: plug it in)"
    ]
    assert rig.senses.failed() == ["gas.value"]
    assert rig.looks(20) == []
    rig.find()
    assert rig.looks() == ["gas.value is back"]
    assert rig.senses.failed() == []


def test_a_short_gap_and_what_reaches_no_input_are_not_told() -> None:
    rig = Rig()
    for _ in range(10):
        rig.find(Quality.STALE, Quality.FAILED)
        assert rig.looks(LOOKS - 1) == []
        rig.find(raw=Quality.FAILED)
        assert rig.looks(1) == []


def test_what_comes_and_goes_is_told_a_few_times() -> None:
    rig = Rig()
    lines = []
    for _ in range(10):
        rig.find(Quality.INVALID)
        lines += rig.looks()
        rig.find()
        lines += rig.looks()
    assert len(lines) == 2 * TOLD
    assert lines[-2].endswith("; it comes and goes, and is not told of again")


def test_a_thread_tells_with_the_time_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.announce.LOOK_S", 0.001)
    rig, said = Rig(), list[str]()
    view: Any = SimpleNamespace(time_s=12.34)
    rig.find(Quality.FAILED)
    with announcing(rig.assembly, view, said.append):
        while not said:
            pass
    assert said[0].startswith("12.3 s: no good sample: gas: channel gas.value")
