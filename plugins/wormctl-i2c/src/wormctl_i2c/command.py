"""`wormctl i2c`: who answers on a bus, and what that measures: to check the wiring before a robot file is written."""

from __future__ import annotations

import argparse
import math
from typing import Annotated

import msgspec
from rich.table import Table

from wormctl.config import convert
from wormctl.console import make_console
from wormctl.device import Config, DeviceError
from wormctl_i2c.buses import LINUX, Buses
from wormctl_i2c.chips import CHIPS, title
from wormctl_i2c.scan import Found, scan
from wormctl_i2c.trouble import explain
from wormctl_i2c.watch import watch

EPILOG = """\
examples:
  wormctl i2c            who answers on /dev/i2c-1, the bus on pins 3 and 5 of a Raspberry Pi
  wormctl i2c --bus 3    the same on another bus
  wormctl i2c --watch    then what each of them measures, until Ctrl-C; --watch 10 for ten seconds

A scan writes to the chips where those that this package knows may live (0x29, 0x59, 0x68, 0x69, 0x76, 0x77): no more
than the number of the register to read, as far as they are such chips. An ICM-20948 that was left in another bank of
its registers is put back into the first. Do not scan a bus that a running robot reads.
"""

_FOR_EVER = 0.0


class _Options(Config, frozen=True, kw_only=True):
    bus: Annotated[int, msgspec.Meta(ge=0, le=255)]
    watch: Annotated[float, msgspec.Meta(ge=0.0)] | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--bus", type=int, default=1, metavar="N", help="N of /dev/i2c-N (default: 1)")
    parser.add_argument(
        "--watch",
        type=float,
        nargs="?",
        const=_FOR_EVER,
        metavar="SECONDS",
        help="afterwards show what the chips measure, until Ctrl-C or for so many seconds",
    )


def run(args: argparse.Namespace, buses: Buses = LINUX) -> int:
    """Scan and print, and watch. Raises `DeviceError` if nobody answers."""
    told = {"bus": args.bus, "watch": args.watch}
    options = convert(told, _Options, where="options", options={"$.bus": "--bus", "$.watch": "--watch"})
    bus = options.bus
    try:
        lease = buses.take(bus)
    except DeviceError as error:
        raise DeviceError(str(error).removeprefix(f"$.bus = {bus}: ")) from None
    try:
        found = scan(lease)
    except OSError as error:
        raise DeviceError(explain(error, bus)) from None
    finally:
        lease.close()
    if not found:
        raise DeviceError(
            f"nobody answers on I2C bus {bus}: check power (3.3 V), ground, SDA and SCL of your sensors"
        )
    table = Table("address", "chip", "[[sensor]] of a robot file", box=None, pad_edge=False)
    for one in found:
        table.add_row(*row(one, bus))
    console = make_console()
    console.print(table, markup=False)
    if options.watch is not None:
        watch(found, bus, buses, console, options.watch or math.inf)
    return 0


def row(found: Found, bus: int) -> tuple[str, str, str]:
    """One line of the table."""
    chip = CHIPS.get(found.chip or "")
    if chip is None:
        return f"{found.address:#04x}", title(found.chip) if found.chip else "?", ""
    settings = [f'use = "{chip.sense}"', f'chip = "{chip.key}"']
    settings += [f"bus = {bus}"] if bus != 1 else []
    settings += [f"address = {found.address:#04x}"] if len(chip.addresses) > 1 else []
    return f"{found.address:#04x}", chip.title, ", ".join(settings)
