"""A sensor on an I2C bus: found when it is opened, started anew after whatever went wrong. No chip lives here."""

from __future__ import annotations

import contextlib
import math
from abc import abstractmethod
from collections.abc import Sequence

from wormctl.channel import Channel, Samples
from wormctl.device import Context, DeviceError, DeviceSpec
from wormctl.slow import SlowSensor
from wormctl_i2c.buses import LINUX, Buses, Lease
from wormctl_i2c.chips import CHIPS, title
from wormctl_i2c.config import I2cConfig
from wormctl_i2c.finding import find, identify
from wormctl_i2c.trouble import explain
from wormctl_i2c.wire import Wire

BUDGET_S = 1.5
"""How long starting a chip and measuring once may take together: less than closing a sensor waits."""


class I2cSensor(SlowSensor):
    """Derive, and write `start`, `sample` and, if the chip can rest, `rest`.

    Whatever these raise fails every channel. Before the next attempt the chip is identified and started as if it were
    new, since it may have lost its power and with it its settings.
    """

    def __init__(
        self, config: I2cConfig, chip: str, channels: Sequence[Channel], buses: Buses | None = None
    ) -> None:
        self.chip = CHIPS[chip]
        super().__init__(
            DeviceSpec(
                name=config.called(self.chip.sense), channels=tuple(channels), simulated=False, api_version=1
            )
        )
        self.notes: list[str] = []
        self._config = config
        self._buses = buses or LINUX
        self._ranges = {c.name: (c.low, c.high) for c in channels}
        self._lease: Lease | None = None
        self._wire: Wire | None = None
        self._started = False

    @abstractmethod
    def start(self, wire: Wire) -> None:
        """Make the chip, which has told who it is, measure."""

    @abstractmethod
    def sample(self, out: Samples) -> None:
        """Measure once and fill `out`; stamp in `time.monotonic()`."""

    def rest(self) -> None:
        """Let the chip rest."""

    def in_range(self, name: str, value: float) -> bool:
        """Whether channel `name` may have that value."""
        low, high = self._ranges[name]
        return math.isfinite(value) and low <= value <= high

    def put(self, out: Samples, name: str, value: float, time_s: float) -> None:
        """Record a scalar, or fail its channel if it is no number in its range."""
        if self.in_range(name, value):
            out.put(name, value, time_s)
        else:
            out.fail(name)

    def complain(self, what: str) -> None:
        """Have it told of `what`, while the rest of what it measures goes on."""
        self.last_error = str(self._blame(DeviceError(what)))

    def open(self, context: Context) -> None:
        """Find the chip and start it."""
        lease: Lease | None = None
        try:
            lease = self._lease = self._buses.take(self._config.bus)
            address = find(lease, self.chip, self._config)
            lease.claim(address, self.spec.name)
            wire = self._wire = Wire(lease, address)
            wire.allow(BUDGET_S)
            self.start(wire)
        except Exception as error:
            if lease is not None:
                lease.close()
            raise self._blame(error) from None
        self._started = True

    def measure(self, now_s: float, out: Samples) -> None:
        """Measure once, starting the chip anew if something has gone wrong before."""
        wire = self._wire
        if wire is None:
            raise DeviceError(f"{self.spec.name}: not open")
        wire.allow(BUDGET_S)
        try:
            if not self._started:
                self._start_anew(wire)
            self.sample(out)
        except Exception as error:
            self._started = False
            raise self._blame(error) from None

    def shut(self) -> None:
        """Let the chip rest, and go."""
        lease = self._lease
        if lease is None:
            return
        try:
            if self._started and self._wire is not None:
                self._wire.allow(BUDGET_S)
                with contextlib.suppress(Exception):  # what cannot be told to rest may be unplugged
                    self.rest()
        finally:
            lease.close()

    def _start_anew(self, wire: Wire) -> None:
        found = identify(wire, self.chip, wake=True)
        if found != self.chip.key:
            raise DeviceError("something else answers" if found is None else f"a {title(found)} answers")
        self.start(wire)
        self._started = True

    def _blame(self, error: Exception) -> DeviceError:
        """`error` with the sensor's name and, if the chip has been found, what it is and where."""
        said = explain(error, self._config.bus) if isinstance(error, OSError) else str(error)
        if said.startswith("$."):
            return DeviceError(said)
        if self._wire is None:
            return DeviceError(f"{self.spec.name}: {said}")
        where = f"{self.chip.title} at {self._wire.address:#04x} on I2C bus {self._config.bus}"
        return DeviceError(f"{self.spec.name}: {where}: {said}")
