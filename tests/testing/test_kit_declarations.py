"""The kit must catch: offers, settings, specs and methods that are not what they must be; and rates not kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from tests.testing.sound import ODOUR, Eye, offer
from wormctl.channel import Channel, Samples
from wormctl.config import ConfigError
from wormctl.device import Config, DeviceSpec
from wormctl.slow import SlowSensor
from wormctl.testing import ConformanceError, Rule, UncheckedError, check_sensor


class Typeless(Config, frozen=True):
    port = "auto"


class Halved(Typeless, frozen=True):
    gain: float = 1.0


class Typed(Config, frozen=True, kw_only=True):
    MOST = 5
    known: ClassVar[tuple[str, ...]] = ("a", "b")
    port: str = "auto"


class Needy(Config, frozen=True, kw_only=True):
    port: str


class Undecided(Eye):
    def __init__(self, config: Config) -> None:
        raise ConfigError("eye: $.colour: must be given, or $.images")


class Failing:
    """Its spec raises."""

    def __init__(self, config: Config) -> None: ...

    @property
    def spec(self) -> DeviceSpec:
        raise RuntimeError("too early")


class Unclosable:
    def __init__(self, config: Config) -> None:
        self.spec = DeviceSpec(name="eye", channels=(ODOUR,), simulated=True)

    def configure(self, context: Any) -> None: ...

    def read(self, now_s: float, out: Samples) -> None: ...


class Named(Eye):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.spec = msgspec.structs.replace(self.spec, channels=("odour.food",))


class Quoted(Eye):
    channel = Channel(name="odour.food", unit="1", low=0.0, high=1.0, rate_hz="50")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("broken", "rule", "says"),
    [
        (offer(Eye, Typeless), Rule.SETTINGS, "no setting: give it a type, port: str = 'auto'"),
        (offer(Eye, Halved), Rule.SETTINGS, "port = 'auto' in Typeless is no setting"),
        (offer(Failing), Rule.MAKE, "make raises RuntimeError: too early"),
        (
            offer(Unclosable),
            Rule.OFFER,
            "Unclosable has no method close: a sensor needs configure, read, close",
        ),
        (offer(Named), Rule.CHANNEL, "'odour.food' among its channels: must be a Channel"),
        (offer(Quoted), Rule.CHANNEL, "odour.food"),
        (msgspec.structs.replace(offer(Eye), summary="two\nlines"), Rule.OFFER, "must be one line of text"),
        (
            msgspec.structs.replace(offer(Eye), robot=Path("nowhere.toml")),
            Rule.OFFER,
            "must be a pathlib.Path to a file that is there",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_declaration_is_caught(broken: Any, rule: Rule, says: str) -> None:
    with pytest.raises(ConformanceError, match=says) as caught:
        check_sensor(broken)
    assert caught.value.rule is rule


def test_settings_beside_constants_are_sound() -> None:
    check_sensor(offer(Eye, Typed))


@pytest.mark.parametrize(
    ("needy", "says"), [(offer(Eye, Needy), "`port`"), (offer(Undecided), "colour: must be given")]
)
def test_what_has_no_defaults_is_not_checked_but_not_broken(needy: Any, says: str) -> None:
    with pytest.raises(UncheckedError, match="give the kit a config, there is no default") as caught:
        check_sensor(needy)
    assert says in caught.value.why
    assert caught.value.why.endswith("; --set gives it")


class Lidar(SlowSensor):
    """Declares 20 Hz; `every_s` is how long a measurement takes."""

    every_s = 0.0

    def __init__(self, config: Config) -> None:
        channel = msgspec.structs.replace(ODOUR, rate_hz=20.0)
        super().__init__(DeviceSpec(name="lidar", channels=(channel,), simulated=False))

    def measure(self, now_s: float, out: Samples) -> None:
        time.sleep(self.every_s)
        out.put("odour.food", 0.5, now_s)


class Lazy(Lidar):
    every_s = 0.12


def test_the_rate_that_is_declared_is_kept_by_half() -> None:
    check_sensor(offer(Lidar))
    with pytest.raises(
        ConformanceError, match=r"odour.food: declares 20 Hz and gives [\d.]+ Hz: declare what it does"
    ) as caught:
        check_sensor(offer(Lazy))
    assert caught.value.rule is Rule.SAMPLES
