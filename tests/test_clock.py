"""Clocks on a time source that only moves when the test moves it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wormctl.clock import NS, MonotonicClock, SimulatedClock

PERIOD_NS = 20_000_000


class Hand:
    """Wall time by hand: sleeping moves it, and so does work."""

    def __init__(self) -> None:
        self.ns = 5_000_000_000
        self.slept_s = 0.0

    def now_ns(self) -> int:
        return self.ns

    def sleep(self, duration_s: float) -> None:
        self.slept_s += duration_s
        self.ns += max(1, round(duration_s * NS))

    def work(self, ns: int) -> None:
        self.ns += ns


def monotonic() -> tuple[MonotonicClock, Hand]:
    hand = Hand()
    clock = MonotonicClock(now_ns=hand.now_ns, sleep=hand.sleep)
    clock.start(PERIOD_NS / NS)
    return clock, hand


def test_simulated_time_is_a_whole_number_of_periods_and_never_sleeps() -> None:
    hand = Hand()
    clock = SimulatedClock(now_ns=hand.now_ns, sleep=hand.sleep)
    clock.start(0.02)
    for n in range(1000):
        assert clock.now_s() == n * 0.02
        assert clock.wait() == 0
    assert hand.slept_s == 0.0


def test_paced_simulation_keeps_real_time_and_counts_what_is_late_without_a_rush() -> None:
    hand = Hand()
    clock = SimulatedClock(speed=1.0, now_ns=hand.now_ns, sleep=hand.sleep)
    clock.start(0.02)
    began_ns = hand.ns
    for _ in range(10):
        hand.work(5_000_000)
        assert clock.wait() == 0
    assert hand.ns - began_ns == 10 * PERIOD_NS
    hand.work(10 * PERIOD_NS)
    assert clock.wait() == 1
    late_ns = hand.ns
    assert clock.wait() == 0
    assert hand.ns - late_ns == PERIOD_NS, "a slow stretch is not made up for"
    assert clock.now_s() == 12 * 0.02, "simulated time is never skipped"


def test_at_another_speed_there_are_no_deadlines_to_miss() -> None:
    hand = Hand()
    clock = SimulatedClock(speed=8.0, now_ns=hand.now_ns, sleep=hand.sleep)
    clock.start(0.02)
    began_ns = hand.ns
    for _ in range(10):
        assert clock.wait() == 0
    assert hand.ns - began_ns == 10 * PERIOD_NS / 8
    hand.work(10 * PERIOD_NS)
    late_ns = hand.ns
    assert clock.wait() == 0
    assert clock.wait() == 0
    assert hand.ns - late_ns == PERIOD_NS / 8, "a slow stretch is not made up for"


def test_deadlines_are_absolute() -> None:
    clock, hand = monotonic()
    began_ns = hand.ns
    for n in range(1, 101):
        hand.work(3_333_333)
        assert clock.wait() == 0
        assert hand.ns - began_ns == n * PERIOD_NS
    assert clock.now_s() == 2.0


def test_a_missed_deadline_is_skipped_and_counted() -> None:
    clock, hand = monotonic()
    began_ns = hand.ns
    hand.work(PERIOD_NS + 1)
    assert clock.wait() == 1
    assert hand.ns - began_ns == 2 * PERIOD_NS
    hand.work(4 * PERIOD_NS - 5)
    assert clock.wait() == 3
    assert hand.ns - began_ns == 6 * PERIOD_NS


def test_a_deadline_met_to_the_nanosecond_is_met() -> None:
    clock, hand = monotonic()
    hand.work(PERIOD_NS)
    assert clock.wait() == 0
    assert hand.slept_s == 0.0


@given(work_ns=st.lists(st.integers(0, 200_000_000), min_size=1, max_size=50))
def test_ticks_and_skips_together_fill_the_time(work_ns: list[int]) -> None:
    clock, hand = monotonic()
    began_ns, deadlines = hand.ns, 0
    for ns in work_ns:
        before_ns = hand.ns
        hand.work(ns)
        skipped = clock.wait()
        deadlines += 1 + skipped
        assert hand.ns == began_ns + deadlines * PERIOD_NS
        assert skipped == max(0, -(-(ns) // PERIOD_NS) - 1) if ns else skipped == 0
        assert hand.ns - before_ns <= ns + PERIOD_NS
