"""A fake I2C bus for tests: devices are objects that speak their registers, and everything that can go wrong can."""

from __future__ import annotations

import enum
import errno
from collections.abc import Mapping
from typing import Protocol

LOWEST, HIGHEST = 0x08, 0x77
"""The addresses that a device may have."""


class BusFault(enum.Enum):
    """What the bus does wrong."""

    NACK = "nack"
    """Nobody answers to the address."""
    SHORT = "short"
    """A read ends one byte early."""
    STUCK = "stuck"
    """A device holds the clock down: the kernel gives up after a while."""


class BusDevice(Protocol):
    """A device on a fake bus."""

    def write(self, data: bytes) -> None:
        """The host has written `data`. Raise `OSError` for what the device would not acknowledge."""

    def read(self, count: int) -> bytes:
        """The host reads `count` bytes."""


class RegisterDevice:
    """A device of byte registers, as most are: the first byte of a write says which, the rest goes there and on."""

    def __init__(self, registers: Mapping[int, int] | None = None) -> None:
        self.registers = dict(registers or {})
        self.pointer = 0

    def write(self, data: bytes) -> None:
        """Set the pointer, and the registers from there on."""
        self.pointer, *values = data
        for value in values:
            self.registers[self.pointer] = value
            self.pointer += 1

    def read(self, count: int) -> bytes:
        """The registers from the pointer on; those that were never set are 0."""
        out = bytes(self.registers.get(self.pointer + i, 0) for i in range(count))
        self.pointer += count
        return out


class FakeBus:
    """An I2C bus with `devices` by their addresses. `log` has every transfer: address, bytes written, bytes asked for.

    Set `fault` to break it, or `faults[address]` to break one device; back to None to mend it.
    """

    def __init__(self, devices: Mapping[int, BusDevice]) -> None:
        for address in devices:
            if not LOWEST <= address <= HIGHEST:
                raise ValueError(f"address {address:#04x}: must be {LOWEST:#04x} to {HIGHEST:#04x}")
        self.devices = dict(devices)
        self.fault: BusFault | None = None
        self.faults: dict[int, BusFault] = {}
        self.log: list[tuple[int, bytes, int]] = []
        self.closed = False

    def transfer(self, address: int, write: bytes, read: int) -> bytes:
        """Write, then read without letting go of the bus; either may be nothing. Raises `OSError` as Linux does."""
        if self.closed:
            raise OSError(errno.EBADF, "the bus is closed")
        self.log.append((address, bytes(write), read))
        fault = self.fault or self.faults.get(address)
        if fault is BusFault.STUCK:
            raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
        if fault is BusFault.NACK or address not in self.devices:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        device = self.devices[address]
        if write:
            device.write(bytes(write))
        data = device.read(read) if read else b""
        return data[:-1] if fault is BusFault.SHORT else data

    def close(self) -> None:
        """Let go of the bus."""
        self.closed = True
