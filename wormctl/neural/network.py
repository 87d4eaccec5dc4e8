"""Networks ready to run: everything is validated here, once, and then a tick is one compiled call.

`step` is for people and tests: it refuses bad input. `step_held` is for a running loop: it never raises on
values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wormctl.neural.cfc import CfCParams, pack_cfc
from wormctl.neural.checks import InputError, check_array, check_indices, check_number, check_whole
from wormctl.neural.ltc import LTCParams, LTCStructure
from wormctl.neural.network_kernel import HOLD_S, INPUT_LIMIT, cfc_step, life_parts, ltc_step
from wormctl.neural.sections import Floats, Ints, table_of
from wormctl.neural.wiring import Wiring

Precision = type[np.float32] | type[np.float64]

SHORTEST_DT_S, LONGEST_DT_S = 1e-4, 1e3
MOST_UNFOLDS = 100

_VALUE = np.dtype(np.float64)
_FLAG = np.dtype(np.bool_)


class Network(ABC):
    """A running network: `state` (units,), one tick of `dt_s` at a time.

    `outputs`, `state` and `activity` are filled in place; keep copies if you need history. Not for two
    threads at once.
    """

    _tick: ClassVar[Callable[..., bool]]
    """The compiled tick."""

    def __init__(self, units: int, inputs: int, outputs: int, dt_s: float, dtype: Precision) -> None:
        if dtype not in (np.float32, np.float64):
            raise InputError(f"dtype = {dtype!r}, must be float32 or float64")
        self.units, self.inputs = units, inputs
        self.dt_s = check_number("dt_s", dt_s, SHORTEST_DT_S, LONGEST_DT_S, "s")
        self.dtype = dtype
        self.guarded_ticks = 0
        """See `wormctl.controller.Controller.guarded_ticks`."""
        # One array, so that a tick is cheap to call; see `Life`.
        self._where = table_of([units, units, outputs, inputs, inputs, units, units])
        self._life: Floats = np.zeros(self._where[-1], dtype=dtype)
        life = life_parts(self._where, self._life)
        self.state, self.activity, self.outputs = life.v, life.activity, life.y
        self._held, self._missing = life.held, life.missing
        self._slope, self._centre = life.slope, life.centre
        self._hold_ticks = HOLD_S / self.dt_s
        self._fade = float(np.exp(-self.dt_s / HOLD_S))
        self._all_good = np.ones(inputs, dtype=np.bool_)
        self._given: tuple[object, object] = (None, None)
        self._arguments: tuple[Any, ...] = ()
        self.reset()

    def reset(self) -> None:
        """Every neuron and every input to 0, the counter too."""
        for array in (self.state, self.activity, self.outputs, self._held):
            array[:] = 0
        self._missing[:] = -1
        self.guarded_ticks = 0

    def set_state(self, state: ArrayLike) -> None:
        """Start from `state`, shape (units,), finite."""
        self.state[:] = _checked("state", state, self.units)

    def step(self, x: ArrayLike) -> Floats:
        """One tick with inputs `x` (inputs,); the outputs, an array that the next tick overwrites.

        Raises `InputError` for a wrong shape, or a value that is missing or not finite.
        """
        self.step_held(_checked("input", x, self.inputs), self._all_good)
        return self.outputs

    def step_held(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> None:
        """One tick inside a running loop; fills `outputs` and `activity`. `x` and `good` are (inputs,).

        Where `good` is False, or `x` is not finite, see `HOLD_S`. Nothing makes the state or the outputs
        non-finite, and no value raises; arrays of another shape or type raise `InputError`. The compiled
        part allocates nothing; to call it, numba describes each array to it and forgets that at once.
        """
        # A loop gives the same two arrays in every tick: held here, they cannot change in size.
        if x is not self._given[0] or good is not self._given[1]:
            check_array("x", x, self.inputs, _VALUE)
            check_array("good", good, self.inputs, _FLAG)
            self._given, self._arguments = (x, good), self.arguments(x, good)
        if self._tick(*self._arguments):
            self.guarded_ticks += 1

    def cut(self, neurons: Iterable[int]) -> None:
        """Take neurons (indices into the state) out of the circuit, besides those already cut.

        Raises `InputError` for an index that is none, and then cuts nothing.
        """
        self._cut(check_indices("cut", list(neurons), self.units))
        self._given = (None, None)

    @abstractmethod
    def _cut(self, neurons: Ints) -> None:
        """The work of `cut`."""

    @abstractmethod
    def arguments(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[Any, ...]:
        """What the compiled tick takes, for other compiled code that runs many ticks of this network."""


class LTCNetwork(Network):
    """A liquid time-constant network with parameters per synapse, solved in `unfolds` steps a tick.

    `elapsed` is the time that the solver advances in a tick: `dt_s` if not given. The reference library
    trains with 1.0 whatever the real period.
    """

    _tick = staticmethod(ltc_step)

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
        self._slope[:], self._centre[:] = _typical_activation(wiring, params)

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

    def arguments(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[Any, ...]:
        """What `ltc_step` takes; see `Network.arguments`."""
        network = self._ints, self._floats, self._where, self._life
        return (*network, x, good, self.elapsed, self.unfolds, self._hold_ticks, self._fade)


class CfCNetwork(Network):
    """A closed-form continuous-time network; `elapsed` is the time that the cell is told a tick takes.

    The reference library trains with 1.0 whatever the real period, so it need not be `dt_s`.
    """

    _tick = staticmethod(cfc_step)

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

    def arguments(self, x: NDArray[np.float64], good: NDArray[np.bool_]) -> tuple[Any, ...]:
        """What `cfc_step` takes; see `Network.arguments`."""
        network = self._ints, self._floats, self._where, self._life
        return (*network, x, good, self.elapsed, self._hold_ticks, self._fade)


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


def _typical_activation(wiring: Wiring, params: LTCParams) -> tuple[Floats, Floats]:
    """Mean slope and centre over the synapses that a neuron sends; where it sends none, of all synapses.

    Used to show one activity per neuron, which a network with parameters per synapse does not have.
    """
    count = np.bincount(wiring.pre, minlength=wiring.units)
    means: list[Floats] = []
    for values, default in ((params.sigma, 5.0), (params.mu, 0.5)):
        total = np.bincount(wiring.pre, values, wiring.units)
        everywhere = float(values.mean()) if values.size else default
        means.append(np.where(count > 0, total / np.maximum(count, 1), everywhere))
    return means[0], means[1]
