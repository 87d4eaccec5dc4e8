"""A terminal whose keys are read one by one while a run goes on, and that is afterwards as it was. No keys' meaning."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

from wormctl.device import DeviceError
from wormctl_poke.restore import UndoAtEnd

_BYTES = 1024
_LFLAG, _CC = 3, 6
"""Where local modes and special characters stand in what termios.tcgetattr gives."""

_ELSE = "or give the sensor a script, or use the sensor gamepad"


class Terminal:
    """Opened, it sends keys at once and does not show them; Ctrl-C and Ctrl-Z mean what they always mean.

    It is put back by `close`, while the process is stopped by Ctrl-Z, and before it ends by whatever Python can see: an
    exception, exit, any signal that Python can handle. SIGKILL, SIGSTOP and a crash of native code leave it as it is.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._before: list[Any] | None = None
        """Its modes as they were; None while it is as it was."""
        self._ours: list[Any] | None = None
        """Those that were set last."""
        self._lent = False
        """Whether it is put back for as long as the process is stopped."""
        self._lock = threading.RLock()
        self._undo: UndoAtEnd | None = None

    def open(self) -> None:
        """Raises `DeviceError` with a remedy."""
        try:
            import termios
        except ImportError:
            raise DeviceError(f"keyboard: reads terminals of Linux and macOS only; {_ELSE[3:]}") from None
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(
                f"keyboard: there is no terminal to read keys from ({self._path}: {error.strerror}); start the "
                f"run by hand in a terminal (through ssh: ssh -t), {_ELSE}"
            ) from None
        try:
            self._take(termios.tcgetattr(self._fd))
        except termios.error:
            self.close()
            raise DeviceError(
                f"$.terminal = {self._path!r}: is not a terminal; leave the setting out, {_ELSE}"
            ) from None
        except DeviceError:
            self.close()
            raise

    def read(self) -> bytes:
        """What was typed since the last time, at once. Nothing while the process is in the background.

        Raises `DeviceError` when the terminal is gone.
        """
        import termios

        if not self._in_front():
            self._put_back()
            return b""
        try:
            with _no_job_control_stops():
                self._resume()
                data = os.read(self._fd, _BYTES)
        except BlockingIOError:
            return b""
        except (OSError, termios.error):
            if not self._in_front():
                return b""
            data = b""
        if not data:
            raise DeviceError("keyboard: the terminal is gone: start the run anew in another one")
        return data

    def restore(self) -> None:
        """Put its modes back, for good. Never raises; may be called twice, and by a signal handler."""
        with self._lock:
            self._put_back()
            self._before = None

    def lend(self) -> None:
        """Put its modes back until `take_again`. Never raises; for a signal handler."""
        with self._lock:
            self._lent = True
            self._put_back()

    def take_again(self) -> None:
        """After `lend`: the next `read` in the foreground has single keys sent again."""
        self._lent = False

    def close(self) -> None:
        """Put it back and let go of it. Never raises; may be called twice."""
        self.restore()
        if self._undo is not None:
            self._undo.forget()
            self._undo = None
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1

    def _take(self, modes: list[Any]) -> None:
        import termios

        if not self._in_front():
            raise DeviceError(f"keyboard: a run in the background gets no keys: start it without &, {_ELSE}")
        if not modes[_LFLAG] & termios.ICANON:
            raise DeviceError(
                "keyboard: another program reads this terminal's keys already: end it (or type: stty sane), "
                f"{_ELSE}"
            )
        self._before = modes
        self._undo = UndoAtEnd(self.restore, self.lend, self.take_again)
        with _no_job_control_stops():
            self._resume()
            termios.tcflush(self._fd, termios.TCIFLUSH)  # typed before the worm was there

    def _resume(self) -> None:
        """Have single keys sent, if that is not so: now, or anew after Ctrl-Z, when the shell had set its own modes."""
        import termios

        with self._lock:
            if self._before is None or self._lent:
                return
            now = termios.tcgetattr(self._fd)
            if not now[_LFLAG] & termios.ICANON:
                return
            now[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
            now[_CC] = [*now[_CC]]
            now[_CC][termios.VMIN], now[_CC][termios.VTIME] = 1, 0
            # Not TCSADRAIN, which waits as long as Ctrl-S holds the output up.
            termios.tcsetattr(self._fd, termios.TCSANOW, now)
            self._ours = termios.tcgetattr(self._fd)

    def _put_back(self) -> None:
        """Set its modes as they were. In the background only if they are still ours: not every shell sets its own."""
        with self._lock:
            if self._before is None:
                return
            import termios

            with contextlib.suppress(termios.error), _no_job_control_stops():
                if self._in_front():
                    termios.tcflush(
                        self._fd, termios.TCIFLUSH
                    )  # what was typed too late is not for the shell
                elif termios.tcgetattr(self._fd) != self._ours:
                    return
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    def _in_front(self) -> bool:
        """Whether keys are for this process. A terminal that is not the one it was started from has no such notion."""
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            return True


@contextlib.contextmanager
def _no_job_control_stops() -> Iterator[None]:
    """Have the kernel refuse what it would stop a background process for: a robot must not be stopped so."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN, signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
