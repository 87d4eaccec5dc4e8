"""Shows what a tick allocates: in compiled code, for the call into it, and in Python."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import msgspec
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]
from numba.core.runtime.nrt import rtsys


class Allocations(msgspec.Struct, frozen=True, kw_only=True):
    """What `ticks` ticks allocated."""

    ticks: int
    compiled: int
    """Memory asked for by compiled code, freed or not, in `ticks` ticks run inside compiled code."""
    per_call: float
    """The same for a tick called from Python: numba makes one small descriptor for each array it is given."""
    python_bytes_kept: int
    """Bytes of Python objects that were still there after `ticks` calls."""


def allocations(tick: Callable[[], None], compiled: Callable[[int], None], ticks: int = 1000) -> Allocations:
    """Count for `tick`, one call from Python, and for `compiled`, which runs any number without Python."""
    counted = _nrt_python.memsys_stats_enabled()
    if not counted:
        _nrt_python.memsys_enable_stats()
    try:
        tick()
        compiled(1)
        one, many = _made(lambda: compiled(1)), _made(lambda: compiled(1 + ticks))
        calls = _made(lambda: _repeat(tick, ticks))
    finally:
        if not counted:
            _nrt_python.memsys_disable_stats()
    return Allocations(
        ticks=ticks,
        compiled=many - one,
        per_call=calls / ticks,
        python_bytes_kept=_kept(lambda: _repeat(tick, ticks)),
    )


def _repeat(tick: Callable[[], None], times: int) -> None:
    for _ in range(times):
        tick()


def _made(work: Callable[[], None]) -> int:
    before = int(rtsys.get_allocation_stats().alloc)  # type: ignore[no-untyped-call]
    work()
    return int(rtsys.get_allocation_stats().alloc) - before  # type: ignore[no-untyped-call]


def _kept(work: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        # Once to fill what Python keeps for reuse, then counted.
        work()
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
