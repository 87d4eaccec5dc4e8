"""An LTC or CfC network behind the `Controller` contract: named inputs in, joint setpoints out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wormctl.controller import Port
from wormctl.jit import njit
from wormctl.neural.network import CfCNetwork, LTCNetwork, Network
from wormctl.neural.sections import Floats
from wormctl.neural.store import cfc_from_tensors, ltc_from_tensors

if TYPE_CHECKING:
    from wormctl.policy import Output, Policy

_MEMBER = re.compile(r"[LR]|\d+")
"""What follows a class name in the name of one of its cells."""


class NetworkController:
    """A network ready to run: its inputs are the values of `inputs` in order, its outputs move joints."""

    def __init__(
        self,
        network: Network,
        neurons: Sequence[str],
        inputs: Sequence[Port],
        outputs: Sequence[Output],
        joints: int,
    ) -> None:
        values = sum(port.size for port in inputs)
        if values != network.inputs:
            raise ValueError(f"the inputs hold {values} values, the network takes {network.inputs}")
        if len(neurons) != network.units:
            raise ValueError(f"{len(neurons)} names for {network.units} neurons")
        size = network.outputs.size
        if len(outputs) != size:
            raise ValueError(f"{len(outputs)} outputs are bound to joints, the network has {size}")
        self.network = network
        self.neurons = tuple(neurons)
        self.inputs = tuple(inputs)
        self.joints = joints
        self.dt_s = network.dt_s
        self.state = network.state
        self.activity = network.activity
        self._joint = np.array([output.joint for output in outputs], dtype=np.int64)
        self._gain_rad = np.array([output.gain_rad for output in outputs])
        self._bias_rad = np.array([output.bias_rad for output in outputs])

    @classmethod
    def from_policy(cls, policy: Policy) -> NetworkController:
        """The network in a policy file. Raises `ValueError` saying what does not fit."""
        meta = policy.meta
        network: Network
        if meta.kind == "ltc":
            wiring, params = ltc_from_tensors(policy.tensors, meta.neurons, meta.cell.epsilon)
            network = LTCNetwork(wiring, params, meta.dt_s, meta.unfolds, elapsed=meta.cell.elapsed)
        elif meta.kind == "cfc":
            cell = meta.cell
            network = CfCNetwork(
                cfc_from_tensors(policy.tensors, cell.gate, cell.activation), meta.dt_s, cell.elapsed
            )
        else:
            raise ValueError(f"a policy of kind {meta.kind} is no network of this kind")
        return cls(network, meta.neurons, meta.inputs, meta.outputs, meta.joints)

    @property
    def guarded_ticks(self) -> int:
        """Ticks since the last reset in which an input was held or a neuron kept its state."""
        return self.network.guarded_ticks

    def reset(self) -> None:
        """Back to the state before the first tick: all zero, as the reference library starts."""
        self.network.reset()

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """One tick; see `wormctl.controller.Controller.step`."""
        self.network.step_held(x, good)
        _move(self.network.outputs, self._joint, self._gain_rad, self._bias_rad, setpoint_rad)

    def ablate(self, cells: Sequence[str]) -> None:
        """Cut cells by name, or all cells of a class (`AVA` for AVAL and AVAR, `motor` for motor0,
        motor1...).

        Raises `KeyError` for a name that is neither.
        """
        self.network.cut(index for cell in cells for index in self._members(cell))

    def _members(self, cell: str) -> list[int]:
        if cell in self.neurons:
            return [self.neurons.index(cell)]
        members = [
            i
            for i, name in enumerate(self.neurons)
            if name.startswith(cell) and _MEMBER.fullmatch(name[len(cell) :])
        ]
        if not cell or not members:
            close = get_close_matches(cell, self.neurons, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"neurons: {self._few()}"
            raise KeyError(f"{cell!r} is no neuron and no class of neurons; {hint}")
        return members

    def _few(self) -> str:
        return ", ".join(self.neurons[:8]) + (", ..." if len(self.neurons) > 8 else "")


@njit(cache=True)
def _move(
    y: Floats,
    joint: NDArray[np.int64],
    gain_rad: NDArray[np.float64],
    bias_rad: NDArray[np.float64],
    setpoint_rad: NDArray[np.float64],
) -> None:
    for j in range(setpoint_rad.size):
        setpoint_rad[j] = 0.0
    for k in range(joint.size):
        setpoint_rad[joint[k]] += gain_rad[k] * y[k] + bias_rad[k]
