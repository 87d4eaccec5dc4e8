"""The cells as their papers write them, slowly, in float64: what every kernel is held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wormctl.neural.cfc import ACTIVATIONS, CfCParams, Dense
from wormctl.neural.ltc import LTCParams
from wormctl.neural.presynaptic import PresynapticParams
from wormctl.neural.wiring import Wiring

Array = NDArray[np.float64]


def logistic(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def presynaptic(
    wiring: Wiring, p: PresynapticParams, v: Array, current: Array, dt: float, unfolds: int
) -> tuple[Array, Array]:
    """The state and the activation after one tick."""
    v = np.array(v, dtype=np.float64)
    for _ in range(unfolds):
        s = logistic(p.sigma * (v - p.mu))
        memory = p.cm / (dt / unfolds)
        top = memory * v + p.gleak * p.vleak + current + p.gself * s
        bottom = memory + p.gleak + p.gself * s + 1e-8
        for i, j, w, erev in zip(wiring.pre, wiring.post, p.w, p.erev, strict=True):
            top[j] += w * erev * s[i]
            bottom[j] += w * s[i]
        for a, b, g in zip(wiring.gap_a, wiring.gap_b, p.g, strict=True):
            top[a] += g * v[b]
            top[b] += g * v[a]
            bottom[a] += g
            bottom[b] += g
        v = top / bottom
    return v, logistic(p.sigma * (v - p.mu))


def ltc(
    wiring: Wiring, p: LTCParams, v: Array, x: Array, elapsed: float, unfolds: int
) -> tuple[Array, Array]:
    """The state and the output after one tick."""
    v = np.array(v, dtype=np.float64)
    x = x * p.input_w + p.input_b
    for _ in range(unfolds):
        memory = p.cm / (elapsed / unfolds)
        top, bottom = memory * v + p.gleak * p.vleak, memory + p.gleak + p.epsilon
        for k, (i, j) in enumerate(zip(wiring.sensory_pre, wiring.sensory_post, strict=True)):
            a = p.sensory_w[k] * logistic(p.sensory_sigma[k] * (x[i] - p.sensory_mu[k]))
            top[j] += a * p.sensory_erev[k]
            bottom[j] += a
        for k, (i, j) in enumerate(zip(wiring.pre, wiring.post, strict=True)):
            a = p.w[k] * logistic(p.sigma[k] * (v[i] - p.mu[k]))
            top[j] += a * p.erev[k]
            bottom[j] += a
        for m, n, g in zip(wiring.gap_a, wiring.gap_b, p.g, strict=True):
            top[m] += g * v[n]
            top[n] += g * v[m]
            bottom[m] += g
            bottom[n] += g
        v = top / bottom
    return v, v[: wiring.motors] * p.output_w + p.output_b


def cfc(p: CfCParams, h: Array, x: Array, elapsed: float) -> tuple[Array, Array]:
    """The state and the output after one tick."""
    scale, gain = ACTIVATIONS[p.activation]
    new, start, fed = [], 0, x
    for layer in p.layers:
        z = np.concatenate([fed, h[start : start + layer.units]])
        for dense in layer.backbone:
            z = scale * np.tanh(gain * affine(dense, z))
        t = logistic(affine(layer.time_a, z) * elapsed + affine(layer.time_b, z))
        first = np.tanh(affine(layer.ff1, z)) * (1.0 - t if p.gate else 1.0)
        fed = first + np.tanh(affine(layer.ff2, z)) * t
        new.append(fed)
        start += layer.units
    return np.concatenate(new), affine(p.projection, fed) if p.projection else fed


def affine(dense: Dense, z: Array) -> Array:
    return np.asarray(dense.weight @ z + dense.bias)
