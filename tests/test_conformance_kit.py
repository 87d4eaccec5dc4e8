"""The kit must catch: one broken device for every rule, and sound ones that pass."""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from wormctl.channel import Channel, Quality, Samples
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION, Config, Context, DeviceError, DeviceSpec
from wormctl.hookspecs import Artist, Command, Offer, hookimpl
from wormctl.testing import (
    ConformanceError,
    FixedSensor,
    IdealBody,
    Rule,
    check_actuator,
    check_body,
    check_plugin,
    check_policy,
    check_sensor,
    check_world,
)
from wormctl.testing.kit import check_command

ODOUR = Channel(name="odour.food", unit="1", low=0.0, high=1.0)


class Eye(FixedSensor):
    """A sound sensor; the broken ones below differ from it in one thing."""

    channel = ODOUR

    def __init__(self, config: Config) -> None:
        super().__init__([self.channel], name="eye")


class Snake(IdealBody):
    """A sound body; the broken ones below differ from it in one thing."""


class Loose(msgspec.Struct):
    """Takes any key: the wrong base."""


class LooseConfig(Config, frozen=True, forbid_unknown_fields=False):
    pass


class Needy(Config, frozen=True, kw_only=True):
    port: str


def offer(make: Any, config: type[Config] = Config) -> Offer[Any]:
    return Offer(name="thing", summary="for a test", config=config, make=make)


def with_channel(**changes: Any) -> type[Eye]:
    return type("Eye", (Eye,), {"channel": msgspec.structs.replace(ODOUR, **changes)})


