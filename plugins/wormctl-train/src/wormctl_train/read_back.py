"""From the arrays of a worm back to a blueprint's values: what `wormctl_train.express` makes, undone. No files here.

Values for cells are means over the cells that they hold for, geometric where a gene is stepped by factors. Strengths
of contacts are products, and fitted by least squares of their logarithms. Resting activities are solved for: they are
those at which the thresholds hold the worm where it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wormctl.worm.model import WormModel
from wormctl_train.blueprint import Gene
from wormctl_train.express import Expression
from wormctl_train.resting import resting_logits, threshold_error

FloatArray = NDArray[np.float64]

_SAME = (
    "neuron_cm", "chem_pre", "gap_g", "receptor_neuron", "stretch_neuron", "stretch_joint", "nmj_neuron",
    "nmj_muscle",
)  # fmt: skip
"""Fields that must be those of the body, or as long where they are no indices, for values to be read."""
_ROUNDED = 1e-6
"""Policies keep 24 bits of a number: what differs by a smaller share is the same."""
_NOISE = 1e-5
"""A share that can come of rounding, however it is passed on."""
_TINY = 1e-12
_SWEEPS = 2000


def unlike(express: Expression, model: WormModel) -> str | None:
    """The array, by its name in a policy, that does not fit the body of `express`; None if all of `model` can be read.

    Ends of contacts and joints of muscles may differ: `missed` tells them.
    """
    mine = express(express.blueprint.values(np.zeros(len(express.blueprint.genes))))
    for field in _SAME:
        one, other = getattr(mine, field), getattr(model, field)
        same = one.shape == other.shape and (one.dtype.kind == "f" or np.array_equal(one, other))
        if not same:
            return field.replace("_", ".", 1)
    return None


def read_back(express: Expression, model: WormModel, kept: Mapping[str, float]) -> dict[str, float]:
    """A value for each gene that has a say in `model`; those `kept` are taken as they are.

    `model` is one for which `unlike` finds nothing. A gene that can be told from no array is left out, and of genes
    that cannot be told from one another each is as near its start as the arrays allow. Bounds are heeded for contacts
    only; a value of anything else may lie outside.
    """
    genes = express.blueprint.genes
    known = express.blueprint.assumed | {name: kept[name] for name in genes if name in kept}
    found: dict[str, float] = {}
    for quantity, strength, counted in (
        ("synapse", model.chem_w, express.body.chem_strength),
        ("gap", model.gap_g, express.body.gap_strength),
    ):
        found |= _products(express, quantity, strength / counted, known)
    for quantity, (values, cells) in _absolute(express, model, known).items():
        owner, names = _owners(express, quantity, len(express.body.classes))
        for k, name in enumerate(names):
            if name in genes and (own := values[owner[cells] == k]).size:
                found[name] = _mean(own, genes[name])
    found |= _stretch(express, model)
    return found | {name: known[name] for name in genes if name in known}


def missed(express: Expression, values: Mapping[str, float], model: WormModel) -> dict[str, float]:
    """What the worm of `values` lacks of `model`: a share, 0..1, for each array that is not the same.

    Of numbers, the distance by the length of what is missed; of indices, how many differ.
    """
    shares: dict[str, float] = {}
    mine = express(values).tensors()
    for name, tensor in model.tensors().items():
        one, other = np.asarray(mine[name], np.float64), np.asarray(tensor, np.float64)
        if one.shape != other.shape:
            shares[name] = 1.0
        elif tensor.dtype.kind == "i":
            shares[name] = float((one != other).mean()) if one.size else 0.0
        else:
            apart, length = float(np.linalg.norm(one - other)), float(np.linalg.norm(other))
            shares[name] = min(apart / length, 1.0) if length > 0.0 else float(apart > 0.0)
    return {name: share for name, share in shares.items() if share > _NOISE}


def _mean(values: FloatArray, gene: Gene) -> float:
    """0 for what is stepped by factors and nowhere greater than 0: cut out."""
    if gene.linear:
        return float(values.mean())
    there = values[values > 0.0]
    return float(np.exp(np.log(there).mean())) if there.size else 0.0


def _owners(express: Expression, quantity: str, size: int) -> tuple[NDArray[np.intp], list[str]]:
    """For each cell, (size,), the number of the value that holds for it; and the values' names."""
    owner, names = np.zeros(size, np.intp), [quantity]
    for name, mask in express.rules[quantity]:
        owner[mask] = len(names)
        names.append(name)
    return owner, names


