"""The camera sensor over a camera of the test's own: pictures stop, the plug is pulled, the plug returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import wormctl_camera.plugin
from wormctl_camera.config import CameraConfig
from wormctl_camera.frames import Frame
from wormctl_camera.sensor import STALLED_S, CameraSensor

from wormctl.binding import Binding
from wormctl.channel import OnError, Quality, Samples
from wormctl.config import ConfigError, convert
from wormctl.device import DeviceError
from wormctl.hookspecs import Offer
from wormctl.plugins import collect
from wormctl.testing import FakeClock, bare_context, check_sensor

CONFIG = CameraConfig(device="/dev/video0", rate_hz=60.0)


class Plug:
    """A camera on a cable. `grey` is what it shows; `plugged`, `sending` and `broken` are the test's."""

    def __init__(self) -> None:
        self.plugged, self.sending, self.broken = True, True, False
        self.grey, self.tried, self.opened, self.closed = 188, 0, 0, 0
        self.notes: tuple[str, ...] = ("mind the lens",)

    def open(self, config: CameraConfig) -> Plug:
        self.tried += 1
        if not self.plugged:
            raise DeviceError(f"$.device = {config.device!r}: no such camera: plug it in")
        self.opened += 1
        return self

    def next(self) -> Frame | None:
        if not self.plugged:
            raise OSError("No such device")
        if not self.sending:
            return None
        channels = 1 if self.broken else 3
        return Frame(np.full((6, 8, channels), self.grey, dtype=np.uint8), time.monotonic())

    def close(self) -> None:
        self.closed += 1
        raise OSError("already gone")


@pytest.fixture
def plug() -> Plug:
    return Plug()


@pytest.fixture
def started(plug: Plug) -> Iterator[CameraSensor]:
    sensor = CameraSensor(CONFIG, plug.open)
    sensor.configure(bare_context())
    yield sensor
    sensor.close()


def until(done: Callable[[], bool], why: str) -> None:
    deadline_s = time.monotonic() + 5.0
    while not done():
        assert time.monotonic() < deadline_s, why
        time.sleep(0.005)


def judged(sensor: CameraSensor) -> Callable[[], Quality]:
    """The quality of `light.level` as the loop judges it, now."""
    binding = Binding([sensor.spec], [], [], vital=())
    began_s = time.monotonic()

    def judge() -> Quality:
        now_s = time.monotonic() - began_s
        sensor.read(now_s, binding.samples[0])
        binding.run(now_s)
        return Quality(int(binding.judged[0]))

    return judge


def test_pictures_arrive_as_samples(started: CameraSensor) -> None:
    quality = judged(started)
    until(lambda: quality() == Quality.GOOD, "never good")
    out = Samples(started.spec.channels)
    started.read(0.0, out)
    assert out.vector("light.level")[0] == pytest.approx(0.5029, abs=1e-4)
    assert started.notes == ("mind the lens",)
    assert not started.spec.simulated


def test_when_pictures_stop_the_samples_go_stale(plug: Plug, started: CameraSensor) -> None:
    quality = judged(started)
    until(lambda: quality() == Quality.GOOD, "never good")
    plug.sending = False
    until(lambda: quality() == Quality.STALE, "never stale")
    plug.sending = True
    until(lambda: quality() == Quality.GOOD, "not good again")
    assert plug.opened == 1


def test_a_camera_that_is_unplugged_fails_and_is_opened_again(plug: Plug, started: CameraSensor) -> None:
    quality = judged(started)
    until(lambda: quality() == Quality.GOOD, "never good")
    plug.plugged = False
    until(lambda: quality() == Quality.FAILED, "never failed")
    until(lambda: "plug it in" in (started.last_error or ""), "no remedy")
    assert plug.closed == 1
    plug.plugged = True
    until(lambda: quality() == Quality.GOOD, "not good again")
    assert plug.opened == 2


def test_a_camera_that_sends_nothing_for_long_is_opened_again(plug: Plug, fake_clock: FakeClock) -> None:
    sensor = CameraSensor(CONFIG, plug.open, clock=fake_clock)
    sensor.open(bare_context())
    out = Samples(sensor.spec.channels)
    sensor.measure(0.0, out)
    plug.sending = False
    fake_clock.advance(STALLED_S - 0.1)
    sensor.measure(0.0, out)
    assert out.quality[0] == Quality.GOOD, "the loop sees by its age that it is old"
    fake_clock.advance(0.2)
    with pytest.raises(DeviceError, match="no picture for 3 s: check its cable"):
        sensor.measure(0.0, out)
    plug.sending = True
    sensor.measure(0.0, out)
    assert (plug.opened, plug.closed) == (2, 1)
    sensor.shut()
    assert plug.closed == 2


