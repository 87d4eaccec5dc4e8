"""The worm's own parametrisation: one activation per presynaptic neuron, conductances per synapse.

A liquid time-constant network whose sigmoids belong to the sending neuron: 302 of them instead of 3,709. It
cannot represent every trained network (see `wormctl.neural.ltc` for that) but it is several times cheaper.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from wormctl.jit import njit
from wormctl.neural.jagged import add_sum, add_sums, copy, gather, jagged_diagonals, pruned
from wormctl.neural.sections import Floats, Ints, join_floats, join_ints, table_of
from wormctl.neural.sigmoid import FASTMATH, sigmoid_in_place

EPSILON = 1e-8
"""Added to every denominator, as the reference library does."""
CURRENT_LIMIT = 1e6
"""A current beyond this (in either direction), or not finite, counts as no current."""


@dataclass(frozen=True)
class PresynapticParams:
    """Conductances in units of a typical leak, potentials in units where activity spans about 0..1.

    Shapes: (n,) per neuron, (E,) per chemical synapse, (G,) per gap junction, in the order given to
    `pack_structure`.
    """

    gleak: NDArray[np.float64]
    """(n,) leak conductance, >= 0."""
    vleak: NDArray[np.float64]
    """(n,) resting potential."""
    cm: NDArray[np.float64]
    """(n,) membrane capacitance, > 0, in conductance-seconds."""
    mu: NDArray[np.float64]
    """(n,) potential of half activation."""
    sigma: NDArray[np.float64]
    """(n,) slope of activation."""
    gself: NDArray[np.float64]
    """(n,) intrinsic regenerative conductance, >= 0, opened by the neuron's own activation, reversal +1."""
    w: NDArray[np.float64]
    """(E,) chemical conductance at full activation, >= 0."""
    erev: NDArray[np.float64]
    """(E,) reversal potential: positive excites, negative inhibits."""
    g: NDArray[np.float64]
    """(G,) gap junction conductance, >= 0, the same both ways."""
    cut: tuple[int, ...] = ()
    """Neurons out of the circuit: packing gives 0 for every conductance from or to them but their leak."""

    def without(self, neurons: Iterable[int]) -> PresynapticParams:
        """The same circuit with `neurons` (indices) cut out: chemical, gap and intrinsic conductances are 0.

        A cut neuron rests at its leak potential; nothing reaches it but an injected current.
        """
        return replace(self, cut=tuple(sorted({*self.cut, *(int(i) for i in neurons)})))


