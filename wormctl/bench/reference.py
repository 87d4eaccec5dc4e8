"""Builds `reference.c` where there is a compiler, and runs our networks in it. For comparison only."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormctl.bench.circuits import DT_S, UNFOLDS, Circuit, start_of

SOURCE = Path(__file__).with_name("reference.c")
# Not -ffast-math: merely loading what it links turns off subnormal numbers for the whole process.
FLAGS = (
    *("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"),
    *("-std=gnu11", "-shared", "-fPIC"),
)
LANES = 8
_ALIGN = 32

Single = NDArray[np.float32]


class _Network(ctypes.Structure):
    _fields_ = [
        ("slices", ctypes.c_int32),
        ("unfolds", ctypes.c_int32),
        *(
            (name, ctypes.c_void_p)
            for name in (
                *("start", "column", "gap_start", "gap_column"),
                *("w", "w_erev", "sigma", "mu", "g"),
                *("cm", "constant", "conductance", "gself"),
                *("v", "next", "s"),
            )
        ),
    ]


class Reference:
    """One circuit in C. `tick()` advances it by `DT_S`; `state` gives its neurons in our order."""

    def __init__(self, circuit: Circuit, per_neuron: bool) -> None:
        library = _library()
        wiring = circuit.wiring
        degree = np.bincount(wiring.post, minlength=wiring.units)
        gap_post, gap_pre = np.r_[wiring.gap_a, wiring.gap_b], np.r_[wiring.gap_b, wiring.gap_a]
        gaps = np.bincount(gap_post, minlength=wiring.units)
        order = np.lexsort((-gaps, -degree))
        self._place = np.empty_like(order)
        self._place[order] = np.arange(order.size)
        self._slices = -(-wiring.units // LANES)
        p = circuit.presynaptic if per_neuron else circuit.ltc
        start, column, entry = self._sliced(wiring.post, wiring.pre)
        gap_start, gap_column, gap_entry = self._sliced(gap_post, gap_pre)
        gap = np.r_[p.g, p.g]
        constant, conductance = p.gleak * p.vleak, p.gleak + np.bincount(gap_post, gap, wiring.units) + 1e-8
        if not per_neuron:
            more, extra = _sensory_at_zero(circuit)
            constant, conductance = constant + more, conductance + extra
        gself = circuit.presynaptic.gself if per_neuron else np.zeros(wiring.units)
        per = self._neurons if per_neuron else entry
        arrays = {
            "start": start,
            "column": column,
            "gap_start": gap_start,
            "gap_column": gap_column,
            "w": entry(p.w),
            "w_erev": entry(p.w * p.erev),
            "sigma": per(p.sigma),
            "mu": per(p.mu),
            "g": gap_entry(gap),
            "cm": self._neurons(p.cm, 1.0),
            "constant": self._neurons(constant),
            "conductance": self._neurons(conductance, 1.0),
            "gself": self._neurons(gself),
            "v": self._neurons(start_of(circuit)),
            "next": self._neurons(np.zeros(wiring.units)),
            "s": self._neurons(np.zeros(wiring.units)),
        }
        # Kept here: C holds only their addresses.
        self._arrays = {name: _aligned(array) for name, array in arrays.items()}
        addresses = {name: array.ctypes.data for name, array in self._arrays.items()}
        self._network = _Network(slices=self._slices, unfolds=UNFOLDS, **addresses)
        self._pointer = ctypes.byref(self._network)
        self._dt = ctypes.c_float(DT_S)
        self._function = library.tick_per_neuron if per_neuron else library.tick_per_synapse

    def tick(self) -> None:
        """One tick, in place."""
        self._function(self._pointer, self._dt)

    @property
    def state(self) -> Single:
        """(units,) in the order of the wiring."""
        return np.asarray(self._arrays["v"][self._place], dtype=np.float32)

    def _neurons(self, values: NDArray[np.float64], padding: float = 0.0) -> Single:
        out = np.full(self._slices * LANES, padding, dtype=np.float32)
        out[self._place] = values
        return out

    def _sliced(
        self, row: NDArray[np.integer], column: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], Callable[[NDArray[np.float64]], Single]]:
        place = self._place[row]
        length = np.bincount(place, minlength=self._slices * LANES)
        start = np.concatenate([[0], np.cumsum(length.reshape(-1, LANES).max(axis=1))])
        by_row = np.argsort(place, kind="stable")
        rank = np.arange(place.size) - np.concatenate([[0], np.cumsum(length)])[place[by_row]]
        slot = (start[place[by_row] // LANES] + rank) * LANES + place[by_row] % LANES
        columns = np.zeros(start[-1] * LANES, dtype=np.int32)
        columns[slot] = self._place[column][by_row]

        def entry(values: NDArray[np.float64]) -> Single:
            out = np.zeros(columns.size, dtype=np.float32)
            out[slot] = values[by_row]
            return out

        return start.astype(np.int32), columns, entry


def compiler() -> str | None:
    """The C compiler that can build the reference here, if there is one."""
    return _built()[0]


def _library() -> ctypes.CDLL:
    library = _built()[1]
    if library is None:
        raise RuntimeError("no C compiler that can build the reference")
    return library


@cache
def _built() -> tuple[str | None, ctypes.CDLL | None]:
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        command = shutil.which(name) if name else None
        if command is None:
            continue
        with tempfile.TemporaryDirectory(prefix="wormctl-bench-") as folder:
            target = Path(folder) / "reference.so"
            ended = subprocess.run(
                [command, *FLAGS, str(SOURCE), "-o", str(target)], capture_output=True, check=False
            )
            if ended.returncode == 0:
                return command, ctypes.CDLL(str(target))
    return None, None


def _sensory_at_zero(circuit: Circuit) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the synapses from inputs add when every input is 0: to the numerator and to the denominator."""
    wiring, p = circuit.wiring, circuit.ltc
    x = p.input_b[wiring.sensory_pre]
    activation = p.sensory_w / (1.0 + np.exp(-p.sensory_sigma * (x - p.sensory_mu)))
    post, units = wiring.sensory_post, wiring.units
    more = np.bincount(post, activation * p.sensory_erev, units)
    return more.astype(np.float64), np.bincount(post, activation, units).astype(np.float64)


def _aligned(array: NDArray[np.generic]) -> NDArray[np.generic]:
    room = np.zeros(array.nbytes + _ALIGN, dtype=np.uint8)
    offset = -room.ctypes.data % _ALIGN
    out = room[offset : offset + array.nbytes].view(array.dtype)
    out[:] = array
    return out