class Changing(Eye):
    """Base of sensors whose read is wrong."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.kept: list[bytes] = []
        self.reads = 0
        self.closed = False


class NoTime(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", 0.5, 0.0)


class WallTime(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", 0.5, 1.7e9 + now_s)


class Nan(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", float("nan"), now_s)


class TooMuch(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", 1.5, now_s)


class Silent(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        pass


class Replacing(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.values = np.full(1, 0.5)
        out.stamp("odour.food", now_s)


class Hoarding(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        super().read(now_s, out)
        self.kept.append(bytes(64))


class Pools(Changing):
    """Fills a pool, for longer than a round of the check, as libraries do."""

    def read(self, now_s: float, out: Samples) -> None:
        super().read(now_s, out)
        self.reads += 1
        if self.reads < 2000:
            self.kept.append(bytes(64))


class NoQuality(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        super().read(now_s, out)
        if now_s > 0.03:
            out.quality[0] = 9


class ClosesOnce(Changing):
    def close(self) -> None:
        if self.closed:
            raise OSError("already closed")
        self.closed = True


class ClosesOnlyWhenOpen(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.closed = True

    def configure(self, context: Context) -> None:
        self.closed = False

    def close(self) -> None:
        if self.closed:
            raise OSError("was never open")


class Eager(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        subprocess.run([sys.executable, "-c", ""], check=True)


class SpecLater(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.spec: Any = None


class OldApi(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.spec = DeviceSpec(name="eye", channels=(ODOUR,), simulated=True, api_version=0)


class Twice(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.spec = DeviceSpec(name="eye", channels=(ODOUR, ODOUR), simulated=True)


class Nothing(Changing):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.spec = DeviceSpec(name="eye", channels=(), simulated=True)


class Backwards(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        self.reads += 1
        out.put("odour.food", 0.5, now_s if self.reads % 3 else now_s - 0.05)


class TwoValues(Changing):
    channel = msgspec.structs.replace(ODOUR, size=2)


class HalfFilled(TwoValues):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", 0.5, now_s)


class WrongShape(TwoValues):
    def read(self, now_s: float, out: Samples) -> None:
        out.vector("odour.food")[:] = np.zeros(3)
        out.stamp("odour.food", now_s)


class Waiting(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        time.sleep(0.003)
        super().read(now_s, out)


class Wasteful(Changing):
    def read(self, now_s: float, out: Samples) -> None:
        out.put("odour.food", float(np.full(4000, 0.5).mean()), now_s)


class Threaded(Changing):
    def configure(self, context: Context) -> None:
        threading.Thread(target=time.sleep, args=(0.8,), name="forgotten", daemon=True).start()


class Remembering(Changing):
    lives = 0

    def configure(self, context: Context) -> None:
        type(self).lives += 1
        self.values["odour.food"] = 0.1 * type(self).lives % 1.0


class Single(Changing):
    taken = False

    def configure(self, context: Context) -> None:
        if type(self).taken:
            raise DeviceError("the port is still open")
        type(self).taken = True


class Unmakeable(Changing):
    def __init__(self, config: Config) -> None:
        raise KeyError("port")


ONE_EYE = Eye(Config())


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (offer(Eye, LooseConfig), "an unknown setting is accepted"),
        (offer(Eye, Needy), "give the kit a config"),
        (offer(lambda config: ONE_EYE), "make returns the same object twice"),
        (offer(Eager), "does I/O while it is made"),
        (offer(SpecLater), "spec must be a DeviceSpec"),
        (offer(OldApi), "is for plugin API 0"),
        (offer(Twice), "declares a channel twice"),
        (offer(Nothing), "declares no channel"),
        (offer(with_channel(name="Odour Food")), "a name is lower-case words"),
        (offer(with_channel(unit="")), "unit '': must be SI"),
        (offer(with_channel(unit="cm")), "unit 'cm': must be SI"),
        (offer(with_channel(unit="deg/s")), "unit 'deg/s': must be SI"),
        (offer(with_channel(size=0)), "size must be at least 1"),
        (offer(with_channel(high=0.0)), "low must be less than high"),
        (offer(with_channel(rate_hz=0.0)), "rate_hz must be greater than 0"),
        (offer(with_channel(rate_hz=5.0)), "is stale before the next sample is due"),
        (offer(NoTime), "the time of its samples stands still"),
        (offer(WallTime), "not on the loop's clock"),
        (offer(Nan), "a good sample is not finite"),
        (offer(TooMuch), "is outside 0..1"),
        (offer(Silent), "no good sample of odour.food ever came"),
        (offer(Replacing), "read replaced an array"),
        (offer(Hoarding), "read grows the memory"),
        (offer(NoQuality), "quality 9 is none"),
        (offer(Backwards), "its time runs backwards"),
        (offer(HalfFilled), "not all of it was filled"),
        (offer(WrongShape), "read raises ValueError"),
        (offer(Waiting), "wait in a thread"),
        (offer(Wasteful), "allocates"),
        (offer(Threaded), "leaves a thread behind: forgotten"),
        (offer(Remembering), "one made anew begins with"),
        (offer(Single), "one made anew fails"),
        (offer(Unmakeable), "cannot be made: KeyError"),
        (offer(ClosesOnce), "closing twice raises OSError"),
        (offer(ClosesOnlyWhenOpen), "close before configure raises OSError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_sensor_is_caught(broken: Offer[Any], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.testing.checks.FIRST_SAMPLE_S", 0.05)
    monkeypatch.setattr("wormctl.testing.checks.THREADS_END_S", 0.1)
    Remembering.lives, Single.taken = 0, False
    with pytest.raises(ConformanceError, match=says.replace("(", r"\(")) as caught:
        check_sensor(broken)
    assert str(caught.value).startswith(("thing: ", "eye: "))
    assert f"line {caught.value.rule.number} of the contract: {caught.value.rule.value}" in str(caught.value)


def test_memory_that_grows_until_a_pool_is_full_is_no_leak() -> None:
    check_sensor(offer(Pools))


class Degrees(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        channel = Channel(name=JOINT_POSITION, unit="deg", low=-180.0, high=180.0, size=12)
        self.spec = DeviceSpec(name="ideal", channels=(channel,), simulated=True)


class Short(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__(joints=11)


class ShortSighted(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        channel = Channel(name=JOINT_POSITION, unit="rad", low=-0.5, high=0.5, size=12)
        self.spec = DeviceSpec(name="ideal", channels=(channel,), simulated=True)


class NoJoints(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.spec = DeviceSpec(name="ideal", channels=(ODOUR,), simulated=True)


class NoTruth(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        del self.truth


class WrongTruth(Snake):
    def __init__(self, config: Any = None) -> None:
        super().__init__()
        self.truth.nose = np.zeros(3)


class Jumps(Snake):
    def arm(self, now_s: float) -> None:
        self.position_rad[:] = 0.5

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad += 0.001


class Homing(Snake):
    """Goes straight as soon as it has power."""

    def configure(self, context: Context) -> None:
        super().configure(context)
        self.position_rad[:] = 0.5

    def read(self, now_s: float, out: Samples) -> None:
        super().read(now_s, out)
        self.position_rad *= 0.95


class Reversed(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad[:] = setpoint_rad[::-1]


class Mirrored(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        self.position_rad[:] = -setpoint_rad


class Deaf(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        pass


class Scribbles(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        super().write(setpoint_rad, now_s)
        setpoint_rad[:] = 1.0


class Leaks(Snake):
    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        super().write(setpoint_rad, now_s)
        self.log.append(str(now_s))


class StopsOnce(Snake):
    def stop(self, reason: str) -> None:
        if "stop" in self.log:
            raise OSError("already off")
        super().stop(reason)


class StopsOnlyWhenOpen(Snake):
    def stop(self, reason: str) -> None:
        if "configure" not in self.log:
            raise OSError("no port")


class StopsNotWhenClosed(Snake):
    def stop(self, reason: str) -> None:
        if self.log.count("close"):
            raise OSError("port is closed")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Degrees, "unit 'deg': must be SI"),
        (Short, "measures 11 joints"),
        (ShortSighted, "cannot measure up to its limits"),
        (NoJoints, "has no channel joint.position"),
        (NoTruth, "must have `truth`"),
        (WrongTruth, "truth has the shapes"),
        (Homing, "before it was armed"),
        (Jumps, "when it was armed"),
        (Reversed, "joint 0 was told to bend"),
        (Mirrored, "joint 0 was told to bend"),
        (Deaf, "joint 0 was told to bend"),
        (Scribbles, "write changes the setpoints"),
        (Leaks, "a tick grows the memory"),
        (StopsOnce, "stopping twice raises OSError"),
        (StopsOnlyWhenOpen, "stop before configure raises OSError"),
        (StopsNotWhenClosed, "stop after close raises OSError"),
    ],
)
def test_a_broken_body_is_caught(broken: type[Snake], says: str) -> None:
    with pytest.raises(ConformanceError, match=says):
        check_body(offer(broken))


class Plate:
    name = "plate"

    def __init__(self, config: Config) -> None:
        self.away_m = 1.0

    def reset(self, seed: int) -> None: ...

    def advance(self, now_s: float) -> None: ...

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        return self.away_m


class Drifting(Plate):
    def reset(self, seed: int) -> None:
        self.away_m += 1.0


class Unseeded(Plate):
    def __init__(self, config: Config) -> None:
        self.away_m = float(np.random.default_rng().random())


class Negative(Plate):
    def __init__(self, config: Config) -> None:
        self.away_m = -1.0


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Drifting, "is another one after a reset with the same seed"),
        (Unseeded, "is another one when made anew"),
        (Negative, "goal distances must be 0 or more"),
    ],
)
def test_a_broken_world_is_caught(broken: type[Plate], says: str) -> None:
    with pytest.raises(ConformanceError, match=says):
        check_world(offer(broken))


class Lamp:
    """A sound actuator; the broken ones below differ from it in one thing."""

    def __init__(self, config: Config) -> None:
        self.spec = DeviceSpec(name="lamp", channels=(ODOUR,), simulated=True)
        self.stops = 0

    def configure(self, context: Context) -> None: ...

    def write(self, values: NDArray[np.float64], now_s: float) -> None: ...

    def stop(self, reason: str) -> None: ...

    def close(self) -> None: ...


class Picky(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        if values[0] >= 1.0:
            raise ValueError("too bright")


class Rounding(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        values[:] = 0.5


class SlowLamp(Lamp):
    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        time.sleep(0.003)


class OnceOnly(Lamp):
    def stop(self, reason: str) -> None:
        self.stops += 1
        if self.stops > 1:
            raise OSError("already dark")


@pytest.mark.parametrize(
    ("broken", "rule", "says"),
    [
        (Picky, Rule.VALUES, "too bright"),
        (Rounding, Rule.VALUES, "write changes the values"),
        (SlowLamp, Rule.QUICK, "write takes"),
        (OnceOnly, Rule.STOP, "already dark"),
    ],
)
def test_a_broken_actuator_is_caught(broken: type[Lamp], rule: Rule, says: str) -> None:
    check_actuator(offer(Lamp))
    with pytest.raises(ConformanceError, match=says) as caught:
        check_actuator(offer(broken))
    assert caught.value.rule is rule


class Brain:
    """A sound policy; the broken ones below differ from it in one thing."""

    def __init__(self, config: Config) -> None:
        self.reset()

    def reset(self) -> None:
        self.time_s = 0.0

    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        self.time_s += dt
        smell = inputs["smell"][0]
        outputs[:] = np.sin(self.time_s + (smell if np.isfinite(smell) else 0.0))


class Believing(Brain):
    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        outputs[:] = inputs["smell"][0]


class Unforgetting(Brain):
    def reset(self) -> None:
        self.time_s = getattr(self, "time_s", 0.0)


class Raising(Brain):
    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Believing, "not finite"),
        (Unforgetting, "something else after reset"),
        (Raising, "raises ZeroDivisionError"),
        (Lamp, "has no method reset"),
    ],
)
def test_a_broken_policy_is_caught(broken: type[Any], says: str) -> None:
    inputs = [Port(name="smell")]
    check_policy(offer(Brain), inputs=inputs)
    with pytest.raises(ConformanceError, match=says) as caught:
        check_policy(offer(broken), inputs=inputs)
    assert caught.value.rule is Rule.POLICY


def test_a_broken_command_is_caught() -> None:
    def clash(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--help")

    with pytest.raises(ConformanceError, match="add_arguments raises ArgumentError"):
        check_command(Command(name="x", summary="does x", add_arguments=clash, run=lambda args: 0))
    with pytest.raises(ConformanceError, match="the summary must be one line"):
        check_command(Command(name="x", summary="", add_arguments=lambda parser: None, run=lambda args: 0))


class Whole:
    """A sound plugin with one of everything."""

    eye: type[Eye] = Eye

    @hookimpl
    def wormctl_register_sensors(self, register: Any) -> None:
        register(offer(self.eye))

    @hookimpl
    def wormctl_register_bodies(self, register: Any) -> None:
        register(offer(Snake))

    @hookimpl
    def wormctl_register_worlds(self, register: Any) -> None:
        register(offer(Plate))

    @hookimpl
    def wormctl_register_artists(self, register: Any) -> None:
        register(Artist(name="brush", summary="draws", draw=lambda folder, share: []))

    @hookimpl
    def wormctl_register_commands(self, register: Any) -> None:
        register(Command(name="x", summary="does x", add_arguments=lambda p: None, run=lambda a: 0))


def test_a_sound_plugin_passes() -> None:
    check_plugin(Whole())


def test_a_plugin_is_as_sound_as_its_parts() -> None:
    whole = Whole()
    whole.eye = NoTime
    with pytest.raises(ConformanceError, match="stands still"):
        check_plugin(whole)
    with pytest.raises(ConformanceError, match="offers nothing"):
        check_plugin(object())


def test_a_failed_sample_is_allowed_now_and_then() -> None:
    class Blinking(Changing):
        def read(self, now_s: float, out: Samples) -> None:
            super().read(now_s, out)
            if round(now_s / 0.02) % 5 == 4:
                out.quality[0] = Quality.FAILED

    check_sensor(offer(Blinking))
