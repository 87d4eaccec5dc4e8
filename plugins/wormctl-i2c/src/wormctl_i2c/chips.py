"""The chips that this package reads: their names, their addresses, how to know them. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wormctl_i2c import bme68x, icm20948, rangers, sgp40
from wormctl_i2c.wire import Wire


class Chip(NamedTuple):
    """One kind of chip."""

    key: str
    """As the setting `chip` has it."""
    title: str
    sense: str
    """The sensor of ours that reads it: `use` in a robot file."""
    addresses: tuple[int, ...]
    """Those it can have, the commonest first."""
    probe: Callable[[Wire], str | None]
    """The key of the chip that answers, else the name of another that is known, else None. Raises `OSError`."""
    wake: tuple[bytes, ...] = ()
    """What to write first, if the chip may have been left where it does not show its identity."""


_ALL = (
    Chip("icm20948", "ICM-20948", "imu", (0x69, 0x68), icm20948.probe, (icm20948.BANK_0,)),
    Chip("vl53l0x", "VL53L0X", "tof", (0x29,), rangers.probe, rangers.L0X_WAKE),
    Chip("vl53l1x", "VL53L1X", "tof", (0x29,), rangers.probe),
    Chip("sgp40", "SGP40", "gas", (0x59,), sgp40.probe),
    Chip("bme688", "BME688", "gas", (0x76, 0x77), bme68x.probe),
    Chip("bme680", "BME680", "gas", (0x76, 0x77), bme68x.probe),
)

CHIPS = {chip.key: chip for chip in _ALL}


def title(found: str) -> str:
    """What a probe found, as people write it."""
    return CHIPS[found].title if found in CHIPS else found


def probes_at(address: int) -> list[Callable[[Wire], str | None]]:
    """The probes of the chips that may live at `address`, each once."""
    return list(dict.fromkeys(chip.probe for chip in _ALL if address in chip.addresses))
