"""A policy of somebody's own as a controller: any object with `reset` and `step(inputs, dt, outputs)`.

It gets the same senses, limits and recording as the worm; it has no neurons that could be cut or shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.controller import OwnPolicy, Port


class OwnController:
    """`wormctl.controller.Controller` around `policy`. Everything is allocated here."""

    def __init__(
        self, name: str, policy: OwnPolicy, inputs: Sequence[Port], joints: int, dt_s: float
    ) -> None:
        """`inputs` and `dt_s` are for a policy that says nothing of its own. Raises `ConfigError` for what is none."""
        for method in ("reset", "step"):
            if not callable(getattr(policy, method, None)):
                raise ConfigError(
                    f"{name}: has no method {method}: a policy needs reset() and step(inputs, dt, outputs)"
                )
        self.inputs = _ports(name, getattr(policy, "inputs", inputs))
        self.dt_s = _period_s(name, getattr(policy, "dt_s", dt_s))
        self.joints = joints
        self.neurons: tuple[str, ...] = ()
        self.state: NDArray[np.float64] = np.zeros(0)
        self.activity: NDArray[np.float64] = np.zeros(0)
        self.guarded_ticks = 0
        self._name, self._policy = name, policy
        self._values = np.zeros(sum(port.size for port in self.inputs))
        ends = np.cumsum([port.size for port in self.inputs], dtype=np.int64).tolist()
        starts = [0, *ends[:-1]] if ends else []
        self._views = MappingProxyType(
            {port.name: self._values[a:b] for port, a, b in zip(self.inputs, starts, ends, strict=True)}
        )

    def reset(self) -> None:
        """See `Controller.reset`."""
        self.guarded_ticks = 0
        self._policy.reset()

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """See `Controller.step`. What the policy does with nan is its own affair."""
        self._values[:] = np.nan
        np.copyto(self._values, x, where=good)
        if self._policy.step(self._views, self.dt_s, setpoint_rad) is not None:  # type: ignore[func-returns-value]
            raise TypeError(
                f"step of {self._name} returns something: it must fill outputs, and return nothing"
            )

    def ablate(self, cells: Sequence[str]) -> None:
        """It has none: raises `KeyError`."""
        raise KeyError(f"the policy {self._name} has no cells that could be cut")


def _ports(name: str, inputs: object) -> tuple[Port, ...]:
    if isinstance(inputs, Sequence) and all(isinstance(port, Port) for port in inputs):
        return tuple(inputs)
    raise ConfigError(
        f"{name}: inputs = {inputs!r}: must be a list of wormctl.controller.Port, or not be there"
    )


def _period_s(name: str, dt_s: object) -> float:
    if isinstance(dt_s, int | float) and math.isfinite(dt_s) and dt_s > 0.0:
        return float(dt_s)
    raise ConfigError(f"{name}: dt_s = {dt_s!r}: must be a time in s, greater than 0, or not be there")
