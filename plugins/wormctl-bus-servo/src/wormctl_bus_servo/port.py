"""Serial ports as files: which there are, whether one is still there, why one cannot be opened. Sends nothing."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import select
import stat
import termios
from pathlib import Path

from wormctl.device import DeviceError
from wormctl_bus_servo.config import AUTO

_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL
# Of the kernel's struct serial_struct, as an array of C ints: where the flags are, and that for low latency.
_FLAGS_AT, _LOW_LATENCY = 4, 1 << 13


class Watch:
    """A second hold on a port, opened before anybody locks it: tells at once when it has gone, and can be inherited.

    Asks the driver not to keep bytes back, which an FTDI chip does for 16 ms unless it is asked.
    """

    def __init__(self, port: str) -> None:
        try:
            if not stat.S_ISCHR(os.stat(port).st_mode):
                raise DeviceError(f"$.port = {port!r}: is no serial port, but a file or folder")
            self._fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise open_failed(port, error) from None
        self._poll = select.poll()
        self._poll.register(self._fd, 0)
        # A pseudo-terminal, and some drivers, know no such thing.
        with contextlib.suppress(OSError, AttributeError):
            settings = array.array("i", [0] * 32)
            fcntl.ioctl(self._fd, termios.TIOCGSERIAL, settings)
            settings[_FLAGS_AT] |= _LOW_LATENCY
            fcntl.ioctl(self._fd, termios.TIOCSSERIAL, settings)

    def fileno(self) -> int:
        """Its file descriptor; -1 after `close`."""
        return self._fd

    def gone(self) -> bool:
        """Whether the port has been unplugged. True after `close`."""
        return self._fd < 0 or any(events & _GONE for _, events in self._poll.poll(0))

    def close(self) -> None:
        """Let go. May be called twice; never raises."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)


def ports() -> list[str]:
    """The USB serial ports that are plugged in."""
    return sorted(str(path) for pattern in ("ttyUSB*", "ttyACM*") for path in Path("/dev").glob(pattern))


def resolve(port: str) -> str:
    """`port`, or the only one there is for "auto". Raises `DeviceError` if there is none, or more."""
    if port != AUTO:
        return port
    found = ports()
    if len(found) != 1:
        there = f"there are {', '.join(found)}" if found else "no USB serial port is plugged in"
        raise DeviceError(f'$.port = "auto": {there}: name the port of the servos: --port /dev/...')
    return found[0]


def open_failed(port: str, error: Exception) -> DeviceError:
    """What an opening that failed means for the person in front of it."""
    number = getattr(error, "errno", None)
    text = str(error)
    start = f"$.port = {port!r}:"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "No such" in text:
        found = ports()
        there = f"ports here: {', '.join(found)}" if found else "no USB serial port is plugged in"
        return DeviceError(f"{start} there is no such port: is it plugged in? {there}")
    if number in (errno.EACCES, errno.EPERM) or "ermission denied" in text:
        return DeviceError(
            f"{start} you may not use it: `sudo usermod -aG dialout $USER`, then log out and in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in text or "busy" in text:
        return DeviceError(
            f"{start} another program has it open: another wormctl, a serial monitor, or ModemManager; end that first"
        )
    return DeviceError(f"{start} cannot be opened as a serial port: {text}")
