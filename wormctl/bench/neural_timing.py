"""Times our tick, C and ncps in turns, so that a disturbance of the machine meets all of them alike."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import numpy as np

from wormctl.bench.allocation import Allocations
from wormctl.bench.allocation_cases import counted
from wormctl.bench.circuits import DT_S, UNFOLDS, Circuit, circuits, start_of
from wormctl.bench.first_tick import start_to_first_tick_s
from wormctl.bench.reference import Reference, compiler
from wormctl.bench.rival import NcpsRival
from wormctl.neural.network import LTCNetwork
from wormctl.neural.presynaptic import PresynapticStructure, presynaptic_tick
from wormctl.neural.sections import Floats

_BATCH_S = 0.002
_AGREE = 1e-4
"""Largest difference from C after one tick that still counts as the same network."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One network with one kind of activation; medians, microseconds a tick. None: not measured."""

    circuit: str
    activation: str
    neurons: int
    synapses: int
    gap_junctions: int
    unfolds: int
    ours_us: float
    c_us: float | None
    ncps_cell_us: float | None
    ncps_module_us: float | None
    of_c: float | None
    """Our time in units of C's, the median over rounds."""
    faster_than_ncps_cell: float | None
    differs_from_c: float | None
    """Largest difference in state after one tick from the same state."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole measurement."""

    machine: str
    compiler: str | None
    ncps: dict[str, str] | None
    rounds: int
    start_to_first_tick_s: float
    rows: tuple[Row, ...]
    allocations: dict[str, Allocations]
    """By the name of the compiled function that is a whole tick."""


def measure(rounds: int, python: str | None) -> Report:
    """Time both circuits with both activations against C, if this machine has a compiler, and against ncps.

    `python` is an interpreter that has ncps, or None to leave that out.
    """
    first = start_to_first_tick_s()
    versions: dict[str, str] | None = None
    rows = []
    for circuit in circuits():
        for per_neuron in (False, True):
            with ExitStack() as stack:
                rival = None
                # ncps has no activation per neuron.
                if python is not None and not per_neuron:
                    ticks = max(1, round(4000 / circuit.wiring.units))
                    rival = stack.enter_context(NcpsRival(python, circuit, ticks))
                    versions = rival.versions
                rows.append(_row(circuit, per_neuron, rival, rounds))
    return Report(
        machine=f"{platform.machine()}, {_processor()}, Python {platform.python_version()}",
        compiler=compiler(),
        ncps=versions,
        rounds=rounds,
        start_to_first_tick_s=first,
        rows=tuple(rows),
        allocations=counted(),
    )


def _row(circuit: Circuit, per_neuron: bool, rival: NcpsRival | None, rounds: int) -> Row:
    ours_network = _Ours(circuit, per_neuron)
    tick, state = ours_network.tick, ours_network.state
    reference = Reference(circuit, per_neuron) if compiler() else None
    tick()
    differs = None
    if reference:
        reference.tick()
        differs = float(np.abs(state - reference.state).max())
        if differs > _AGREE:
            raise RuntimeError(f"C and we differ by {differs:g}: this is not a fair comparison")
    batch = _batch(tick)
    ours, c, cell, module = [], [], [], []
    for _ in range(rounds):
        ours.append(_time_us(tick, batch))
        if reference:
            c.append(_time_us(reference.tick, batch))
        if rival:
            cell.append(rival.time_us("cell"))
            module.append(rival.time_us("module"))
    wiring = circuit.wiring
    return Row(
        circuit=circuit.name,
        activation="per neuron" if per_neuron else "per synapse",
        neurons=wiring.units,
        synapses=wiring.pre.size,
        gap_junctions=wiring.gap_a.size,
        unfolds=UNFOLDS,
        ours_us=float(np.median(ours)),
        c_us=_median(c),
        ncps_cell_us=_median(cell),
        ncps_module_us=_median(module),
        of_c=_median([a / b for a, b in zip(ours, c, strict=True)] if c else []),
        faster_than_ncps_cell=_median([b / a for a, b in zip(ours, cell, strict=True)] if cell else []),
        differs_from_c=differs,
    )


class _Ours:
    """Our network, from `start_of(circuit)`, with every input 0."""

    state: Floats
    tick: Callable[[], object]

    def __init__(self, circuit: Circuit, per_neuron: bool) -> None:
        wiring = circuit.wiring
        start = start_of(circuit).astype(np.float32)
        if per_neuron:
            structure = PresynapticStructure(
                wiring.units, wiring.pre, wiring.post, wiring.gap_a, wiring.gap_b
            )
            ints, floats = structure.ints, structure.pack(circuit.presynaptic)
            s, current = np.zeros_like(start), np.zeros(wiring.units)
            self.state = start
            self.tick = lambda: presynaptic_tick(ints, floats, start, s, current, DT_S, UNFOLDS)
            return
        network = LTCNetwork(wiring, circuit.ltc, DT_S, UNFOLDS)
        network.set_state(start)
        x, good = np.zeros(wiring.inputs), np.ones(wiring.inputs, dtype=np.bool_)
        self.state = network.state
        self.tick = lambda: network.step_held(x, good)


def _batch(tick: Callable[[], object]) -> int:
    tick()
    return max(1, round(_BATCH_S / (_time_us(tick, 20) * 1e-6)))


def _time_us(tick: Callable[[], object], batch: int) -> float:
    start = time.perf_counter()
    for _ in range(batch):
        tick()
    return (time.perf_counter() - start) / batch * 1e6


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith(("model name", "Model"))
            ]
        return names[0] if names else platform.processor()
    except OSError:
        return platform.processor()
