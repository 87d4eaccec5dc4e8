"""What must happen after a fault: a robot in motion, and what its pulses must come to. No fault here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wormctl.device import DeviceError
from wormctl_emulator.chip import HZ, SERVOS
from wormctl_emulator.drive import Driver
from wormctl_emulator.judge import judge, moves_between
from wormctl_emulator.outcome import CONTINUES, Outcome

HOLD_S, SILENT_S = 0.2, 2.0
_WINDOW_S, _LONG_S = 0.1, 2.2
WARM_S = 5.0
"""How long the wave runs before something goes wrong."""


def outcome_of(
    name: str,
    d: Driver,
    since_s: float,
    bound_s: float,
    *,
    held: bool,
    latched: bool,
    moving: bool = True,
) -> Outcome:
    """What all pulses since the power came on come to.

    `held`: whether joints had to be still by HOLD_S. `moving`: whether the wave had to be under way at `since_s`.
    """
    pulses = d.rig.pulses()
    seen = judge(pulses, d.joints)
    rise_s = pulses["rise"] / HZ
    return Outcome(
        name=name,
        beyond_deg=seen.beyond_deg,
        slew_deg_s=seen.slew_deg_s,
        silent_after_s=math.nan if bound_s == CONTINUES and d.rig.width_us.any() else seen.last_s - since_s,
        bound_s=bound_s,
        moved_deg=moves_between(pulses, d.joints, since_s + HOLD_S, since_s + 0.45) if held else math.nan,
        early=int(np.count_nonzero(rise_s < d.armed_s)),
        latched=latched,
        cut=seen.cut,
        tried=not moving or _under_way(pulses, since_s),
    )


def _under_way(pulses: NDArray[np.void], since_s: float) -> bool:
    """Whether all servos had pulses just before, and have had them for longer than the slow start takes."""
    rise_s = pulses["rise"] / HZ
    return all(
        len(set(pulses["servo"][(rise_s > when_s - _WINDOW_S) & (rise_s <= when_s)].tolist())) == SERVOS
        for when_s in (since_s, since_s - _LONG_S)
    )


def still_latched(d: Driver) -> bool:
    """Good setpoints, and a new hello, bring no pulse back."""
    before = len(d.rig.pulses())
    d.run(1.0)
    with contextlib.suppress(DeviceError):
        d.talk.hello()
    d.run(1.0)
    return len(d.rig.pulses()) == before


def silence(d: Driver, name: str, then: Callable[[], object]) -> Outcome:
    """What must happen when no more good setpoints come: `then` is what comes instead."""
    since_s = d.last_good_s
    then()
    latched = still_latched(d)
    return outcome_of(name, d, since_s, SILENT_S, held=True, latched=latched)


def goes_on(d: Driver, name: str) -> Outcome:
    """What must happen when the fault is one to live with: the wave goes on, or by bad luck has ended for good."""
    safe = bool(d.rig.width_us.all()) or still_latched(d)
    return outcome_of(name, d, d.last_good_s, CONTINUES, held=False, latched=safe, moving=False)


def at_once(d: Driver, name: str, since_s: float, bound_s: float) -> Outcome:
    """What must happen when the pulses have to end by themselves."""
    d.run(1.0)
    latched = still_latched(d)
    return outcome_of(name, d, since_s, bound_s, held=False, latched=latched)


def moving_robot() -> Driver:
    """A robot through which a wave has run for WARM_S."""
    d = Driver()
    d.arm()
    d.run(WARM_S)
    return d
