"""Noses in a simulated world: the concentration of named odours and poisons where the nose is."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Samples
from wormctl.device import Config, Context, DeviceError, DeviceSpec, Simulated
from wormctl.jit import njit
from wormctl.names import closest, unknown
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import Name
from wormctl_sim.field_kernel import concentration

FloatArray = NDArray[np.float64]

MOST = 1000.0
"""Upper end of the range; no world can reach it."""


_SOME = msgspec.Meta(min_length=1, max_length=64)


class SmellConfig(Config, frozen=True, kw_only=True):
    """Settings of a nose."""

    names: Annotated[tuple[Name, ...], _SOME]
    """What it can tell apart. A world that lacks one of them smells of it nowhere."""
    noses: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    """Two sit left and right of the nose, apart as the robot's description says."""
    noise: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0
    """Standard deviation of every reading, independent from tick to tick."""

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names = {list(self.names)} holds a name twice")


class OdourConfig(SmellConfig, frozen=True, kw_only=True):
    """Settings of the odour sensor."""

    names: Annotated[tuple[Name, ...], _SOME] = ("food",)


class PoisonConfig(SmellConfig, frozen=True, kw_only=True):
    """Settings of the poison sensor."""

    names: Annotated[tuple[Name, ...], _SOME] = ("copper",)


class SmellSensor:
    """Measures each named field. One channel a name, `odour.NAME`, or two, `odour.NAME.left` and `.right`."""

    smell: ClassVar[Literal["odour", "poison"]]

    def __init__(self, config: SmellConfig) -> None:
        self.config = config
        sides = ("",) if config.noses == 1 else (".left", ".right")
        self.spec = DeviceSpec(
            name=self.smell,
            channels=tuple(
                Channel(name=f"{self.smell}.{name}{side}", unit="1", low=0.0, high=MOST)
                for name in config.names
                for side in sides
            ),
            simulated=True,
        )
        self.notes: tuple[str, ...] = ()
        self._channels = [channel.name for channel in self.spec.channels]
        self._fields: tuple[FloatArray, ...] = ()
        self._body: Simulated | None = None
        self._at: FloatArray = np.zeros((config.noses, 2))
        self._values: FloatArray = np.zeros(len(self._channels))
        self._aside_m = 0.0
        self._rng = np.random.default_rng(0)
        self._spread = config.noise
        self._noise: FloatArray = np.zeros(len(self._channels))

    def configure(self, context: Context) -> None:
        """Find the fields and the body. Raises `DeviceError` where there is no arena or no simulated body."""
        if not isinstance(context.world, Arena):
            raise DeviceError(
                f"{self.smell}: there is no world to smell: add --world food_ahead, or a table [world] to the "
                "robot file"
            )
        if not isinstance(context.body, Simulated):
            raise DeviceError(f"{self.smell}: can be had with a simulated body only")
        there = context.world.names(self.smell)
        for name in self.config.names:
            # A world without this smell is a fair world; a slip of the pen is not.
            if name not in there and closest(name, there):
                raise DeviceError(f"$.names = {name!r}: {unknown(self.smell, name, there)}")
        self.notes = ()
        if there and not set(there) & set(self.config.names):
            self.notes = (
                f"the {self.smell} sensor notices nothing here: it is for {', '.join(self.config.names)}, "
                f"this world has {', '.join(there)}: set its names, and bind {self.smell}.{there[0]}",
            )
        self._fields = tuple(context.world.field(self.smell, name) for name in self.config.names)
        self._body = context.body
        self._aside_m = context.snake.nose.spread_m / 2 if self.config.noses == 2 else 0.0
        kind = 1 if self.smell == "odour" else 2
        self._rng = np.random.default_rng([0x0D0, kind, context.seed])
        drawn = context.variation.odour_noise if self.smell == "odour" else None
        self._spread = self.config.noise if drawn is None else drawn
        self._measure()

    def read(self, now_s: float, out: Samples) -> None:
        """Fill the concentrations at the nose, or at both."""
        self._measure()
        if self._spread > 0.0:
            self._rng.standard_normal(out=self._noise)
        for i, channel in enumerate(self._channels):
            noisy = self._values[i] + self._spread * self._noise[i]
            out.put(channel, min(max(noisy, 0.0), MOST), now_s)

    def close(self) -> None:
        """Nothing to give back."""

    def _measure(self) -> None:
        assert self._body is not None
        truth = self._body.truth
        _place(truth.nose, truth.pose[0, 2], self._aside_m, self._at)
        noses = self.config.noses
        for i, sources in enumerate(self._fields):
            _smell(sources, self._at, self._values[i * noses : (i + 1) * noses])


class OdourSensor(SmellSensor):
    """Smells what is pleasant."""

    smell = "odour"

    def __init__(self, config: OdourConfig | None = None) -> None:
        super().__init__(config or OdourConfig())


class PoisonSensor(SmellSensor):
    """Smells what is not."""

    smell = "poison"

    def __init__(self, config: PoisonConfig | None = None) -> None:
        super().__init__(config or PoisonConfig())


@njit(cache=True)
def _place(nose_m: FloatArray, heading_rad: float, aside_m: float, out: FloatArray) -> None:
    """Fill `out`, (noses, 2), with the nose, or with the left and the right one."""
    for i in range(out.shape[0]):
        side = aside_m if i == 0 else -aside_m
        out[i, 0] = nose_m[0] - side * math.sin(heading_rad)
        out[i, 1] = nose_m[1] + side * math.cos(heading_rad)


@njit(cache=True)
def _smell(sources: FloatArray, at_m: FloatArray, out: FloatArray) -> None:
    """Fill `out`, (noses,), with the concentration at each of `at_m`, (noses, 2)."""
    for i in range(out.size):
        out[i] = concentration(sources, at_m[i, 0], at_m[i, 1])
