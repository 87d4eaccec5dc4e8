"""Which address a sensor's chip answers at, or a line that says who answers instead and what to do about it."""

from __future__ import annotations

from wormctl.device import DeviceError
from wormctl_i2c.buses import Lease
from wormctl_i2c.chips import CHIPS, Chip, title
from wormctl_i2c.config import I2cConfig
from wormctl_i2c.scan import scan
from wormctl_i2c.trouble import nobody
from wormctl_i2c.wire import Wire

WIRING = "check its power, its ground, SDA and SCL, and the address"


def find(lease: Lease, chip: Chip, config: I2cConfig) -> int:
    """The address of `chip`. Raises `DeviceError`, and `OSError` if the bus is stuck."""
    said: list[str] = []
    other: str | None = None
    hint = ""
    for address in chip.addresses if config.address is None else (config.address,):
        if (owner := lease.owners().get(address)) is not None:
            said.append(f"{address:#04x} is read by the sensor {owner}")
            continue
        try:
            found = identify(Wire(lease, address), chip, wake=config.address is not None)
        except OSError as error:
            if not nobody(error):
                raise
            said.append(f"nobody answers at {address:#04x}")
            continue
        if found == chip.key:
            return address
        said.append(f"{address:#04x} is {'something else' if found is None else 'a ' + title(found)}")
        if found is None and chip.wake and config.address is None:
            hint = f"; if it is the {chip.title} that answers, write address = {address:#04x}"
        if found in CHIPS and CHIPS[found].sense == chip.sense:
            other = found
    where = f"{chip.title} on I2C bus {lease.number}: {', '.join(said)}"
    if other is not None:
        raise DeviceError(f'$.chip = {chip.key!r}: no {where}: set chip = "{other}"')
    prefix = "" if config.address is None else f"$.address = {config.address:#04x}: "
    raise DeviceError(f"{prefix}no {where}; {_who_answers(lease)}{hint}")


def identify(wire: Wire, chip: Chip, *, wake: bool) -> str | None:
    """Who answers; `wake` writes to it first what `chip` may need. Raises `OSError`."""
    for write in chip.wake if wake else ():
        wire.send(write)
    return chip.probe(wire)


def _who_answers(lease: Lease) -> str:
    there = scan(lease)
    if there:
        return f"these answer: {', '.join(map(str, there))}; {WIRING}"
    if lease.owners():
        return WIRING
    return "nobody at all answers on this bus: check its power, its ground, SDA and SCL"
