"""The worm's own parametrisation: one activation per presynaptic neuron, conductances per synapse.

A liquid time-constant network whose sigmoids belong to the sending neuron: 302 of them instead of 3,709. It
cannot represent every trained network (see `wormctl.neural.ltc` for that) but it is several times cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from wormctl.jit import njit
from wormctl.neural.checks import InputError, check_indices, check_range, check_size
from wormctl.neural.jagged import add_sum, add_sums, copy, gather, jagged_diagonals, pruned
from wormctl.neural.sections import Floats, Ints, join_floats, join_ints, table_of
from wormctl.neural.sigmoid import FASTMATH, sigmoid_in_place
from wormctl.neural.solver import settle

EPSILON = 1e-8
"""Added to every denominator, as the reference library does."""
CURRENT_LIMIT = 1e6
"""A current beyond this (in either direction), or not finite, counts as no current."""


@dataclass(frozen=True)
class PresynapticParams:
    """Conductances in units of a typical leak, potentials in units where activity spans about 0..1.

    Shapes: (n,) per neuron, (E,) per chemical synapse, (G,) per gap junction, in the order given to
    `PresynapticStructure`. What is allowed stands in `RANGES`.
    """

    gleak: NDArray[np.float64]
    """(n,) leak conductance."""
    vleak: NDArray[np.float64]
    """(n,) resting potential."""
    cm: NDArray[np.float64]
    """(n,) membrane capacitance, in conductance-seconds."""
    mu: NDArray[np.float64]
    """(n,) potential of half activation."""
    sigma: NDArray[np.float64]
    """(n,) slope of activation."""
    gself: NDArray[np.float64]
    """(n,) intrinsic regenerative conductance, opened by the neuron's own activation, reversal +1."""
    w: NDArray[np.float64]
    """(E,) chemical conductance at full activation."""
    erev: NDArray[np.float64]
    """(E,) reversal potential: positive excites, negative inhibits."""
    g: NDArray[np.float64]
    """(G,) gap junction conductance, the same both ways."""


_LARGEST = 1e6
_POTENTIAL = (-_LARGEST, _LARGEST)
_CONDUCTANCE = (0.0, _LARGEST)
RANGES = {
    "gleak": _CONDUCTANCE,
    "vleak": _POTENTIAL,
    "cm": (1e-9, _LARGEST),
    "mu": _POTENTIAL,
    "sigma": (-_LARGEST, _LARGEST),
    "gself": _CONDUCTANCE,
    "w": _CONDUCTANCE,
    "erev": _POTENTIAL,
    "g": _CONDUCTANCE,
}
"""Parameter -> its lowest and highest value. A million times what is usual: within it no sum overflows."""


