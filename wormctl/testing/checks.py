"""The rules of the contract, a function each. The kit strings them together."""

from __future__ import annotations

import gc
import itertools
import math
import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from wormctl.channel import Quality, Samples, complaint
from wormctl.config import ConfigError, convert
from wormctl.device import API_VERSION, Body, Config, Context, DeviceSpec, Sensor
from wormctl.hookspecs import Offer
from wormctl.testing.contract import Rule

FIRST_SAMPLE_S = 2.0
"""How long a sensor may take, by the wall, until every channel has a good sample."""

_READS_JUDGED = 10
_ROUNDS = 12
"""So many in which memory may become quiet. PyBullet's ticks need two or three, and more when much else has run."""

READS = 400
_TIMED = 30
AT_ONCE_S = 0.002
"""A tenth of a tick."""
ARRAY_BYTES = 8192
"""Numbers and a few small arrays may come and go; an image, or a list of a thousand, may not."""
THREADS_END_S = 2.5
_SAME_S = 1e-6
GROWTH_BYTES = 2048
"""What `READS` reads may leave behind. Anything that grows with the reads is more."""


class ConformanceError(AssertionError):
    """A device breaks a line of the contract, `rule`; the message says which, and how."""

    def __init__(self, name: str, rule: Rule, how: str) -> None:
        super().__init__(f"{name}: {how} (line {rule.number} of the contract: {rule.value})")
        self.rule = rule


def require(fine: object, name: str, rule: Rule, how: str) -> None:
    """Raise `ConformanceError` unless `fine`."""
    if not fine:
        raise ConformanceError(name, rule, how)


def unknown_settings_are_refused(offer: Offer[Any]) -> None:
    """A misspelt key in a robot file must not pass."""
    try:
        convert({"no_such_setting": 1}, offer.config, where="test")
    except ConfigError as error:
        require(
            "no_such_setting" in str(error),
            offer.name,
            Rule.SETTINGS,
            f"an unknown setting is not named: {error}",
        )
    else:
        require(
            False,
            offer.name,
            Rule.SETTINGS,
            "an unknown setting is accepted (config needs forbid_unknown_fields)",
        )


def default_config(offer: Offer[Any]) -> Config:
    """The settings of an empty table, for those who give none."""
    try:
        return convert({}, offer.config, where=offer.name)
    except ConfigError as error:
        raise ConformanceError(
            offer.name, Rule.SETTINGS, f"give the kit a config, there is no default: {error}"
        ) from None


def made_without_io(offer: Offer[Any], config: Config) -> Any:
    """A device of `offer`. Making it opens no device file, no connection and no program."""
    with _no_io(offer.name):
        device = offer.make(config)
        _ = getattr(device, "spec", None)
    return device


def declares_itself(name: str, spec: DeviceSpec) -> None:
    """What the loop has to know before it opens anything."""
    require(isinstance(spec, DeviceSpec), name, Rule.MAKE, "spec must be a DeviceSpec, before configure")
    require(
        spec.api_version == API_VERSION,
        name,
        Rule.OFFER,
        f"is for plugin API {spec.api_version}, not {API_VERSION}",
    )
    names = [channel.name for channel in spec.channels]
    require(names, name, Rule.CHANNEL, "declares no channel")
    require(len(set(names)) == len(names), name, Rule.CHANNEL, f"declares a channel twice: {names}")
    for channel in spec.channels:
        wrong = complaint(channel)
        require(wrong is None, name, Rule.CHANNEL, f"channel {channel.name!r}: {wrong}")


def reads_properly(device: Sensor, context: Context) -> Samples:
    """Every channel gets values in range, stamped on the loop's clock, and newer ones later."""
    name, out = device.spec.name, Samples(device.spec.channels)
    arrays = (out.values, out.time_s, out.quality)
    out.values[:] = np.nan  # so that a value which is stamped and was not filled shows
    now_s = _read_until_good(device, out, context.period_s)
    _samples_are_sound(name, out, now_s + context.period_s)
    seen_s = out.time_s.copy()
    slowest_hz = min(channel.rate_hz for channel in out.channels)
    for _ in range(max(_READS_JUDGED, math.ceil(1.0 / (context.period_s * slowest_hz)))):
        now_s += context.period_s
        nap_if_threaded(device, context.period_s)
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
        same_s = context.period_s if hasattr(device, "measure") else _SAME_S
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
    try:
        device.read(now_s, out)
    except Exception as error:
        raise ConformanceError(
            device.spec.name, Rule.SHAPE, f"read raises {type(error).__name__}: {error}"
        ) from error


def nap_if_threaded(device: Sensor, period_s: float) -> None:
    """A thread measures in real time: give it some."""
    if hasattr(device, "measure"):
        time.sleep(period_s)


