"""The microcontroller's clock as seen from the host's: a straight line through pairs of both. Pure: no line here."""

from __future__ import annotations

from collections import deque

import numpy as np

WRAP_US = 1 << 32
_PAIRS = 60
_EVERY_S = 1.0


class RobotClock:
    """Turns times that the firmware tells into times of the host's clock.

    Once a second the quickest answer becomes a pair; the line through the last minute's pairs is the clock. An answer
    never arrives before it was sent, so the quickest is the truest.
    """

    def __init__(self) -> None:
        self.drift_ppm = 0.0
        """How much faster the firmware's clock runs, in millionths."""
        self._pairs: deque[tuple[float, float]] = deque(maxlen=_PAIRS)
        self._best: tuple[float, float, float] | None = None
        self._since_s = 0.0
        self._newest_us: int | None = None
        self._wraps = 0
        self._at = (0.0, 0.0, 1.0)

    def add(self, time_us: int, sent_s: float, came_s: float) -> None:
        """An answer stamped `time_us` to what was sent at `sent_s`, and came at `came_s`."""
        if self._newest_us is not None and self._newest_us - time_us > WRAP_US // 2:
            self._wraps += 1
        self._newest_us = time_us
        robot_s = self._unwrapped_s(time_us)
        took_s, host_s = came_s - sent_s, (sent_s + came_s) / 2
        if self._best is None or took_s < self._best[0]:
            self._best = (took_s, robot_s, host_s)
        if not self._pairs or host_s - self._since_s >= _EVERY_S:
            self._pairs.append(self._best[1:])
            self._best, self._since_s = None, host_s
            self._fit()

    def host_s(self, time_us: int) -> float:
        """When that was, by the host's clock. NaN before the first pair."""
        if not self._pairs:
            return float("nan")
        robot_s, host_s, slope = self._at
        return host_s + (self._unwrapped_s(time_us) - robot_s) * slope

    def _unwrapped_s(self, time_us: int) -> float:
        return (self._wraps * WRAP_US + time_us) * 1e-6

    def _fit(self) -> None:
        robot, host = np.array(self._pairs).T
        slope = 1.0
        if robot[-1] - robot[0] >= 5.0 * _EVERY_S:
            slope = float(np.polyfit(robot - robot[0], host - host[0], 1)[0])
        self.drift_ppm = (1.0 / slope - 1.0) * 1e6
        self._at = (float(robot.mean()), float(host.mean()), slope)
