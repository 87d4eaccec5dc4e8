"""From what the devices measured to what the nervous system is given, by the names in a robot file.

One kernel over flat arrays does the work of a tick. No device is called and no file is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.binding_kernel import CHANNEL, LINK, POLICIES, judge_and_bind
from wormctl.channel import Channel, OnError, Quality, Samples
from wormctl.config import ConfigError, Where, place
from wormctl.controller import Port
from wormctl.device import JOINT_POSITION, DeviceSpec
from wormctl.names import unknown

Gain = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Bind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[bind]]` of a robot file: the named inputs that a channel reaches.

    Each input receives `gain` * value + `offset`, value by value; `element` picks one value of a vector.
    An input that several channels reach receives the sum, and only while all of them serve; one that is `optional`
    adds nothing while it does not, and takes nothing away from the others.
    """

    channel: str
    to: Annotated[list[str], msgspec.Meta(min_length=1)]
    gain: Gain = 1.0
    offset: Gain = 0.0
    element: Annotated[int, msgspec.Meta(ge=0)] | None = None
    optional: bool = False


class Shared(NamedTuple):
    """Inputs that the same channels reach, more than one."""

    inputs: tuple[str, ...]
    needed: tuple[str, ...]
    """Channels without which they get nothing."""
    optional: tuple[str, ...]


