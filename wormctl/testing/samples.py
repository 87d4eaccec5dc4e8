"""What a device puts into its samples: values in range, stamped on the loop's clock, and often enough."""

from __future__ import annotations

import math
import time

import numpy as np

from wormctl.channel import Channel, Quality, Samples
from wormctl.device import Body, Context, Sensor
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, calling, require

FIRST_SAMPLE_S = 2.0
"""How long a sensor may take, by the wall, until every channel has a good sample."""

_READS_JUDGED = 10
_SAME_S = 1e-6

_MOST_RENEWALS = 30
_SLOW_FACTOR = 2.0
"""A channel may be renewed half as often as it says."""
_GRACE_S = 0.1
_TRIES = 3
"""One window at the rate that was declared is enough: a busy machine starves a thread now and then."""


def reads_properly(device: Sensor, context: Context) -> Samples:
    """Every channel gets values in range, stamped on the loop's clock, and newer ones later."""
    name, out = device.spec.name, Samples(device.spec.channels)
    arrays = (out.values, out.time_s, out.quality)
    out.values[:] = np.nan  # so that a value which is stamped and was not filled shows
    now_s = _read_until_good(device, out, context.period_s)
    _samples_are_sound(name, out, now_s + context.period_s)
    seen_s = out.time_s.copy()
    slowest_hz = min(channel.rate_hz for channel in out.channels)
    for _ in range(max(_READS_JUDGED, math.ceil(2.0 / (context.period_s * slowest_hz)))):
        now_s += _pass(device, context.period_s)
        before_s = out.time_s.copy()
        read(device, now_s, out)
        require(
            all(a is b for a, b in zip(arrays, (out.values, out.time_s, out.quality), strict=True)),
            name,
            Rule.SHAPE,
            "read replaced an array of its samples: fill it in place",
        )
        _samples_are_sound(name, out, now_s + context.period_s)
        # A thread stamps by the wall, which the kit's clock does not follow.
        same_s = context.period_s if is_threaded(device) else _SAME_S
        for channel, was_s, is_s in zip(out.channels, before_s, out.time_s, strict=True):
            require(
                is_s >= was_s - same_s,
                name,
                Rule.TIME,
                f"{channel.name}: its time runs backwards, by {was_s - is_s:g} s",
            )
    for channel, before_s, after_s in zip(out.channels, seen_s, out.time_s, strict=True):
        require(after_s > before_s, name, Rule.TIME, f"{channel.name}: the time of its samples stands still")
    return out


def renews_as_declared(device: Sensor, out: Samples, now_s: float) -> None:
    """A thread of its own measures at least half as often as its channels say, by the wall."""
    if not is_threaded(device):
        return
    found: list[tuple[Channel, float]] = []
    for _ in range(_TRIES):
        began_s = time.monotonic()
        found = _renewed_too_seldom(device, out, now_s)
        now_s += time.monotonic() - began_s
        if not found:
            return
    channel, rate_hz = found[0]
    raise ConformanceError(
        device.spec.name,
        Rule.SAMPLES,
        f"{channel.name}: declares {channel.rate_hz:g} Hz and gives {rate_hz:.2g} Hz: declare what it does "
        f"(rate_hz, and max_age_s for it)",
    )


def _renewed_too_seldom(device: Sensor, out: Samples, start_s: float) -> list[tuple[Channel, float]]:
    """The channels that are too slow, with their rates in Hz: some renewals of each are waited for."""
    wanted = [max(1, min(_MOST_RENEWALS, round(channel.rate_hz))) for channel in out.channels]
    poll_s = max(0.001, 0.25 / max(channel.rate_hz for channel in out.channels))
    began_s = time.monotonic()
    renewed = [0] * len(wanted)
    read(device, start_s, out)
    seen_s = out.time_s.copy()
    while True:
        passed_s = time.monotonic() - began_s
        late = [
            i
            for i, channel in enumerate(out.channels)
            if renewed[i] < wanted[i] and passed_s > _SLOW_FACTOR * wanted[i] / channel.rate_hz + _GRACE_S
        ]
        if late:
            return [(out.channels[i], renewed[i] / passed_s) for i in late]
        if all(have >= want for have, want in zip(renewed, wanted, strict=True)):
            return []
        time.sleep(poll_s)
        read(device, start_s + time.monotonic() - began_s, out)
        for i, channel in enumerate(out.channels):
            # What a thread stamps moves a little against the kit's clock, by the time between two lines of code.
            if out.time_s[i] > seen_s[i] + min(0.5 * poll_s, 0.1 / channel.rate_hz):
                renewed[i] += 1
                seen_s[i] = out.time_s[i]


