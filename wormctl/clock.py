"""Clocks that drive the loop: simulated time, and monotonic time with absolute deadlines. No device here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

NS = 1_000_000_000


class Clock(Protocol):
    """What the loop needs of time. `start` is called once, then `now_s` and `wait` alternate, once a tick."""

    hard: bool
    """Whether missed deadlines are dangerous: a hard clock that misses several in a row ends the run."""

    def start(self, period_s: float) -> None:
        """Time 0 is now; the deadline of tick n is n * `period_s`."""

    def now_s(self) -> float:
        """Time since `start`."""

    def wait(self) -> int:
        """Return at the next deadline that still lies ahead; the number of deadlines that had passed."""


class SimulatedClock:
    """Every tick takes exactly one period of simulated time.

    As fast as it can, or at `speed` times real time: then it waits for each tick's moment, and where that has
    passed the schedule starts anew from there, so that a slow stretch is never followed by a rush. At real time
    that counts as a missed deadline; any other speed is for the eye, and has none. Simulated time is never
    skipped: the same seed gives the same run at any speed.
    """

    hard = False

    def __init__(
        self,
        *,
        speed: float | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.speed = speed
        self._now_ns, self._sleep = now_ns, sleep
        self._period_s, self._period_ns, self._tick, self._deadline_ns = 0.0, 0, 0, 0

    def start(self, period_s: float) -> None:
        """See `Clock.start`."""
        self._period_s, self._tick = period_s, 0
        self._period_ns = round(period_s * NS / (self.speed or 1.0))
        self._deadline_ns = self._now_ns()

    def now_s(self) -> float:
        """Simulated time, a whole number of periods."""
        return self._tick * self._period_s

    def wait(self) -> int:
        """See `Clock.wait`; at most 1."""
        self._tick += 1
        if self.speed is None:
            return 0
        self._deadline_ns += self._period_ns
        now_ns = self._now_ns()
        if now_ns > self._deadline_ns:
            self._deadline_ns = now_ns
            return int(self.speed == 1.0)
        _sleep_until(self._deadline_ns, self._now_ns, self._sleep)
        return 0


class MonotonicClock:
    """Real time. Deadlines are absolute, so errors do not add up; a missed one is skipped."""

    hard = True

    def __init__(
        self,
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._now_ns, self._sleep = now_ns, sleep
        self._start_ns, self._period_ns, self._tick = 0, NS, 0

    def start(self, period_s: float) -> None:
        """See `Clock.start`."""
        self._start_ns, self._period_ns, self._tick = self._now_ns(), round(period_s * NS), 0

    def now_s(self) -> float:
        """Real time since `start`."""
        return (self._now_ns() - self._start_ns) / NS

    def wait(self) -> int:
        """See `Clock.wait`."""
        elapsed_ns = self._now_ns() - self._start_ns
        upcoming = self._tick + 1
        # A deadline that is exactly now can still be met.
        still_ahead = max(upcoming, -(-elapsed_ns // self._period_ns))
        self._tick = still_ahead
        _sleep_until(self._start_ns + still_ahead * self._period_ns, self._now_ns, self._sleep)
        return still_ahead - upcoming


def _sleep_until(deadline_ns: int, now_ns: Callable[[], int], sleep: Callable[[float], None]) -> None:
    while (left_ns := deadline_ns - now_ns()) > 0:
        sleep(left_ns / NS)
