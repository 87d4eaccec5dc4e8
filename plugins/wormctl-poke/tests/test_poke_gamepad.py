"""The gamepad as a sensor: on a FIFO that stands for /dev/input/js0, unplugged and plugged in again, and the kit."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wormctl_poke.plugin
from wormctl_poke.channels import CHANNELS
from wormctl_poke.controls import USUAL, Layout
from wormctl_poke.gamepad import GamepadConfig, GamepadSensor
from wormctl_poke.js_event import FULL, JsEvent, encode
from wormctl_poke.pad import Pad, open_pad

from wormctl.channel import Quality, Samples
from wormctl.config import ConfigError, convert
from wormctl.device import DeviceError, Sensor
from wormctl.hookspecs import Offer
from wormctl.plugins import collect
from wormctl.testing import IdealBody, bare_context, check_sensor

NOSE, FRONT, TAIL, FOOD, REPELLENT = CHANNELS
RIGHT_TRIGGER, LEFT_TRIGGER = 5, 2
SOUTH, LEFT_BUMPER, RIGHT_BUMPER = 0, 4, 5


def at_rest() -> bytes:
    """What the kernel tells of a gamepad that was just opened: every button, then every axis."""
    values = [-FULL if number in (RIGHT_TRIGGER, LEFT_TRIGGER) else 0 for number in range(len(USUAL.axes))]
    events = [JsEvent("button", number, 0, initial=True) for number in range(len(USUAL.buttons))]
    events += [JsEvent("axis", number, value, initial=True) for number, value in enumerate(values)]
    return b"".join(map(encode, events))


class FifoPad:
    """A gamepad at a path, which somebody plugs in and pulls out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self.plug()

    def plug(self) -> None:
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR)
        os.write(self._fd, at_rest())

    def unplug(self) -> None:
        if self._fd >= 0:
            self.path.unlink()
            os.close(self._fd)
            self._fd = -1

    def axis(self, number: int, value: int) -> None:
        os.write(self._fd, encode(JsEvent("axis", number, value)))

    def button(self, number: int, down: bool) -> None:
        os.write(self._fd, encode(JsEvent("button", number, int(down))))


@pytest.fixture
def pad(tmp_path: Path) -> Iterator[FifoPad]:
    pad = FifoPad(tmp_path / "js0")
    yield pad
    pad.unplug()


def config(pad: FifoPad, **settings: Any) -> GamepadConfig:
    return GamepadConfig(device=str(pad.path), **settings)


def read_until(
    sensor: GamepadSensor, until: Callable[[dict[str, float]], bool], quality: Quality = Quality.GOOD
) -> dict[str, float]:
    """The values once all channels have that quality, and they are as `until` says."""
    out, deadline_s = Samples(sensor.spec.channels), time.monotonic() + 5.0
    values: dict[str, float] = {}
    while time.monotonic() < deadline_s:
        sensor.read(1.0, out)
        values = dict(zip(CHANNELS, out.values.tolist(), strict=True))
        if set(out.quality.tolist()) == {quality} and until(values):
            return values
        time.sleep(0.002)
    raise AssertionError(f"never so: {values}, {out.quality}, {sensor.last_error}")


def anyhow(values: dict[str, float]) -> bool:
    return True


def resting(values: dict[str, float]) -> bool:
    return not any(values.values())


@pytest.fixture
def sensor(pad: FifoPad) -> Iterator[GamepadSensor]:
    sensor = GamepadSensor(config(pad, force_n=2.0, whiff=3.0))
    sensor.configure(bare_context())
    read_until(sensor, resting)
    yield sensor
    sensor.close()


def test_it_passes_the_kit(pad: FifoPad) -> None:
    offers: list[Offer[Sensor]] = collect(wormctl_poke.plugin)["sensor"]
    offer = next(o for o in offers if o.name == "gamepad")
    assert isinstance(offer.make(config(pad)), GamepadSensor)

    def plugged(config: GamepadConfig) -> GamepadSensor:
        return GamepadSensor(config, open_pad=lambda path: FakePad())

    check_sensor(Offer(name="gamepad", summary="", config=GamepadConfig, make=plugged))

    # The kernel tells every one who opens it anew how it stands; a FIFO tells it once.
    def opened_anew(path: str) -> Pad:
        pad.unplug()
        pad.plug()
        return open_pad(path)

    def make(config: GamepadConfig) -> GamepadSensor:
        return GamepadSensor(config, opened_anew)

    check_sensor(Offer(name="gamepad", summary="", config=GamepadConfig, make=make), config=config(pad))


@pytest.mark.parametrize(("number", "channel"), [(RIGHT_TRIGGER, NOSE), (LEFT_TRIGGER, TAIL)])
def test_a_trigger_pokes_as_hard_as_it_is_pressed(
    pad: FifoPad, sensor: GamepadSensor, number: int, channel: str
) -> None:
    pad.axis(number, FULL)
    assert read_until(sensor, lambda v: v[channel] == 2.0) == {c: 2.0 * (c == channel) for c in CHANNELS}
    pad.axis(number, 0)
    half = read_until(sensor, lambda v: 0.0 < v[channel] < 2.0)[channel]
    assert half == pytest.approx(2.0 * 0.45 / 0.95)
    pad.axis(number, round(-0.95 * FULL))
    read_until(sensor, resting)


@pytest.mark.parametrize(
    ("number", "channel", "strength"),
    [(SOUTH, FRONT, 2.0), (RIGHT_BUMPER, FOOD, 3.0), (LEFT_BUMPER, REPELLENT, 3.0)],
)
def test_a_button_pokes_while_it_is_held(
    pad: FifoPad, sensor: GamepadSensor, number: int, channel: str, strength: float
) -> None:
    pad.button(number, True)
    expected = {c: strength * (c == channel) for c in CHANNELS}
    assert read_until(sensor, lambda v: v[channel] > 0.0) == expected
    time.sleep(0.1)
    assert read_until(sensor, anyhow) == expected
    pad.button(number, False)
    read_until(sensor, resting)


