"""Turning Ctrl-C and polite kills into a request, so that a run can end in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_INTERRUPTED = 130
"""Exit status of whatever Ctrl-C ended: 128 + SIGINT, as shells have it."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def _kept_running(number: signal.Signals) -> bool:
    """Whether somebody had this hang-up ignored, as `nohup` does."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def stop_on_signals(request_stop: Callable[[], None]) -> Iterator[None]:
    """Call `request_stop` on the first SIGINT, SIGTERM or SIGHUP; the next one acts as it did before.

    Under `nohup` a hang-up stays ignored.

    Does nothing outside the main thread, where Python does not deliver signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, frame: FrameType | None) -> None:
        restore()
        request_stop()

    before = {number: signal.signal(number, handle) for number in _SIGNALS if not _kept_running(number)}
    try:
        yield
    finally:
        restore()
