"""What a fault came to, whether every bound held, and the table of it for people. No chip here."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

SLEW_DEG_S = 180.0
CONTINUES = math.inf
"""The bound of a fault that the robot may live with."""


class Outcome(NamedTuple):
    """What a fault came to."""

    name: str
    beyond_deg: float
    slew_deg_s: float
    silent_after_s: float
    """From the last good setpoint, or the fault where that ends pulses at once, to the last pulse; NaN: it goes on."""
    bound_s: float
    moved_deg: float
    """How far joints moved between 0.2 and 0.45 s after the last good setpoint; NaN where that is not asked."""
    early: int
    """Pulses before arming."""
    latched: bool
    """That good setpoints afterwards moved nothing."""
    cut: int
    tried: bool = True
    """Whether the wave was under way when the fault came: else nothing was shown."""

    @property
    def fine(self) -> bool:
        """Whether every bound held."""
        goes_on = self.bound_s == CONTINUES
        return (
            self.beyond_deg == 0.0
            and self.slew_deg_s <= SLEW_DEG_S
            and (goes_on or self.silent_after_s <= self.bound_s)
            and not self.moved_deg > 0.0
            and self.early == 0
            and self.latched
            and self.tried
        )

    def as_json(self) -> dict[str, object]:
        """As plain data: None for what was not asked, or has no end."""
        values = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self._asdict().items()
        }
        finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
        return {**finite, "fine": bool(self.fine)}


def table(outcomes: list[Outcome]) -> str:
    """For people."""
    head = f"{'fault':24}{'beyond limits':>14}{'quickest':>12}{'still from 0.2 s':>18}{'pulses end':>24}  latched"
    lines = [head, f"{'  bound':24}{'0 deg':>14}{'180 deg/s':>12}{'0 deg':>18}{'as said':>24}"]
    for o in outcomes:
        still = "" if math.isnan(o.moved_deg) else f"{max(o.moved_deg, 0.0):.1f} deg"
        ends = (
            "go on"
            if o.bound_s == CONTINUES
            else f"{max(o.silent_after_s, 0.0):.2f} s (bound {o.bound_s:g} s)"
        )
        if o.bound_s == CONTINUES and not math.isnan(o.silent_after_s):
            ends = "ended for good" if math.isfinite(o.silent_after_s) else "never began"
        word = "" if o.bound_s == CONTINUES and math.isnan(o.silent_after_s) else "yes" if o.latched else "NO"
        mark = (
            "" if o.fine else "   BROKEN" if o.tried else "   NOT TRIED: the robot did not move when it came"
        )
        numbers = f"{f'{o.beyond_deg:.1f} deg':>14}{f'{o.slew_deg_s:.0f} deg/s':>12}{still:>18}"
        lines.append(f"{o.name:24}{numbers}{ends:>24}  {word}{mark}")
    fine = sum(o.fine for o in outcomes)
    early = sum(o.early for o in outcomes)
    lines.append(f"{fine} of {len(outcomes)} as they must be; {early} pulses before arming")
    return "\n".join(lines)
