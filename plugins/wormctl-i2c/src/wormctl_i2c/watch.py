"""`wormctl i2c --watch`: what the chips on a bus measure just now, for whoever has wired them. Nothing is recorded."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from typing import TypeAlias

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wormctl.channel import Channel, Quality, Samples
from wormctl.config import convert
from wormctl.device import Context, DeviceError
from wormctl.snake import load_snake
from wormctl_i2c.buses import Buses
from wormctl_i2c.chips import CHIPS
from wormctl_i2c.config import I2cConfig
from wormctl_i2c.gas import SENSE as GAS
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.imu import SENSE as IMU
from wormctl_i2c.imu import Imu, ImuConfig
from wormctl_i2c.scan import Found
from wormctl_i2c.sensor import I2cSensor
from wormctl_i2c.tof import SENSE as TOF
from wormctl_i2c.tof import Tof, TofConfig

WARM_UP_S = 10.0
"""Shorter than in a run: enough to see whether a nose smells at all."""
_REDRAW_S, _LINE_S = 0.2, 1.0
KINDS: dict[str, tuple[Callable[..., I2cSensor], type[I2cConfig]]] = {
    GAS: (Gas, GasConfig),
    IMU: (Imu, ImuConfig),
    TOF: (Tof, TofConfig),
}

Look: TypeAlias = tuple[I2cSensor, Samples]
"""A sensor, and where its values go."""


def watch(
    found: Sequence[Found],
    bus: int,
    buses: Buses,
    console: Console,
    seconds: float,
    nap: Callable[[float], None] = time.sleep,
) -> None:
    """Show it for so many seconds, or until Ctrl-C. Raises `DeviceError` if no sensor can be read."""
    context = Context(snake=load_snake(), period_s=_REDRAW_S, seed=0)
    with ExitStack() as stack:
        looks: list[Look] = []
        made = sensors(found, bus, buses)
        if not made:
            raise DeviceError("nothing to watch: none of these chips is one that this package reads")
        for sensor in made:
            try:
                sensor.configure(context)
            except DeviceError as error:
                console.print(str(error), markup=False, soft_wrap=True)
                continue
            stack.callback(sensor.close)
            looks.append((sensor, Samples(sensor.spec.channels)))
            for note in sensor.notes:
                console.print(note, markup=False)
        if not looks:
            raise DeviceError("nothing to watch: none of them could be started")
        try:
            _look(looks, console, time.monotonic() + seconds, nap)
        except KeyboardInterrupt:
            console.print()


def sensors(found: Sequence[Found], bus: int, buses: Buses) -> list[I2cSensor]:
    """A sensor for each chip of ours; two of a kind are named after their addresses."""
    ours = [(one.address, CHIPS[one.chip]) for one in found if one.chip in CHIPS]
    many = Counter(chip.sense for _, chip in ours)
    made = []
    for address, chip in ours:
        make, config = KINDS[chip.sense]
        settings: dict[str, object] = {"bus": bus, "address": address, "chip": chip.key}
        if many[chip.sense] > 1:
            settings["name"] = f"at_{address:02x}"
        if chip.sense == GAS:
            settings["warm_up_s"] = WARM_UP_S
        made.append(make(convert(settings, config, where="i2c"), buses))
    return made


def _look(looks: Sequence[Look], console: Console, until_s: float, nap: Callable[[float], None]) -> None:
    """Pictures on a terminal, one in the place of the other; lines elsewhere."""
    live = Live(console=console, auto_refresh=False) if console.is_terminal else None
    with live or nullcontext():
        while (left_s := until_s - time.monotonic()) > 0.0:
            nap(min(_LINE_S if live is None else _REDRAW_S, left_s))
            rows = [row for look in looks for row in _rows(look)]
            troubles = [
                f"last trouble: {sensor.last_error}" for sensor, _ in looks if sensor.last_error is not None
            ]
            if live is not None:
                live.update(_picture(rows, troubles), refresh=True)
                continue
            line = "   ".join(" ".join(row[:3]) for row in rows)
            console.print("\n".join([line, *troubles]), markup=False, soft_wrap=True)


def _rows(look: Look) -> Iterator[tuple[str, str, str, str]]:
    """What stands in the table: a channel's name, its value, its unit, what it is."""
    sensor, out = look
    now_s = time.monotonic()
    sensor.read(now_s, out)
    for i, channel in enumerate(out.channels):
        yield channel.name, shown(channel, out, i, now_s), channel.unit, channel.doc


def _picture(rows: Sequence[tuple[str, str, str, str]], troubles: Sequence[str]) -> Group:
    table = Table("channel", "now", "unit", "what it is", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return Group(table, *(Text(trouble, style="red") for trouble in troubles))


def shown(channel: Channel, out: Samples, index: int, now_s: float) -> str:
    """The newest value of a channel, or why there is none."""
    if out.quality[index] == Quality.FAILED:
        return "failed"
    if out.quality[index] != Quality.GOOD or now_s - out.time_s[index] > channel.max_age_s:
        return "none yet" if out.time_s[index] == -math.inf else "too old"
    return "  ".join(_number(value) for value in out.vector(channel.name).tolist())


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.3f}"
