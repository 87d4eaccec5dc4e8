"""The kernel that judges every sample and binds the good ones to inputs.

Flat arrays only: no names and no devices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import OnError, Quality
from wormctl.jit import njit

ALL_SERVED = -1
"""`judge_and_bind`: nothing calls for attention."""
DEGRADED = -2
"""`judge_and_bind`: a channel whose policy is `degrade` has no good sample."""

POLICIES = tuple(OnError)
_FAULT = POLICIES.index(OnError.FAULT)
_IGNORE = POLICIES.index(OnError.IGNORE)
_DEGRADE = POLICIES.index(OnError.DEGRADE)
_GOOD, _STALE, _INVALID, _FAILED = (int(q) for q in Quality)

CHANNEL = np.dtype(
    [
        ("low", np.float64),
        ("high", np.float64),
        ("max_age_s", np.float64),
        ("last_good_s", np.float64),
        ("start", np.int64),
        ("size", np.int64),
        ("on_error", np.int64),
        ("measured", np.int64),
        ("serves", np.int64),
        ("bad", np.int64),
    ]
)
"""One channel: what it declares, where its values lie, and what became of its samples."""
LINK = np.dtype(
    [
        ("channel", np.int64),
        ("source", np.int64),
        ("target", np.int64),
        ("gain", np.float64),
        ("offset", np.float64),
        ("optional", np.int64),
    ]
)
"""One value of a channel on its way to one entry of the inputs, which may be served without it if it is optional."""


@njit(cache=True)
def judge_and_bind(
    now_s: float,
    values: NDArray[np.float64],
    time_s: NDArray[np.float64],
    quality: NDArray[np.uint8],
    channels: NDArray[np.void],
    held: NDArray[np.float64],
    judged: NDArray[np.uint8],
    links: NDArray[np.void],
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
) -> int:
    """Judge every channel's sample, keep the good ones in `held`, and fill the inputs `x` and `good`.

    `values`, `time_s` and `quality` are what the devices wrote. `judged` receives the quality as found here.
    Returns the index of a channel that faults, or `DEGRADED`, or `ALL_SERVED`.
    """
    outcome = ALL_SERVED
    for c in range(channels.size):
        channel = channels[c]
        start = channel.start
        end = start + channel.size
        found = min(int(quality[c]), _FAILED)
        if found == _GOOD:
            age_s = now_s - time_s[c]
            if not age_s <= channel.max_age_s:  # written so that a time of nan is stale
                found = _STALE
            elif age_s < -channel.max_age_s:  # from the future: it would never grow old
                found = _INVALID
            else:
                for i in range(start, end):
                    if not (np.isfinite(values[i]) and channel.low <= values[i] <= channel.high):
                        found = _INVALID
        judged[c] = found
        if found == _GOOD:
            channel.measured = 1
            channel.serves = 1
            channel.last_good_s = time_s[c]
            for i in range(start, end):
                held[i] = values[i]
            continue
        channel.bad += 1
        expired = not now_s - channel.last_good_s <= channel.max_age_s
        policy = channel.on_error
        channel.serves = 1 if channel.measured == 1 and not expired and policy != _IGNORE else 0
        if policy == _FAULT:
            # A device may be slow to give its first sample, and may skip some, within the maximum age.
            if (found != _STALE or expired) and outcome < 0:
                outcome = c
        elif policy == _DEGRADE and outcome < 0:
            outcome = DEGRADED
    for k in range(links.size):
        x[links[k].target] = 0.0
        good[links[k].target] = False
    for k in range(links.size):
        link = links[k]
        if channels[link.channel].serves == 1:
            x[link.target] += link.gain * held[link.source] + link.offset
            good[link.target] = True
    for k in range(links.size):
        link = links[k]
        if channels[link.channel].serves == 0 and link.optional == 0:
            good[link.target] = False
    for k in range(links.size):
        target = links[k].target
        if not (good[target] and np.isfinite(x[target])):
            x[target] = 0.0
            good[target] = False
    return outcome
