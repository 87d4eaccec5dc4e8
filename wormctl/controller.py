"""The contract between the loop and a nervous system: named inputs in, joint setpoints out.

An NCP imported from elsewhere and the whole worm satisfy the same protocol; the loop knows of no neurons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray


class Port(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named input that a channel can be bound to: a sensory neuron (`ASEL`), or a vector (`stretch`)."""

    name: str
    size: int = 1
    unit: str = ""
    doc: str = ""


class OwnPolicy(Protocol):
    """A policy of one's own: any object with these two. `wormctl.own_policy` makes a `Controller` of it.

    It may also have `inputs`, a sequence of `Port`s (default: what the robot file binds channels to), and `dt_s`, the
    period it was made for (default: that of the loop).
    """

    def reset(self) -> None:
        """Begin anew."""

    def step(
        self, inputs: Mapping[str, NDArray[np.float64]], dt: float, outputs: NDArray[np.float64]
    ) -> None:
        """One tick of `dt` s: from `inputs`, by name, each (size,), fill `outputs`, (joints,): setpoints in rad.

        Positive turns the part ahead of the joint to the right, seen from above.

        An input without a good sample is nan. The arrays are the same objects in every tick. Outputs that are not
        finite end the run; the others are limited in range and speed as the worm's are.
        """


class Controller(Protocol):
    """A policy ready to run.

    `inputs` are laid out one after another in the array given to `step`. `dt_s` is the period the policy was
    made for; it must be run at that period. `neurons` names the entries of `state` and `activity`. All of
    them may be plain attributes.
    """

    joints: int
    dt_s: float

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What it can be given."""

    @property
    def neurons(self) -> tuple[str, ...]:
        """The names of its neurons."""

    @property
    def state(self) -> NDArray[np.floating]:
        """Membrane state, shape (neurons,), updated in place."""

    @property
    def activity(self) -> NDArray[np.floating]:
        """What each neuron sends on, 0 (silent) to 1, (neurons,), updated in place; to show and to record."""

    @property
    def guarded_ticks(self) -> int:
        """Ticks since the last reset in which something unusable was kept out of the state.

        That is: an input that had been good was missing or not finite, or a neuron kept its state because its
        next one would not have been finite. A controller without this attribute is taken to have had none.
        """

    def reset(self) -> None:
        """Back to the resting state, as before the first tick."""

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        """One tick of `dt_s`. Fills `setpoint_rad`, shape (joints,).

        `x` (float64) and `good` have one entry for each value of each input; arrays of another shape or type
        raise `ValueError`. Where `good` is False the value must not be used: each controller says what it does
        instead, and counts the tick. Allocates nothing that lasts, never raises on values, and no input can
        make the state non-finite.
        """

    def ablate(self, cells: Sequence[str]) -> None:
        """Cut the named cells or classes out of the circuit. Raises `KeyError` with close matches."""
