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

from tests.testing.sound import ODOUR, Eye, Snake, offer
from wormctl.channel import Quality, Samples
from wormctl.device import Config, Context, DeviceError, DeviceSpec
from wormctl.hookspecs import Artist, Command, Offer, hookimpl
from wormctl.testing import (
    ConformanceError,
    check_plugin,
    check_sensor,
    check_world,
)
from wormctl.testing.kit import check_command


class Loose(msgspec.Struct):
    """Takes any key: the wrong base."""


class LooseConfig(Config, frozen=True, forbid_unknown_fields=False):
    pass


class Needy(Config, frozen=True, kw_only=True):
    port: str


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
        (offer(with_channel(size=0)), "size 0: must be at least 1"),
        (offer(with_channel(high=0.0)), "must be less than high"),
        (offer(with_channel(rate_hz=0.0)), "rate_hz 0: must be greater than 0"),
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
        (offer(Waiting), "let a thread wait"),
        (offer(Wasteful), "allocates"),
        (offer(Threaded), "leaves a thread behind: forgotten"),
        (offer(Remembering), "one made anew begins with"),
        (offer(Single), "one made anew fails"),
        (offer(Unmakeable), "make raises KeyError"),
        (offer(ClosesOnce), "closing twice raises OSError"),
        (offer(ClosesOnlyWhenOpen), "close before configure raises OSError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_sensor_is_caught(broken: Offer[Any], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.testing.samples.FIRST_SAMPLE_S", 0.05)
    monkeypatch.setattr("wormctl.testing.cost.THREADS_END_S", 0.1)
    Remembering.lives, Single.taken = 0, False
    with pytest.raises(ConformanceError, match=says.replace("(", r"\(")) as caught:
        check_sensor(broken)
    assert str(caught.value).startswith(("thing: ", "eye: "))
    assert f"line {caught.value.rule.number} of the contract: {caught.value.rule.value}" in str(caught.value)


def test_memory_that_grows_until_a_pool_is_full_is_no_leak() -> None:
    check_sensor(offer(Pools))


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
