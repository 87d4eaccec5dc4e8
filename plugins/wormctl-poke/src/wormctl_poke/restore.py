"""Something to undo when the process is ended by a signal that nobody else handles. Nothing is known of terminals."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


class UndoAtEnd:
    """Calls `undo` before such a signal ends the process, and when Python ends. `undo` must bear being called twice.

    A signal whose handler somebody has set is theirs: they end in order. Ctrl-C raises KeyboardInterrupt, and so
    does, too. Handlers set later, which put back what was there before, go well with this.
    """

    def __init__(self, undo: Callable[[], None]) -> None:
        self._undo = undo
        self._handler = self._handle
        atexit.register(undo)
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, self._handler)

    def forget(self) -> None:
        """Nothing is to be undone any more. May be called twice."""
        atexit.unregister(self._undo)
        with contextlib.suppress(
            ValueError
        ):  # outside the main thread; then the handler stays, and does no harm
            for number in _SIGNALS:
                if signal.getsignal(number) is self._handler:
                    signal.signal(number, signal.SIG_DFL)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._undo()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
