"""An LTC or CfC network behind the `Controller` contract: named inputs in, joint setpoints out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wormctl.controller import Port
from wormctl.jit import njit
from wormctl.names import did_you_mean
from wormctl.neural.checks import InputError, check_array, check_indices, check_range
from wormctl.neural.network import CfCNetwork, LTCNetwork, Network
from wormctl.neural.sections import Floats, Ints
from wormctl.neural.store import cfc_from_tensors, ltc_from_tensors

if TYPE_CHECKING:
    from wormctl.policy import Output, Policy

MOST_RAD = 1e6
"""The largest gain or bias of an output: with it, no output can make a setpoint that is not finite."""

_ANGLE = np.dtype(np.float64)
_MEMBER = re.compile(r"[LR]|\d+")
"""What follows a class name in the name of one of its cells."""


class NetworkController:
    """A network ready to run: its inputs are the values of `inputs` in order, its outputs move joints.

    Raises `InputError` for parts that do not fit together.
    """

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
            raise InputError(f"the inputs hold {values} values, the network takes {network.inputs}")
        if len(neurons) != network.units:
            raise InputError(f"{len(neurons)} names for {network.units} neurons")
        size = network.outputs.size
        if len(outputs) != size:
            raise InputError(f"{len(outputs)} outputs are bound to joints, the network has {size}")
        self.network = network
        self.neurons = tuple(neurons)
        self.inputs = tuple(inputs)
        self.joints = joints
        self.dt_s = network.dt_s
        self.state = network.state
        self.activity = network.activity
        self._joint = check_indices("joint", [output.joint for output in outputs], joints)
        self._gain_rad = np.array([output.gain_rad for output in outputs])
        self._bias_rad = np.array([output.bias_rad for output in outputs])
        check_range("gain_rad", self._gain_rad, -MOST_RAD, MOST_RAD)
        check_range("bias_rad", self._bias_rad, -MOST_RAD, MOST_RAD)

    @classmethod
    def from_policy(cls, policy: Policy) -> NetworkController:
        """The network in a policy file. Raises `InputError` saying what does not fit."""
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
            raise InputError(f"a policy of kind {meta.kind} is no network of this kind")
        return cls(network, meta.neurons, meta.inputs, meta.outputs, meta.joints)

    @property
    def guarded_ticks(self) -> int:
        """See `wormctl.controller.Controller.guarded_ticks`."""
        return self.network.guarded_ticks

    def reset(self) -> None:
        """Back to the state before the first tick: all zero, as the reference library starts."""
        self.network.reset()

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """One tick; see `wormctl.controller.Controller.step`, and `HOLD_S` for inputs that are missing."""
        check_array("setpoint_rad", setpoint_rad, self.joints, _ANGLE)
        self.network.step_held(x, good)
        _move(self.network.outputs, self._joint, self._gain_rad, self._bias_rad, setpoint_rad)

    def ablate(self, cells: Sequence[str]) -> None:
        """Cut cells by name, or all cells of a class.

        Names of the connectome stand for what they stand for there (`RMD` for six cells), as far as the
        network has them; among other names a class is what is left without a number, L or R at the end
        (`motor` for motor0, motor1...). Raises `KeyError` for a name that is neither.
        """
        self.network.cut(index for cell in cells for index in self._members(cell))

    def _members(self, cell: str) -> tuple[int, ...]:
        if cell in self.neurons:
            return (self.neurons.index(cell),)
        published = _published(self.neurons)
        members = published.get(cell) or tuple(
            i
            for i, name in enumerate(self.neurons)
            if name.startswith(cell) and _MEMBER.fullmatch(name[len(cell) :])
        )
        if not cell or not members:
            few = ", ".join(self.neurons[:8]) + (", ..." if len(self.neurons) > 8 else "")
            hint = did_you_mean(cell, dict.fromkeys([*self.neurons, *published])) or f"; neurons: {few}"
            raise KeyError(f"{cell!r} is no neuron and no class of neurons{hint}")
        return members


def _published(neurons: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The cells and classes of the connectome that are among `neurons`, with their indices there."""
    # The table is only needed here, and half of this module's users have no worm.
    from wormctl.connectome import load_connectome

    table = load_connectome()
    place = {name: i for i, name in enumerate(neurons)}
    found = {
        name: tuple(place[table.names[i]] for i in cells if table.names[i] in place)
        for name, cells in table.known_names.items()
    }
    return {name: cells for name, cells in found.items() if cells}


@njit(cache=True)
def _move(
    y: Floats,
    joint: Ints,
    gain_rad: NDArray[np.float64],
    bias_rad: NDArray[np.float64],
    setpoint_rad: NDArray[np.float64],
) -> None:
    for j in range(setpoint_rad.size):
        setpoint_rad[j] = 0.0
    for k in range(joint.size):
        setpoint_rad[joint[k]] += gain_rad[k] * y[k] + bias_rad[k]