def _products(
    express: Expression, quantity: str, strength: FloatArray, known: Mapping[str, float]
) -> dict[str, float]:
    """Genes whose products, with what is `known`, come nearest to `strength`, (contacts,), in its logarithm.

    Contacts of no strength are cut, and tell nothing.
    """
    genes = express.blueprint.genes
    rules = [(quantity, np.ones(strength.size, np.bool_)), *express.rules[quantity]]
    there = strength > 0.0
    free = [(genes[name], name, mask[there]) for name, mask in rules if name in genes and name not in known]
    free = [(gene, name, mask) for gene, name, mask in free if mask.any()]
    if not free:
        return {}
    start = np.array([_log(gene.start) for gene, _, _ in free])
    ahead = np.log(strength[there]) - sum(_log(known[n]) * mask[there] for n, mask in rules if n in known)
    fits = np.stack([mask for _, _, mask in free], axis=1).astype(np.float64)
    low, high = (
        np.array([_log(getattr(gene, end)) for gene, _, _ in free]) - start for end in ("low", "high")
    )
    found = start + _least_squares(fits, ahead - fits @ start, low, high)
    return {name: float(np.exp(value)) for (_, name, _), value in zip(free, found, strict=True)}


def _log(value: float) -> float:
    return float(np.log(max(value, _TINY)))


def _least_squares(a: FloatArray, b: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """x (n,) within bounds that brings a @ x nearest to b; of several, without bounds in the way, the shortest."""
    x = np.linalg.lstsq(a, b)[0]
    if ((low - _TINY <= x) & (x <= high + _TINY)).all():
        return np.asarray(x)
    x, h, g = np.clip(x, low, high), a.T @ a, a.T @ b
    for _ in range(_SWEEPS):
        before = x.copy()
        for j in np.flatnonzero(h.diagonal()):
            x[j] = min(max(x[j] - (h[j] @ x - g[j]) / h[j, j], low[j]), high[j])
        if np.abs(x - before).max() < _TINY:
            break
    return np.asarray(x)


def _stretch(express: Expression, model: WormModel) -> dict[str, float]:
    body, genes = express.body, express.blueprint.genes
    own = {name for name in (*express.blueprint.assumed, *genes) if name.startswith("stretch/")}
    of = np.array([f"stretch/{k}" if f"stretch/{k}" in own else "stretch" for k in body.stretch_kind])
    gain = model.stretch_gain / body.stretch_unit
    return {name: _mean(gain[of == name], genes[name]) for name in genes if (of == name).any()}


def _absolute(
    express: Expression, model: WormModel, known: Mapping[str, float]
) -> dict[str, tuple[FloatArray, NDArray[np.intp]]]:
    """Every quantity that is no strength of contacts, as it shows in `model`: values (k,), and of which cells (k,).

    Those for no cell in particular come as rules of their own would: all of cell 0.
    """
    body = express.body
    cells = np.arange(len(body.classes))
    receptors, movers = model.receptor_neuron.astype(np.intp), model.nmj_neuron.astype(np.intp)
    joints = model.joint_amplitude_rad.size
    fall, head = np.polyfit(np.linspace(0.0, 1.0, joints), model.joint_amplitude_rad, 1)
    alone = {
        "muscle.tau_s": float(model.muscle_tau_s[0]),
        "amplitude.head_rad": float(head),
        "amplitude.tail_rad": float(head + fall),
    }
    found = {
        "capacitance_s": (model.neuron_cm, cells),
        "self": (model.neuron_gself, cells),
        "slope": (model.neuron_sigma, cells),
        "bias": (model.neuron_bias, cells),
        "leak": (model.neuron_vleak, cells),
        "rest": (_rest(express, model, known), cells),
        "receptor.gain": (model.receptor_gain * body.receptor_sign, receptors),
        "receptor.fast_s": (model.receptor_tau_fast_s, receptors),
        "receptor.slow_s": (model.receptor_tau_slow_s, receptors),
        "receptor.floor": (model.receptor_floor, receptors),
        "receptor.top": (model.receptor_top, receptors),
        "muscle": (model.nmj_weight / body.nmj_strength, movers),
    }
    return found | {name: (np.array([value]), np.zeros(1, np.intp)) for name, value in alone.items()}


def _rest(express: Expression, model: WormModel, known: Mapping[str, float]) -> FloatArray:
    """Logits of the activities, (n,), at which the neurons of `model` rest with nothing to sense.

    Thresholds may allow several resting states: looked for first is one that the blueprint can say.
    """
    genes = express.blueprint.genes
    owner, names = _owners(express, "rest", len(express.body.classes))
    begin = np.array([known[name] if name in known else genes[name].start for name in names])[owner]
    free = [k for k, name in enumerate(names) if name not in known]
    if not free:
        return begin
    ties = (owner[:, None] == np.array(free, np.intp)).astype(np.float64)
    rest = resting_logits(model, begin, ties[:, ties.any(axis=0)])
    if threshold_error(model, rest) <= _ROUNDED * float(np.abs(model.neuron_mu).max()):
        return rest
    return resting_logits(model, rest)
