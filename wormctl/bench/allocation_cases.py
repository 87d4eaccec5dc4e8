"""Every tick that may run inside the loop, ready for `wormctl.bench.allocation` to count what it allocates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from wormctl.bench.allocation import Allocations, allocations
from wormctl.bench.circuits import DT_S, SEED, UNFOLDS, Circuit, circuits
from wormctl.bench.first_tick import POLICY
from wormctl.jit import njit
from wormctl.neural.cfc import initial_cfc
from wormctl.neural.network import CfCNetwork, LTCNetwork
from wormctl.neural.network_kernel import cfc_step, ltc_step
from wormctl.neural.presynaptic import PresynapticStructure, presynaptic_tick
from wormctl.policy import find_policy, load_policy
from wormctl.worm.controller import WormController
from wormctl.worm.kernel import worm_tick


class Case(NamedTuple):
    """One way to think, from Python and from compiled code."""

    tick: Callable[[], None]
    """One tick as the loop calls it."""
    compiled: Callable[[int], None]
    """So many ticks without coming back to Python."""


def counted(ticks: int = 1000) -> dict[str, Allocations]:
    """What each case allocates in `ticks` ticks, by the name of its compiled function."""
    return {name: allocations(case.tick, case.compiled, ticks) for name, case in cases().items()}


def cases() -> dict[str, Case]:
    """By the name of the compiled function that is a whole tick."""
    small, worm = circuits()
    return {
        "presynaptic_tick": _presynaptic(worm),
        "ltc_step": _network(LTCNetwork(worm.wiring, worm.ltc, DT_S, UNFOLDS), _ltc_steps),
        "cfc_step": _network(CfCNetwork(initial_cfc(small.wiring, SEED), DT_S), _cfc_steps),
        "worm_tick": _worm(),
    }


def _presynaptic(circuit: Circuit) -> Case:
    wiring = circuit.wiring
    structure = PresynapticStructure(wiring.units, wiring.pre, wiring.post, wiring.gap_a, wiring.gap_b)
    v, s = np.zeros(wiring.units, np.float32), np.zeros(wiring.units, np.float32)
    floats, current = structure.pack(circuit.presynaptic), np.zeros(wiring.units)
    return _case(presynaptic_tick, (structure.ints, floats, v, s, current, DT_S, UNFOLDS), _presynaptic_ticks)


def _network(network: LTCNetwork | CfCNetwork, many: Callable[..., None]) -> Case:
    x, good = np.zeros(network.inputs), np.ones(network.inputs, dtype=np.bool_)
    return _case(network.step_held, (x, good), lambda n, x, good: many(n, *network.arguments(x, good)))


def _worm() -> Case:
    worm = load_policy(find_policy(POLICY)).controller()
    assert isinstance(worm, WormController)
    size = sum(port.size for port in worm.inputs)
    arguments = (np.zeros(size), np.ones(size, dtype=np.bool_), np.zeros(worm.joints))
    return _case(worm.step, arguments, lambda n, *rest: _worm_ticks(n, *worm.arguments(*rest)))


def _case(tick: Callable[..., object], arguments: tuple[Any, ...], many: Callable[..., None]) -> Case:
    def once() -> None:
        tick(*arguments)

    return Case(once, lambda n: many(n, *arguments))


@njit(cache=True)
def _presynaptic_ticks(n: int, *arguments: Any) -> None:
    for _ in range(n):
        presynaptic_tick(*arguments)


@njit(cache=True)
def _ltc_steps(n: int, *arguments: Any) -> None:
    for _ in range(n):
        ltc_step(*arguments)


@njit(cache=True)
def _cfc_steps(n: int, *arguments: Any) -> None:
    for _ in range(n):
        cfc_step(*arguments)


@njit(cache=True)
def _worm_ticks(n: int, *arguments: Any) -> None:
    for _ in range(n):
        worm_tick(*arguments)
