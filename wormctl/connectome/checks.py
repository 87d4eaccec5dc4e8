"""What must be true of the connectome, each said once: for the tests and for `wormctl connectome check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome.table import EVIDENCE, Connectome

COUNTS = {
    "neurons": 302,
    "neuron classes": 118,
    "sensory neurons": 83,
    "interneurons": 81,
    "motor neurons": 116,
    "pharyngeal neurons": 20,
    "canal-associated neurons": 2,
    "body-wall muscles": 95,
    "chemical pairs": 3709,
    "chemical sections": 20965,
    "autapses": 38,
    "gap junctions": 1091,
    "gap junction sections": 5744,
    "neuromuscular pairs": 956,
    "neuromuscular sections": 5515,
    "neurons onto body-wall muscle": 162,
    "cholinergic neurons": 163,
    "glutamatergic neurons": 84,
    "GABA neurons": 35,
}
"""Cook 2019 as cect 0.3.5 reads it; transmitters by Wang 2024, dim expression included."""

KNOWN_SIGNS = (("AWC", "AIY", -1), ("AWC", "AIB", 1), ("AIY", "AIZ", -1))
"""Signs found by experiment, by class."""

LARGEST_GAPS = (
    ("ALA", "CANL", 401),
    ("ALA", "CANR", 401),
    ("ALA", "PVDL", 250),
    ("ALA", "PVDR", 250),
    ("CANL", "PVDL", 100),
    ("CANR", "PVDR", 100),
)
"""Every gap junction of 100 sections or more. They are kept as published; a model may clip them."""

PHARYNX = "I1L-RIPL I1R-RIPR M1-RIPL"
"""Every contact between the pharynx and the rest of the nervous system."""


@dataclass(frozen=True)
class Check:
    """One statement about the connectome: `ok` if what was found is what was expected."""

    name: str
    expected: str
    found: str

    @property
    def ok(self) -> bool:
        """Whether the statement holds."""
        return self.expected == self.found


def check(connectome: Connectome) -> tuple[Check, ...]:
    """Every statement about `connectome`, in reading order. Nothing is raised: look at `ok`."""
    return tuple(_checks(connectome))


def _checks(c: Connectome) -> Iterator[Check]:
    for name, count in counts(c).items():
        yield Check(name, str(COUNTS[name]), str(count))
    yield _none("names used twice", [n for n, k in Counter(c.names + c.muscles).items() if k > 1])
    yield _none("names with a padded number (VB05)", [n for n in c.names if _padded(n)])
    yield Check(
        "muscle that does not exist (MVL24)", "absent", "present" if "MVL24" in c.muscles else "absent"
    )
    yield _none("chemical pairs listed twice", _twice(c.chem_pre, c.chem_post, c.names, "->"))
    low, high = np.minimum(c.gap_a, c.gap_b), np.maximum(c.gap_a, c.gap_b)
    yield _none("gap junctions listed twice", _twice(low, high, c.names, "-"))
    yield _none("gap junctions of a cell with itself", [c.names[a] for a in c.gap_a[c.gap_a == c.gap_b]])
    smallest = min(int(a.min()) for a in (c.chem_count, c.gap_count, c.nmj_count))
    yield Check("smallest section count", "1", str(smallest))
    big = np.flatnonzero(c.gap_count >= 100)
    gaps = sorted((c.names[c.gap_a[i]], c.names[c.gap_b[i]], int(c.gap_count[i])) for i in big)
    yield Check("gap junctions of 100 sections or more", _list(LARGEST_GAPS), _list(gaps))
    yield _none(
        "chemical output of CANL, CANR", _cells(c, c.chem_post[np.isin(c.chem_pre, c.select(["CAN"]))])
    )
    yield _none(
        "chemical input of PLML, PLMR", _cells(c, c.chem_pre[np.isin(c.chem_post, c.select(["PLM"]))])
    )
    yield _pharynx(c)
    for pre, post, sign in KNOWN_SIGNS:
        pairs = np.isin(c.chem_pre, c.select([pre])) & np.isin(c.chem_post, c.select([post]))
        found = " ".join(f"{s:+d}" for s in np.unique(c.chem_sign[pairs]))
        yield Check(f"sign of {pre} -> {post}", f"{sign:+d}", found)
    doubtful = np.isin(c.chem_pre, c.select(["AVM"])) & np.isin(c.chem_post, c.select(["AVB"]))
    marks = {EVIDENCE[e] for e in c.chem_evidence[doubtful]}
    yield Check("evidence for the sign of AVM -> AVB", "disputed", " ".join(sorted(marks)))
    gaba = np.array([t == "GABA" for t in c.transmitter])[c.nmj_neuron]
    yield Check("sign of GABA neurons onto muscle", "-1", " ".join(map(str, np.unique(c.nmj_sign[gaba]))))
    outside = np.flatnonzero(~((c.position > 0) & (c.position < 1)))
    yield _none("cells beyond nose or tail", [c.names[i] for i in outside])


def counts(c: Connectome) -> dict[str, int]:
    """How much of everything there is, by the names of `COUNTS`."""
    types = Counter(c.types)

    def makers(transmitter: str) -> int:
        return sum(transmitter in (t.rstrip("*") for t in listed) for listed in c.transmitters)

    return {
        "neurons": len(c.names),
        "neuron classes": len(set(c.classes)),
        "sensory neurons": types["sensory"],
        "interneurons": types["inter"],
        "motor neurons": types["motor"],
        "pharyngeal neurons": types["pharyngeal"],
        "canal-associated neurons": types["canal"],
        "body-wall muscles": len(c.muscles),
        "chemical pairs": c.chem_pre.size,
        "chemical sections": int(c.chem_count.sum()),
        "autapses": int((c.chem_pre == c.chem_post).sum()),
        "gap junctions": c.gap_a.size,
        "gap junction sections": int(c.gap_count.sum()),
        "neuromuscular pairs": c.nmj_neuron.size,
        "neuromuscular sections": int(c.nmj_count.sum()),
        "neurons onto body-wall muscle": np.unique(c.nmj_neuron).size,
        "cholinergic neurons": makers("ACh"),
        "glutamatergic neurons": makers("Glu"),
        "GABA neurons": makers("GABA"),
    }


def _pharynx(c: Connectome) -> Check:
    """The pharynx is an island but for M1 and RIP: nothing else crosses."""
    inside = np.array([t == "pharyngeal" for t in c.types])
    crossing = set()
    for a, b in ((c.chem_pre, c.chem_post), (c.gap_a, c.gap_b)):
        for i in np.flatnonzero(inside[a] != inside[b]):
            crossing.add("-".join(sorted((c.names[a[i]], c.names[b[i]]))))
    return Check("contacts between pharynx and body", PHARYNX, " ".join(sorted(crossing)))


def _none(name: str, found: list[str]) -> Check:
    return Check(name, "none", ", ".join(found[:5]) or "none")


def _padded(name: str) -> bool:
    return len(name) > 2 and name[-2] == "0" and name[-1].isdigit()


def _cells(c: Connectome, cells: NDArray[np.int32]) -> list[str]:
    return [c.names[i] for i in np.unique(cells)]


def _twice(a: NDArray[np.int32], b: NDArray[np.int32], names: tuple[str, ...], link: str) -> list[str]:
    pairs = Counter(zip(a.tolist(), b.tolist(), strict=True))
    return [f"{names[i]} {link} {names[j]}" for (i, j), k in pairs.items() if k > 1]


def _list(rows: Iterable[tuple[str, str, int]]) -> str:
    return ", ".join(f"{a}-{b} {count}" for a, b, count in rows)
