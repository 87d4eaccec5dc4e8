"""Where the neurons of a worm rest, found from their thresholds: the reverse of how `express` places these. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.worm.model import WormModel

FloatArray = NDArray[np.float64]

_STEPS = 60
_HALVINGS = 20
_PROGRESS = 0.999
_ENOUGH = 1e-9
_LARGEST_LOGIT = 50.0
_RELAXATIONS, _SHARE = 300, 0.2


def resting_logits(model: WormModel, begin: FloatArray, ties: FloatArray | None = None) -> FloatArray:
    """Logits of the activity of every neuron, (n,), when nothing is sensed and nothing moves.

    A damped Gauss-Newton search from `begin`, (n,). With `ties`, (n, k), only along its columns: the nearest to rest
    that there is in them. A worm may have several resting states; found is one near `begin`, or, where the search
    gets stuck, one that it relaxes to from there. One without any is given the stillest state that was come by.
    """
    found = _searched(model, begin, ties)
    if ties is not None or np.abs(_unrest(model, found)[0]).max() < _ENOUGH:
        return found
    relaxed = begin
    for _ in range(_RELAXATIONS):
        relaxed = relaxed + _SHARE * _pull(model, relaxed)[0]
    states = (found, _searched(model, relaxed, None))
    return min(states, key=lambda state: float(np.linalg.norm(_pull(model, state)[0])))


def threshold_error(model: WormModel, rest: FloatArray) -> float:
    """By how much the thresholds of `model` would have to change at most for `rest`, (n,), to be a resting state."""
    return float(np.abs(_pull(model, rest)[0] / model.neuron_sigma).max())


def _searched(model: WormModel, begin: FloatArray, ties: FloatArray | None) -> FloatArray:
    rest = np.asarray(begin, np.float64)
    unrest, slopes = _unrest(model, rest)
    for _ in range(_STEPS):
        along = slopes if ties is None else slopes @ ties
        step = np.linalg.lstsq(along, -unrest)[0]
        ahead = step if ties is None else ties @ step
        if np.abs(ahead).max(initial=0.0) < _ENOUGH:
            return rest
        size = 1.0
        for _ in range(_HALVINGS):
            further = _pull(model, rest + size * ahead)[0]
            if np.linalg.norm(further) < _PROGRESS * np.linalg.norm(unrest):
                break
            size /= 2.0
        else:
            return rest
        rest = rest + size * ahead
        unrest, slopes = _unrest(model, rest)
    return rest


def _pull(model: WormModel, rest: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """How far each logit is from where its potential puts it, (n,); with activity, potential and conductances."""
    n = rest.size
    activity = 1.0 / (1.0 + np.exp(-np.clip(rest, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
    a, b, gap = model.gap_a, model.gap_b, np.asarray(model.gap_g, np.float64)
    open_w, own = model.chem_w * activity[model.chem_pre], model.neuron_gself * activity
    drive = model.neuron_gleak * model.neuron_vleak + model.neuron_bias + own
    drive = drive + np.bincount(model.chem_post, open_w * model.chem_erev, n)
    total = model.neuron_gleak + own + np.bincount(model.chem_post, open_w, n)
    total = total + np.bincount(a, gap, n) + np.bincount(b, gap, n)
    matrix = np.diag(total)
    np.subtract.at(matrix, (a, b), gap)
    np.subtract.at(matrix, (b, a), gap)
    potential = np.asarray(np.linalg.solve(matrix, drive), np.float64)
    return model.neuron_sigma * (potential - model.neuron_mu) - rest, activity, potential, matrix


def _unrest(model: WormModel, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each logit is from where its potential puts it, (n,), and how that changes with every logit, (n, n)."""
    unrest, activity, potential, matrix = _pull(model, rest)
    drive = np.diag(model.neuron_gself * (1.0 - potential))
    np.add.at(
        drive,
        (model.chem_post, model.chem_pre),
        model.chem_w * (model.chem_erev - potential[model.chem_post]),
    )
    change = np.linalg.solve(matrix, drive * (activity * (1.0 - activity)))
    return unrest, model.neuron_sigma[:, None] * change - np.eye(rest.size)
