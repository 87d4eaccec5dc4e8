"""A policy of somebody's own as a controller: any object with `reset` and `step(inputs, dt, outputs)`.

It gets the same senses, limits and recording as the worm; it has no neurons that could be cut or shown.
"""

from __future__ import annotations

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
        self.inputs = tuple(getattr(policy, "inputs", inputs))
        self.dt_s = float(getattr(policy, "dt_s", dt_s))
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
        self._policy.step(self._views, self.dt_s, setpoint_rad)

    def ablate(self, cells: Sequence[str]) -> None:
        """It has none: raises `KeyError`."""
        raise KeyError(f"the policy {self._name} has no cells that could be cut")
