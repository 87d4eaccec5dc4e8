"""What the kit says of code that raises or exits: which line of the contract, and which line of the code."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import pytest

from tests.testing.sound import ODOUR, Eye, offer
from wormctl.channel import Samples
from wormctl.device import Config, Context, DeviceSpec
from wormctl.slow import SlowSensor
from wormctl.testing import ConformanceError, Rule, check_sensor
from wormctl.testing.failure import calling, observe, told


class Parsing(Eye):
    def read(self, now_s: float, out: Samples) -> None:
        int("seven")  # line 21


class Exiting(Eye):
    def configure(self, context: Context) -> None:
        sys.exit(3)


class Buggy(Eye):
    def configure(self, context: Context) -> None:
        raise RuntimeError("oops")


class Measuring(SlowSensor):
    def __init__(self, config: Config) -> None:
        super().__init__(DeviceSpec(name="eye", channels=(ODOUR,), simulated=False))

    def measure(self, now_s: float, out: Samples) -> None:
        int("seven")


class RudeError(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("broken", "rule", "says"),
    [
        (Parsing, Rule.SHAPE, "read raises ValueError: invalid literal"),
        (Exiting, Rule.OPEN, r"configure calls sys.exit\(3\)"),
        (Buggy, Rule.OPEN, "configure raises RuntimeError: oops"),
    ],
)
def test_whatever_comes_out_of_a_plugin_breaks_a_line(broken: type[Eye], rule: Rule, says: str) -> None:
    with pytest.raises(ConformanceError, match=says + r".*\(test_failure.py, line \d+\)") as caught:
        check_sensor(offer(broken))
    assert caught.value.rule is rule


def test_the_line_is_that_of_the_plugin_not_of_a_library() -> None:
    with pytest.raises(ConformanceError, match=r"\(test_failure.py, line 21\)"):
        check_sensor(offer(Parsing))


def test_what_is_raised_in_a_thread_has_its_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.testing.samples.FIRST_SAMPLE_S", 0.3)
    says = r"no good sample of odour.food ever came: ValueError: invalid.*\(test_failure.py, line \d+\)"
    with pytest.raises(ConformanceError, match=says):
        check_sensor(offer(Measuring))


def test_a_failure_is_short_and_whole_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORMCTL_DEBUG", raising=False)
    with pytest.raises(ConformanceError) as caught:
        check_sensor(offer(Parsing))
    shown = "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert "invalid literal" in shown
    assert "During handling" not in shown
    assert shown.count("File ") == 2, "this test, and the function of the kit that it has called"
    monkeypatch.setenv("WORMCTL_DEBUG", "1")
    with pytest.raises(ConformanceError) as caught:
        check_sensor(offer(Parsing))
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_without_a_text_and_one_that_has_its_place_in_it() -> None:
    assert told(RudeError()) == "RudeError: its text cannot be had"
    assert told(KeyError()) == "KeyError"
    with pytest.raises(SyntaxError) as caught:
        compile("x = (", "sensor.py", "exec")
    assert told(caught.value).endswith("(sensor.py, line 1)")


def test_who_watches_hears_of_every_call_before_it_is_made_but_not_of_those_within() -> None:
    heard: list[Any] = []
    observe(lambda rule, what: heard.append((rule, what)))
    try:
        with calling("thing", Rule.QUICK, "read"), calling("thing", Rule.SHAPE, "inner"):
            assert heard == [(Rule.QUICK, "read")]
        with calling("thing", Rule.CLOSE, "close"):
            assert heard[1:] == [(Rule.CLOSE, "close")]
    finally:
        observe(None)
