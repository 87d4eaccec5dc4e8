"""What a call may cost, as it is made in every tick: time, memory, threads."""

from __future__ import annotations

import gc
import itertools
import math
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, calling, require

AT_ONCE_S = 0.002
"""A tenth of a tick."""
BODY_AT_ONCE_S = 0.005
"""A quarter of a tick: the body's own share of it, as it has a bus to fill."""
_TIMED = 30
_SLOW_ALLOWED = 3
"""So many of `_TIMED` calls may take longer: nine of ten are judged."""
_TRIES = 5
"""One sound round is enough. A busy machine spoils one now and then, a device that waits spoils them all."""
_HOPELESS = 50
"""So many times the limit, in call after call, is no busy machine's doing."""

READS = 400
_ROUNDS = 12
"""So many in which memory may become quiet. PyBullet's ticks need two or three, and more when much else has run."""
ARRAY_BYTES = 8192
"""Numbers and a few small arrays may come and go; an image, or a list of a thousand, may not."""
GROWTH_BYTES = 2048
"""What `READS` reads may leave behind. Anything that grows with the reads is more."""

THREADS_END_S = 2.5


def returns_at_once(
    name: str,
    what: str,
    call: Callable[[], object],
    *,
    simulated: bool,
    limit_s: float = AT_ONCE_S,
    between: Sequence[Callable[[], None]] = (),
) -> None:
    """Nine of ten calls take less than `limit_s`; `between` is called between two of them.

    A physical device must not wait, nor compute for long. A simulated one may compute, as its time waits for it, but
    it must not wait for anything. Time in which others had the processor counts for nobody.
    """
    best_s = math.inf
    with calling(name, Rule.QUICK, what):
        for _ in range(_TRIES):
            took_s: list[float] = []
            while len(took_s) < _TIMED and sum(t >= limit_s for t in took_s) <= _SLOW_ALLOWED:
                took_s.append(_took_s(call, simulated=simulated))
                for other in between:
                    other()
            slow_s = sorted(t for t in took_s if t >= limit_s)
            if len(slow_s) <= _SLOW_ALLOWED:
                return
            best_s = min(best_s, slow_s[0])
            if best_s > _HOPELESS * limit_s:
                break
    does = "waits for" if simulated else "takes"
    require(
        False, name, Rule.QUICK, f"{what} {does} {best_s * 1e3:.1f} ms: let a thread wait, or compute less"
    )


def _took_s(call: Callable[[], object], *, simulated: bool) -> float:
    """How long a call waits, or takes, in s."""
    waits, thread_s, process_s = _waits(), time.thread_time(), time.process_time()
    began_s = time.perf_counter()
    call()
    wall_s = time.perf_counter() - began_s
    has_waited = waits is None or _waits() != waits
    if simulated:
        return max(0.0, wall_s - (time.process_time() - process_s)) if has_waited else 0.0
    return wall_s if has_waited else time.thread_time() - thread_s


def _waits() -> int | None:
    """How often this thread has given up the processor of its own accord; None where that is not counted."""
    who = getattr(resource, "RUSAGE_THREAD", None)
    return None if who is None else int(resource.getrusage(who).ru_nvcsw)


def leaves_nothing_behind(name: str, what: str, call: Callable[[], object]) -> None:
    """Calling it again and again must not grow the memory: it runs for days.

    What leaks grows in every round of calls; what an interpreter or a library sets aside
    (a cache, a pool) fills up, if not in the first round. So one quiet round is enough.
    """
    _repeat(name, what, call, 50)
    tracemalloc.start()
    try:
        _repeat(name, what, call, 50)
        traced = [_traced_bytes()]
        for _ in range(_ROUNDS):
            _repeat(name, what, call, READS)
            traced.append(_traced_bytes())
            if traced[-1] - traced[-2] <= GROWTH_BYTES:
                return
    finally:
        tracemalloc.stop()
    grown = min(after - before for before, after in itertools.pairwise(traced))
    raise ConformanceError(name, Rule.MEMORY, f"{what} grows the memory: {grown} bytes in {READS} calls")


def _repeat(name: str, what: str, call: Callable[[], object], times: int) -> None:
    with calling(name, Rule.MEMORY, what):
        for _ in range(times):
            call()


def allocates_no_arrays(name: str, what: str, call: Callable[[], object]) -> None:
    """What it needs it has set aside: the least that some calls take and give back at once is next to nothing."""
    with calling(name, Rule.MEMORY, what):
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


def _traced_bytes() -> int:
    """Bytes in use, without cycles that wait for the collector."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


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