class PresynapticStructure:
    """Who connects to whom, laid out for `presynaptic_tick`: made once, parameters packed as often as needed.

    `n` neurons, chemical synapses `pre` -> `post` (E,), gap junctions `gap_a` - `gap_b` (G,), each given once.
    Raises `InputError` for indices outside 0..n-1 or arrays of different lengths.

    `ints` is only read and may be shared. The array that `pack` returns also holds the kernel's scratch
    space: one for each network that runs at the same time.
    """

    def __init__(self, n: int, pre: ArrayLike, post: ArrayLike, gap_a: ArrayLike, gap_b: ArrayLike) -> None:
        if n < 1:
            raise InputError(f"a network needs at least one neuron, got n = {n}")
        self.n = n
        self.pre, self.post = check_indices("pre", pre, n), check_indices("post", post, n)
        self.gap_a, self.gap_b = check_indices("gap_a", gap_a, n), check_indices("gap_b", gap_b, n)
        check_size("post", self.post, self.pre.size)
        check_size("gap_b", self.gap_b, self.gap_a.size)
        self._chemical = jagged_diagonals(self.post, self.pre)
        self._gap = jagged_diagonals(
            np.concatenate([self.gap_a, self.gap_b]), np.concatenate([self.gap_b, self.gap_a])
        )
        self._gap_order = self._gap.order % max(self.gap_a.size, 1)
        entries, junctions = self.pre.size, 2 * self.gap_a.size
        pieces, gap_pieces = self._chemical.rows.size, self._gap.rows.size
        parameters = [n] * 6 + [entries, entries, junctions]
        scratch = [n] * 3 + [entries, junctions, pieces, pieces, gap_pieces]
        table = table_of(parameters + scratch)
        self.ints: Ints = join_ints([*self._chemical.ints(), *self._gap.ints(), table])
        self.size = int(table[-1])
        """Length of a packed parameter array."""

    def pack(self, params: PresynapticParams, dtype: DTypeLike = np.float32) -> Floats:
        """`params` in the kernel's layout: an array of length `size`, scratch included.

        Raises `InputError` if a shape is wrong or a value outside `RANGES`.
        """
        sizes = {"w": self.pre.size, "erev": self.pre.size, "g": self.gap_a.size}
        for name, (low, high) in RANGES.items():
            values = getattr(params, name)
            check_size(name, values, sizes.get(name, self.n))
            check_range(name, values, low, high)
        w, gap = pruned(params.w), pruned(params.g)
        gap_sum = np.bincount(self.gap_a, gap, self.n) + np.bincount(self.gap_b, gap, self.n)
        parts = {
            "sigma": params.sigma,
            "mu": params.mu,
            "cm": params.cm,
            "gself": pruned(params.gself),
            "gleak * vleak": params.gleak * params.vleak,
            "gleak + sum of g": params.gleak + gap_sum + EPSILON,
            "w * erev": (w * params.erev)[self._chemical.order],
            "w": w[self._chemical.order],
            "g": gap[self._gap_order],
        }
        return join_floats(parts, self.size, dtype)


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def presynaptic_tick(
    ints: Ints, floats: Floats, v: Floats, s: Floats, current: Floats, dt: float, unfolds: int
) -> int:
    """Advance `v` (n,) in place by `dt` seconds in `unfolds` semi-implicit Euler steps; fill `s` (n,).

    `ints` and `floats` come from one `PresynapticStructure`; `v`, `s` have the dtype of `floats`. `current`
    (n,) adds to the numerator; where it is not finite or beyond `CURRENT_LIMIT` it counts as 0. `s` ends as
    the activation of the final `v`. With h = dt / unfolds, every neuron j reading the old v:

        s_i = sigmoid(sigma_i (v_i - mu_i))
        v_j <- (cm_j/h v_j + gleak_j vleak_j + current_j + gself_j s_j + sum w erev s_pre + sum g v_other)
               / (cm_j/h + gleak_j + gself_j s_j + sum w s_pre + sum g + 1e-8)

    which is the solver of Hasani et al. 2021 (Liquid time-constant networks) with gap junctions added. Where a
    step gives a value that is not finite or beyond `STATE_LIMIT` the neuron keeps its old one. Returns how
    often that happened, and how many currents counted as 0. Nothing is validated here.
    """
    offsets = ints[ints[0] : ints[1]]
    rows = ints[ints[1] : ints[2]]
    columns = ints[ints[2] : ints[3]]
    gap_offsets = ints[ints[3] : ints[4]]
    gap_rows = ints[ints[4] : ints[5]]
    gap_columns = ints[ints[5] : ints[6]]
    table = ints[ints[6] : ints[7]]
    sigma = floats[table[0] : table[1]]
    mu = floats[table[1] : table[2]]
    cm = floats[table[2] : table[3]]
    gself = floats[table[3] : table[4]]
    leak = floats[table[4] : table[5]]
    conductance = floats[table[5] : table[6]]
    w_erev = floats[table[6] : table[7]]
    w = floats[table[7] : table[8]]
    g = floats[table[8] : table[9]]
    constant = floats[table[9] : table[10]]
    top = floats[table[10] : table[11]]
    bottom = floats[table[11] : table[12]]
    value = floats[table[12] : table[13]]
    gap_value = floats[table[13] : table[14]]
    part = floats[table[14] : table[15]]
    other_part = floats[table[15] : table[16]]
    gap_part = floats[table[16] : table[17]]

    kept = _add_current(leak, current, constant)
    rate = floats.dtype.type(unfolds / dt)
    for _ in range(unfolds):
        copy(v, s)
        sigmoid_in_place(s, sigma, mu)
        _open(v, s, cm, gself, constant, conductance, rate, top, bottom)
        gather(s, columns, value)
        add_sums(offsets, rows, w_erev, w, value, part, other_part, top, bottom)
        gather(v, gap_columns, gap_value)
        add_sum(gap_offsets, gap_rows, g, gap_value, gap_part, top)
        kept += settle(top, bottom, v)
    copy(v, s)
    sigmoid_in_place(s, sigma, mu)
    return kept


@njit(fastmath=FASTMATH, error_model="numpy")
def _add_current(leak: Floats, current: Floats, out: Floats) -> int:
    refused = 0
    for j in range(out.size):
        # Written so that NaN compares false.
        usable = abs(current[j]) <= CURRENT_LIMIT
        out[j] = leak[j] + (current[j] if usable else 0.0)
        refused += 0 if usable else 1
    return refused


@njit(fastmath=FASTMATH, error_model="numpy")
def _open(
    v: Floats,
    s: Floats,
    cm: Floats,
    gself: Floats,
    constant: Floats,
    conductance: Floats,
    rate: np.floating,
    top: Floats,
    bottom: Floats,
) -> None:
    for j in range(v.size):
        memory = cm[j] * rate
        own = gself[j] * s[j]
        top[j] = constant[j] + memory * v[j] + own
        bottom[j] = conductance[j] + memory + own
