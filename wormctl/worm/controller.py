"""The worm behind the `Controller` contract: validates once, then one compiled call a tick."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import load_connectome
from wormctl.controller import Port
from wormctl.neural.checks import InputError, check_array, check_number, check_whole
from wormctl.worm.cuts import cut
from wormctl.worm.kernel import worm_tick
from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL, new_state, reset_state
from wormctl.worm.rest import resting_potential

if TYPE_CHECKING:
    from wormctl.policy import Policy, PolicyMeta

STRETCH = "stretch"
"""The input that takes the joint angles, rad, head first."""

_REAL = np.dtype(np.float64)
_FLAG = np.dtype(np.bool_)


class WormController:
    """A worm ready to run at `dt_s`, `unfolds` solver steps a tick.

    One input port for each neuron that has a receptor (a concentration or a force, by its kind), then `stretch`.
    Raises `InputError` for a worm that cannot run.
    """

    def __init__(
        self,
        model: WormModel,
        dt_s: float,
        unfolds: int,
        dtype: type[np.float32] | type[np.float64] = np.float32,
    ) -> None:
        self.dt_s = check_number("dt_s", dt_s, 1e-4, 1.0, "s")
        self._unfolds = check_whole("unfolds", unfolds, 1, 100)
        model.check()
        self.neurons = load_connectome().names
        if model.neuron_cm.size != len(self.neurons):
            raise InputError(f"the worm has {model.neuron_cm.size} neurons, not {len(self.neurons)}")
        self.joints = model.joint_amplitude_rad.size
        self._dtype = dtype
        receptors = [
            Port(name=self.neurons[i], unit="1" if kind == CHEMICAL else "N")
            for i, kind in zip(model.receptor_neuron, model.receptor_kind, strict=True)
        ]
        self.inputs = (*receptors, Port(name=STRETCH, size=self.joints, unit="rad"))
        self._values = len(receptors) + self.joints
        self.guarded_ticks = 0
        self._install(model)
        self._state = new_state(self._packed, self._rest)
        self.state, self.activity = self._state.v, self._state.activity

    @classmethod
    def from_policy(cls, policy: Policy) -> WormController:
        """The worm saved in a policy file.

        Raises `InputError` saying what is wrong with it, or where the file describes another than it holds.
        """
        worm = cls(WormModel.from_tensors(policy.tensors), policy.meta.dt_s, policy.meta.unfolds)
        worm._compare(policy.meta)
        return worm

    def _compare(self, meta: PolicyMeta) -> None:
        if meta.outputs:
            raise InputError(f"outputs has {len(meta.outputs)} entries, must be empty: a worm has muscles")
        if meta.joints != self.joints:
            raise InputError(f"joints = {meta.joints}, must be {self.joints}, as joint.amplitude_rad has")
        for name, described, held in (
            ("neurons", meta.neurons, self.neurons),
            ("inputs", map(_in_words, meta.inputs), map(_in_words, self.inputs)),
        ):
            for i, (one, other) in enumerate(zip_longest(described, held, fillvalue="nothing")):
                if one != other:
                    raise InputError(f"{name}[{i}] = {one}, must be {other}")

    def _install(self, model: WormModel) -> None:
        self._model = model
        self._packed = model.pack(self.dt_s, self._unfolds, dtype=self._dtype)
        self._rest = resting_potential(self._packed, model.neuron_vleak.astype(self._dtype))

    def reset(self) -> None:
        """Back to rest: silent, straight, nothing remembered or counted."""
        self.guarded_ticks = 0
        reset_state(self._packed, self._state, self._rest)

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """One tick; see `wormctl.controller.Controller.step`, and `wormctl.worm.kernel.sense` for `good`."""
        check_array("x", x, self._values, _REAL)
        check_array("good", good, self._values, _FLAG)
        check_array("setpoint_rad", setpoint_rad, self.joints, _REAL)
        if worm_tick(*self.arguments(x, good, setpoint_rad)):
            self.guarded_ticks += 1

    def arguments(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> tuple[Any, ...]:
        """What `worm_tick` takes, for compiled code that runs many ticks of this worm."""
        return (*self._packed, *self._state, x, good, setpoint_rad)

    def ablate(self, cells: Sequence[str]) -> None:
        """Cut what the terms of `wormctl.ablation` name; an unknown name raises with close matches.

        The next `reset` begins at the rest of what is left.
        """
        self._install(cut(self._model, load_connectome(), cells))


def _in_words(port: Port) -> str:
    return f"{port.name} ({port.size} in {port.unit or 'no unit'})"
