"""From the connectome to a bare worm: who connects to whom, with which sign, and where on the body.

Everything here is data or a stated modelling rule; nothing is evolved. `wormctl_train.express` sets the strengths.
The one exception is asked for: a shuffled wiring, the control of the published one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.connectome import Connectome, load_connectome
from wormctl.connectome.shuffle import shuffled_junctions, shuffled_synapses
from wormctl.worm.parts import CHEMICAL, TOUCH, FloatArray, IntArray

JOINTS = 12

CHEMICAL_CELLS = ("ASE", "AWA", "AWB", "AWC", "ASH", "ADF", "ADL", "ASG", "ASI", "ASJ", "ASK")
"""Classes given a receptor for chemicals. All answer to a rise but `OFF_CELLS`."""
OFF_CELLS = ("ASER", "AWCL", "AWCR")
"""Cells that answer to a fall of concentration (ASER: Suzuki 2008; AWC: Chalasani 2007)."""
TOUCH_CELLS = ("ALM", "AVM", "PLM", "PVM", "FLP", "OLQ", "PVD")
"""Classes given a receptor for touch."""

CHEM_CLIP, GAP_CLIP, NMJ_CLIP = 60, 20, 60
"""Section counts above these are clipped: a few contacts (ALA-CAN 401) would drown all others."""

STRETCH_REACH = 6
"""Joints over which a B neuron sums the bend, from its own backwards (Boyle, Berri and Cohen 2012 argue for
receptors reaching backwards over about half the body)."""
AHEAD_REACH = 2
"""Joints ahead of those a B neuron moves whose bend it takes up (Wen et al. 2012: a bend makes the body behind it
bend alike); an A neuron takes up the bend of as many joints behind (a mirror image: an assumption)."""
OWN_REACH = 3
"""Joints ahead of its own over which an A neuron sums the bend that it works against."""
TAIL_JOINTS = 4
"""The last joints. A neurons there sum the bend of these: where the backward wave starts, as the forward one does in
the head (A neurons oscillate by themselves, most of all the hindmost: Gao et al. 2018)."""
TAIL_FIRST = 9
"""The joint from which on an A neuron counts as one of the tail."""
HEAD_REACH = 4
"""Joints over which head motor neurons sum the bend."""
SMD_REACH = 8
"""As far back as that reach the long processes of SMD, with a gain of their own."""
STRETCH = {
    "B.ahead": "B neurons, taking up the bend ahead",
    "B.own": "B neurons, against the bend where they are and behind",
    "A.behind": "A neurons, taking up the bend behind",
    "A.own": "A neurons, against the bend where they are and ahead",
    "A.tail": "the hindmost A neurons, against the bend of the tail",
    "SMD": "SMD, against the bend of the head",
    "SMD.far": "SMD, against the bend behind the head",
    "RMD": "RMD, against the bend of the head",
}
"""Kinds of stretch receptor."""


def strength(counts: NDArray[np.integer], clip: int) -> FloatArray:
    """Relative conductance of a contact seen in `counts` EM sections: root of the clipped count, 1 at 16."""
    return np.asarray(np.sqrt(np.minimum(counts, clip)) / 4.0, dtype=np.float64)


@dataclass(frozen=True)
class Anatomy:
    """The bare worm. Masks are over the 302 neurons; `chem_*`, `gap_*`, `nmj_*` follow the connectome's order."""

    connectome: Connectome
    """As published. Names of contacts, as blueprints have them, are read from it, whatever the wiring."""
    chem_post: IntArray
    """Whom each synapse ends on, and with `gap_a` and `gap_b` between whom each gap junction lies: those of the
    connectome, or shuffled (`wormctl.connectome.shuffle`). A contact keeps all else, and its place in the order."""
    gap_a: IntArray
    gap_b: IntArray
    classes: tuple[str, ...]
    """Class of each cell with dorsal and ventral told apart (`SMDD`, `SMDV`), left and right not."""
    chem_strength: FloatArray
    chem_sign: FloatArray
    """+1 or -1: inhibitory for GABA neurons, even in the nine pairs that are predicted to excite; else the published
    sign; else excitatory (an assumption)."""
    gap_strength: FloatArray
    nmj_strength: FloatArray
    """Signed: GABA relaxes muscle, all else contracts it."""
    muscle_joint: IntArray
    muscle_side: FloatArray
    receptor_neuron: IntArray
    receptor_kind: IntArray
    receptor_sign: FloatArray
    stretch_neuron: IntArray
    stretch_joint: IntArray
    stretch_unit: FloatArray
    """Current for a radian of bend, before the gain of the kind: `against` a bend, negative for dorsal cells, whose
    side a dorsal bend shortens; positive where a bend is taken up. Larger where fewer joints are left to sum."""
    stretch_kind: tuple[str, ...]
    """Of `STRETCH`."""
    joints: int

    masks: dict[tuple[str, ...], NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """Cells of these names or subclasses, shape (n,); the array is shared, not to be changed."""
        if names not in self.masks:
            cells = zip(self.connectome.names, self.classes, strict=True)
            self.masks[names] = np.array([cell in names or kind in names for cell, kind in cells])
        return self.masks[names]


_MOTOR = re.compile(r"^(DA|DB|DD|VA|VB|VD|VC|AS)(\d+)$")


def subclass(name: str) -> str:
    """`DB3` -> `DB`, `SMDDL` -> `SMDD`, `AVAL` -> `AVA`; cells without a pair keep their name."""
    motor = _MOTOR.match(name)
    if motor:
        return motor[1]
    return name[:-1] if len(name) >= 4 and name[-1] in "LR" else name


def muscle_joints(c: Connectome, joints: int) -> IntArray:
    """The joint that each muscle acts on: the rows of muscles spread evenly over the joints."""
    rows = np.array([int(m[3:]) for m in c.muscles])
    return np.asarray(np.minimum((rows - 1) * joints // 24, joints - 1), np.int32)


def field_centre(c: Connectome, index: int, muscle_joint: IntArray) -> float:
    """The middle of the joints that a neuron moves, weighted by the strength of its neuromuscular junctions."""
    own = c.nmj_neuron == index
    return float(np.average(muscle_joint[c.nmj_muscle[own]], weights=strength(c.nmj_count[own], NMJ_CLIP)))


@cache
def anatomy(joints: int = JOINTS, shuffle: int | None = None) -> Anatomy:
    """The hermaphrodite of Cook 2019 on a snake of `joints` joints; `shuffle` is the seed of a shuffled wiring."""
    c = load_connectome()
    post, a, b = c.chem_post, c.gap_a, c.gap_b
    if shuffle is not None:
        post = shuffled_synapses(c.chem_pre, post, shuffle)
        a, b = shuffled_junctions(a, b, shuffle)
    classes = tuple(subclass(name) for name in c.names)
    gaba = np.array([t == "GABA" for t in c.transmitter])
    sign = np.where(c.chem_sign != 0, c.chem_sign, 1).astype(np.float64)
    sign[gaba[c.chem_pre]] = -1.0
    nmj_sign = np.where(c.nmj_sign < 0, -1.0, 1.0)

    muscle_joint = muscle_joints(c, joints)
    stretch = [felt for i, kind in enumerate(classes) for felt in _stretch(c, i, kind, muscle_joint, joints)]
    chemical = [i for i, n in enumerate(c.names) if n[:3] in CHEMICAL_CELLS and len(n) == 4]
    touch = [i for i, n in enumerate(c.names) if n[:3] in TOUCH_CELLS]
    return Anatomy(
        connectome=c,
        chem_post=post,
        gap_a=a,
        gap_b=b,
        classes=classes,
        chem_strength=strength(c.chem_count, CHEM_CLIP),
        chem_sign=sign,
        gap_strength=strength(c.gap_count, GAP_CLIP),
        nmj_strength=strength(c.nmj_count, NMJ_CLIP) * nmj_sign,
        muscle_joint=muscle_joint,
        muscle_side=np.array([1.0 if m[1] == "D" else -1.0 for m in c.muscles]),
        receptor_neuron=np.array(chemical + touch, np.int32),
        receptor_kind=np.array([CHEMICAL] * len(chemical) + [TOUCH] * len(touch), np.int32),
        receptor_sign=np.array(
            [-1.0 if c.names[i] in OFF_CELLS else 1.0 for i in chemical] + [1.0] * len(touch)
        ),
        stretch_neuron=np.array([felt.neuron for felt in stretch], np.int32),
        stretch_joint=np.array([felt.joint for felt in stretch], np.int32),
        stretch_unit=np.array([felt.unit for felt in stretch]),
        stretch_kind=tuple(felt.kind for felt in stretch),
        joints=joints,
    )


class _Felt(NamedTuple):
    """One joint whose bend one neuron feels."""

    kind: str
    neuron: int
    joint: int
    unit: float


_SIDE = {
    "DB": 1.0, "DA": 1.0, "SMDD": 1.0, "RMDD": 1.0, "VB": -1.0, "VA": -1.0, "SMDV": -1.0, "RMDV": -1.0,
}  # fmt: skip


def _stretch(c: Connectome, index: int, cell: str, muscle_joint: IntArray, joints: int) -> list[_Felt]:
    side = _SIDE.get(cell)
    if side is None:
        return []

    def feel(kind: str, sign: float, reach: range) -> list[_Felt]:
        unit = 0.5 * math.sqrt(STRETCH_REACH / len(reach)) if len(reach) else 0.0
        return [_Felt(kind, index, j, sign * side * unit) for j in reach]

    if cell in ("DB", "VB"):
        first = round(field_centre(c, index, muscle_joint))
        ahead = feel("B.ahead", 1.0, range(max(first - AHEAD_REACH, 0), first))
        return ahead + feel("B.own", -1.0, range(first, min(first + STRETCH_REACH, joints)))
    if cell in ("DA", "VA"):
        first = round(field_centre(c, index, muscle_joint))
        behind = feel("A.behind", 1.0, range(first + 1, min(first + 1 + AHEAD_REACH, joints)))
        if first >= TAIL_FIRST:
            return behind + feel("A.tail", -1.0, range(joints - TAIL_JOINTS, joints))
        return behind + feel("A.own", -1.0, range(max(first - OWN_REACH, 0), min(first + 1, joints)))
    if cell.startswith("SMD"):
        return feel("SMD", -1.0, range(HEAD_REACH)) + feel("SMD.far", -1.0, range(HEAD_REACH, SMD_REACH))
    return feel("RMD", -1.0, range(HEAD_REACH))
