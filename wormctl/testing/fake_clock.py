"""A fake clock for tests: time passes when the test says so, and whoever waits for it waits no longer than that."""

from __future__ import annotations

NS = 1_000_000_000


class FakeClock:
    """Time in the hands of a test: `clock()` and `now_ns` tell it, `sleep` and `advance` let it pass.

    Give it to whatever takes a clock or a sleep: `MonotonicClock(now_ns=clock.now_ns, sleep=clock.sleep)`. `slept` has
    every sleep, s.
    """

    def __init__(self, now_s: float = 0.0) -> None:
        self._ns = round(now_s * NS)
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time, in s."""
        return self._ns / NS

    def now_ns(self) -> int:
        """The time, in ns."""
        return self._ns

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises `ValueError` for less than none."""
        if seconds < 0.0:
            raise ValueError(f"time does not run backwards: {seconds} s")
        self._ns += round(seconds * NS)

    def sleep(self, seconds: float) -> None:
        """As `time.sleep`, but at once."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
