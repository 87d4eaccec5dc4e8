"""A rig on a pseudo-terminal, at life speed: what looks like a robot's serial port to any program. No robot here."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

from wormctl.device import DeviceError
from wormctl_emulator.rig import Rig

SLICE_S = 0.00025
"""The chip runs so far, then bytes are carried over: what this adds to a round trip is at most twice that."""
_LATE_S = 0.05
_CHUNK = 4096


class Terminal:
    """Carries bytes between a pseudo-terminal and a rig, and keeps the rig at the pace of the wall.

    `plug` and `unplug` may be called from another thread than `run`.
    """

    def __init__(self, rig: Rig, link: Path) -> None:
        self.rig, self.link = rig, link
        self.late = 0
        """How often it fell behind by more than 50 ms and had to let go of the pace."""
        self._fds: tuple[int, int] | None = None
        self._waiting = b""
        self._lock = threading.RLock()
        self._held = _lock(link)
        try:
            self.plug()
        except BaseException:
            self.let_go()
            raise

    @property
    def plugged(self) -> bool:
        """Whether there is a port."""
        return self._fds is not None

    def plug(self) -> None:
        """Open a port, and let the link point to it. Raises `DeviceError` if something else is there."""
        with self._lock:
            if self._fds is None:
                self._fds = self._new_port()

    def _new_port(self) -> tuple[int, int]:
        if self.link.is_symlink() and os.readlink(self.link).startswith("/dev/pts/"):
            self.link.unlink()  # left behind by an emulator that was killed
        host, ours = os.openpty()
        tty.setraw(ours)
        os.set_blocking(host, False)
        try:
            self.link.symlink_to(os.ttyname(ours))
        except OSError as error:
            os.close(host)
            os.close(ours)
            why = "is there already" if error.errno == errno.EEXIST else str(error.strerror)
            raise DeviceError(f"--link = {self.link}: {why}: name another path") from None
        # Our own end of the far side stays open, else the line would die between two programs.
        return host, ours

    def unplug(self) -> None:
        """Take the port away, as pulling the plug does."""
        with self._lock:
            fds, self._fds = self._fds, None
            self._waiting = b""
        if fds is None:
            return
        with contextlib.suppress(OSError):
            if os.readlink(self.link) == os.ttyname(fds[1]):
                self.link.unlink()
        for fd in fds:
            os.close(fd)

    def run(self, seconds: float) -> None:
        """Go on for so long, by the wall."""
        began_s = due_s = time.monotonic()
        while due_s - began_s < seconds:
            with self._lock:
                self._carry_in()
                self.rig.advance(SLICE_S)
                self._carry_out()
            due_s += SLICE_S
            now_s = time.monotonic()
            if now_s < due_s:
                time.sleep(due_s - now_s)
            elif now_s - due_s > _LATE_S:
                self.late += 1
                began_s += now_s - due_s
                due_s = now_s

    def close(self) -> None:
        """Take the port away and switch the rig off. May be called twice."""
        self.unplug()
        self.let_go()
        self.rig.close()

    def let_go(self) -> None:
        """Leave the link to another emulator. May be called twice."""
        if self._held >= 0:
            _lock_file(self.link).unlink(missing_ok=True)
            os.close(self._held)
        self._held = -1

    def _carry_in(self) -> None:
        if self._fds is None:
            return
        try:
            data = os.read(self._fds[0], _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            return  # nobody is there yet
        self.rig.chip.feed(data)

    def _carry_out(self) -> None:
        self._waiting += self.rig.chip.take()
        if self._fds is None:
            self._waiting = b""
        elif self._waiting:
            try:
                sent = os.write(self._fds[0], self._waiting)
            except BlockingIOError:
                # Nobody reads: a USB adapter drops what does not fit, too.
                self._waiting = self._waiting[-_CHUNK:]
                return
            except OSError:
                sent = len(self._waiting)
            self._waiting = self._waiting[sent:]


def _lock(link: Path) -> int:
    """Say that this emulator has the link, until it ends, however it ends. Raises `DeviceError` if another one has."""
    try:
        fd = os.open(_lock_file(link), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DeviceError(f"--link = {link}: {error.strerror}: name another path") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise DeviceError(f"--link = {link}: another emulator has it: name another path") from None
    return fd


def _lock_file(link: Path) -> Path:
    return link.with_name(f".{link.name}.lock")


@contextlib.contextmanager
def in_background(rig: Rig, link: Path) -> Iterator[Terminal]:
    """The rig at `link`, at life speed, in a thread while the block lasts: only its switches may be turned then."""
    terminal = Terminal(rig, link)
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            terminal.run(0.02)

    thread = threading.Thread(target=run, name="emulator")
    thread.start()
    try:
        yield terminal
    finally:
        stop.set()
        thread.join()
        terminal.unplug()
        terminal.let_go()
