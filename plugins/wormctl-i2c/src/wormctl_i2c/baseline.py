"""How much stronger the air smells than clean air, which is learned. No chip, no clock.

A metal-oxide sensor's resistance falls with the concentration of what it smells, by a power law. In octaves of
concentration that is a difference, and clean air is the level that it keeps coming back to.
"""

from __future__ import annotations

import math

CLEANER = 10.0
"""So many times faster is air believed that is cleaner than what was held for clean."""
_HASTE = 10.0
"""And so many time constants fit into the warming up."""


class Baseline:
    """Clean air, in octaves of a sensor's own scale, where more is cleaner."""

    def __init__(self, warm_up_s: float, learn_s: float) -> None:
        self._warm_up_s, self._learn_s = warm_up_s, learn_s
        self._clean: float | None = None
        self._began_s = self._seen_s = self._resumes_s = 0.0
        self._pause_s = 0.0

    def pause(self, seconds: float) -> None:
        """Neither smell nor learn for so long, counted from the next value."""
        self._pause_s = seconds

    def ratio(self, octaves: float, time_s: float) -> float | None:
        """The concentration as a multiple of clean air's; None while the hot plate warms up. Time only grows."""
        if self._clean is None:
            self._clean, self._began_s, self._seen_s, self._pause_s = octaves, time_s, time_s, 0.0
        if self._pause_s:
            self._resumes_s, self._pause_s = time_s + self._pause_s, 0.0
        if time_s < self._resumes_s:
            self._seen_s = time_s
            return None
        step_s, self._seen_s = time_s - self._seen_s, time_s
        warm = time_s - self._began_s >= self._warm_up_s
        cleaner = octaves > self._clean
        tau_s = self._learn_s / (CLEANER if cleaner else 1.0) if warm else self._warm_up_s / _HASTE
        self._clean += (octaves - self._clean) * -math.expm1(-step_s / tau_s)
        return 2.0 ** (self._clean - octaves) if warm else None
