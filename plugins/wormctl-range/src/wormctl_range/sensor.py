"""The ranger as a sensor of wormctl: on a serial port, or looking at what stands in the simulated world."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import numpy as np
import serial

from wormctl.channel import Channel, OnError, Quality, Samples
from wormctl.device import Config, Context, DeviceError, DeviceSpec, Mapped, Simulated, Truth
from wormctl.slow import SlowSensor
from wormctl_range.frame import FrameReader
from wormctl_range.sight import Sight

FARTHEST_M = 8.0
DISTANCE, NEARNESS = "range.front", "range.nearness"

_RATE_HZ = 100.0
_TIMEOUT_S = 0.2
_ENDLESS_M = 1e6


class RangeConfig(Config, frozen=True, kw_only=True):
    """Settings. With a `port` it is the real one; without, it sees the pegs and walls of the simulated world."""

    port: str | None = None
    reach_m: Annotated[float, msgspec.Meta(gt=0.0, le=FARTHEST_M)] = 0.4
    """From here on `range.nearness` rises from 0, to 1 at no distance."""
    wall_x_m: Annotated[float, msgspec.Meta(ge=-1000.0, le=1000.0)] = 2.0
    """In a world that does not show what stands in it, there is a wall along y at this x."""


def spec(config: RangeConfig) -> DeviceSpec:
    """What both forms measure. Without an echo there is no value: nobody is told that the way is free."""
    return DeviceSpec(
        name="range",
        channels=(
            _channel(DISTANCE, "m", FARTHEST_M, "how far away what is ahead stands"),
            _channel(NEARNESS, "1", 1.0, "how close that is"),
        ),
        simulated=config.port is None,
        api_version=1,
    )


def _channel(name: str, unit: str, high: float, doc: str) -> Channel:
    return Channel(
        name=name,
        unit=unit,
        low=0.0,
        high=high,
        rate_hz=_RATE_HZ,
        max_age_s=0.1,
        on_error=OnError.IGNORE,
        doc=doc,
    )


def make_range(config: RangeConfig) -> SerialRange | SimulatedRange:
    """The form that the settings ask for. Opens nothing."""
    return SimulatedRange(config) if config.port is None else SerialRange(config, config.port)


def nearness(distance_m: float, reach_m: float) -> float:
    """1 at contact, 0 from `reach_m` on."""
    return max(0.0, 1.0 - distance_m / reach_m)


class SerialRange(SlowSensor):
    """A TF-Luna or TFmini on a serial port, read by its own thread."""

    def __init__(self, config: RangeConfig, port: str) -> None:
        super().__init__(spec(config))
        self._config, self._port = config, port
        self._frames = FrameReader()
        self._serial: serial.Serial | None = None

    def open(self, context: Context) -> None:
        """Open the port. The sensor sends by itself."""
        try:
            self._serial = serial.Serial(self._port, 115200, timeout=_TIMEOUT_S)
        except (OSError, ValueError) as error:
            raise DeviceError(
                f"range: cannot open {self._port}: {error}; check the cable, the name of the port, and that "
                "you may use it (group dialout)"
            ) from None

    def measure(self, now_s: float, out: Samples) -> None:
        """Wait for the next frame."""
        port = self._serial
        if port is None:
            raise DeviceError("range: the port is not open")
        reading = self._frames.feed(port.read(max(1, port.in_waiting)))
        if reading is not None:
            fill(out, reading.distance_m, self._config.reach_m, time.monotonic(), reliable=reading.reliable)

    def shut(self) -> None:
        """Close the port."""
        if self._serial is not None:
            self._serial.close()


class SimulatedRange:
    """Looks along the head link. Answers at once, so it needs no thread."""

    def __init__(self, config: RangeConfig) -> None:
        self.spec = spec(config)
        self._config = config
        self._truth: Truth | None = None
        x_m = config.wall_x_m
        self._sight = Sight(np.array([(x_m, -_ENDLESS_M, x_m, _ENDLESS_M, 0.0)]))

    def configure(self, context: Context) -> None:
        """Find the body to look out from, and what there is to see."""
        if not isinstance(context.body, Simulated):
            raise DeviceError("range: the body is a real one: name the sensor's port in the robot file")
        self._truth = context.body.truth
        if isinstance(context.world, Mapped):
            self._sight = Sight(context.world.obstacles)

    def read(self, now_s: float, out: Samples) -> None:
        """The distance from the nose to what is in sight."""
        truth = self._truth
        if truth is None:
            return
        distance_m = self._sight.distance_m(truth.nose[0], truth.nose[1], truth.pose[0, 2])
        fill(out, distance_m, self._config.reach_m, now_s, reliable=distance_m <= FARTHEST_M)

    def close(self) -> None:
        """Nothing to give back."""


def fill(out: Samples, distance_m: float, reach_m: float, time_s: float, *, reliable: bool) -> None:
    """Both channels from one distance; without an echo they say that they could not be measured."""
    if not reliable:
        out.fail(DISTANCE)
        out.fail(NEARNESS)
        return
    out.put(DISTANCE, distance_m, time_s, Quality.GOOD)
    out.put(NEARNESS, nearness(distance_m, reach_m), time_s, Quality.GOOD)
