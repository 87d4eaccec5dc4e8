"""The buses that are open in this process, each once, and which sensor reads which address. No chip is known here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from wormctl.device import DeviceError
from wormctl_i2c.bus import Bus, open_linux_bus
from wormctl_i2c.trouble import cannot_open


class _Open:
    """One open bus."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.leases = 0
        self.owners: dict[int, str] = {}


class Lease:
    """One sensor's share of a bus, and a `Bus` itself. The bus is closed with its last lease."""

    def __init__(self, number: int, shared: _Open, end: Callable[[Lease], None]) -> None:
        self.number = number
        self.shared = shared
        self._end = end
        self._mine: set[int] = set()
        self._closed = False

    def transfer(self, address: int, write: bytes, read: int) -> bytes:
        """See `wormctl_i2c.bus.Bus`."""
        return self.shared.bus.transfer(address, write, read)

    def owners(self) -> dict[int, str]:
        """The addresses that sensors of this process read, and the sensors' names."""
        return dict(self.shared.owners)

    def claim(self, address: int, owner: str) -> None:
        """Say that `owner` reads `address`, until the lease is closed."""
        self.shared.owners[address] = owner
        self._mine.add(address)

    def close(self) -> None:
        """Give the share back. May be called twice."""
        if self._closed:
            return
        self._closed = True
        for address in self._mine:
            self.shared.owners.pop(address, None)
        self._end(self)


class Buses:
    """Buses by number, opened with `opener` when the first sensor asks."""

    def __init__(self, opener: Callable[[int], Bus]) -> None:
        self._opener = opener
        self._open: dict[int, _Open] = {}
        self._lock = threading.Lock()

    def take(self, number: int) -> Lease:
        """A share of bus `number`. Raises `DeviceError` with a remedy."""
        with self._lock:
            shared = self._open.get(number)
            if shared is None:
                try:
                    shared = _Open(self._opener(number))
                except OSError as error:
                    raise DeviceError(f"$.bus = {number}: {cannot_open(number, error, _there())}") from None
                self._open[number] = shared
            shared.leases += 1
            return Lease(number, shared, self._give_back)

    def _give_back(self, lease: Lease) -> None:
        with self._lock:
            lease.shared.leases -= 1
            if lease.shared.leases:
                return
            self._open.pop(lease.number, None)
        lease.shared.bus.close()


def _there() -> list[str]:
    """The device files of I2C buses, in order of their numbers."""
    found = [path for path in Path("/dev").glob("i2c-*") if path.name[4:].isdecimal()]
    return [str(path) for path in sorted(found, key=lambda path: int(path.name[4:]))]


LINUX = Buses(open_linux_bus)
"""This machine's."""
