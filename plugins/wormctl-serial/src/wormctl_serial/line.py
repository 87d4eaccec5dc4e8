"""A line to the microcontroller: bytes out, bytes in, and what can go wrong with it, each in words that help.

Nothing here knows a message. Reading and writing never wait; `wait` is for those who have time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import termios
import time
from pathlib import Path
from typing import Protocol

import serial

from wormctl.device import DeviceError

BAUDS = (500_000, 250_000, 115_200)
_CHUNK = 4096


class LineLostError(DeviceError):
    """The line has gone: unplugged, or its other end closed."""


class Line(Protocol):
    """What a conversation needs of a line."""

    name: str
    resets: bool
    """Whether opening it starts the microcontroller anew, as an Arduino's does."""

    def read(self) -> bytes:
        """What has come, perhaps nothing. Raises `LineLostError`."""

    def write(self, data: bytes) -> bool:
        """Send it: False if there is no room for all, as nobody takes bytes off. Raises `LineLostError`."""

    def wait(self, seconds: float) -> None:
        """Return after so long, or sooner if bytes may have come."""

    def now_s(self) -> float:
        """The line's clock: that of the wall, or of a simulation."""

    def close(self) -> None:
        """Give it back. Never raises."""


class SerialLine:
    """A serial port, held exclusively."""

    def __init__(self, port: str, baud: int) -> None:
        self.name = port
        self._port = _open(port, baud)
        self._fd = self._port.fileno()
        self._cut = False
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        # A pseudo-terminal has no modem lines, so opening it resets nothing.
        self.resets = not _is_pty(port)
        # An FTDI chip would keep bytes for 16 ms. A pseudo-terminal, and some drivers, know no such thing.
        with contextlib.suppress(OSError, ValueError, NotImplementedError, AttributeError):
            self._port.set_low_latency_mode(True)

    def read(self) -> bytes:
        """See `Line.read`."""
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _lost(self.name, error) from error
        if not data and not self._alive():
            raise LineLostError(f"{self.name}: the line has gone: unplugged?")
        return data

    def write(self, data: bytes) -> bool:
        """See `Line.write`."""
        if self._cut:
            data = b"\0" + data  # else what follows would be taken for the rest of what was cut short
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            return False
        except OSError as error:
            raise _lost(self.name, error) from error
        self._cut = sent < len(data)
        return not self._cut

    def wait(self, seconds: float) -> None:
        """See `Line.wait`."""
        try:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        except (OSError, ValueError) as error:
            raise _lost(self.name, error) from error
        if ready and not self._alive():
            raise LineLostError(f"{self.name}: the line has gone: unplugged?")

    def now_s(self) -> float:
        """See `Line.now_s`."""
        return time.monotonic()

    def close(self) -> None:
        """See `Line.close`."""
        try:
            self._port.close()
        except (OSError, serial.SerialException, termios.error):
            return

    def _alive(self) -> bool:
        """Whether nothing to read means just that, and not the end of the line."""
        gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
        return not any(events & gone for _, events in self._poll.poll(0))


def _is_pty(port: str) -> bool:
    return os.path.realpath(port).startswith("/dev/pts/")


def _lost(name: str, error: Exception) -> LineLostError:
    return LineLostError(f"{name}: the line has gone ({error}): unplugged?")


def _open(port: str, baud: int) -> serial.Serial:
    """The port, open and ours. Raises `DeviceError` with a remedy for whatever stands in the way."""
    if baud not in BAUDS:
        raise DeviceError(
            f"$.baud = {baud}: must be one of {', '.join(map(str, BAUDS))}, as the firmware was built"
        )
    path = Path(port)
    try:
        if not stat.S_ISCHR(path.stat().st_mode):
            raise DeviceError(f"$.port = {port!r}: is no serial port, but a file or folder")
    except FileNotFoundError:
        raise DeviceError(
            f"$.port = {port!r}: there is no such port: is it plugged in? {_there_are()}"
        ) from None
    except PermissionError:
        raise DeviceError(_not_allowed(port)) from None
    except OSError as error:
        raise DeviceError(f"$.port = {port!r}: {error.strerror}") from None
    try:
        line = serial.Serial(port, baud, timeout=0, write_timeout=0, exclusive=True)
    except serial.SerialException as error:
        raise DeviceError(_why(port, error)) from None
    except (OSError, ValueError, termios.error) as error:
        raise DeviceError(f"$.port = {port!r}: cannot be opened as a serial port: {error}") from None
    return line


def _why(port: str, error: serial.SerialException) -> str:
    """What an opening that failed means for the person in front of it."""
    number, text = error.errno, str(error)
    if number == errno.EACCES:
        return _not_allowed(port)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return (
            f"$.port = {port!r}: another program has it open: another wormctl (`wormctl stop`), a serial monitor, or "
            f"ModemManager (`sudo systemctl stop ModemManager`); {_holders(port)}"
        )
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return f"$.port = {port!r}: there is no such port: is it plugged in? {_there_are()}"
    if number in (errno.EIO, errno.ENOTTY, errno.EINVAL) or "Could not configure port" in text:
        return f"$.port = {port!r}: is no serial port, or none that works"
    return f"$.port = {port!r}: cannot be opened: {text}"


def _not_allowed(port: str) -> str:
    return (
        f"$.port = {port!r}: you may not use it: `sudo usermod -aG dialout $USER`, then log out and in again"
    )


def _there_are() -> str:
    found = ports()
    return f"ports here: {', '.join(found)}" if found else "no USB serial port is plugged in"


def _holders(port: str) -> str:
    """Which programs have the port open, as far as one may see."""
    target = os.path.realpath(port)
    names = set()
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.path.realpath(link) == target for link in folder.iterdir()):
                names.add(f"{(folder.parent / 'comm').read_text().strip()} ({folder.parent.name})")
        except OSError:
            continue
    others = sorted(name for name in names if f"({os.getpid()})" not in name)
    return f"now: {', '.join(others)}" if others else "which one cannot be seen from here"


def ports() -> list[str]:
    """Every USB serial port that is plugged in."""
    from serial.tools import list_ports

    return sorted(found.device for found in list_ports.comports() if found.vid is not None)
