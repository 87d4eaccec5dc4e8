"""Which calls return at once: none that waits, few that now and then do, and computing only in a simulation."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from wormctl.testing import ConformanceError, Rule
from wormctl.testing.cost import AT_ONCE_S, returns_at_once

LONG_S = 4 * AT_ONCE_S


def every(n: int) -> Callable[[], None]:
    """Sleeps in every `n`th call."""
    count = itertools.count(1)
    return lambda: time.sleep(LONG_S if next(count) % n == 0 else 0.0)


def compute() -> None:
    end_s = time.thread_time() + LONG_S
    while time.thread_time() < end_s:
        pass


@pytest.mark.parametrize(
    ("call", "simulated"),
    [(every(1), True), (every(1), False), (every(2), True), (every(2), False), (compute, False)],
)
def test_what_waits_or_keeps_a_robot_waiting_is_caught(call: Callable[[], None], simulated: bool) -> None:
    with pytest.raises(ConformanceError, match=r"read (takes|waits for) \d+\.\d ms: let a thread") as caught:
        returns_at_once("eye", "read", call, simulated=simulated)
    assert caught.value.rule is Rule.QUICK


@pytest.mark.parametrize(("call", "simulated"), [(every(20), False), (lambda: None, False), (compute, True)])
def test_what_does_not_passes(call: Callable[[], None], simulated: bool) -> None:
    returns_at_once("eye", "read", call, simulated=simulated)


def test_what_is_hopeless_is_not_waited_for_long() -> None:
    began_s = time.monotonic()
    with pytest.raises(ConformanceError):
        returns_at_once("eye", "read", lambda: time.sleep(0.2), simulated=False)
    assert time.monotonic() - began_s < 3.0


def test_what_is_between_two_calls_is_not_timed() -> None:
    between: list[float] = []

    def rest() -> None:
        time.sleep(LONG_S)
        between.append(LONG_S)

    returns_at_once("eye", "read", lambda: None, simulated=False, between=(rest,))
    assert len(between) >= 30
