"""What the kernel says of an I2C bus, as a sentence with a remedy. Nothing is read or written here."""

from __future__ import annotations

import errno
from collections.abc import Sequence

NOBODY = (errno.EREMOTEIO, errno.ENXIO)
"""How adapters say that an address was not acknowledged."""

_STUCK = (errno.ETIMEDOUT, errno.EBUSY)
GONE = (errno.EBADF, errno.ENODEV, errno.ENOENT, errno.ESHUTDOWN)
"""How the kernel says that the bus itself is no longer there."""


class ShortReadError(OSError):
    """A chip sent fewer bytes than it was asked for."""

    def __init__(self, came: int, asked: int) -> None:
        super().__init__(errno.EIO, f"only {came} of {asked} bytes came")


def nobody(error: OSError) -> bool:
    """Whether the address was not acknowledged."""
    return error.errno in NOBODY


def cannot_open(number: int, error: OSError, others: Sequence[str]) -> str:
    """Why /dev/i2c-`number` cannot be opened; `others` are the buses that there are."""
    if error.errno == errno.ENOENT:
        there = f"; there are: {', '.join(others)}" if others else ""
        return (
            f"there is no /dev/i2c-{number}{there}; on a Raspberry Pi switch I2C on (`sudo raspi-config`, Interface "
            "Options) and start it anew"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"you may not use /dev/i2c-{number}: `sudo usermod -aG i2c $USER`, then log in again"
    return f"cannot open /dev/i2c-{number}: {error}"


def explain(error: OSError, number: int) -> str:
    """What went wrong in a transfer with a chip on bus `number` that has answered before, and what helps."""
    if isinstance(error, ShortReadError):
        return f"{error.strerror}: a loose wire, or the bus is too fast for its wires"
    if nobody(error):
        return "does not answer: is its wire loose, has it lost its power?"
    if error.errno in _STUCK:
        return (
            f"I2C bus {number} is stuck, a device holds the clock or the data line down: take the power off the "
            "sensors for a moment, look for a short"
        )
    if error.errno in GONE:
        return f"I2C bus {number} has gone: was its adapter unplugged?"
    if error.errno in (errno.EIO, errno.EAGAIN):
        return "the transfer was disturbed: shorten the wires, keep them away from the servos' leads"
    return str(error)
