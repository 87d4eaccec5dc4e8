"""A fake serial port for tests: a pseudo-terminal whose other end is a device that a test plays."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import tempfile
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

Answer = Callable[[bytes], bytes]
"""What a device says to the bytes that have just come in."""
_POLL_S = 0.05


class FakePort:
    """A serial port at `path`. Leave the `with` statement, or `close`, and it is gone.

    With an `answer` a thread plays the device; without, the test does, with `read` and `write`. `heard` is everything
    that the host has written, in order.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fake-port-")
        self.path = str(Path(self._folder.name) / "tty")
        self.heard = bytearray()
        self._answer = answer
        self._ours = self._theirs = -1
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._teller: threading.Thread | None = None
        self._repeated = (b"", _POLL_S)
        self.plug_in()

    def plug_in(self) -> None:
        """Plug the cable in again after `unplug`: there is a port at the same `path`, and nobody has it open."""
        if self._ours >= 0:
            return
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.symlink(os.ttyname(self._theirs), self.path)
        self._closing.clear()
        if self._answer is not None:
            self._thread = threading.Thread(target=self._play, args=(self._answer,), daemon=True)
            self._thread.start()

    def write(self, data: bytes) -> None:
        """Bytes from the device to the host. Raises `OSError` while it is unplugged."""
        if self._ours < 0:
            raise OSError(errno.EIO, "the cable is pulled: plug_in() first")
        os.write(self._ours, data)

    def repeat(self, data: bytes, every_s: float = 0.01) -> None:
        """Have the device send `data` again and again by itself, instead of what it repeated before."""
        self._repeated = (data, every_s)
        if self._teller is None:
            self._teller = threading.Thread(target=self._tell, daemon=True)
            self._teller.start()

    def read(self, count: int, timeout_s: float = 2.0) -> bytes:
        """The next `count` bytes from the host, or those that came in time. Only without an `answer`."""
        if self._thread is not None:
            raise RuntimeError("a thread plays the device: look at `heard`")
        end_s = time.monotonic() + timeout_s
        out = b""
        while len(out) < count and (left_s := end_s - time.monotonic()) > 0.0:
            out += self._take(left_s, count - len(out))
        return out

    def wait_for(self, what: bytes, timeout_s: float = 2.0) -> bool:
        """Whether the host has written `what`, or does so in time. Only with an `answer`."""
        end_s = time.monotonic() + timeout_s
        while what not in self.heard:
            if time.monotonic() > end_s:
                return False
            time.sleep(0.002)
        return True

    def unplug(self) -> None:
        """Pull the cable: `path` is gone, the host's next read or write fails. May be called twice."""
        if self._ours < 0:
            return
        self._closing.set()
        for thread in (self._thread, self._teller):
            if thread is not None and thread is not threading.current_thread():
                thread.join()
        self._teller = None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        for fd in (self._ours, self._theirs):
            os.close(fd)
        self._ours = self._theirs = -1

    def close(self) -> None:
        """Unplug it for good. May be called twice."""
        self.unplug()
        self._folder.cleanup()

    def __enter__(self) -> FakePort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, timeout_s: float, most: int) -> bytes:
        ready, _, _ = select.select([self._ours], [], [], timeout_s)
        data = os.read(self._ours, most) if ready else b""
        self.heard += data
        return data

    def _tell(self) -> None:
        while not self._closing.is_set():
            data, every_s = self._repeated
            if select.select([], [self._ours], [], 0.0)[1]:  # nobody may be reading
                os.write(self._ours, data)
            self._closing.wait(every_s)

    def _play(self, answer: Answer) -> None:
        while not self._closing.is_set():
            try:
                data = self._take(_POLL_S, 4096)
                reply = answer(data) if data else b""
                if reply:
                    os.write(self._ours, reply)
            except OSError:  # the host has closed its end
                self._closing.wait(_POLL_S)