class Binding:
    """The samples of all devices in one set of arrays, and the links from there to the controller's inputs.

    `samples` has one entry a device, for the loop to pass to its `read`. `x` and `good` are for
    `Controller.step`. Everything is allocated here.
    """

    def __init__(
        self,
        devices: Sequence[DeviceSpec],
        inputs: Sequence[Port],
        binds: Sequence[Bind],
        *,
        vital: Collection[str] = (JOINT_POSITION,),
        where: Where = "binding",
    ) -> None:
        """Channels named in `vital` fault whatever they declare. Raises `ConfigError`, naming `where`."""
        self.devices = tuple(devices)
        self.channels: tuple[Channel, ...] = tuple(c for d in devices for c in d.channels)
        self.owners = tuple(d.name for d in devices for _ in d.channels)
        self._index = _unique_names(self.devices, where)
        count, size = len(self.channels), sum(c.size for c in self.channels)
        self.values = np.zeros(size)
        self.time_s = np.zeros(count)
        self.quality = np.zeros(count, dtype=np.uint8)
        self.judged = np.full(count, Quality.STALE, dtype=np.uint8)
        self.held = np.zeros(size)
        self.samples = self._views()
        self._channels = np.zeros(count, dtype=CHANNEL)
        starts = np.cumsum([0, *(c.size for c in self.channels)])
        for row, channel, start in zip(self._channels, self.channels, starts[:-1], strict=True):
            policy = OnError.FAULT if channel.name in vital else channel.on_error
            row["low"], row["high"], row["max_age_s"] = channel.low, channel.high, channel.max_age_s
            row["start"], row["size"], row["on_error"] = start, channel.size, POLICIES.index(policy)
        self._inputs = tuple(port.name for port in inputs for _ in range(port.size))
        self._links = self._resolve(binds, inputs, where)
        total = sum(port.size for port in inputs)
        self.x = np.zeros(total)
        self.good = np.zeros(total, dtype=np.bool_)
        self.reset(0.0)

    def reset(self, now_s: float) -> None:
        """Forget every sample; the age of one that never came counts from `now_s`."""
        self.time_s[:] = -np.inf
        self.quality[:] = self.judged[:] = Quality.STALE
        self._channels["last_good_s"] = now_s
        self._channels["measured"] = self._channels["serves"] = self._channels["bad"] = 0
        self.x[:] = 0.0
        self.good[:] = False

    def run(self, now_s: float) -> int:
        """One pass of `judge_and_bind`; its outcome."""
        outcome: int = judge_and_bind(
            now_s,
            self.values,
            self.time_s,
            self.quality,
            self._channels,
            self.held,
            self.judged,
            self._links,
            self.x,
            self.good,
        )
        return outcome

    def clear_counts(self) -> None:
        """Count bad samples from 0 again."""
        self._channels["bad"] = 0

    def serves(self, channel: str) -> bool:
        """Whether there is a value to use, by the last `run`. Raises `KeyError`."""
        return bool(self._channels[self._index[channel]]["serves"])

    def bad_samples(self) -> dict[str, int]:
        """How many ticks each channel was without a good sample."""
        return {c.name: int(n) for c, n in zip(self.channels, self._channels["bad"], strict=True)}

    def degraded(self) -> bool:
        """Whether a channel whose policy is `degrade` was ever without a good sample."""
        rows = self._channels
        return bool(np.any((rows["on_error"] == POLICIES.index(OnError.DEGRADE)) & (rows["bad"] > 0)))

    def shared(self) -> list[Shared]:
        """The inputs that several channels reach, those of the same channels together."""
        reached: dict[str, dict[str, bool]] = {}
        for link in self._links:
            channels = reached.setdefault(self._inputs[link["target"]], {})
            channel = self.channels[link["channel"]].name
            channels[channel] = channels.get(channel, False) or not link["optional"]
        together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
        for name, channels in reached.items():
            needed = tuple(channel for channel, needs in channels.items() if needs)
            optional = tuple(channel for channel, needs in channels.items() if not needs)
            if len(channels) > 1:
                together.setdefault((needed, optional), []).append(name)
        return [Shared(tuple(names), *channels) for channels, names in together.items()]

    def latest(self, channel: str) -> NDArray[np.float64]:
        """The last good values of a channel, a view of shape (size,). Raises `KeyError`."""
        row = self._channels[self._index[channel]]
        return self.held[int(row["start"]) : int(row["start"] + row["size"])]

    def complaint(self, c: int) -> str:
        """What is wrong with channel number `c`, in a line."""
        channel, row = self.channels[c], self._channels[c]
        found = Quality(int(self.judged[c]))
        values = self.values[int(row["start"]) : int(row["start"] + row["size"])]
        span = f"{channel.low:g}..{channel.high:g} {channel.unit}"
        what = {
            Quality.GOOD: "good",
            Quality.STALE: f"no sample for {channel.max_age_s:g} s",
            Quality.INVALID: f"reads {_brief(values)}; allowed {span}"
            if not np.all((channel.low <= values) & (values <= channel.high))
            else "is stamped in the future: stamp it with now_s, or a later time.monotonic()",
            Quality.FAILED: "the device could not measure",
        }[found]
        return f"{self.owners[c]}: channel {channel.name}: {what}"

    def _views(self) -> tuple[Samples, ...]:
        views, v, c = [], 0, 0
        for device in self.devices:
            size, count = sum(ch.size for ch in device.channels), len(device.channels)
            arrays = (self.values[v : v + size], self.time_s[c : c + count], self.quality[c : c + count])
            views.append(Samples(device.channels, of=arrays))
            v, c = v + size, c + count
        return tuple(views)

    def _resolve(self, binds: Sequence[Bind], inputs: Sequence[Port], where: Where) -> NDArray[np.void]:
        starts = np.cumsum([0, *(p.size for p in inputs)])
        ports = {p.name: (p, int(start)) for p, start in zip(inputs, starts[:-1], strict=True)}
        rows: list[tuple[int, int, int, float, float, int]] = []
        seen: set[tuple[int, int]] = set()
        for b, bind in enumerate(binds):
            path = place(where, f"$.bind[{b}]")
            if bind.channel not in self._index:
                raise ConfigError(
                    f"{path}.channel = {bind.channel!r}: {unknown('channel', bind.channel, self._index)}"
                )
            c = self._index[bind.channel]
            channel, source = self.channels[c], int(self._channels[c]["start"])
            picked = range(channel.size)
            if bind.element is not None:
                if bind.element >= channel.size:
                    raise ConfigError(
                        f"{path}.element = {bind.element}: {channel.name} has values 0..{channel.size - 1}"
                    )
                picked = range(bind.element, bind.element + 1)
            for t, name in enumerate(bind.to):
                here = f"{path}.to[{t}] = {name!r}"
                if name not in ports:
                    raise ConfigError(f"{here}: {unknown('input', name, ports)}")
                port, target = ports[name]
                if port.size != len(picked):
                    raise ConfigError(
                        f"{here}: takes {port.size} values, but {channel.name} gives {len(picked)}"
                        f"{'; pick one with element' if port.size == 1 else ''}"
                    )
                for i, element in enumerate(picked):
                    if (source + element, target + i) in seen:
                        raise ConfigError(f"{here}: {channel.name} is already bound to it")
                    seen.add((source + element, target + i))
                    row = (c, source + element, target + i, bind.gain, bind.offset, int(bind.optional))
                    rows.append(row)
        return np.array(rows, dtype=LINK)


def _unique_names(devices: Sequence[DeviceSpec], where: Where) -> dict[str, int]:
    """The number of every channel by its name. Of `devices` the first is the body, the others are sensors."""
    index: dict[str, int] = {}
    owners: dict[str, str] = {}
    for d, device in enumerate(devices):
        for channel in device.channels:
            if channel.name in index:
                raise ConfigError(
                    f"{place(where, f'$.sensor[{d - 1}]' if d else '$.body')}: {device.name} offers the channel "
                    f"{channel.name!r}, as {owners[channel.name]} does: a robot may have one channel of a name; "
                    'as = "other" in [[sensor]] gives it another'
                )
            index[channel.name], owners[channel.name] = len(index), device.name
    return index


def _brief(values: NDArray[np.float64]) -> str:
    return f"{values[0]:g}" if values.size == 1 else "[" + ", ".join(f"{v:g}" for v in values[:16]) + "]"
