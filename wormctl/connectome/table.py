"""The connectome as arrays, and how the committed tables become them. Counts and signs are as published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome.names import UnknownCell, groups

Number = TypeVar("Number", bound=np.generic)

DATA = Path(__file__).with_name("data")

EVIDENCE = ("none", "predicted", "confirmed", "disputed")
"""Why a chemical synapse has its sign; `Connectome.chem_evidence` holds the index.

none: no prediction exists. predicted: from the transmitter made and the receptors expressed; with sign 0 both
signs are predicted at once ("complex"). confirmed: predicted, and found by experiment. disputed: predicted,
but experiments speak against it.
"""


@dataclass(frozen=True, eq=False)
class Connectome:
    """The wiring of the adult hermaphrodite. Arrays are read-only; counts are EM sections, never clipped.

    Neurons and muscles are indexed in the order of `names` and `muscles`. Synapses are sorted by (pre, post).
    """

    names: tuple[str, ...]
    """302 cells."""
    classes: tuple[str, ...]
    """Published class of each cell: `AVA` for AVAL, `VB` for VB5, `SMD` for SMDVL."""
    types: tuple[str, ...]
    """`sensory`, `inter`, `motor`, `pharyngeal` or `canal` (CANL and CANR, whose function is not known)."""
    side: tuple[str, ...]
    """`L`, `R`, or `M` for a cell without a partner on the other side."""
    transmitters: tuple[tuple[str, ...], ...]
    """All transmitters published for each cell, in published order. `*` marks dim and variable expression,
    `uptake` a cell that takes one up without making it."""
    transmitter: tuple[str, ...]
    """The first of `transmitters` that the cell makes itself, without its mark; empty when none is known."""
    position: NDArray[np.float64]
    """Place of the cell body along the body, 0 nose to 1 tail, shape (302,)."""

    chem_pre: NDArray[np.int32]
    chem_post: NDArray[np.int32]
    chem_count: NDArray[np.int32]
    chem_sign: NDArray[np.int8]
    """+1 excitatory, -1 inhibitory, 0 complex or unknown."""
    chem_evidence: NDArray[np.int8]
    """Index into `EVIDENCE`."""

    gap_a: NDArray[np.int32]
    """Gap junctions have no direction; each is stored once, with `gap_a` < `gap_b`."""
    gap_b: NDArray[np.int32]
    gap_count: NDArray[np.int32]

    muscles: tuple[str, ...]
    """95 body-wall muscles, `MDL01` to `MVR24`."""
    muscle_quadrant: tuple[str, ...]
    """`DL`, `DR`, `VL` or `VR`."""
    muscle_row: NDArray[np.int32]
    """1 at the head to 24 at the tail."""
    muscle_position: NDArray[np.float64]
    """Middle of the muscle, 0 nose to 1 tail, rows taken as evenly spaced."""

    nmj_neuron: NDArray[np.int32]
    nmj_muscle: NDArray[np.int32]
    nmj_count: NDArray[np.int32]
    nmj_sign: NDArray[np.int8]
    """+1 where the neuron's first transmitter is ACh, -1 where it is GABA, 0 otherwise."""

    known_names: Mapping[str, tuple[int, ...]]
    """Every cell, class and subclass name -> the indices of its cells."""

    def index(self, name: str) -> int:
        """The index of the cell called `name`. Raises `UnknownCell`, which is a `KeyError`."""
        cells = self.known_names.get(name, ())
        if len(cells) != 1 or self.names[cells[0]] != name:
            raise UnknownCell(name, self.names, "neuron", muscles=self.muscles)
        return cells[0]

    def select(self, names_or_classes: Iterable[str]) -> tuple[int, ...]:
        """Indices of all cells meant by these cell, class or subclass names, each once, in order.

        Raises `UnknownCell` for a name that is none of them.
        """
        cells: set[int] = set()
        for name in names_or_classes:
            found = self.known_names.get(name)
            if found is None:
                raise UnknownCell(name, self.known_names, muscles=self.muscles)
            cells.update(found)
        return tuple(sorted(cells))


@cache
def load_connectome() -> Connectome:
    """The published connectome, read once and then shared."""
    return read_tables(DATA)


def read_tables(folder: Path) -> Connectome:
    """The connectome in the tables of `folder`, which `extract.py` wrote."""
    names, classes, types, side, listed, position = _columns(folder / "neurons.csv", 6)
    muscles, quadrant, row, muscle_position = _columns(folder / "muscles.csv", 4)
    chemical, gaps, junctions = _wiring(folder / "wiring.npy")
    transmitters = tuple(tuple(cell.split(";")) for cell in listed)
    return Connectome(
        names=tuple(names),
        classes=tuple(classes),
        types=tuple(types),
        side=tuple(side),
        transmitters=transmitters,
        transmitter=tuple(map(_first_made, transmitters)),
        position=_frozen(np.array(position, np.float64)),
        chem_pre=_column(chemical, 1, np.int32),
        chem_post=_column(chemical, 2, np.int32),
        chem_count=_column(chemical, 3, np.int32),
        chem_sign=_column(chemical, 4, np.int8),
        chem_evidence=_column(chemical, 5, np.int8),
        gap_a=_column(gaps, 1, np.int32),
        gap_b=_column(gaps, 2, np.int32),
        gap_count=_column(gaps, 3, np.int32),
        muscles=tuple(muscles),
        muscle_quadrant=tuple(quadrant),
        muscle_row=_frozen(np.array(row, np.int32)),
        muscle_position=_frozen(np.array(muscle_position, np.float64)),
        nmj_neuron=_column(junctions, 1, np.int32),
        nmj_muscle=_column(junctions, 2, np.int32),
        nmj_count=_column(junctions, 3, np.int32),
        nmj_sign=_column(junctions, 4, np.int8),
        known_names=MappingProxyType(groups(names, classes, side)),
    )


def _columns(path: Path, width: int) -> list[list[str]]:
    """The columns of a CSV table without quoted fields, header dropped."""
    fields = path.read_bytes().decode("ascii").rstrip("\n").replace("\n", ",").split(",")
    return [fields[width + i :: width] for i in range(width)]


def _wiring(path: Path) -> list[NDArray[np.int16]]:
    """The rows of `wiring.npy` for chemical synapses, gap junctions and neuromuscular junctions.

    Its columns are kind (0, 1, 2), from, to, EM sections, sign, evidence: the same numbers as in the CSV
    tables, packed because those take several times longer to read.
    """
    rows = np.load(path, allow_pickle=False)
    ends = np.searchsorted(rows[:, 0], (1, 2))
    return [rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] :]]


def _column(rows: NDArray[np.int16], column: int, dtype: type[Number]) -> NDArray[Number]:
    return _frozen(rows[:, column].astype(dtype))


def _frozen(array: NDArray[Number]) -> NDArray[Number]:
    array.flags.writeable = False
    return array


def _first_made(listed: tuple[str, ...]) -> str:
    for transmitter in listed:
        if not transmitter.startswith("unknown") and "uptake" not in transmitter:
            return transmitter.rstrip("*")
    return ""
