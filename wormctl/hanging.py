"""A watch over the calls into devices that a tick makes: one that does not return is interrupted and named.

What hangs mostly waits in the system or goes round in Python; a signal to the loop's own thread gets out of both.
Native code that never returns is out of reach.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from wormctl.blame import line_in

HANG_S = 5.0
"""How long one call into a device may take, by the wall: far longer than any tick."""
FIRST_HANG_S = 60.0
"""How long the first one may: it may have to compile."""

END_S = 5.0
"""How long a `stop` or a `close` may take."""

_SIGNAL = signal.SIGRTMIN + 7 if sys.platform == "linux" else signal.SIGUSR2


class HungError(BaseException):
    """A call did not return in time. No `Exception`, so that a device that catches those does not go on hanging."""


FAULTS = (Exception, SystemExit, HungError)
"""What can come out of a device's code. A `sys.exit` in it is its fault, and no wish of the person who runs it."""


class HangWatch:
    """Raises `HungError` in the loop's thread out of a call that lasts longer than `limit_s`.

    Where the loop does not run in the main thread, which alone gets signals, nobody watches.
    """

    def __init__(self, hang_s: float = HANG_S, first_s: float = FIRST_HANG_S) -> None:
        self._calls, self._busy = 0, False
        self._limit_s, self._later_s = first_s, hang_s
        self._poll_s = hang_s / 8
        self._hung = -1
        self._over = threading.Event()

    def begin(self) -> None:
        """A call begins. `HungError` may be raised between here and `end`, and nowhere else."""
        self._calls += 1
        self._busy = True

    def end(self) -> None:
        """It has ended, one way or another."""
        self._busy = False

    def warm(self) -> None:
        """From here on nothing has to be compiled."""
        self._limit_s = self._later_s

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the block ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(_SIGNAL, self._interrupt)
        watcher = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="hang watch", daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            self._over.set()
            watcher.join()
            signal.signal(_SIGNAL, before)

    def _watch(self, loop: int) -> None:
        """Count looks at one and the same call, not seconds: a process that was paused has not hung."""
        seen, looks = -1, 0
        while not self._over.wait(self._poll_s):
            if not self._busy or self._calls != seen:
                seen, looks = self._calls, 0
                continue
            looks += 1
            if looks * self._poll_s >= self._limit_s:
                looks, self._hung = 0, seen
                signal.pthread_kill(loop, _SIGNAL)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """In the loop's thread. A call that has ended meanwhile is left alone, and so is who sits in a debugger."""
        if self._busy and self._calls == self._hung and sys.gettrace() is None:
            raise HungError(f"had not returned after {self._limit_s:g} s{line_in(frame)}")


def attempt(call: Callable[[], object]) -> BaseException | None:
    """Call a `stop` or a `close`: what it raises, or that it hangs, is returned. Only a Ctrl-C gets out."""
    watch = HangWatch(END_S, END_S)
    with watch.watching():
        try:
            watch.begin()
            call()
            watch.end()
        except FAULTS as error:
            watch.end()
            return error
    return None