def test_pictures_that_are_rare_are_no_stall(plug: Plug, fake_clock: FakeClock) -> None:
    sensor = CameraSensor(CONFIG, plug.open, clock=fake_clock)
    sensor.open(bare_context())
    out = Samples(sensor.spec.channels)
    for _ in range(4):
        fake_clock.advance(0.6 * STALLED_S)
        plug.sending = False
        sensor.measure(0.0, out)
        fake_clock.advance(0.3 * STALLED_S)
        plug.sending = True
        sensor.measure(0.0, out)
    assert (plug.opened, plug.closed) == (1, 0)


def test_a_picture_that_is_none_is_no_sample(plug: Plug, started: CameraSensor) -> None:
    quality = judged(started)
    until(lambda: quality() == Quality.GOOD, "never good")
    plug.broken = True
    until(lambda: quality() == Quality.FAILED, "a picture of one channel passed")


def test_a_camera_that_is_not_there_is_one_line_at_the_start(plug: Plug) -> None:
    plug.plugged = False
    sensor = CameraSensor(CONFIG, plug.open)
    with pytest.raises(DeviceError, match="plug it in"):
        sensor.configure(bare_context())
    sensor.close()


def test_a_camera_that_was_away_for_long_is_opened_again(plug: Plug, started: CameraSensor) -> None:
    quality = judged(started)
    until(lambda: quality() == Quality.GOOD, "never good")
    plug.plugged = False
    tried = plug.tried
    until(lambda: plug.tried >= tried + 5, "not looked for")
    plug.plugged = True
    until(lambda: quality() == Quality.GOOD, "not good again")


def test_a_camera_opened_while_the_sensor_is_closed_is_given_back(plug: Plug) -> None:
    entered, go = threading.Event(), threading.Event()

    def slowly(config: CameraConfig) -> Plug:
        if plug.opened:
            entered.set()
            go.wait(5.0)
        return plug.open(config)

    sensor = CameraSensor(CONFIG, slowly)
    sensor.configure(bare_context())
    plug.plugged = False
    assert entered.wait(5.0)
    closed = plug.closed
    sensor.close()
    plug.plugged = True
    go.set()
    until(lambda: plug.closed == closed + 1, "left open")


def test_nothing_is_left_behind_and_a_new_one_works(plug: Plug) -> None:
    before = threading.active_count()
    for _ in range(2):
        sensor = CameraSensor(CONFIG, plug.open)
        sensor.configure(bare_context())
        quality = judged(sensor)
        until(lambda quality=quality: quality() == Quality.GOOD, "never good")  # type: ignore[misc]
        sensor.close()
        sensor.close()
    assert threading.active_count() == before
    assert (plug.opened, plug.closed) == (2, 2)


def test_the_kit_on_a_camera(plug: Plug) -> None:
    (offer,) = collect(wormctl_camera.plugin)["sensor"]

    def make(config: Any) -> CameraSensor:
        return CameraSensor(config, plug.open)

    faked = Offer(name=offer.name, summary=offer.summary, config=offer.config, make=make)
    check_sensor(faked, config=CONFIG)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"device": "camera0"}, "must be 'picamera', or a webcam's file such as '/dev/video0'"),
        ({"device": "picamera", "images": "x"}, "give one of the two"),
        ({"colour": "red", "hue_deg": [0, 20]}, "give one of the two"),
        ({"colour": "pink"}, "$.colour = 'pink': "),
        ({"hue_deg": [20, 20]}, "must differ"),
        ({"hue_deg": [20, 400]}, "$.hue_deg[1] = 400: "),
        ({"rate_hz": 0}, "$.rate_hz = 0: "),
        ({"exposure_s": 1}, "$.exposure_s = 1: "),
        ({"field_of_view_deg": 180}, "$.field_of_view_deg = 180: "),
        ({"lamp_brightness": -1}, "$.lamp_brightness = -1: "),
        ({"color": "red"}, "colour"),
    ],
)
def test_a_wrong_setting_is_one_line(table: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(table, CameraConfig, where="robot.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("rate_hz", "max_age_s"), [(1.0, 3.0), (25.0, 0.5), (60.0, 0.5)])
def test_a_slow_camera_may_be_slow(rate_hz: float, max_age_s: float) -> None:
    channels = CameraSensor(CameraConfig(device="picamera", rate_hz=rate_hz, colour="any")).spec.channels
    assert {channel.rate_hz for channel in channels} == {rate_hz}
    assert {channel.max_age_s for channel in channels} == {max_age_s}


def test_brightness_is_held_for_a_while_and_a_direction_is_not() -> None:
    channels = CameraSensor(CameraConfig(device="picamera", colour="any")).spec.channels
    held = [channel.name for channel in channels if channel.on_error is OnError.HOLD]
    assert held == ["light.level", "light.left", "light.right", "light.colour"]


def test_without_a_colour_there_is_no_colour_to_bind() -> None:
    def names(config: CameraConfig) -> list[str]:
        return [channel.name for channel in CameraSensor(config).spec.channels]

    assert names(CONFIG) == ["light.level", "light.left", "light.right", "light.direction"]
    coloured = CameraConfig(device="picamera", colour="red")
    assert names(coloured)[4:] == ["light.colour", "colour.direction"]
