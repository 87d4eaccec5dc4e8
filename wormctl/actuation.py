"""From the activity of neurons to what is no joint: lamps, grippers, buzzers. Nothing reaches them unchecked.

The robot file says which neurons drive which channel of an actuator; a kernel fills the arrays that actuators are
given, within the range that each has declared. Actuators fault the run, whatever they raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel
from wormctl.config import ConfigError, Where, place
from wormctl.device import Actuator, DeviceSpec, said
from wormctl.hanging import attempt
from wormctl.jit import njit
from wormctl.names import unknown

Gain = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Drive(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"neurons": "from"}
):
    """One `[[drive]]` of a robot file: the neurons that drive a channel of an actuator.

    The channel gets `gain` * (their mean activity, 0 to 1) + `offset`, brought within its range. `element` picks one
    value of a channel that has several.
    """

    channel: str
    neurons: Annotated[list[str], msgspec.Meta(min_length=1)]
    gain: Gain = 1.0
    offset: Gain = 0.0
    element: Annotated[int, msgspec.Meta(ge=0)] = 0


@njit(cache=True)
def drive_values(
    activity: NDArray[np.floating],
    sources: NDArray[np.int64],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64],
    offset: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """`out` (values,) = `offset` + the sum of weight * activity, within `low` and `high`.

    `sources`, `targets` and `weights` are (links,). A value that would not be finite is `offset`, within the range.
    """
    for i in range(out.size):
        out[i] = offset[i]
    for k in range(sources.size):
        out[targets[k]] += weights[k] * activity[sources[k]]
    for i in range(out.size):
        value = out[i] if np.isfinite(out[i]) else offset[i]
        out[i] = min(max(value, low[i]), high[i])


class Actuation:
    """All actuators of a robot, and what drives them. `values` (values,) is what they were last told."""

    def __init__(
        self,
        actuators: Sequence[Actuator],
        neurons: Sequence[str],
        drives: Sequence[Drive],
        *,
        where: Where = "actuation",
    ) -> None:
        """Raises `ConfigError`, naming `where`, for a channel or a neuron that nobody has."""
        self.actuators = tuple(actuators)
        self.channels: tuple[Channel, ...] = tuple(c for a in actuators for c in a.spec.channels)
        starts = np.cumsum([0, *(c.size for c in self.channels)])
        _unique(actuators, where)
        self._starts = {c.name: int(start) for c, start in zip(self.channels, starts[:-1], strict=True)}
        low = [c.low for c in self.channels for _ in range(c.size)]
        high = [c.high for c in self.channels for _ in range(c.size)]
        self._low, self._high = np.array(low, dtype=np.float64), np.array(high, dtype=np.float64)
        self._offset = np.zeros(len(low))
        self.values = np.zeros(len(low))
        self._links(drives, {name: i for i, name in enumerate(neurons)}, where)
        ends = np.cumsum([sum(c.size for c in a.spec.channels) for a in actuators], dtype=np.int64).tolist()
        self._views = [self.values[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)] if ends else []
        self._pairs = tuple(zip(self.actuators, self._views, strict=True))
        self.culprit = ""
        """The actuator that was told last."""
        self.stop_error: str | None = None
        """What went wrong first when one was stopped: it may still be on."""

    def warm_up(self, activity: NDArray[np.floating]) -> None:
        """Have the kernel compiled for such an `activity`: the first time it takes long. Nobody is told anything."""
        self._drive(activity)
        self.values[:] = self._rest

    def run(self, activity: NDArray[np.floating], now_s: float) -> None:
        """Tell every actuator what the neurons want of it. Raises what an actuator raises."""
        self._drive(activity)
        for actuator, values in self._pairs:
            self.culprit = actuator.spec.name
            actuator.write(values, now_s)

    def _drive(self, activity: NDArray[np.floating]) -> None:
        drive_values(
            activity,
            self._sources,
            self._targets,
            self._weights,
            self._offset,
            self._low,
            self._high,
            self.values,
        )

    def stop(self, reason: str) -> None:
        """Make every actuator safe, whatever the others do. Nothing but a Ctrl-C gets out, when all are.

        One that fails is kept in `stop_error`.
        """
        self.values[:] = self._rest
        interrupted: KeyboardInterrupt | None = None
        for actuator in self.actuators:
            try:
                if (error := attempt(partial(actuator.stop, reason))) is not None:
                    self.stop_error = self.stop_error or f"{actuator.spec.name}: stop failed: {said(error)}"
            except KeyboardInterrupt as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted

    def _links(self, drives: Sequence[Drive], index: dict[str, int], where: Where) -> None:
        sources, targets, weights = [], [], []
        channels = {c.name: c for c in self.channels}
        for d, drive in enumerate(drives):
            at = place(where, f"$.drive[{d}]")
            if drive.channel not in channels:
                raise ConfigError(
                    f"{at}.channel = {drive.channel!r}: {unknown('channel', drive.channel, channels)}"
                )
            size = channels[drive.channel].size
            if drive.element >= size:
                raise ConfigError(f"{at}.element = {drive.element}: {drive.channel} has values 0..{size - 1}")
            target = self._starts[drive.channel] + drive.element
            if target in targets:
                raise ConfigError(f"{at}: {drive.channel} is driven twice: name all its neurons in one table")
            for n, name in enumerate(drive.neurons):
                if name not in index:
                    raise ConfigError(f"{at}.from[{n}] = {name!r}: {unknown('neuron', name, index)}")
                sources.append(index[name])
                targets.append(target)
                weights.append(drive.gain / len(drive.neurons))
            self._offset[target] = drive.offset
        self._rest = np.clip(self._offset, self._low, self._high)
        self.values[:] = self._rest
        self._sources = np.array(sources, dtype=np.int64)
        self._targets = np.array(targets, dtype=np.int64)
        self._weights = np.array(weights, dtype=np.float64)


def _unique(actuators: Sequence[Actuator], where: Where) -> None:
    owners: dict[str, DeviceSpec] = {}
    for a, actuator in enumerate(actuators):
        for channel in actuator.spec.channels:
            if channel.name in owners:
                raise ConfigError(
                    f"{place(where, f'$.actuator[{a}]')}: {actuator.spec.name} has the channel {channel.name!r}, as "
                    f"{owners[channel.name].name} does: a robot may have one channel of a name"
                )
            owners[channel.name] = actuator.spec
