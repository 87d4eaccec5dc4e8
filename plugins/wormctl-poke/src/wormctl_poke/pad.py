"""A gamepad as Linux shows it at /dev/input/jsN: opening it, asking it what it has, reading its bytes.

We read this interface ourselves. The maintained library, evdev, has to be compiled on a Raspberry Pi, against kernel
headers; SDL's Python bindings want to own the program's event loop.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from typing import Protocol

from wormctl.device import DeviceError
from wormctl_poke.controls import USUAL, Layout

_BYTES = 4096
"""More than the kernel keeps. (12 would ask for another format, older than events.)"""
_NAME_BYTES = 128
_AXES, _BUTTONS, _NAME, _AXIS_CODES, _BUTTON_CODES = 0x11, 0x12, 0x13, 0x32, 0x34
_AXIS_CODES_KEPT, _BUTTON_CODES_KEPT = 0x40, 0x200


class Pad(Protocol):
    """An open gamepad."""

    name: str
    layout: Layout

    def read(self) -> bytes:
        """The events that came since the last time, at once. Raises `OSError` when it is unplugged."""

    def close(self) -> None:
        """Let go of it. Never raises; may be called twice."""


class JsPad:
    """One that is there, or a FIFO in a test, which is taken to have the usual layout."""

    def __init__(self, path: str) -> None:
        """Raises `OSError`, and `ImportError` on Windows."""
        import fcntl

        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.name, self.layout = "a gamepad", USUAL
        try:
            self.name, self.layout = describe(lambda request, answer: fcntl.ioctl(self._fd, request, answer))
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):
                self.close()
                raise

    def read(self) -> bytes:
        """See `Pad.read`."""
        try:
            data = os.read(self._fd, _BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return data

    def close(self) -> None:
        """See `Pad.close`."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1


def open_pad(path: str, pad: Callable[[str], Pad] = JsPad) -> Pad:
    """Open the gamepad at `path`. Raises `DeviceError` with a remedy."""
    try:
        return pad(path)
    except PermissionError as error:
        raise DeviceError(
            f"gamepad: you may not read {path} ({error.strerror}): sudo usermod -aG input $USER, then log in anew"
        ) from None
    except ImportError:
        raise DeviceError("gamepad: works on Linux only; use the sensor keyboard instead") from None
    except OSError as error:
        raise DeviceError(
            f"gamepad: cannot open {path} ({error.strerror}): plug the gamepad in or switch it on, look at "
            "ls /dev/input/js* for its name, and try sudo modprobe joydev if there is none"
        ) from None


def describe(ioctl: Callable[[int, bytearray], object]) -> tuple[str, Layout]:
    """What the kernel tells of a gamepad by `ioctl`, which fills the array: its name, what its parts are.

    Raises `OSError` as `ioctl` does.
    """

    def get(number: int, size: int) -> bytearray:
        answer = bytearray(size)
        # _IOC(_IOC_READ, 'j', number, size) of linux/joystick.h
        ioctl(2 << 30 | size << 16 | ord("j") << 8 | number, answer)
        return answer

    axes, buttons = get(_AXES, 1)[0], get(_BUTTONS, 1)[0]
    name = bytes(get(_NAME, _NAME_BYTES)).split(b"\0")[0].decode(errors="replace")
    codes = memoryview(get(_BUTTON_CODES, 2 * _BUTTON_CODES_KEPT)).cast("H")
    return name, Layout(tuple(get(_AXIS_CODES, _AXIS_CODES_KEPT)[:axes]), tuple(codes[:buttons]))
