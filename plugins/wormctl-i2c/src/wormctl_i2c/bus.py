"""An I2C bus as this package sees it, and Linux's form of it. No chip, no setting and no advice lives here."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from wormctl.device import DeviceError
from wormctl_i2c.trouble import GONE

LOWEST, HIGHEST = 0x08, 0x77
"""The addresses that a chip may have."""

_PATIENCE_S = 2.0


class Bus(Protocol):
    """What a chip is read through; `wormctl.testing.FakeBus` is one."""

    def transfer(self, address: int, write: bytes, read: int) -> bytes:
        """Write, then read `read` bytes without letting go of the bus; either may be nothing. Raises `OSError`."""

    def close(self) -> None:
        """Let go of the bus."""


def library(module: str, package: str) -> Any:
    """A module that is imported only when a device needs it. Raises `DeviceError` with what to install."""
    try:
        return import_module(module)
    except ImportError:
        raise DeviceError(f"needs {package}, which is not installed: `uv pip install {package}`") from None
    except Exception as error:  # Blinka looks at the board when it is imported, and may not like it
        raise DeviceError(
            f"{package} cannot be used on this machine: {' '.join(str(error).split())}"
        ) from None


class LinuxBus:
    """The device file of a bus, through smbus2. Several threads may use it at once.

    `opener` gives an `smbus2.SMBus`, or what has its `i2c_rdwr` and `close`. A bus that has gone, as its adapter was
    unplugged, is let go at once, which gives its number free, and opened anew by the next transfer.
    """

    def __init__(self, opener: Callable[[], Any], file: Path) -> None:
        self._opener, self._file = opener, file
        self._smbus: Any = opener()
        self._closed = False
        self._message = library("smbus2", "smbus2").i2c_msg
        self._lock = threading.Lock()

    def transfer(self, address: int, write: bytes, read: int) -> bytes:
        """See `Bus`."""
        reply = self._message.read(address, read) if read else None
        messages = [] if reply is None else [reply]
        if write or reply is None:
            messages.insert(0, self._message.write(address, write))
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, "the bus is closed")
            if self._smbus is None:
                self._smbus = self._opener()
            try:
                self._smbus.i2c_rdwr(*messages)
            except OSError as error:
                if error.errno not in GONE and self._file.exists():
                    raise
                self._let_go()
                raise OSError(errno.ENODEV, "the bus has gone") from error
        return b"" if reply is None else bytes(reply)

    def close(self) -> None:
        """Close the device file, soon: a transfer that hangs does not keep it open."""
        waited = self._lock.acquire(timeout=_PATIENCE_S)
        try:
            self._closed = True
            self._let_go()
        finally:
            if waited:
                self._lock.release()

    def _let_go(self) -> None:
        smbus, self._smbus = self._smbus, None
        if smbus is not None:
            smbus.close()


def open_linux_bus(number: int) -> Bus:
    """/dev/i2c-`number`. Raises `OSError`, and `DeviceError` where smbus2 is missing."""
    return LinuxBus(partial(library("smbus2", "smbus2").SMBus, number), Path(f"/dev/i2c-{number}"))
