"""One chip at one address: whole answers or an error, in bounded time; and the two faces that drivers ask for.

What the bytes mean is the chips' business.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from wormctl.device import DeviceError
from wormctl_i2c.bus import Bus
from wormctl_i2c.trouble import ShortReadError


class Wire:
    """The way to the chip at `address`. Drivers wait in loops of their own: `allow` bounds them all."""

    def __init__(self, bus: Bus, address: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._bus = bus
        self._clock = clock
        self._until_s = math.inf

    def allow(self, seconds: float) -> None:
        """From now on, every transfer after so many seconds raises `DeviceError`."""
        self._until_s = self._clock() + seconds

    def ask(self, write: bytes, count: int) -> bytes:
        """Write, then read `count` bytes. Raises `OSError`."""
        if self._clock() > self._until_s:
            raise DeviceError("answers, but never gets ready: take its power off for a moment")
        data = self._bus.transfer(self.address, bytes(write), count)
        if len(data) != count:
            raise ShortReadError(len(data), count)
        return data

    def send(self, write: bytes) -> None:
        """Write. Raises `OSError`."""
        self.ask(write, 0)

    def receive(self, count: int) -> bytes:
        """Read `count` bytes. Raises `OSError`."""
        return self.ask(b"", count)


class CircuitPythonI2C:
    """The face that Adafruit's drivers want: `busio.I2C`, as far as `adafruit_bus_device` uses it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def try_lock(self) -> bool:
        """A wire belongs to one thread: there is nothing to wait for."""
        return True

    def unlock(self) -> None:
        """See `try_lock`."""

    def writeto(self, address: int, buffer: bytes, *, start: int = 0, end: int | None = None) -> None:
        """Write. An empty write is how a driver asks who is there, which some adapters cannot do: it is left out."""
        if data := bytes(buffer)[start:end]:
            self._wire.send(data)

    def readfrom_into(
        self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None
    ) -> None:
        """Read into `buffer`."""
        view = memoryview(buffer)[start:end]
        view[:] = self._wire.receive(len(view))

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: bytes,
        in_buffer: bytearray,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        """Write, then read into `in_buffer`."""
        view = memoryview(in_buffer)[in_start:in_end]
        view[:] = self._wire.ask(bytes(out_buffer)[out_start:out_end], len(view))


class Smbus:
    """The face that Pimoroni's drivers want: `smbus2.SMBus`, as far as `bme680` uses it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read_byte_data(self, address: int, register: int) -> int:
        """One register."""
        return self._wire.ask(bytes([register]), 1)[0]

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        """Registers from `register` on."""
        return list(self._wire.ask(bytes([register]), length))

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        """Set one register."""
        self._wire.send(bytes([register, value]))
