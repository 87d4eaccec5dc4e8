"""What the real sensors of a robot measure just now, for whoever has wired them. Nothing moves or is recorded."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from wormctl.assembly import told_if_slow
from wormctl.binding import Bind, Binding
from wormctl.channel import Quality
from wormctl.config import ConfigError
from wormctl.device import Context, Noted, Sensor
from wormctl.hanging import attempt
from wormctl.making import blamed, place_sensor
from wormctl.plugins import Plugins
from wormctl.robot import Robot
from wormctl.snake import load_snake

REDRAW_S, LINE_S = 0.2, 1.0
"""Between two looks in a terminal, and between two lines elsewhere."""
_GOOD, _BAD = "green3", "bold red"


class Row(NamedTuple):
    """One channel, as the loop would judge it."""

    channel: str
    values: list[float]
    unit: str
    to: list[str]
    """The inputs of the policy that it reaches."""
    trouble: str | None
    """Why its values reach no neuron, if they do not."""


class Readings:
    """Sensors that are open, and the judgement of the loop on what they measure."""

    def __init__(self, sensors: Sequence[Sensor], binds: Sequence[Bind]) -> None:
        self._sensors = {sensor.spec.name: sensor for sensor in sensors}
        self._binding = Binding([sensor.spec for sensor in sensors], (), (), vital=())
        samples = self._binding.samples
        self._views = {c.name: out.vector(c.name) for out in samples for c in out.channels}
        self._to: dict[str, list[str]] = {}
        for bind in binds:
            self._to.setdefault(bind.channel, []).extend(bind.to)

    def look(self, now_s: float) -> list[Row]:
        """Read them all, and judge."""
        binding = self._binding
        for sensor, out in zip(self._sensors.values(), binding.samples, strict=True):
            sensor.read(now_s, out)
        binding.run(now_s)
        rows = []
        for c, channel in enumerate(binding.channels):
            trouble = None
            if binding.judged[c] != Quality.GOOD:
                owner = binding.owners[c]
                why = getattr(self._sensors[owner], "last_error", None)
                trouble = binding.complaint(c).partition(f"{channel.name}: ")[2] + (
                    f" ({why})" if why else ""
                )
            values = self._views[channel.name].tolist()
            rows.append(Row(channel.name, values, channel.unit, self._to.get(channel.name, []), trouble))
        return rows


@contextmanager
def open_readings(robot: Robot, plugins: Plugins) -> Iterator[tuple[Readings, list[str]]]:
    """The real sensors of `robot`, opened, and what they have to tell. Raises `ConfigError` or `DeviceError`."""
    made = [(part, place_sensor(part, plugins)) for part in robot.sensors]
    real = [(part, sensor) for part, sensor in made if not sensor.spec.simulated]
    if not real:
        raise ConfigError(
            f"{robot.file}: has no real sensor to watch: `wormctl run` shows what simulated ones sense"
        )
    context = Context(snake=load_snake(robot.description), period_s=1.0 / robot.rate_hz, seed=0)
    with ExitStack() as closing:
        notes: list[str] = []
        for part, sensor in real:
            closing.callback(attempt, sensor.close)
            with blamed(part, "be configured"), told_if_slow(sensor.spec):
                sensor.configure(context)
            notes += sensor.notes if isinstance(sensor, Noted) else []
        yield Readings([sensor for _, sensor in real], robot.binds), notes


def watch(
    readings: Readings, console: Console, seconds: float = math.inf, say: Callable[[str], None] | None = None
) -> None:
    """Show them for so many seconds, or until Ctrl-C; `say`, if given, gets a line of JSON for every look instead."""
    began_s = time.monotonic()
    live = console.is_terminal and say is None
    pause_s = REDRAW_S if live else LINE_S
    with Live(console=console, auto_refresh=False) if live else _nothing() as shown:
        while (now_s := time.monotonic() - began_s) < seconds:
            time.sleep(min(pause_s, seconds - now_s))
            rows, now_s = readings.look(time.monotonic()), time.monotonic() - began_s
            if say is not None:
                say(_as_json(now_s, rows))
            elif shown is not None:
                shown.update(_table(rows), refresh=True)
            else:
                console.print(_line(now_s, rows), markup=False, soft_wrap=True)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _table(rows: Sequence[Row]) -> Table:
    table = Table("channel", "value", "", "reaches", "", box=None, pad_edge=False)
    for row in rows:
        state = Text("ok", _GOOD) if row.trouble is None else Text(row.trouble, _BAD)
        table.add_row(row.channel, _values(row), row.unit, ", ".join(row.to) or "nothing", state)
    return table


def _line(now_s: float, rows: Sequence[Row]) -> str:
    told = [f"{row.channel} {row.trouble or f'{_values(row)} {row.unit}'}" for row in rows]
    return f"{now_s:6.1f} s  " + "   ".join(told)


def _values(row: Row) -> str:
    return " ".join(f"{value:.4g}" for value in row.values)


def _as_json(now_s: float, rows: Sequence[Row]) -> str:
    said = {"time_s": round(now_s, 3), "channels": [row._asdict() for row in rows]}
    return msgspec.json.encode(said).decode()