def _samples_are_sound(name: str, out: Samples, latest_s: float) -> None:
    for i, channel in enumerate(out.channels):
        values = out.values[out.slices[channel.name]]
        require(
            out.quality[i] <= Quality.FAILED,
            name,
            Rule.SHAPE,
            f"{channel.name}: quality {out.quality[i]} is none",
        )
        if out.quality[i] != Quality.GOOD:
            continue
        require(
            np.all(np.isfinite(values)),
            name,
            Rule.RANGE,
            f"{channel.name}: a good sample is not finite, or not all of it was filled: {values}",
        )
        inside = np.all((channel.low <= values) & (values <= channel.high))
        require(
            inside, name, Rule.RANGE, f"{channel.name}: {values} is outside {channel.low:g}..{channel.high:g}"
        )
        stamped = f"{channel.name}: stamped {out.time_s[i]:g} s at {latest_s:g} s: not on the loop's clock"
        require(out.time_s[i] <= latest_s, name, Rule.TIME, stamped)


def _read_until_good(device: Sensor, out: Samples, period_s: float) -> float:
    now_s, deadline_s = 0.0, time.monotonic() + FIRST_SAMPLE_S
    while True:
        read(device, now_s, out)
        if np.all(out.quality == Quality.GOOD):
            return now_s
        if time.monotonic() > deadline_s:
            bad = [c.name for c, q in zip(out.channels, out.quality, strict=True) if q != Quality.GOOD]
            why = getattr(device, "last_error", None) or _why_none(device, out)
            raise ConformanceError(
                device.spec.name,
                Rule.SAMPLES,
                f"no good sample of {', '.join(bad)} ever came{f': {why}' if why else ''}",
            )
        now_s += period_s
        time.sleep(0.001)


def _why_none(device: Sensor, out: Samples) -> str | None:
    """What the samples themselves tell of a device that has not complained."""
    never = [c.name for c, time_s in zip(out.channels, out.time_s, strict=True) if time_s == -math.inf]
    if never and getattr(device, "measuring_s", 0.0) > FIRST_SAMPLE_S / 2:
        return "measure has not returned: give what it waits for a timeout"
    return f"it never calls out.put or out.stamp for {', '.join(never)}" if never else None


def read(device: Sensor, now_s: float, out: Samples) -> None:
    """One read. Whatever it raises is its fault."""
    with calling(device.spec.name, Rule.SHAPE, "read"):
        device.read(now_s, out)


class Reads:
    """Reads of one tick after another, each a call of this."""

    def __init__(self, device: Sensor, out: Samples, now_s: float, period_s: float) -> None:
        self._device, self._out, self._now_s, self._period_s = device, out, now_s, period_s

    def __call__(self) -> None:
        """The next one."""
        self._now_s += self._period_s
        self._device.read(self._now_s, self._out)


def is_threaded(device: Sensor) -> bool:
    """Whether it measures in a thread of its own, in real time."""
    return hasattr(device, "measure")


def _pass(device: Sensor, period_s: float) -> float:
    """The time until the next read, s: for a thread, which measures by the wall, as much as really passes."""
    if not is_threaded(device):
        return period_s
    began_s = time.monotonic()
    time.sleep(period_s)
    return time.monotonic() - began_s


def nap_if_real(body: Body, period_s: float) -> None:
    """So does a physical body, and a thread."""
    if is_threaded(body) or not body.spec.simulated:
        time.sleep(period_s)
