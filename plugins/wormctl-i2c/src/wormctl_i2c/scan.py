"""Who answers on a bus. Addresses that a sensor of this process reads are left alone."""

from __future__ import annotations

import errno
from typing import NamedTuple

from wormctl_i2c.bus import HIGHEST, LOWEST
from wormctl_i2c.buses import Lease
from wormctl_i2c.chips import probes_at, title
from wormctl_i2c.trouble import NOBODY, ShortReadError
from wormctl_i2c.wire import Wire

_NOBODY_HERE = (*NOBODY, errno.EIO, errno.EOPNOTSUPP)
"""EIO is what some adapters make of it; the last is for those that cannot write nothing."""


class Found(NamedTuple):
    """Somebody who answers."""

    address: int
    chip: str | None
    """The key of a chip of ours, or the name of another that is known."""

    def __str__(self) -> str:
        return f"{self.address:#04x}" + (f" ({title(self.chip)})" if self.chip else "")


def scan(lease: Lease) -> list[Found]:
    """Everybody who answers. Raises `OSError` if the bus is stuck."""
    taken = lease.owners()
    looked = (look(lease, address) for address in range(LOWEST, HIGHEST + 1) if address not in taken)
    return [found for found in looked if found is not None]


def look(lease: Lease, address: int) -> Found | None:
    """Who answers at `address`. Raises `OSError` if the bus is stuck.

    Where a chip of ours may live, its registers are asked for; elsewhere a byte is, or else a mere sign of life.
    """
    wire = Wire(lease, address)
    for probe in probes_at(address):
        try:
            chip = probe(wire)
        except OSError as error:
            _must_be_nobody(error)
        else:
            if chip is not None:
                return Found(address, chip)
    return Found(address, None) if _lives(wire) else None


def _lives(wire: Wire) -> bool:
    for count in (1, 0):
        try:
            wire.receive(count)
        except ShortReadError:
            return True
        except OSError as error:
            _must_be_nobody(error)
        else:
            return True
    return False


def _must_be_nobody(error: OSError) -> None:
    if error.errno not in _NOBODY_HERE:
        raise error