class PresynapticStructure:
    """Who connects to whom, laid out for `presynaptic_tick`: made once, parameters packed as often as needed.

    `ints` is only read and may be shared. The array that `pack` returns also holds the kernel's scratch
    space: one for each network that runs at the same time.
    """

    def __init__(self, n: int, pre: ArrayLike, post: ArrayLike, gap_a: ArrayLike, gap_b: ArrayLike) -> None:
        if n < 1:
            raise ValueError(f"a network needs at least one neuron, got n = {n}")
        self.n = n
        self.pre, self.post = _ends("pre", pre, "post", post, n)
        self.gap_a, self.gap_b = _ends("gap_a", gap_a, "gap_b", gap_b, n)
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

        Raises `ValueError` if a shape is wrong, a value is not finite, or a conductance is negative.
        """
        self._check(params)
        w, gap, gself = pruned(params.w), pruned(params.g), pruned(params.gself)
        if params.cut:
            kept = np.ones(self.n)
            kept[list(params.cut)] = 0.0
            w = w * (kept[self.pre] * kept[self.post])
            gap = gap * (kept[self.gap_a] * kept[self.gap_b])
            gself = gself * kept
        gap_sum = np.bincount(self.gap_a, gap, self.n) + np.bincount(self.gap_b, gap, self.n)
        parts = [
            params.sigma,
            params.mu,
            params.cm,
            gself,
            params.gleak * params.vleak,
            params.gleak + gap_sum + EPSILON,
            (w * params.erev)[self._chemical.order],
            w[self._chemical.order],
            gap[self._gap_order],
        ]
        return join_floats(parts, self.size, dtype)

    def _check(self, params: PresynapticParams) -> None:
        sizes = {"w": self.pre.size, "erev": self.pre.size, "g": self.gap_a.size}
        for name in ("gleak", "vleak", "cm", "mu", "sigma", "gself", "w", "erev", "g"):
            values = getattr(params, name)
            size = sizes.get(name, self.n)
            if values.shape != (size,):
                raise ValueError(f"{name} has shape {values.shape}, must be ({size},)")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} has a value that is not finite")
            if name in ("gleak", "gself", "w", "g") and values.size and values.min() < 0.0:
                raise ValueError(f"{name} has a value of {values.min():g}, must be >= 0")
        if params.cm.min() <= 0.0:
            raise ValueError(f"cm has a value of {params.cm.min():g}, must be > 0")
        if params.cut and not 0 <= min(params.cut) <= max(params.cut) < self.n:
            raise ValueError(f"cut names a neuron outside 0..{self.n - 1}")


def pack_structure(
    n: int, pre: ArrayLike, post: ArrayLike, gap_a: ArrayLike, gap_b: ArrayLike
) -> PresynapticStructure:
    """Lay out `n` neurons, chemical synapses pre -> post (E,), and gap junctions a - b (G,), each given once.

    Raises `ValueError` for indices outside 0..n-1 or arrays of different lengths.
    """
    return PresynapticStructure(n, pre, post, gap_a, gap_b)


@njit(cache=True, fastmath=FASTMATH, error_model="numpy")
def presynaptic_tick(
    ints: Ints, floats: Floats, v: Floats, s: Floats, current: Floats, dt: float, unfolds: int
) -> None:
    """Advance `v` (n,) in place by `dt` seconds in `unfolds` semi-implicit Euler steps; fill `s` (n,).

    `ints` and `floats` come from one `PresynapticStructure`; `v`, `s` have the dtype of `floats`. `current`
    (n,) adds to the numerator; where it is not finite or beyond `CURRENT_LIMIT` it counts as 0. `s` ends as
    the activation of the final `v`. With h = dt / unfolds, every neuron j reading the old v:

        s_i = sigmoid(sigma_i (v_i - mu_i))
        v_j <- (cm_j/h v_j + gleak_j vleak_j + current_j + gself_j s_j + sum w erev s_pre + sum g v_other)
               / (cm_j/h + gleak_j + gself_j s_j + sum w s_pre + sum g + 1e-8)

    which is the solver of Hasani et al. 2021 (Liquid time-constant networks) with gap junctions added. Every
    step is a convex combination, so a finite `v` stays finite. Nothing is validated here.
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

    _add_current(leak, current, constant)
    rate = floats.dtype.type(unfolds / dt)
    for _ in range(unfolds):
        copy(v, s)
        sigmoid_in_place(s, sigma, mu)
        _open(v, s, cm, gself, constant, conductance, rate, top, bottom)
        gather(s, columns, value)
        add_sums(offsets, rows, w_erev, w, value, part, other_part, top, bottom)
        gather(v, gap_columns, gap_value)
        add_sum(gap_offsets, gap_rows, g, gap_value, gap_part, top)
        _divide(top, bottom, v)
    copy(v, s)
    sigmoid_in_place(s, sigma, mu)


@njit(fastmath=FASTMATH, error_model="numpy")
def _add_current(leak: Floats, current: Floats, out: Floats) -> None:
    for j in range(out.size):
        # Written so that NaN compares false.
        out[j] = leak[j] + (current[j] if abs(current[j]) <= CURRENT_LIMIT else 0.0)


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


@njit(fastmath=FASTMATH, error_model="numpy")
def _divide(top: Floats, bottom: Floats, out: Floats) -> None:
    for j in range(out.size):
        out[j] = top[j] / bottom[j]


def _ends(
    first_name: str, first: ArrayLike, second_name: str, second: ArrayLike, n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    a, b = np.asarray(first, dtype=np.intp).ravel(), np.asarray(second, dtype=np.intp).ravel()
    if a.size != b.size:
        raise ValueError(f"{first_name} has {a.size} entries, {second_name} has {b.size}")
    for name, ends in ((first_name, a), (second_name, b)):
        if ends.size and not 0 <= ends.min() <= ends.max() < n:
            raise ValueError(f"{name} names a neuron outside 0..{n - 1}")
    return a, b


__all__ = [
    "CURRENT_LIMIT",
    "PresynapticParams",
    "PresynapticStructure",
    "pack_structure",
    "presynaptic_tick",
]