def test_unplugged_the_channels_fail_and_they_come_back(pad: FifoPad, sensor: GamepadSensor) -> None:
    pad.axis(RIGHT_TRIGGER, FULL)
    read_until(sensor, lambda v: v[NOSE] == 2.0)
    pad.unplug()
    read_until(sensor, anyhow, Quality.FAILED)
    assert "plug it in or switch it on again" in str(sensor.last_error)
    time.sleep(0.6)
    assert f"cannot open {pad.path}" in str(sensor.last_error)
    pad.plug()
    read_until(sensor, resting)
    pad.axis(RIGHT_TRIGGER, FULL)
    read_until(sensor, lambda v: v[NOSE] == 2.0)


def test_it_may_rest_while_it_is_unplugged(pad: FifoPad) -> None:
    sensor = GamepadSensor(config(pad, unplugged="rest"))
    sensor.configure(bare_context())
    pad.axis(RIGHT_TRIGGER, FULL)
    read_until(sensor, lambda v: v[NOSE] == 1.0)
    pad.unplug()
    read_until(sensor, resting)
    assert sensor.last_error is not None
    pad.plug()
    pad.axis(RIGHT_TRIGGER, FULL)
    read_until(sensor, lambda v: v[NOSE] == 1.0)
    sensor.close()


class FakePad:
    """A gamepad that answers as the kernel does, unplugging by ENODEV included."""

    def __init__(self, layout: Layout = USUAL) -> None:
        self.name, self.layout = "Some Gamepad", layout
        self.queue = at_rest()
        self.gone = self.closed = False

    def read(self) -> bytes:
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        data, self.queue = self.queue, b""
        return data

    def close(self) -> None:
        self.closed = True


def test_another_gamepad_may_take_its_place() -> None:
    first, second = FakePad(), FakePad(Layout((0, 1, 3, 4), (0x130, 0x136, 0x137, 0x138, 0x139)))
    second.queue = b""
    pads: list[Pad] = [second, first]
    sensor = GamepadSensor(GamepadConfig(), open_pad=lambda path: pads.pop())
    sensor.configure(bare_context())
    read_until(sensor, resting)
    first.gone = True
    read_until(sensor, anyhow, Quality.FAILED)
    deadline_s = time.monotonic() + 5.0
    while pads:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert first.closed
    time.sleep(0.05)
    read_until(sensor, anyhow, Quality.FAILED)  # what the first told is not true of the second
    second.queue = b"".join(encode(JsEvent("button", number, 0, initial=True)) for number in range(5))
    read_until(sensor, resting)
    second.queue = encode(JsEvent("button", 4, 1))
    read_until(sensor, lambda v: v[NOSE] == 1.0)
    sensor.close()
    assert second.closed


def test_a_control_that_has_not_told_how_it_stands_has_no_value() -> None:
    pad = FakePad()
    pad.queue = encode(JsEvent("axis", RIGHT_TRIGGER, FULL, initial=True))
    sensor = GamepadSensor(GamepadConfig(), open_pad=lambda path: pad)
    sensor.configure(bare_context())
    out, deadline_s = Samples(sensor.spec.channels), time.monotonic() + 5.0
    while out.quality[0] != Quality.GOOD:
        assert time.monotonic() < deadline_s
        time.sleep(0.002)
        sensor.read(1.0, out)
    assert out.quality.tolist() == [Quality.GOOD] + [Quality.FAILED] * 4
    sensor.close()


def test_a_gamepad_without_the_control_is_refused_by_the_settings_name() -> None:
    pad = FakePad(Layout((0, 1), (0x130, 0x131)))
    sensor = GamepadSensor(GamepadConfig(nose="east", tail="button 7"), open_pad=lambda path: pad)
    with pytest.raises(
        DeviceError, match=r"^\$\.tail = 'button 7': Some Gamepad has none; .* 2 axes and 2 b"
    ) as caught:
        sensor.configure(bare_context())
    assert "\n" not in str(caught.value)
    assert pad.closed
    sensor.close()


@pytest.mark.parametrize(("path", "said"), [("/dev/input/js99", "plug the gamepad in or switch it on")])
def test_without_a_gamepad_there_is_a_remedy(path: str, said: str) -> None:
    sensor = GamepadSensor(GamepadConfig(device=path))
    before = threading.active_count()
    with pytest.raises(DeviceError, match=said) as caught:
        sensor.configure(bare_context())
    assert "\n" not in str(caught.value)
    sensor.close()
    assert threading.active_count() == before


def test_one_that_may_not_be_read_is_told_apart(tmp_path: Path) -> None:
    def refuse(path: str) -> Pad:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(DeviceError, match="sudo usermod -aG input"):
        open_pad("/dev/input/js0", refuse)


def test_it_says_what_does_what() -> None:
    sensor = GamepadSensor(GamepadConfig(), open_pad=lambda path: FakePad())
    sensor.configure(bare_context(body=IdealBody()))
    sensor.close()
    assert sensor.notes[0].startswith(
        "gamepad: Some Gamepad: right trigger pokes the nose, the lower action button"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nose": "trigger"}, "nose = 'trigger': must be one of south, east"),
        ({"dead_zone": 0.95}, r"\$\.dead_zone"),
        ({"unplugged": "hold"}, r"\$\.unplugged"),
        ({"device": ""}, r"\$\.device"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        convert(settings, GamepadConfig, where="robot.toml")
    assert "\n" not in str(caught.value)
