"""The liquid time-constant cell with parameters per synapse, its fused solver, and gap junctions.

Kernel and layout only; `wormctl.neural.network` validates what comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import DTypeLike, NDArray

from wormctl.jit import njit
from wormctl.neural.checks import InputError, check_size
from wormctl.neural.jagged import add_sum, add_sums, copy, gather, jagged_diagonals, pruned
from wormctl.neural.sections import Floats, Ints, join_floats, join_ints, table_of
from wormctl.neural.sigmoid import FASTMATH, sigmoid_in_place
from wormctl.neural.solver import accept, settle
from wormctl.neural.wiring import Wiring

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LTCParams:
    """Effective values: a constraint such as softplus has already been applied.

    Shapes: (n,) per neuron, (E,) per synapse, (S,) per sensory synapse, (I,) per input, (M,) per motor,
    (G,) per gap junction, each in the order of the `Wiring`.
    """

    gleak: Array
    """(n,) leak conductance."""
    vleak: Array
    """(n,) resting potential."""
    cm: Array
    """(n,) membrane capacitance."""
    sigma: Array
    """(E,) slope of the synapse's activation."""
    mu: Array
    """(E,) presynaptic potential of half activation."""
    w: Array
    """(E,) conductance at full activation."""
    erev: Array
    """(E,) reversal potential."""
    sensory_sigma: Array
    sensory_mu: Array
    sensory_w: Array
    sensory_erev: Array
    """(S,) the same four for synapses from inputs."""
    input_w: Array
    input_b: Array
    """(I,) an input x enters as x * input_w + input_b."""
    output_w: Array
    output_b: Array
    """(M,) motor neuron m leaves as v[m] * output_w + output_b."""
    g: Array
    """(G,) gap junction conductance."""
    epsilon: float = 1e-8
    """Added to every denominator."""


class LTCStructure:
    """A `Wiring` laid out for `ltc_tick`. Make it once; `pack` parameters as often as needed.

    The array that `pack` returns holds the kernel's scratch space too: one for each running network.
    """

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self._recurrent = jagged_diagonals(wiring.post, wiring.pre)
        self._sensory = jagged_diagonals(wiring.sensory_post, wiring.sensory_pre)
        a, b = wiring.gap_a, wiring.gap_b
        self._gap = jagged_diagonals(np.concatenate([a, b]), np.concatenate([b, a]))
        n, synapses, sensory, junctions = wiring.units, wiring.pre.size, wiring.sensory_pre.size, 2 * a.size
        inputs, motors = wiring.inputs, wiring.motors
        parameters = [n] * 3 + [synapses] * 4 + [sensory] * 4 + [junctions, inputs, inputs, motors, motors]
        pieces, sensory_pieces = self._recurrent.rows.size, self._sensory.rows.size
        scratch = [inputs, n, n, n, n, synapses, sensory, junctions]
        scratch += [pieces, pieces, sensory_pieces, sensory_pieces, self._gap.rows.size]
        table = table_of(parameters + scratch)
        layouts = (self._recurrent, self._sensory, self._gap)
        self.ints: Ints = join_ints([*(part for layout in layouts for part in layout.ints()), table])
        self.size = int(table[-1])
        """Length of a packed parameter array."""

    def pack(self, params: LTCParams, dtype: DTypeLike = np.float32) -> Floats:
        """`params` in the kernel's layout, scratch included: an array of length `size`.

        Raises `InputError` if a shape is wrong or a value absurd, or not finite in `dtype`.
        """
        check_params(self.wiring, params)
        gap = pruned(params.g)
        w, sensory_w = pruned(params.w), pruned(params.sensory_w)
        units, a, b = self.wiring.units, self.wiring.gap_a, self.wiring.gap_b
        gap_sum = np.bincount(a, gap, units) + np.bincount(b, gap, units)
        recurrent, sensory = self._recurrent.order, self._sensory.order
        parts = {
            "cm": params.cm,
            "gleak * vleak": params.gleak * params.vleak,
            "gleak + sum of g": params.gleak + gap_sum + params.epsilon,
            "sigma": params.sigma[recurrent],
            "mu": params.mu[recurrent],
            "w * erev": (w * params.erev)[recurrent],
            "w": w[recurrent],
            "sensory_sigma": params.sensory_sigma[sensory],
            "sensory_mu": params.sensory_mu[sensory],
            "sensory_w * sensory_erev": (sensory_w * params.sensory_erev)[sensory],
            "sensory_w": sensory_w[sensory],
            "g": np.concatenate([gap, gap])[self._gap.order],
            "input_w": params.input_w,
            "input_b": params.input_b,
            "output_w": params.output_w,
            "output_b": params.output_b,
        }
        return join_floats(parts, self.size, dtype)


