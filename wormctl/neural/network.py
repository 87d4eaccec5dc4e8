"""Networks ready to run: everything is validated here, once, and then a tick is one compiled call.

`step` is for people and tests: it refuses bad input. `step_held` is for a running loop: it never raises on
values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wormctl.jit import njit
from wormctl.neural.cfc import CfCParams, cfc_tick, pack_cfc
from wormctl.neural.checks import InputError, check_array, check_indices, check_number, check_whole
from wormctl.neural.jagged import TINY
from wormctl.neural.ltc import LTCParams, LTCStructure, ltc_tick
from wormctl.neural.sections import Floats, Ints
from wormctl.neural.sigmoid import FASTMATH, sigmoid_in_place
from wormctl.neural.wiring import Wiring

Precision = type[np.float32] | type[np.float64]

SHORTEST_DT_S, LONGEST_DT_S = 1e-4, 1e3
MOST_UNFOLDS = 100
INPUT_LIMIT = 1e30
"""An input beyond this counts as not finite: in float32 it would not stay so."""
HOLD_S = 0.2
"""An input that is missing, or not finite, keeps its last good value for this long. Then it fades to 0, which is
an input that says nothing, with this time constant; until it has been good once it is 0."""

_VALUE = np.dtype(np.float64)
_FLAG = np.dtype(np.bool_)


class Network(ABC):
    """A running network: `state` (units,), one tick of `dt_s` at a time.

    `outputs`, `state` and `activity` are filled in place; keep copies if you need history. Not for two
    threads at once.
    """

    def __init__(self, units: int, inputs: int, outputs: int, dt_s: float, dtype: Precision) -> None:
        if dtype not in (np.float32, np.float64):
            raise InputError(f"dtype = {dtype!r}, must be float32 or float64")
        self.units, self.inputs = units, inputs
        self.dt_s = check_number("dt_s", dt_s, SHORTEST_DT_S, LONGEST_DT_S, "s")
        self.dtype = dtype
        self.state: Floats = np.zeros(units, dtype=dtype)
        self.activity: Floats = np.zeros(units, dtype=dtype)
        self.outputs: Floats = np.zeros(outputs, dtype=dtype)
        self._held: Floats = np.zeros((2, inputs), dtype=dtype)
        """The inputs in use, and for how many ticks each has been missing; -1 before it was good once."""
        self._hold_ticks = HOLD_S / self.dt_s
        self._fade = float(np.exp(-self.dt_s / HOLD_S))
        self._all_good = np.ones(inputs, dtype=np.bool_)
        self._guarded = np.zeros(1, dtype=np.int64)
        self.reset()

    @property
    def guarded_ticks(self) -> int:
        """See `wormctl.controller.Controller.guarded_ticks`."""
        return int(self._guarded[0])

    def reset(self) -> None:
        """Every neuron and every input to 0, the counter too."""
        for array in (self.state, self.activity, self.outputs, self._held, self._guarded):
            array[:] = 0
        self._held[1] = -1

    def set_state(self, state: ArrayLike) -> None:
        """Start from `state`, shape (units,), finite."""
        self.state[:] = _checked("state", state, self.units)

    def step(self, x: ArrayLike) -> Floats:
        """One tick with inputs `x` (inputs,); the outputs, an array that the next tick overwrites.

        Raises `InputError` for a wrong shape, or a value that is missing or not finite.
        """
        self._advance(_checked("input", x, self.inputs), self._all_good)
        return self.outputs

    def step_held(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
        """One tick inside a running loop; fills `outputs` and `activity`. `x` and `good` are (inputs,).

        Where `good` is False, or `x` is not finite, see `HOLD_S`. Nothing makes the state or the outputs
        non-finite, and no value raises; arrays of another shape or type raise `InputError`. The compiled
        part allocates nothing; to call it, numba describes each array to it and forgets that at once.
        """
        check_array("x", x, self.inputs, _VALUE)
        check_array("good", good, self.inputs, _FLAG)
        self._advance(x, good)

    def cut(self, neurons: Iterable[int]) -> None:
        """Take neurons (indices into the state) out of the circuit, besides those already cut.

        Raises `InputError` for an index that is none, and then cuts nothing.
        """
        self._cut(check_indices("cut", list(neurons), self.units))

    @abstractmethod
    def _cut(self, neurons: Ints) -> None:
        """The work of `cut`."""

    @abstractmethod
    def _advance(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
        """The work of `step_held`."""


class LTCNetwork(Network):
    """A liquid time-constant network with parameters per synapse, solved in `unfolds` steps a tick.

    `elapsed` is the time that the solver advances in a tick: `dt_s` if not given. The reference library
    trains with 1.0 whatever the real period.
    """

    def __init__(
        self,
        wiring: Wiring,
        params: LTCParams,
        dt_s: float,
        unfolds: int = 6,
        elapsed: float | None = None,
        dtype: Precision = np.float32,
    ) -> None:
        super().__init__(wiring.units, wiring.inputs, wiring.motors, dt_s, dtype)
        self.wiring, self.params = wiring, params
        self.unfolds = check_whole("unfolds", unfolds, 1, MOST_UNFOLDS)
        self.elapsed = _checked_elapsed(self.dt_s if elapsed is None else elapsed)
        self._structure = LTCStructure(wiring)
        self._ints: Ints = self._structure.ints
        self._floats = self._structure.pack(params, dtype)
        self._slope, self._centre = _typical_activation(wiring, params, dtype)

    def _cut(self, neurons: Ints) -> None:
        """Their synapses and gap junctions become 0; they rest at their leak."""
        kept = np.ones(self.units)
        kept[neurons] = 0.0
        wiring, params = self.wiring, self.params
        self.params = replace(
            params,
            w=params.w * kept[wiring.pre] * kept[wiring.post],
            sensory_w=params.sensory_w * kept[wiring.sensory_post],
            g=params.g * kept[wiring.gap_a] * kept[wiring.gap_b],
        )
        self._floats = self._structure.pack(self.params, self.dtype)

    def _advance(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
        ltc_step(*self.arguments(x, good))

    def arguments(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[Any, ...]:
        """What `ltc_step` takes, for compiled code that runs many ticks of this network."""
        return (
            self._ints,
            self._floats,
            self.state,
            x,
            good,
            self._held,
            self.outputs,
            self.activity,
            self._slope,
            self._centre,
            self.elapsed,
            self.unfolds,
            self._hold_ticks,
            self._fade,
            self._guarded,
        )


class CfCNetwork(Network):
    """A closed-form continuous-time network; `elapsed` is the time that the cell is told a tick takes.

    The reference library trains with 1.0 whatever the real period, so it need not be `dt_s`.
    """

    def __init__(
        self, params: CfCParams, dt_s: float, elapsed: float = 1.0, dtype: Precision = np.float32
    ) -> None:
        super().__init__(params.units, params.inputs, params.outputs, dt_s, dtype)
        self.params, self.elapsed = params, _checked_elapsed(elapsed)
        self._silent: frozenset[int] = frozenset()
        self._ints, self._floats = pack_cfc(params, dtype=dtype)

    def _cut(self, neurons: Ints) -> None:
        """They stay at 0, so they say nothing."""
        self._silent |= frozenset(neurons.tolist())
        self._ints, self._floats = pack_cfc(self.params, tuple(self._silent), dtype=self.dtype)
        self.state[neurons] = 0

    def _advance(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
        cfc_step(*self.arguments(x, good))

    def arguments(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[Any, ...]:
        """What `cfc_step` takes, for compiled code that runs many ticks of this network."""
        return (
            self._ints,
            self._floats,
            self.state,
            x,
            good,
            self._held,
            self.outputs,
            self.activity,
            self.elapsed,
            self._hold_ticks,
            self._fade,
            self._guarded,
        )


def _checked_elapsed(elapsed: float) -> float:
    return check_number("elapsed", elapsed, SHORTEST_DT_S, LONGEST_DT_S)


def _checked(what: str, values: ArrayLike, size: int) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} is not an array of numbers, must be {size} numbers") from None
    if array.shape != (size,):
        raise InputError(f"{what} has shape {array.shape}, must be ({size},)")
    bad = np.flatnonzero(~(np.abs(array) <= INPUT_LIMIT))
    if bad.size:
        raise InputError(f"{what}[{bad[0]}] = {array[bad[0]]}, must be finite and within {INPUT_LIMIT:g}")
    return np.ascontiguousarray(array)


def _typical_activation(wiring: Wiring, params: LTCParams, dtype: Precision) -> tuple[Floats, Floats]:
    """Mean slope and centre over the synapses that a neuron sends; where it sends none, of all synapses.

    Used to show one activity per neuron, which a network with parameters per synapse does not have.
    """
    count = np.bincount(wiring.pre, minlength=wiring.units)
    means: list[Floats] = []
    for values, default in ((params.sigma, 5.0), (params.mu, 0.5)):
        total = np.bincount(wiring.pre, values, wiring.units)
        everywhere = float(values.mean()) if values.size else default
        means.append(np.where(count > 0, total / np.maximum(count, 1), everywhere).astype(dtype))
    return means[0], means[1]


@njit(fastmath=FASTMATH, error_model="numpy")
def _hold(
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    held: Floats,
    missing: Floats,
    longest: float,
    fade: float,
) -> int:
    """Refresh `held` where the input can be used, else see `HOLD_S`; how many that were good once are missing."""
    lost = 0
    for i in range(held.size):
        # Written so that NaN compares false.
        if good[i] and abs(x[i]) <= INPUT_LIMIT:
            held[i] = x[i]
            missing[i] = 0
        elif missing[i] >= 0:
            lost += 1
            missing[i] += 1
            if missing[i] > longest:
                held[i] = held[i] * fade if abs(held[i]) > TINY else 0
    return lost


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def ltc_step(
    ints: Ints,
    floats: Floats,
    v: Floats,
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    held: Floats,
    y: Floats,
    activity: Floats,
    slope: Floats,
    centre: Floats,
    elapsed: float,
    unfolds: int,
    hold_ticks: float,
    fade: float,
    guarded: NDArray[np.int64],
) -> None:
    """`ltc_tick` with inputs as `Network.step_held` takes them; fills `activity`, counts in `guarded`."""
    refused = _hold(x, good, held[0], held[1], hold_ticks, fade)
    refused += ltc_tick(ints, floats, v, held[0], y, elapsed, unfolds)
    for i in range(v.size):
        activity[i] = v[i]
    sigmoid_in_place(activity, slope, centre)
    if refused > 0:
        guarded[0] += 1


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def cfc_step(
    ints: Ints,
    floats: Floats,
    h: Floats,
    x: NDArray[np.float64],
    good: NDArray[np.bool_],
    held: Floats,
    y: Floats,
    activity: Floats,
    elapsed: float,
    hold_ticks: float,
    fade: float,
    guarded: NDArray[np.int64],
) -> None:
    """`cfc_tick` with inputs as `Network.step_held` takes them; fills `activity`, counts in `guarded`."""
    refused = _hold(x, good, held[0], held[1], hold_ticks, fade)
    refused += cfc_tick(ints, floats, h, held[0], y, elapsed)
    for i in range(h.size):
        activity[i] = min(abs(h[i]), 1.0)
    if refused > 0:
        guarded[0] += 1
