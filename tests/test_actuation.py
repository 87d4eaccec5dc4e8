"""Actuators: what neurons drive reaches them within its range, and whatever they do the run ends safely."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wormctl.actuation import Actuation, Drive, drive_values
from wormctl.binding import Bind, Binding
from wormctl.channel import Channel
from wormctl.clock import SimulatedClock
from wormctl.config import ConfigError, convert
from wormctl.device import Context, DeviceSpec
from wormctl.lifecycle import GuardedBody
from wormctl.loop import Loop
from wormctl.testing import IdealBody, StillController, bare_context

NEURONS = ("AVAL", "AVAR", "AVBL")


class Lamp:
    """An actuator that remembers."""

    def __init__(self, *channels: Channel, fails: str = "") -> None:
        self.spec = DeviceSpec(name="lamp", channels=channels, simulated=True)
        self.told: list[list[float]] = []
        self.log: list[str] = []
        self.fails = fails

    def configure(self, context: Context) -> None: ...

    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        self.log.append("write")
        self.told.append(values.tolist())
        if self.fails == "write":
            raise OSError("burnt out")

    def stop(self, reason: str) -> None:
        self.log.append("stop")
        if self.fails == "stop":
            raise OSError("stuck")
        if self.fails == "exits":
            sys.exit(0)
        if self.fails == "interrupted":
            raise KeyboardInterrupt

    def close(self) -> None: ...


def channel(name: str = "lamp.level", low: float = 0.0, high: float = 1.0, size: int = 1) -> Channel:
    return Channel(name=name, unit="1", low=low, high=high, size=size)


def drive(**words: object) -> Drive:
    return convert(words, Drive, where="robot.toml")


def test_a_channel_gets_the_mean_of_its_neurons_within_its_range() -> None:
    lamp = Lamp(channel(), channel("lamp.colour", -1.0, 1.0, size=2))
    drives = [
        drive(channel="lamp.level", **{"from": ["AVAL", "AVAR"]}),
        drive(channel="lamp.colour", element=1, gain=4.0, offset=-2.0, **{"from": ["AVBL"]}),
    ]
    actuation = Actuation([lamp], NEURONS, drives)
    actuation.run(np.array([0.2, 0.6, 0.5]), 0.0)
    actuation.run(np.array([1.0, 1.0, 1.0], dtype=np.float32), 0.02)
    actuation.run(np.array([np.nan, 1.0, 0.0]), 0.04)
    assert lamp.told == [
        pytest.approx([0.4, 0.0, 0.0]),
        pytest.approx([1.0, 0.0, 1.0]),
        pytest.approx([0.0, 0.0, -1.0]),
    ]


@given(
    activity=st.lists(st.floats(), min_size=3, max_size=3),
    gain=st.floats(-1e6, 1e6),
    offset=st.floats(-1e6, 1e6),
    low=st.floats(-10.0, 0.0),
    span=st.floats(0.1, 10.0),
)
def test_no_actuator_gets_what_is_outside_its_range(
    activity: list[float], gain: float, offset: float, low: float, span: float
) -> None:
    actuation = Actuation(
        [Lamp(channel(low=low, high=low + span))],
        NEURONS,
        [drive(channel="lamp.level", gain=gain, offset=offset, **{"from": ["AVAL", "AVBL"]})],
    )
    actuation.run(np.array(activity), 0.0)
    value = actuation.values[0]
    assert low <= value <= low + span
    exact = offset + gain * (activity[0] + activity[2]) / 2.0
    if abs(exact) < 1e9:  # where rounding is small
        assert value == pytest.approx(min(max(exact, low), low + span), abs=1e-3)


def test_the_compiled_kernel_is_the_same_without_compiler() -> None:
    rng = np.random.default_rng(1)
    sources, targets = rng.integers(0, 5, 12), rng.integers(0, 4, 12)
    args = (rng.random(5), sources, targets, rng.normal(size=12), rng.normal(size=4), -np.ones(4), np.ones(4))
    out, slow = np.zeros(4), args[4].copy()
    drive_values(*args, out)
    for source, target, weight in zip(sources, targets, args[3], strict=True):
        slow[target] += weight * args[0][source]
    np.testing.assert_allclose(out, np.clip(slow, -1.0, 1.0))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            {"channel": "lamp.levl", "from": ["AVAL"]},
            r"\$\.drive\[0\]\.channel = 'lamp\.levl': .*lamp\.level",
        ),
        ({"channel": "lamp.level", "from": ["AVAM"]}, r"\$\.drive\[0\]\.from\[0\] = 'AVAM': .*AVAL"),
        (
            {"channel": "lamp.level", "element": 1, "from": ["AVAL"]},
            r"element = 1: lamp\.level has values 0\.\.0",
        ),
        ({"channel": "lamp.level", "from": []}, "length >= 1"),
    ],
)
def test_what_nobody_has_cannot_be_driven(words: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Actuation([Lamp(channel())], NEURONS, [drive(**words)])


def test_one_channel_of_a_name_and_one_drive_of_a_channel() -> None:
    with pytest.raises(ConfigError, match=r"\$\.actuator\[1\]: lamp has the channel 'lamp\.level'"):
        Actuation([Lamp(channel()), Lamp(channel())], NEURONS, [])
    twice = [drive(channel="lamp.level", **{"from": [name]}) for name in ("AVAL", "AVBL")]
    with pytest.raises(ConfigError, match="driven twice"):
        Actuation([Lamp(channel())], NEURONS, twice)


def run(*lamps: Lamp, ticks: int = 5) -> tuple[str, IdealBody]:
    body = IdealBody()
    guarded = GuardedBody(body)
    guarded.configure(bare_context())
    controller = StillController()
    controller.activity[:] = 0.5
    binds = [Bind(channel="joint.position", to=["stretch"])]
    loop = Loop(
        body=guarded,
        sensors=[],
        binding=Binding([body.spec], controller.inputs, binds),
        controller=controller,
        clock=SimulatedClock(),
        rate_hz=50.0,
        actuation=Actuation(lamps, controller.neurons, [drive(channel="lamp.level", **{"from": ["A", "B"]})]),
    )
    return loop.run(ticks * 0.02).reason, body


def test_the_loop_tells_them_in_every_tick_and_stops_them_at_the_end() -> None:
    lamp = Lamp(channel())
    reason, _ = run(lamp)
    assert reason == "time"
    assert lamp.log == ["write"] * 5 + ["stop"]
    assert lamp.told == [[0.5]] * 5


def test_an_actuator_that_raises_ends_the_run_and_all_are_stopped() -> None:
    broken, other = Lamp(channel(), fails="write"), Lamp(channel("lamp.other"), fails="stop")
    third = Lamp(channel("lamp.third"))
    reason, body = run(broken, other, third)
    assert reason.startswith("fault: lamp: OSError: burnt out (test_actuation.py, line ")
    assert "stop" in body.log
    assert [lamp.log[-1] for lamp in (broken, other, third)] == ["stop"] * 3


def test_an_actuator_that_exits_or_is_interrupted_when_stopped_keeps_no_other_from_it() -> None:
    first, second = Lamp(channel(), fails="exits"), Lamp(channel("lamp.other"), fails="interrupted")
    third = Lamp(channel("lamp.third"))
    with pytest.raises(KeyboardInterrupt):
        run(first, second, third)
    assert [lamp.log[-1] for lamp in (first, second, third)] == ["stop"] * 3


def test_an_actuator_that_cannot_be_stopped_is_a_fault_of_the_run() -> None:
    reason, _ = run(Lamp(channel(), fails="stop"))
    assert reason.startswith("fault: lamp: stop failed: OSError: stuck (test_actuation.py, line ")


def test_what_drives_them_is_compiled_before_the_motors_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    monkeypatch.setattr("wormctl.actuation.drive_values", lambda *arguments: log.append("drive"))
    monkeypatch.setattr(IdealBody, "arm", lambda self, now_s: log.append("arm"))
    lamp = Lamp(channel())
    run(lamp, ticks=1)
    assert log == ["drive", "arm", "drive"]
    assert len(lamp.told) == 1, "nobody was told anything before"
