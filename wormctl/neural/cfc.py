"""The closed-form continuous-time cell, plain (with a backbone) or wired as an NCP (one cell a layer).

Kernel and layout only; `wormctl.neural.network` validates what comes in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from wormctl.jit import njit
from wormctl.neural.checks import InputError, check_indices
from wormctl.neural.jagged import copy, pruned
from wormctl.neural.sections import Floats, Ints, join_floats, join_ints, table_of
from wormctl.neural.sigmoid import FASTMATH, tanh_in_place
from wormctl.neural.solver import accept
from wormctl.neural.wiring import Wiring

Array = NDArray[np.float64]

ACTIVATIONS = {"lecun_tanh": (1.7159, 0.666), "tanh": (1.0, 1.0)}
"""Backbone activation -> (a, b) of a * tanh(b * z)."""

_BACKBONE, _HEADS, _PROJECTION = 0, 1, 2
_STATE_BOUND = 4.0
"""Twice what any cell can reach; beyond it, or not finite, a neuron keeps its state."""


@dataclass(frozen=True)
class Dense:
    """z -> weight @ z + bias: weight (out, in), bias (out,)."""

    weight: Array
    bias: Array


@dataclass(frozen=True)
class CfCLayer:
    """One cell of H neurons on Z = [its input, its state], after any backbone. Masks are already applied."""

    ff1: Dense
    ff2: Dense
    time_a: Dense
    time_b: Dense
    backbone: tuple[Dense, ...] = ()

    @property
    def units(self) -> int:
        """H."""
        return int(self.ff1.weight.shape[0])

    @property
    def width(self) -> int:
        """Z, input and state together."""
        return int((self.backbone[0] if self.backbone else self.ff1).weight.shape[1])

    def stages(self) -> Iterator[tuple[str, Dense]]:
        """Its affine maps by name, in the order they are applied."""
        for k, dense in enumerate(self.backbone):
            yield f"backbone{k}", dense
        for name in ("ff1", "ff2", "time_a", "time_b"):
            yield name, getattr(self, name)


@dataclass(frozen=True)
class CfCParams:
    """Layers from the inputs to the motors, each fed by the one before; one layer if not wired.

    The state is the layers' neurons in that order. The output is the last layer, through `projection` if any.
    `gate` False leaves out the factor (1 - t) (ncps: mode "no_gate").
    """

    layers: tuple[CfCLayer, ...]
    projection: Dense | None = None
    gate: bool = True
    activation: str = "lecun_tanh"

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.layers[0].width - self.layers[0].units

    @property
    def units(self) -> int:
        """Number of neurons."""
        return sum(layer.units for layer in self.layers)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.projection.bias.size) if self.projection else self.layers[-1].units


def check_cfc(params: CfCParams) -> None:
    """Raise `InputError`, naming the array, unless all shapes agree and every value is finite."""
    if params.activation not in ACTIVATIONS:
        raise InputError(f"activation = {params.activation!r}, must be one of {', '.join(ACTIVATIONS)}")
    if not params.layers or params.inputs < 1:
        raise InputError("a CfC needs at least one layer, one neuron and one input")
    fed = params.inputs
    for i, layer in enumerate(params.layers):
        width = fed + layer.units
        for name, dense in layer.stages():
            out = dense.bias.size if name.startswith("backbone") else layer.units
            _check_dense(f"layer{i}.{name}", dense, (out, width))
            width = out if name.startswith("backbone") else width
        fed = layer.units
    if params.projection:
        _check_dense("projection", params.projection, (params.outputs, fed))


def _check_dense(name: str, dense: Dense, shape: tuple[int, int]) -> None:
    if dense.weight.shape != shape or dense.bias.shape != shape[:1] or not shape[0]:
        raise InputError(
            f"{name} has weight {dense.weight.shape} and bias {dense.bias.shape}, "
            f"must be {shape} and ({shape[0]},)"
        )
    if not (np.isfinite(dense.weight).all() and np.isfinite(dense.bias).all()):
        raise InputError(f"{name} has a value that is not finite")


def initial_cfc(wiring: Wiring, seed: int) -> CfCParams:
    """An untrained wired CfC: a cell for each of `wiring.layers`, random as the reference library starts.

    The state is the layers' neurons in their order. ff1 and ff2 of a cell hear the layer before through the
    synapses of `wiring`, and all of their own layer; the time gates hear everything. Raises `InputError`
    unless the last layer is the motors and every synapse goes to the next layer or stays in its own.
    """
    _check_layered(wiring)
    rng = np.random.default_rng(seed)
    heard = wiring.sensory_adjacency()
    layers = []
    for k, layer in enumerate(wiring.layers):
        if k:
            heard = wiring.adjacency()[list(wiring.layers[k - 1])]
        mask = np.concatenate([heard[:, list(layer)] != 0, np.ones((len(layer), len(layer)), bool)]).T
        out, width = mask.shape
        limit = np.sqrt(6.0 / (width + out))
        weights = rng.uniform(-limit, limit, (4, out, width))
        biases = rng.uniform(-1.0, 1.0, (4, out)) / np.sqrt(width)
        weights[:2] *= mask
        ff1, ff2, time_a, time_b = (Dense(w, b) for w, b in zip(weights, biases, strict=True))
        layers.append(CfCLayer(ff1, ff2, time_a, time_b))
    return CfCParams(layers=tuple(layers))


def _check_layered(wiring: Wiring) -> None:
    if sorted(wiring.layers[-1]) != list(range(wiring.motors)):
        raise InputError(f"the last layer is {wiring.layers[-1]}, must be the motors 0..{wiring.motors - 1}")
    place = np.full(wiring.units, -1)
    for k, layer in enumerate(wiring.layers):
        place[list(layer)] = k
    source, target = place[wiring.pre], place[wiring.post]
    if sum(map(len, wiring.layers)) != wiring.units or (place < 0).any():
        raise InputError("every neuron must be in exactly one layer")
    stray = np.flatnonzero((target != source) & (target != source + 1))
    if stray.size:
        pre, post = wiring.names[wiring.pre[stray[0]]], wiring.names[wiring.post[stray[0]]]
        raise InputError(f"the synapse {pre} -> {post} skips a layer, must go to the next or stay in its own")
    if (place[wiring.sensory_post] > 0).any():
        raise InputError("an input reaches beyond the first layer")
    if wiring.gap_a.size:
        raise InputError(f"a CfC has no gap junctions, the wiring has {wiring.gap_a.size}")


def pack_cfc(
    params: CfCParams, cut: tuple[int, ...] = (), dtype: DTypeLike = np.float32
) -> tuple[Ints, Floats]:
    """`params` for `cfc_tick`, scratch included: one pair for each running network.

    The neurons `cut` (indices into the state) stay at 0, which is a cell that says nothing. Raises `InputError`
    if the arrays do not fit together, or a value is not finite in `dtype`.
    """
    check_cfc(params)
    scale, gain = ACTIVATIONS[params.activation]
    stages: list[int] = []
    weights: dict[str, Array] = {}
    widest_in, widest_out = 1, 1
    fed = params.inputs
    for i, layer in enumerate(params.layers):
        head = [layer.ff1, layer.ff2, layer.time_a, layer.time_b]
        heads = Dense(np.concatenate([d.weight for d in head]), np.concatenate([d.bias for d in head]))
        before = 1.0
        backbone = [(_BACKBONE, f"backbone{k}", dense) for k, dense in enumerate(layer.backbone)]
        for kind, name, dense in [*backbone, (_HEADS, "heads", heads)]:
            stages += [kind, dense.weight.shape[1], dense.bias.size, fed]
            # The scale of the activation before is folded in: it saves a pass.
            weights[f"layer{i}.{name}.weight"] = pruned(dense.weight * before).T
            weights[f"layer{i}.{name}.bias"] = dense.bias
            widest_in = max(widest_in, dense.weight.shape[1])
            widest_out = max(widest_out, dense.bias.size)
            before, fed = scale, 0
        fed = layer.units
    if params.projection:
        shape = params.projection.weight.shape
        stages += [_PROJECTION, shape[1], shape[0], 0]
        weights["projection.weight"] = pruned(params.projection.weight).T
        weights["projection.bias"] = params.projection.bias
    alive = np.ones(params.units)
    alive[check_indices("cut", cut, params.units)] = 0.0
    size = sum(weight.size for weight in weights.values())
    table = table_of([size, alive.size, 1, widest_in, widest_out])
    ints = join_ints([np.array(stages), np.array([int(params.gate)]), table])
    parts = weights | {"alive": alive, "gain": np.array([gain])}
    return ints, join_floats(parts, int(table[-1]), dtype)


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def cfc_tick(ints: Ints, floats: Floats, h: Floats, x: Floats, y: Floats, elapsed: float) -> int:
    """Advance the state `h` (units,) in place by `elapsed`; fill `y` (outputs,).

    `ints` and `floats` come from one `pack_cfc`; `h`, `x` (inputs,) and `y` have the dtype of `floats`. For
    each layer, with z = [input, state] (through the backbone, if there is one):

        t = sigmoid(time_a(z) elapsed + time_b(z))
        state <- tanh(ff1(z)) (1 - t) + tanh(ff2(z)) t

    after Hasani et al. 2022 (Closed-form continuous-time neural networks). A neuron or an output that would
    not be finite keeps its value; returns how often that happened.
    """
    stages = ints[ints[0] : ints[1]]
    gated = ints[ints[1]] != 0
    table = ints[ints[2] : ints[3]]
    weights = floats[table[0] : table[1]]
    alive = floats[table[1] : table[2]]
    gain = floats[table[2]]
    z = floats[table[3] : table[4]]
    result = floats[table[4] : table[5]]
    time = floats.dtype.type(elapsed)
    kept = 0
    at = 0
    start = 0
    fed = x
    for i in range(0, stages.size, 4):
        kind, width, out = stages[i], stages[i + 1], stages[i + 2]
        inputs = stages[i + 3]
        if kind == _PROJECTION:
            copy(fed, z[:width])
        elif inputs > 0:
            copy(fed, z[:inputs])
            # The state of this layer; the width is that of the layer whatever the backbone makes of it.
            copy(h[start : start + width - inputs], z[inputs:width])
        _affine(weights[at : at + width * out], weights[at + width * out :], z[:width], result[:out])
        at += (width + 1) * out
        if kind == _BACKBONE:
            tanh_in_place(result[:out], gain)
            copy(result[:out], z[:out])
        elif kind == _HEADS:
            units = out // 4
            state = h[start : start + units]
            kept += _interpolate(result[:out], alive[start : start + units], time, gated, state)
            fed = state
            start += units
        else:
            kept += accept(result[:out], y)
    if stages[stages.size - 4] != _PROJECTION:
        copy(fed, y)
    return kept


@njit(fastmath=FASTMATH, error_model="numpy")
def _affine(weight: Floats, bias: Floats, z: Floats, out: Floats) -> None:
    n = out.size
    copy(bias, out)
    for i in range(z.size):
        _add_scaled(weight[i * n : (i + 1) * n], z[i], out)


@njit(fastmath=FASTMATH, error_model="numpy")
def _add_scaled(row: Floats, factor: np.floating, out: Floats) -> None:
    for j in range(out.size):
        out[j] += row[j] * factor


@njit(fastmath=FASTMATH, error_model="numpy")
def _interpolate(heads: Floats, alive: Floats, time: np.floating, gated: bool, state: Floats) -> int:
    n = state.size
    tanh_in_place(heads[: 2 * n], 1.0)
    for j in range(n):
        heads[2 * n + j] = heads[2 * n + j] * time + heads[3 * n + j]
    # sigmoid z = (1 + tanh(z / 2)) / 2
    tanh_in_place(heads[2 * n : 3 * n], 0.5)
    kept = 0
    for j in range(n):
        t = (1 + heads[2 * n + j]) / 2
        first = heads[j] * (1 - t) if gated else heads[j]
        new = (first + heads[n + j] * t) * alive[j]
        if abs(new) <= _STATE_BOUND:
            state[j] = new
        else:
            kept += 1
    return kept
