"""The worm behind the `Controller` contract: validates once, then one compiled call a tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import load_connectome
from wormctl.controller import Port
from wormctl.worm.kernel import worm_tick
from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL, new_state, reset_state

if TYPE_CHECKING:
    from wormctl.policy import Policy

STRETCH = "stretch"
"""The input that takes the joint angles, rad, head first."""


class WormController:
    """A worm ready to run at `dt_s`, `unfolds` solver steps a tick.

    One input port for each neuron that has a receptor (a concentration or a force, by its kind), then `stretch`.
    """

    def __init__(
        self,
        model: WormModel,
        dt_s: float,
        unfolds: int,
        dtype: type[np.float32] | type[np.float64] = np.float32,
    ) -> None:
        if not (np.isfinite(dt_s) and 1e-4 <= dt_s <= 1.0):
            raise ValueError(f"dt_s = {dt_s!r}: must lie in 0.0001..1 s")
        if not 1 <= unfolds <= 100:
            raise ValueError(f"unfolds = {unfolds!r}: must lie in 1..100")
        model.check()
        self.neurons = load_connectome().names
        if model.neuron_cm.size != len(self.neurons):
            raise ValueError(f"the worm has {model.neuron_cm.size} neurons, not {len(self.neurons)}")
        self.dt_s = dt_s
        self.joints = model.joint_amplitude_rad.size
        self._unfolds, self._dtype = unfolds, dtype
        receptors = [
            Port(name=self.neurons[i], unit="1" if kind == CHEMICAL else "N")
            for i, kind in zip(model.receptor_neuron, model.receptor_kind, strict=True)
        ]
        self.inputs = (*receptors, Port(name=STRETCH, size=self.joints, unit="rad"))
        self._rest: NDArray[np.floating] = model.neuron_vleak.astype(dtype)
        self._install(model)
        self._state = new_state(self._packed, self._rest)
        self.state, self.activity = self._state.v, self._state.activity

    @classmethod
    def from_policy(cls, policy: Policy) -> WormController:
        """The worm saved in a policy file. Raises `ValueError` saying what is wrong with it."""
        return cls(WormModel.from_tensors(policy.tensors), policy.meta.dt_s, policy.meta.unfolds)

    def _install(self, model: WormModel) -> None:
        self._model = model
        self._packed = model.pack(self.dt_s, self._unfolds, dtype=self._dtype)

    def reset(self) -> None:
        """Back to rest: silent, straight, nothing remembered."""
        reset_state(self._packed, self._state, self._rest)

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """One tick; see `wormctl.controller.Controller.step`."""
        worm_tick(*self._packed, *self._state, x, good, setpoint_rad)

    def ablate(self, cells: Sequence[str]) -> None:
        """Cut cells, by cell or class name; an unknown name raises with close matches."""
        self._install(self._model.without(load_connectome().select(cells)))
