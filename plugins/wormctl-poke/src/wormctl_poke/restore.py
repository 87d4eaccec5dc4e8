"""Something to undo when a signal that nobody else handles ends or stops the process. Nothing is known of terminals."""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

_NOT_OURS = [
    "SIGKILL SIGSTOP",  # nobody can
    "SIGSEGV SIGBUS SIGFPE SIGILL",  # Python gets to its handlers only after the faulty instruction, which never ends
    "SIGTSTP SIGTTIN SIGTTOU",  # they stop; the first is handled on its own, the others come in the background only
    "SIGCHLD SIGCONT SIGURG SIGWINCH SIGINFO",  # they do nothing
]
if sys.platform != "linux":
    _NOT_OURS.append("SIGIO")  # does nothing there
if faulthandler.is_enabled():
    _NOT_OURS.append("SIGABRT")  # it has a handler of its own, of which `signal.getsignal` does not know


def _ending() -> tuple[int, ...]:
    """Every signal that can be caught and ends a process that does not."""
    others = {getattr(signal, name, None) for name in " ".join(_NOT_OURS).split()}
    return tuple(int(number) for number in signal.valid_signals() if number not in others)


class UndoAtEnd:
    """Calls `undo` before such a signal ends the process, and when Python ends. `undo` must bear being called twice.

    Around a stop by Ctrl-Z it calls `before_stop` and `after_stop`. A signal whose handler somebody has set is theirs:
    they end in order. Ctrl-C raises KeyboardInterrupt, and so does, too. Handlers set later, which put back what was
    there before, go well with this.
    """

    def __init__(
        self, undo: Callable[[], None], before_stop: Callable[[], None], after_stop: Callable[[], None]
    ) -> None:
        self._undo, self._before_stop, self._after_stop = undo, before_stop, after_stop
        self._process = os.getpid()
        self._handlers: dict[int, Callable[[int, FrameType | None], None]] = {}
        atexit.register(undo)
        if threading.current_thread() is not threading.main_thread():
            return
        self._handlers = dict.fromkeys(_ending(), self._end)
        if hasattr(signal, "SIGTSTP"):
            self._handlers[signal.SIGTSTP] = self._stop
        for number, handler in self._handlers.items():
            # The system keeps some real-time signals to itself.
            with contextlib.suppress(OSError, ValueError):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, handler)

    def forget(self) -> None:
        """Nothing is to be undone any more. May be called twice."""
        atexit.unregister(self._undo)
        # Outside the main thread they stay, and do no harm.
        with contextlib.suppress(ValueError):
            for number, handler in self._handlers.items():
                if signal.getsignal(number) == handler:
                    signal.signal(number, signal.SIG_DFL)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._is_ours():
            self._undo()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._is_ours():
            self._before_stop()
        signal.signal(number, signal.SIG_DFL)
        # To this very thread, so that it stops here and not some instructions later.
        signal.raise_signal(number)
        signal.signal(number, self._stop)
        if self._is_ours():
            self._after_stop()

    def _is_ours(self) -> bool:
        """False in a process that was forked off this one and inherited the handlers."""
        return os.getpid() == self._process