def nap_if_real(body: Body, period_s: float) -> None:
    """So does a physical body, and a thread."""
    if hasattr(body, "measure") or not body.spec.simulated:
        time.sleep(period_s)


def leaves_nothing_behind(name: str, what: str, call: Callable[[], object]) -> None:
    """Calling it again and again must not grow the memory: it runs for days.

    What leaks grows in every round of calls; what an interpreter or a library sets aside
    (a cache, a pool) fills up, if not in the first round. So one quiet round is enough.
    """
    for _ in range(50):
        call()
    tracemalloc.start()
    try:
        for _ in range(50):
            call()
        traced = [_traced_bytes()]
        for _ in range(_ROUNDS):
            for _ in range(READS):
                call()
            traced.append(_traced_bytes())
            if traced[-1] - traced[-2] <= GROWTH_BYTES:
                return
    finally:
        tracemalloc.stop()
    grown = min(after - before for before, after in itertools.pairwise(traced))
    raise ConformanceError(name, Rule.MEMORY, f"{what} grows the memory: {grown} bytes in {READS} calls")


def returns_at_once(name: str, what: str, call: Callable[[], object]) -> None:
    """It must not wait, for a bus, a lock or the clock: the quickest of some calls shows that it does."""
    quickest_s = math.inf
    for _ in range(_TIMED):
        began_s = time.perf_counter()
        call()
        quickest_s = min(quickest_s, time.perf_counter() - began_s)
    require(
        quickest_s < AT_ONCE_S, name, Rule.QUICK, f"{what} takes {quickest_s * 1e3:.1f} ms: wait in a thread"
    )


def allocates_no_arrays(name: str, what: str, call: Callable[[], object]) -> None:
    """What it needs it has set aside: the least that some calls take and give back at once is next to nothing."""
    call()
    tracemalloc.start()
    try:
        least = min(_taken_by(call) for _ in range(_TIMED))
    finally:
        tracemalloc.stop()
    require(least <= ARRAY_BYTES, name, Rule.MEMORY, f"{what} allocates {least} bytes and more in every call")


def _taken_by(call: Callable[[], object]) -> int:
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    call()
    return tracemalloc.get_traced_memory()[1] - before


@contextmanager
def leaves_no_thread(name: str) -> Iterator[None]:
    """Whatever was started in between has ended, or does so within `THREADS_END_S`."""
    before = set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + THREADS_END_S
    while left := [t for t in threading.enumerate() if t not in before and t.is_alive()]:
        if time.monotonic() > deadline_s:
            names = ", ".join(thread.name for thread in left)
            raise ConformanceError(name, Rule.THREADS, f"leaves a thread behind: {names}")
        time.sleep(0.01)


def _traced_bytes() -> int:
    """Bytes in use, without cycles that wait for the collector."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def never_raises(name: str, rule: Rule, what: str, call: Callable[[], object]) -> None:
    """`stop` and `close` are called when things have gone wrong already."""
    try:
        call()
    except Exception as error:
        raise ConformanceError(name, rule, f"{what} raises {type(error).__name__}: {error}") from error


def truth_has_its_shape(body: Body, context: Context) -> None:
    """A simulated body shows what it really does, to world sensors and to recordings."""
    truth = getattr(body, "truth", None)
    if truth is None:
        raise ConformanceError(body.spec.name, Rule.TRUTH, "is simulated, so it must have `truth`")
    links = context.snake.links
    shapes = (truth.pose.shape, truth.nose.shape, truth.contact_n.shape)
    require(
        shapes == ((links, 3), (2,), (links,)), body.spec.name, Rule.TRUTH, f"truth has the shapes {shapes}"
    )


_FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random")
_seen_io: list[str] | None = None
_hooked = False


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _seen_io is None:
        return
    if event in _FORBIDDEN:
        _seen_io.append(event)
    elif event == "open" and isinstance(args[0], str) and args[0] not in _HARMLESS:
        path, _, flags = args
        if os.path.realpath(path).startswith("/dev/"):
            _seen_io.append(f"open {path}")
        elif isinstance(flags, int) and flags & _WRITING and "__pycache__" not in path:
            _seen_io.append(f"write {path}")


@contextmanager
def _no_io(name: str) -> Iterator[None]:
    """Watch for devices, connections and programs being opened. An audit hook stays: it is switched off."""
    global _seen_io, _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    seen: list[str] = []
    _seen_io = seen
    try:
        yield
    except Exception as error:
        if seen:  # it may be because of this that it failed
            raise _opened(name, seen) from error
        raise
    finally:
        _seen_io = None
    if seen:
        raise _opened(name, seen)


def _opened(name: str, seen: list[str]) -> ConformanceError:
    what = ", ".join(dict.fromkeys(seen))
    return ConformanceError(name, Rule.MAKE, f"does I/O while it is made ({what}): open things in configure")
