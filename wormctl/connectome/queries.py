"""Answers to a person's questions about the connectome, as records that also go out as JSON. No printing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import paths
from wormctl.connectome.checks import counts
from wormctl.connectome.names import UnknownCell
from wormctl.connectome.table import EVIDENCE, Connectome

Contact = tuple[str, int, str, str]
"""Name of the partner, EM sections, sign, evidence: one contact before it is grouped."""


class Partner(msgspec.Struct, frozen=True):
    """All contacts of what was asked about with one cell, class or muscle."""

    name: str
    sections: int
    """EM sections, summed over `contacts` pairs of cells."""
    contacts: int
    sign: str = ""
    """`+`, `-`, `complex`, `unknown`, or `mixed` where the contacts differ; empty for a gap junction."""
    evidence: str = ""
    """One of `EVIDENCE`, or `mixed`; empty where the sign has none."""


class Cells(msgspec.Struct, frozen=True):
    """A neuron, or all neurons of a class; the partners of a class are classes too."""

    name: str
    cells: tuple[str, ...]
    classes: tuple[str, ...]
    types: tuple[str, ...]
    transmitters: tuple[str, ...]
    position: tuple[float, float]
    """Foremost and hindmost cell body, 0 nose to 1 tail."""
    inputs: tuple[Partner, ...]
    outputs: tuple[Partner, ...]
    gap_junctions: tuple[Partner, ...]
    muscles: tuple[Partner, ...]


class Muscle(msgspec.Struct, frozen=True):
    """A body-wall muscle and the neurons that drive it."""

    name: str
    quadrant: str
    row: int
    position: float
    inputs: tuple[Partner, ...]


class PathStep(msgspec.Struct, frozen=True):
    """One contact on a path."""

    pre: str
    post: str
    sections: int
    kind: str
    """`chemical` or `gap`."""
    sign: str
    evidence: str


class Path(msgspec.Struct, frozen=True):
    """A route from one cell to another."""

    cells: tuple[str, ...]
    steps: tuple[PathStep, ...]
    strength: float
    """Sections of the single contact that would conduct as well."""
    sign: str
    """Product of the signs on the way; `unknown` if one is not known."""


class Paths(msgspec.Struct, frozen=True):
    """The best routes between two groups of cells, by both measures."""

    shortest: tuple[Path, ...]
    strongest: tuple[Path, ...]


class Stats(msgspec.Struct, frozen=True):
    """The connectome in numbers."""

    counts: dict[str, int]
    signs: dict[str, int]
    """Chemical pairs by sign."""
    evidence: dict[str, int]
    """Chemical pairs by the evidence for their sign."""
    transmitters: dict[str, int]
    """Neurons by the first transmitter they make; `unknown` for those with none."""
    most_inputs: dict[str, int]
    """Neurons with the most presynaptic partners."""
    most_outputs: dict[str, int]
    """Neurons with the most postsynaptic partners."""


def describe(c: Connectome, name: str) -> Cells | Muscle:
    """Everything known about a neuron, a class of neurons or a body-wall muscle. Raises `UnknownCell`."""
    if name in c.muscles:
        return _muscle(c, c.muscles.index(name))
    if name not in c.known_names:
        raise UnknownCell(name, (*c.known_names, *c.muscles), "neuron, neuron class or body-wall muscle")
    cells = c.select([name])
    mine = np.zeros(len(c.names), bool)
    mine[list(cells)] = True
    labels = c.names if len(cells) == 1 else c.classes

    def chemical(here: NDArray[np.int32], there: NDArray[np.int32]) -> tuple[Partner, ...]:
        rows = np.flatnonzero(mine[here]).tolist()
        return _grouped((labels[there[i]], int(c.chem_count[i]), *_chemical_sign(c, i)) for i in rows)

    gaps = [(a, b, n) for a, b, n in zip(c.gap_a, c.gap_b, c.gap_count, strict=True) if mine[a] or mine[b]]
    motor = np.flatnonzero(mine[c.nmj_neuron])
    return Cells(
        name=name,
        cells=tuple(c.names[i] for i in cells),
        classes=_unique(c.classes[i] for i in cells),
        types=_unique(c.types[i] for i in cells),
        transmitters=_unique(t for i in cells for t in c.transmitters[i]),
        position=(float(c.position[list(cells)].min()), float(c.position[list(cells)].max())),
        inputs=chemical(c.chem_post, c.chem_pre),
        outputs=chemical(c.chem_pre, c.chem_post),
        gap_junctions=_grouped((labels[b if mine[a] else a], int(n), "", "") for a, b, n in gaps),
        muscles=_grouped(
            (c.muscles[c.nmj_muscle[i]], int(c.nmj_count[i]), sign_word(int(c.nmj_sign[i])), "")
            for i in motor
        ),
    )


def _muscle(c: Connectome, index: int) -> Muscle:
    rows = np.flatnonzero(c.nmj_muscle == index)
    return Muscle(
        name=c.muscles[index],
        quadrant=c.muscle_quadrant[index],
        row=int(c.muscle_row[index]),
        position=float(c.muscle_position[index]),
        inputs=_grouped(
            (c.names[c.nmj_neuron[i]], int(c.nmj_count[i]), sign_word(int(c.nmj_sign[i])), "") for i in rows
        ),
    )


def routes(c: Connectome, start: str, end: str, limit: int, *, gap_junctions: bool = False) -> Paths:
    """Up to `limit` shortest and `limit` strongest paths between two cells or classes.

    Two groups may share cells. Raises `UnknownCell`, also for a muscle: paths join neurons. There is no path from
    a cell to itself, and none may exist between others.
    """
    edges = paths.wiring(c, gap_junctions=gap_junctions)
    sources, targets = c.select([start]), c.select([end])
    return Paths(
        shortest=tuple(_path(c, r) for r in paths.shortest(edges, sources, targets, limit)),
        strongest=tuple(_path(c, r) for r in paths.strongest(edges, sources, targets, limit)),
    )


def stats(c: Connectome, top: int = 5) -> Stats:
    """The connectome in numbers, with the `top` best connected cells."""
    pairs = range(c.chem_pre.size)
    return Stats(
        counts=counts(c),
        signs=dict(Counter(_chemical_sign(c, i)[0] for i in pairs).most_common()),
        evidence=dict(Counter(_chemical_sign(c, i)[1] for i in pairs).most_common()),
        transmitters=dict(Counter(t or "unknown" for t in c.transmitter).most_common()),
        most_inputs={c.names[i]: k for i, k in Counter(c.chem_post.tolist()).most_common(top)},
        most_outputs={c.names[i]: k for i, k in Counter(c.chem_pre.tolist()).most_common(top)},
    )


def sign_word(sign: int) -> str:
    """A sign as a word: `+`, `-` or `unknown`."""
    return {1: "+", -1: "-"}.get(sign, "unknown")


def _chemical_sign(c: Connectome, synapse: int) -> tuple[str, str]:
    sign, evidence = int(c.chem_sign[synapse]), EVIDENCE[c.chem_evidence[synapse]]
    return ("complex" if sign == 0 and evidence != "none" else sign_word(sign)), evidence


def _path(c: Connectome, route: paths.Route) -> Path:
    steps = []
    for s in route.steps:
        sign, evidence = ("", "") if s.synapse is None else _chemical_sign(c, s.synapse)
        kind = "gap" if s.synapse is None else "chemical"
        steps.append(PathStep(c.names[s.pre], c.names[s.post], s.sections, kind, sign, evidence))
    names = tuple(c.names[i] for i in route.cells)
    return Path(names, tuple(steps), round(route.strength, 2), sign_word(route.sign))


def _grouped(contacts: Iterable[Contact]) -> tuple[Partner, ...]:
    """Contacts by partner, the largest first, equals by name."""
    groups: dict[str, list[Contact]] = {}
    for contact in contacts:
        groups.setdefault(contact[0], []).append(contact)
    partners = [
        Partner(
            name=name,
            sections=sum(contact[1] for contact in group),
            contacts=len(group),
            sign=_common([contact[2] for contact in group]),
            evidence=_common([contact[3] for contact in group]),
        )
        for name, group in groups.items()
    ]
    return tuple(sorted(partners, key=lambda p: (-p.sections, p.name)))


def _common(words: Sequence[str]) -> str:
    return words[0] if len(set(words)) == 1 else "mixed"


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
