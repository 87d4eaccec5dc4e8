"""The contract between the loop and everything it can talk to: sensors, bodies, worlds.

A hook hands the host factories and declarations; the loop then calls these plain objects in a fixed order.
Only protocols and value types live here; `wormctl.lifecycle` enforces the order of calls.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.blame import line_of
from wormctl.channel import Channel, Samples
from wormctl.config import ConfigError
from wormctl.hanging import HungError
from wormctl.variation import Variation

if TYPE_CHECKING:
    from wormctl.snake import Snake

API_VERSION = 1
"""The version of this contract. A plugin written for another version is refused by name."""

JOINT_POSITION = "joint.position"
"""The channel that every body offers: rad, one value a joint, head first.

Positive, as in setpoints, turns the part of the snake ahead of the joint to the right (clockwise, seen from above).
"""


class Capability(enum.StrEnum):
    """What a body can do besides following setpoints."""

    FEEDBACK = "feedback"
    TORQUE_OFF = "torque_off"
    TEMPERATURE = "temperature"
    VOLTAGE = "voltage"
    ESTOP = "estop"
    HARDWARE_WATCHDOG = "hardware_watchdog"


class DeviceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a device declares without any I/O."""

    name: str
    channels: tuple[Channel, ...]
    simulated: bool
    capabilities: frozenset[Capability] = frozenset()
    api_version: int = API_VERSION


class DeviceError(Exception):
    """A device cannot do what was asked. The message says what to do about it, in one line.

    If it is about a setting, it may begin with the setting's path in the device's own table: `$.port = ...`.
    """


def said(error: BaseException) -> str:
    """One line about an error in a device. Those that are written for a person speak for themselves; of others it says
    where in the device's code they came up.
    """
    try:
        text = str(error)
    except Exception:
        text = "(an error that cannot be shown)"
    if isinstance(error, DeviceError | ConfigError | HungError) and text:
        return text
    return f"{type(error).__name__}{text and f': {text}'}{line_of(error)}"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every plugin's settings: an unknown key in a file is an error that names its path."""


@runtime_checkable
class World(Protocol):
    """Where a simulated body lives. Positions in metres, time in seconds."""

    name: str

    def reset(self, seed: int) -> None:
        """Draw everything random in this world anew (source positions, bearings) from `seed`."""

    def advance(self, now_s: float) -> None:
        """Move what moves (a drifting source) to time `now_s`."""

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        """Distance from a point to the nearest food source, infinite if there is none."""


@runtime_checkable
class Host(Protocol):
    """The extra face of a world that does not suit every snake."""

    def admit(self, snake: Snake) -> None:
        """Called after `reset`. Raises `ConfigError` if `snake` cannot start here."""


@runtime_checkable
class Mapped(Protocol):
    """The extra face of a world that shows what stands in it, to range sensors and to whoever watches.

    `obstacles` is (n, 5): x1_m, y1_m, x2_m, y2_m, radius_m of upright rods with round ends.
    """

    obstacles: NDArray[np.float64]

    def poison_at(self, x_m: float, y_m: float) -> float:
        """The summed concentration of all poisons at a point."""


@runtime_checkable
class Charted(Protocol):
    """The extra face of a world that tells what smells where, now: for judging, never for the nervous system.

    `foods` and `poisons` are (n, 3): x_m, y_m of every source, and its concentration there.
    """

    def odour_at(self, x_m: float, y_m: float) -> float:
        """The summed concentration of all odours at a point."""

    def poison_at(self, x_m: float, y_m: float) -> float:
        """The summed concentration of all poisons at a point."""

    def foods(self) -> NDArray[np.float64]:
        """The sources of food."""

    def poisons(self) -> NDArray[np.float64]:
        """The sources of poison."""


class Truth:
    """What a simulated body really does; for recording and judging, never for the nervous system.

    `pose` is (links, 3): x_m, y_m, heading_rad of every link, head first. `nose` is (2,): x_m, y_m.
    `contact_n` is (links,): the contact force on each link. The body refreshes them on every write.
    """

    def __init__(self, links: int) -> None:
        self.pose: NDArray[np.float64] = np.zeros((links, 3))
        self.nose: NDArray[np.float64] = np.zeros(2)
        self.contact_n: NDArray[np.float64] = np.zeros(links)


@runtime_checkable
class Simulated(Protocol):
    """The extra face of a simulated body, which world sensors look at."""

    truth: Truth


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is given when it is configured.

    `body` is set for sensors only, and is the body as its plugin made it.
    """

    snake: Snake
    """The mechanical description of the robot: the only place its numbers stand. In a trial that varies it, as it is
    in that trial."""
    period_s: float
    """Time between two ticks of the loop."""
    seed: int
    world: World | None = None
    body: object | None = None
    variation: Variation = Variation()
    """What else differs in this trial, for simulated devices to heed."""


class Sensor(Protocol):
    """Something that measures. `read` runs in the tick: it must return at once and allocate nothing.

    A sensor that has to wait (I2C, a camera) derives from `wormctl.slow.SlowSensor`.
    """

    spec: DeviceSpec

    def configure(self, context: Context) -> None:
        """Open what is needed. Raises `DeviceError` with a remedy."""

    def read(self, now_s: float, out: Samples) -> None:
        """Fill `out` with the newest values; it belongs to the caller and is the same object every tick."""

    def close(self) -> None:
        """Give everything back. Never raises; may be called twice."""


@runtime_checkable
class Waiting(Protocol):
    """A sensor whose `close` waits for something to end: all of them are told before the first is closed."""

    def end_soon(self) -> None:
        """Begin to end. Returns at once."""


@runtime_checkable
class Noted(Protocol):
    """The extra face of a sensor or a body that has something to tell a person before the run, once configured."""

    notes: Sequence[str]
    """Lines."""


@runtime_checkable
class Placed(Protocol):
    """The extra face of a physical body that knows, once configured, where its robot is."""

    @property
    def place(self) -> str:
        """Its port, for `wormctl stop --port`."""


@runtime_checkable
class Counting(Protocol):
    """The extra face of a body that counts what a person wants to know after a run: frames lost, and the like."""

    def counted(self) -> Mapping[str, int]:
        """The counts so far, by what they are of. Allowed in any state."""


class Actuator(Protocol):
    """Something that neurons drive and that is no joint: a lamp, a gripper, a buzzer.

    The channels of its `spec` are what it can be told, and their ranges what it will be told; `max_age_s` and
    `on_error` say nothing here. The loop calls `write` only while the body is armed. Whatever it raises ends the run.
    """

    spec: DeviceSpec

    def configure(self, context: Context) -> None:
        """Open what is needed, and leave it at rest. Raises `DeviceError` with a remedy."""

    def write(self, values: NDArray[np.float64], now_s: float) -> None:
        """Do it: the values of all channels one after another, finite and in range. In the tick: return at once."""

    def stop(self, reason: str) -> None:
        """Back to rest. Idempotent, allowed in any state, never raises."""

    def close(self) -> None:
        """Give everything back. Never raises; may be called twice."""


class Body(Sensor, Protocol):
    """A snake that can move. The loop never calls `write` unless `arm` has succeeded.

    Every body offers the channel `JOINT_POSITION`; without a good sample of it the run ends as a fault.
    """

    def arm(self, now_s: float) -> None:
        """Enable the motors, holding the present position. Raises `DeviceError` if that is not safe."""

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        """Send joint setpoints, already limited. A simulated body also advances by one period."""

    def stop(self, reason: str) -> None:
        """Make the motors safe at once. Idempotent, allowed in any state, never raises."""
