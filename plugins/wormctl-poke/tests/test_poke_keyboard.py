"""The keyboard as a sensor: keys that a test presses, a script, settings that cannot be, and the kit on both forms."""

from __future__ import annotations

import os
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import wormctl_poke.plugin
from wormctl_poke.channels import CHANNELS
from wormctl_poke.keyboard import KeyboardConfig, KeyboardSensor, Press, ScriptedKeyboard, make_keyboard

from wormctl.channel import Quality, Samples
from wormctl.config import ConfigError, convert
from wormctl.device import DeviceError, Sensor
from wormctl.hookspecs import Offer
from wormctl.plugins import collect
from wormctl.testing import bare_context, check_sensor

NOSE, FRONT, TAIL, FOOD, REPELLENT = CHANNELS


class FakeKeys:
    """A terminal in the hands of a test. It may go away and come back."""

    def __init__(self, path: str = "") -> None:
        self.typed = b""
        self.gone = False
        self.log: list[str] = []

    def open(self) -> None:
        self.log.append("open")

    def read(self) -> bytes:
        if self.gone:
            raise DeviceError("keyboard: the terminal is gone")
        data, self.typed = self.typed, b""
        return data

    def close(self) -> None:
        self.log.append("close")


class Watched:
    """A keyboard with its keys, and time in the hands of a test."""

    def __init__(self, config: KeyboardConfig) -> None:
        self.keys = FakeKeys()
        self.sensor = KeyboardSensor(config, lambda path: self.keys)
        self.out = Samples(self.sensor.spec.channels)
        self.now_s = 0.0

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.sensor.read(self.now_s, self.out)

    def press(self, key: str) -> None:
        """As one does who waits for the answer."""
        self.keys.typed = key.encode()
        self.wait(lambda: not self.keys.typed)
        self.wait(lambda: bool(self.out.values.any()))

    def wait(self, until: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 5.0
        while not until():
            assert time.monotonic() < deadline_s
            time.sleep(0.002)
            self.pass_s(0.0)

    def value(self, channel: str) -> float:
        return float(self.out.vector(channel)[0])


@pytest.fixture
def watched() -> Iterator[Watched]:
    watched = Watched(KeyboardConfig(force_n=2.0, whiff=3.0, poke_s=0.5, whiff_s=4.0))
    watched.sensor.configure(bare_context())
    watched.wait(lambda: bool((watched.out.quality == Quality.GOOD).all()))
    yield watched
    watched.sensor.close()


def offer(name: str) -> Offer[Sensor]:
    return next(o for o in collect(wormctl_poke.plugin)["sensor"] if o.name == name)


def test_both_forms_pass_the_kit() -> None:
    check_sensor(offer("keyboard"), config=KeyboardConfig(script=(Press(at_s=0.1, key="n"),)))
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    check_sensor(offer("keyboard"), config=KeyboardConfig(terminal=os.ttyname(theirs)))
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_nobody_pressing_is_a_good_zero(watched: Watched) -> None:
    watched.pass_s(1.0)
    assert watched.out.values.tolist() == [0.0] * 5
    assert watched.out.quality.tolist() == [Quality.GOOD] * 5


@pytest.mark.parametrize(
    ("key", "channel", "strength", "length_s"),
    [
        ("n", NOSE, 2.0, 0.5),
        ("F", FRONT, 2.0, 0.5),
        ("t", TAIL, 2.0, 0.5),
        ("o", FOOD, 3.0, 4.0),
        ("R", REPELLENT, 3.0, 4.0),
    ],
)
def test_a_key_pokes_for_its_time_on_the_loops_clock(
    watched: Watched, key: str, channel: str, strength: float, length_s: float
) -> None:
    watched.press(key)
    expected = {name: strength if name == channel else 0.0 for name in CHANNELS}
    assert {name: watched.value(name) for name in CHANNELS} == expected
    watched.pass_s(length_s - 0.01)
    assert watched.value(channel) == strength
    watched.pass_s(0.02)
    assert watched.value(channel) == 0.0


def test_a_held_key_pokes_without_a_gap(watched: Watched) -> None:
    watched.press("n")
    for _ in range(5):
        watched.pass_s(0.3)
        watched.keys.typed = b"n"
        watched.wait(lambda: not watched.keys.typed)
        time.sleep(0.03)
        watched.pass_s(0.0)
        assert watched.value(NOSE) == 2.0


def test_other_keys_poke_nothing(watched: Watched) -> None:
    watched.keys.typed = b"xyz\x1b[F\x1b[C\r\xc3\xbc"
    watched.wait(lambda: not watched.keys.typed)
    time.sleep(0.05)
    watched.pass_s(0.02)
    assert not watched.out.values.any()


def test_without_its_terminal_the_channels_fail(watched: Watched) -> None:
    watched.keys.gone = True
    watched.wait(lambda: watched.out.quality.tolist() == [Quality.FAILED] * 5)
    assert watched.sensor.last_error == "keyboard: the terminal is gone"


def test_a_terminal_that_is_gone_is_not_taken_again(watched: Watched) -> None:
    watched.keys.gone = True
    time.sleep(2.2)
    assert watched.keys.log == ["open"]


def test_closed_nothing_is_left_behind_and_another_can_be_made() -> None:
    before = threading.active_count()
    for _ in range(2):
        watched = Watched(KeyboardConfig())
        watched.sensor.configure(bare_context())
        watched.sensor.close()
        watched.sensor.close()
        assert watched.keys.log == ["open", "close"]
    assert threading.active_count() == before


def test_it_says_which_key_does_what() -> None:
    watched = Watched(KeyboardConfig(nose="k"))
    watched.sensor.configure(bare_context(body=object()))
    watched.sensor.close()
    (keys,) = watched.sensor.notes
    assert "k pokes the nose, f the front half, t the tail" in keys


def test_a_script_is_the_same_every_time() -> None:
    script = (Press(at_s=0.1, key="n"), Press(at_s=0.06, key="O"))
    lives = []
    for _ in range(2):
        sensor = make_keyboard(KeyboardConfig(script=script, poke_s=0.04, whiff_s=0.06))
        assert isinstance(sensor, ScriptedKeyboard)
        sensor.configure(bare_context())
        out, life = Samples(sensor.spec.channels), []
        for tick in range(10):
            sensor.read(tick * 0.02, out)
            life.append((out.vector(NOSE)[0], out.vector(FOOD)[0]))
            assert out.time_s.tolist() == [tick * 0.02] * 5
        sensor.close()
        lives.append(life)
    assert lives[0] == lives[1]
    assert [nose for nose, _ in lives[0]] == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert [food for _, food in lives[0]] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nose": "F"}, "a key does one thing only"),
        ({"nose": "nn"}, r"\$\.nose = 'nn'"),
        ({"nose": "\x1b"}, r"\$\.nose"),
        ({"force_n": 0.0}, r"\$\.force_n"),
        ({"whiff": 11.0}, r"\$\.whiff"),
        ({"poke_s": 61.0}, r"\$\.poke_s"),
        (
            {"script": [{"at_s": 1.0, "key": "x"}]},
            r"script\[0\]\.key = 'x': pokes nothing; keys are n, f, t, o, r",
        ),
        ({"script": [{"at_s": -1.0, "key": "n"}]}, r"\$\.script\[0\]\.at_s = -1.0"),
        ({"script": [{"at_s": 1.0, "key": "n", "for_s": 2.0}]}, "for_s"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        convert(settings, KeyboardConfig, where="robot.toml")
    assert "\n" not in str(caught.value)
