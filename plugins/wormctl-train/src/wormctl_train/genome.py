"""The evolved unknowns of the worm: a few dozen class-tied numbers, and the worm they make.

Left and right, and repeated motor neurons, share values; dorsal and ventral, ASEL and ASER never do.
A genome is a vector near zero; every gene turns it into a bounded value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.worm.model import WormModel
from wormctl_train.anatomy import Anatomy

FloatArray = NDArray[np.float64]

FOOD_PAIRS: dict[tuple[str, str], float] = {
    (pre, post): start
    for start, pairs in (
        (15.0, "ASER>AIB AIB>RIM AIB>SMDD RIM>SMDD"),
        (8.0, "ASEL>AIY AIY>AIZ AIY>RIA AIZ>SMDV AIZ>SMBV RIA>SMDV RIA>SMBV"),
        (2.0, "ASEL>AIZ AIY>RIB AIZ>RIA"),
        (0.5, "ASER>AIZ AIB>RIB RIB>SMDD RIB>SMDV"),
        (0.5, "ASEL>AIB ASER>AIY AIZ>AIB AIB>SMDV RIM>SMDV"),
        (0.5, "AIZ>SMDD AIZ>SMBD RIA>SMDD RIA>SMBD"),
    )
    for pre, post in (pair.split(">") for pair in pairs.split())
}
"""Class pairs whose conductance has a gene of its own, with where evolution starts: the published routes from the
salt cells to the head motor neurons. The starting values are a guess: falling salt through AIB and RIM to the
dorsal side, where most of their contacts are, rising salt through AIY, AIZ and RIA to the ventral side."""

RESTING = ("AIY", "AIZ", "AIB", "RIA", "SMBD", "SMBV", "RIM", "RIB")
"""Classes whose resting activity has a gene of its own (as the logit of it)."""


@dataclass(frozen=True)
class Gene:
    """One unknown: value = clip(start + scale * x, low, high); `log` genes are used as their exponential."""

    name: str
    start: float
    low: float
    high: float
    scale: float = 1.0
    log: bool = False

    def value(self, x: float) -> float:
        """The value that coordinate `x` of a genome stands for."""
        raw = min(max(self.start + self.scale * x, self.low), self.high)
        return math.exp(raw) if self.log else raw

    @property
    def reach(self) -> tuple[float, float]:
        """The lowest and the highest coordinate that make a difference."""
        return (self.low - self.start) / self.scale, (self.high - self.start) / self.scale


def _log(name: str, start: float, low: float, high: float, scale: float = 1.0) -> Gene:
    return Gene(name, math.log(start), math.log(low), math.log(high), scale, log=True)


CRAWL_GENES = (
    # The lower bounds of these two are what keeps the connectome from being switched off.
    _log("synapse.all", 0.1, 0.05, 1.0),
    _log("gap.all", 0.03, 0.02, 0.3),
    _log("capacitance_s", 0.1, 0.02, 1.0),
    # The upper bounds of these three keep a neuron from latching: nothing but the wave may go on for ever.
    _log("self.B", 0.3, 0.05, 1.0),
    _log("self.SMD", 0.6, 0.05, 2.0),
    _log("self.RMD", 0.2, 0.05, 2.0),
    _log("stretch.B", 0.1, 0.02, 1.0),
    _log("stretch.ahead", 1.5, 0.1, 6.0),
    _log("stretch.SMD", 1.0, 0.1, 6.0),
    Gene("stretch.RMD", 0.5, -3.0, 6.0),
    Gene("rest.all", -1.0, -3.0, 1.0),
    Gene("rest.DB", 0.0, -2.0, 2.0),
    Gene("rest.VB", 0.0, -2.0, 2.0),
    Gene("rest.SMD", 0.0, -2.0, 2.0),
    Gene("rest.RMD", 0.0, -2.0, 2.0),
    Gene("rest.AVB", 1.0, 0.0, 3.0),
    Gene("rest.AVA", -2.0, -4.0, 0.0),
    _log("synapse.B>D", 8.0, 1.0, 30.0),
    _log("synapse.D>B", 1.0, 0.2, 10.0),
    _log("muscle.B", 1.5, 0.3, 4.0),
    _log("muscle.D", 0.7, 0.2, 4.0),
    _log("muscle.A", 0.1, 0.05, 1.0),
    _log("muscle.SMD", 0.8, 0.2, 4.0),
    _log("muscle.RMD", 0.8, 0.2, 4.0),
    _log("muscle.SMB", 0.3, 0.1, 2.0),
    _log("muscle.other", 0.05, 0.03, 0.5),
    _log("slope.B", 8.0, 4.0, 20.0, 0.5),
    _log("slope.head", 8.0, 4.0, 20.0, 0.5),
    _log("muscle.tau_s", 0.3, 0.15, 1.0, 0.5),
    _log("amplitude.head_rad", 0.5, 0.3, 0.7, 0.3),
    _log("amplitude.tail_rad", 0.45, 0.3, 0.7, 0.3),
)

FOOD_GENES = (
    *(_log(f"synapse.{pre}>{post}", start, 0.1, 60.0) for (pre, post), start in FOOD_PAIRS.items()),
    *(Gene(f"rest.{name}", 0.0, -3.0, 3.0) for name in RESTING),
    _log("receptor.fast_s", 0.3, 0.06, 3.0),
    _log("receptor.slow_s", 3.0, 0.5, 10.0),
    _log("receptor.gain", 3.0, 0.5, 200.0),
)

GENES = CRAWL_GENES + FOOD_GENES
SIGMA = 8.0
"""Slope of every activation that has no gene of its own, per unit of potential."""
SENSORY_REST = -3.0
"""Logit of the resting activity of every cell with a receptor: nearly silent, so that what a sensory cell says is
a change in the world. Cutting it still takes away a little drive, and its gap junctions: a worm that is cut does not
crawl just as a whole one does where nothing smells."""
RECEPTOR_TOP = 3.0
RECEPTOR_FLOOR = 1e-3


def values(genome: Sequence[float] | FloatArray) -> dict[str, float]:
    """Gene name -> value. A genome shorter than `GENES` leaves the rest at their start."""
    x = np.zeros(len(GENES))
    x[: len(genome)] = genome
    return {gene.name: gene.value(float(v)) for gene, v in zip(GENES, x, strict=True)}


def express(genome: Sequence[float] | FloatArray, body: Anatomy) -> WormModel:
    """The worm that `genome` makes on the bare worm `body`."""
    p = values(genome)
    n = len(body.classes)
    mask = body.mask
    b_cells, d_cells, a_cells = mask("DB", "VB"), mask("DD", "VD"), mask("DA", "VA", "AS")
    smd, rmd = mask("SMDD", "SMDV"), mask("RMD", "RMDD", "RMDV")
    smb = mask("SMBD", "SMBV", "SIAD", "SIAV", "SIBD", "SIBV")

    pre, post = body.connectome.chem_pre, body.connectome.chem_post
    w = p["synapse.all"] * body.chem_strength
    w[b_cells[pre] & d_cells[post]] *= p["synapse.B>D"]
    w[d_cells[pre] & b_cells[post]] *= p["synapse.D>B"]
    for a, b in FOOD_PAIRS:
        w[mask(a)[pre] & mask(b)[post]] *= p[f"synapse.{a}>{b}"]

    gself = np.zeros(n)
    gself[b_cells], gself[smd], gself[rmd] = p["self.B"], p["self.SMD"], p["self.RMD"]
    sigma = np.full(n, SIGMA)
    sigma[b_cells], sigma[smd | rmd] = p["slope.B"], p["slope.head"]
    rest = np.full(n, p["rest.all"])
    rest[mask("DB")], rest[mask("VB")] = p["rest.DB"], p["rest.VB"]
    rest[smd], rest[rmd] = p["rest.SMD"], p["rest.RMD"]
    rest[mask("AVB", "PVC")], rest[mask("AVA", "AVD", "AVE")] = p["rest.AVB"], p["rest.AVA"]
    for name in RESTING:
        rest[mask(name)] = p[f"rest.{name}"]
    rest[body.receptor_neuron] = SENSORY_REST
    gap = p["gap.all"] * body.gap_strength
    mu = _resting_potential(body, w, gap, gself, rest) - rest / sigma

    stretch = np.zeros(n)
    stretch[b_cells], stretch[smd], stretch[rmd] = p["stretch.B"], p["stretch.SMD"], p["stretch.RMD"]

    nmj = np.full(n, p["muscle.other"])
    nmj[b_cells], nmj[d_cells], nmj[a_cells] = p["muscle.B"], p["muscle.D"], p["muscle.A"]
    nmj[smd], nmj[rmd], nmj[smb] = p["muscle.SMD"], p["muscle.RMD"], p["muscle.SMB"]

    r = body.receptor_neuron.size
    joints = int(body.muscle_joint.max()) + 1
    return WormModel(
        neuron_gleak=np.ones(n),
        neuron_vleak=np.zeros(n),
        neuron_cm=np.full(n, p["capacitance_s"]),
        neuron_mu=mu,
        neuron_sigma=sigma,
        neuron_gself=gself,
        neuron_bias=np.zeros(n),
        chem_pre=pre,
        chem_post=post,
        chem_w=w,
        chem_erev=body.chem_sign,
        gap_a=body.connectome.gap_a,
        gap_b=body.connectome.gap_b,
        gap_g=gap,
        receptor_neuron=body.receptor_neuron,
        receptor_kind=body.receptor_kind,
        receptor_tau_fast_s=np.full(r, p["receptor.fast_s"]),
        receptor_tau_slow_s=np.full(r, p["receptor.slow_s"]),
        receptor_gain=body.receptor_sign * p["receptor.gain"],
        receptor_floor=np.full(r, RECEPTOR_FLOOR),
        receptor_top=np.full(r, RECEPTOR_TOP),
        stretch_neuron=body.stretch_neuron,
        stretch_joint=body.stretch_joint,
        stretch_gain=body.stretch_unit
        * np.where(body.stretch_ahead, p["stretch.ahead"], stretch[body.stretch_neuron]),
        nmj_neuron=body.connectome.nmj_neuron,
        nmj_muscle=body.connectome.nmj_muscle,
        nmj_weight=nmj[body.connectome.nmj_neuron] * body.nmj_strength,
        muscle_joint=body.muscle_joint,
        muscle_side=body.muscle_side,
        muscle_tau_s=np.array([p["muscle.tau_s"]]),
        joint_amplitude_rad=np.linspace(p["amplitude.head_rad"], p["amplitude.tail_rad"], joints),
    )


def _resting_potential(
    body: Anatomy, w: FloatArray, gap: FloatArray, gself: FloatArray, rest_logit: FloatArray
) -> FloatArray:
    """Potential of every neuron (n,) when all have their resting activity and nothing is sensed.

    Thresholds are placed on it: a modelling assumption, homeostasis, that keeps every neuron able to answer
    whatever the strength of its synapses (the center-crossing condition of Mathayomchai and Beer 2002).
    """
    n = rest_logit.size
    activity = 1.0 / (1.0 + np.exp(-rest_logit))
    c = body.connectome
    open_w = w * activity[c.chem_pre]
    drive = np.bincount(c.chem_post, open_w * body.chem_sign, n) + gself * activity
    total = 1.0 + np.bincount(c.chem_post, open_w, n) + gself * activity
    total += np.bincount(c.gap_a, gap, n) + np.bincount(c.gap_b, gap, n)
    matrix = np.diag(total)
    matrix[c.gap_a, c.gap_b] -= gap
    matrix[c.gap_b, c.gap_a] -= gap
    return np.asarray(np.linalg.solve(matrix, drive), dtype=np.float64)