def check_params(wiring: Wiring, params: LTCParams) -> None:
    """Raise `InputError`, naming it, unless every array fits `wiring` and is finite, and capacitances are > 0."""
    sizes = dict.fromkeys(("gleak", "vleak", "cm"), wiring.units)
    sizes |= dict.fromkeys(("sigma", "mu", "w", "erev"), wiring.pre.size)
    sizes |= dict.fromkeys(
        ("sensory_sigma", "sensory_mu", "sensory_w", "sensory_erev"), wiring.sensory_pre.size
    )
    sizes |= {"input_w": wiring.inputs, "input_b": wiring.inputs}
    sizes |= {"output_w": wiring.motors, "output_b": wiring.motors, "g": wiring.gap_a.size}
    for field in fields(params):
        values = np.asarray(getattr(params, field.name))
        if field.name in sizes:
            check_size(field.name, values, sizes[field.name])
        if not np.isfinite(values).all():
            raise InputError(f"{field.name} has a value that is not finite")
    bad = np.flatnonzero(params.cm <= 0.0)
    if bad.size:
        raise InputError(f"cm[{bad[0]}] = {params.cm[bad[0]]:g}, must be > 0")


def initial_params(wiring: Wiring, seed: int) -> LTCParams:
    """Random parameters in the ranges that the reference library starts its training from."""
    uniform = np.random.default_rng(seed).uniform
    n, synapses, sensory = wiring.units, wiring.pre.size, wiring.sensory_pre.size
    return LTCParams(
        gleak=uniform(0.001, 1.0, n),
        vleak=uniform(-0.2, 0.2, n),
        cm=uniform(0.4, 0.6, n),
        sigma=uniform(3.0, 8.0, synapses),
        mu=uniform(0.3, 0.8, synapses),
        w=uniform(0.001, 1.0, synapses),
        erev=wiring.sign.astype(np.float64),
        sensory_sigma=uniform(3.0, 8.0, sensory),
        sensory_mu=uniform(0.3, 0.8, sensory),
        sensory_w=uniform(0.001, 1.0, sensory),
        sensory_erev=wiring.sensory_sign.astype(np.float64),
        input_w=np.ones(wiring.inputs),
        input_b=np.zeros(wiring.inputs),
        output_w=np.ones(wiring.motors),
        output_b=np.zeros(wiring.motors),
        g=uniform(0.001, 1.0, wiring.gap_a.size),
    )


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def ltc_tick(ints: Ints, floats: Floats, v: Floats, x: Floats, y: Floats, dt: float, unfolds: int) -> int:
    """Advance `v` (n,) in place by `dt` seconds in `unfolds` semi-implicit Euler steps; fill `y` (M,).

    `ints` and `floats` come from one `LTCStructure`; `v`, `x` (I,) and `y` have the dtype of `floats`. With
    h = dt / unfolds and x' = x * input_w + input_b, once a tick and then `unfolds` times, every neuron
    reading the old v:

        sensory_ij = sensory_w sigmoid(sensory_sigma (x'_i - sensory_mu))
        chemical_ij = w sigmoid(sigma (v_i - mu))
        v_j <- (cm/h v_j + gleak vleak + sum_i sensory_ij sensory_erev + sum_i chemical_ij erev + sum_i g v_i)
               / (cm/h + gleak + sum_i sensory_ij + sum_i chemical_ij + sum_i g + epsilon)

    and y = v[:M] * output_w + output_b. This is the fused solver of Hasani et al. 2021 (Liquid time-constant
    networks), as the ncps library computes it, with gap junctions added. A neuron or an output that would not
    be finite, or beyond `STATE_LIMIT`, keeps its value; returns how often that happened.
    """
    offsets = ints[ints[0] : ints[1]]
    rows = ints[ints[1] : ints[2]]
    columns = ints[ints[2] : ints[3]]
    s_offsets = ints[ints[3] : ints[4]]
    s_rows = ints[ints[4] : ints[5]]
    s_columns = ints[ints[5] : ints[6]]
    g_offsets = ints[ints[6] : ints[7]]
    g_rows = ints[ints[7] : ints[8]]
    g_columns = ints[ints[8] : ints[9]]
    table = ints[ints[9] : ints[10]]
    cm = floats[table[0] : table[1]]
    leak = floats[table[1] : table[2]]
    conductance = floats[table[2] : table[3]]
    sigma = floats[table[3] : table[4]]
    mu = floats[table[4] : table[5]]
    w_erev = floats[table[5] : table[6]]
    w = floats[table[6] : table[7]]
    s_sigma = floats[table[7] : table[8]]
    s_mu = floats[table[8] : table[9]]
    s_w_erev = floats[table[9] : table[10]]
    s_w = floats[table[10] : table[11]]
    g = floats[table[11] : table[12]]
    input_w = floats[table[12] : table[13]]
    input_b = floats[table[13] : table[14]]
    output_w = floats[table[14] : table[15]]
    output_b = floats[table[15] : table[16]]
    mapped = floats[table[16] : table[17]]
    constant = floats[table[17] : table[18]]
    total = floats[table[18] : table[19]]
    top = floats[table[19] : table[20]]
    bottom = floats[table[20] : table[21]]
    value = floats[table[21] : table[22]]
    s_value = floats[table[22] : table[23]]
    g_value = floats[table[23] : table[24]]
    part = floats[table[24] : table[25]]
    other_part = floats[table[25] : table[26]]
    s_part = floats[table[26] : table[27]]
    s_other_part = floats[table[27] : table[28]]
    g_part = floats[table[28] : table[29]]

    for j in range(mapped.size):
        mapped[j] = x[j] * input_w[j] + input_b[j]
    copy(leak, constant)
    copy(conductance, total)
    gather(mapped, s_columns, s_value)
    sigmoid_in_place(s_value, s_sigma, s_mu)
    add_sums(s_offsets, s_rows, s_w_erev, s_w, s_value, s_part, s_other_part, constant, total)

    rate = floats.dtype.type(unfolds / dt)
    kept = 0
    for _ in range(unfolds):
        gather(v, columns, value)
        sigmoid_in_place(value, sigma, mu)
        _remember(v, cm, constant, total, rate, top, bottom)
        add_sums(offsets, rows, w_erev, w, value, part, other_part, top, bottom)
        gather(v, g_columns, g_value)
        add_sum(g_offsets, g_rows, g, g_value, g_part, top)
        kept += settle(top, bottom, v)
    for j in range(output_w.size):
        top[j] = v[j] * output_w[j] + output_b[j]
    return kept + accept(top, y)


@njit(fastmath=FASTMATH, error_model="numpy")
def _remember(
    v: Floats, cm: Floats, constant: Floats, total: Floats, rate: np.floating, top: Floats, bottom: Floats
) -> None:
    for j in range(v.size):
        memory = cm[j] * rate
        top[j] = constant[j] + memory * v[j]
        bottom[j] = total[j] + memory
