"""A worm by its cells: every parameter as a named array, the form that is saved in a policy file.

`pack` turns it into the arrays of `wormctl.worm.parts`; `without` and the like take parts out. No dynamics here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wormctl.neural.checks import (
    InputError,
    check_indices,
    check_range,
    check_size,
    integers,
    reals,
    refuse_others,
)
from wormctl.neural.presynaptic import CURRENT_LIMIT, RANGES, PresynapticParams, PresynapticStructure
from wormctl.worm.parts import TOUCH, FloatArray, IntArray, Packed, Worm, pack_worm


@dataclass(frozen=True)
class WormModel:
    """n neurons, e chemical synapses, g gap junctions, r receptors, m muscles, j joints.

    Conductances are relative to a leak of about 1; potentials run from about 0 (rest) to 1 (excited);
    capacitances are in seconds (time constant = capacitance / total conductance). Times in s, angles in rad.
    """

    neuron_gleak: FloatArray
    neuron_vleak: FloatArray
    neuron_cm: FloatArray
    neuron_mu: FloatArray
    neuron_sigma: FloatArray
    neuron_gself: FloatArray
    """Intrinsic persistent conductance, which makes a neuron bistable when strong."""
    neuron_bias: FloatArray
    chem_pre: IntArray
    chem_post: IntArray
    chem_w: FloatArray
    chem_erev: FloatArray
    gap_a: IntArray
    gap_b: IntArray
    gap_g: FloatArray
    receptor_neuron: IntArray
    receptor_kind: IntArray
    receptor_tau_fast_s: FloatArray
    receptor_tau_slow_s: FloatArray
    receptor_gain: FloatArray
    receptor_floor: FloatArray
    receptor_top: FloatArray
    stretch_neuron: IntArray
    stretch_joint: IntArray
    stretch_gain: FloatArray
    nmj_neuron: IntArray
    nmj_muscle: IntArray
    nmj_weight: FloatArray
    muscle_joint: IntArray
    muscle_side: FloatArray
    muscle_tau_s: FloatArray
    joint_amplitude_rad: FloatArray

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> WormModel:
        """The model saved as `tensors`.

        An `InputError` names what is missing, strange, of the wrong type or shape, or absurd.
        """
        names = {field.name: _tensor_name(field.name) for field in dataclasses.fields(cls)}
        missing = sorted(set(names.values()) - set(tensors))
        if missing:
            raise InputError(f"the worm lacks {', '.join(missing)}")
        refuse_others(tensors, set(names.values()))
        arrays: dict[str, Any] = {
            field: integers(tensors, name) if field in _INDICES else reals(tensors, name, 1)
            for field, name in names.items()
        }
        cls(**arrays).check()
        # Only now: in 32 bits an index that is too large would become a small one.
        return cls(**arrays | {field: arrays[field].astype(np.int32) for field in _INDICES})

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by their names in a policy file, reals as float32."""
        return {
            _tensor_name(field.name): np.ascontiguousarray(
                getattr(self, field.name), np.int32 if field.name in _INDICES else np.float32
            )
            for field in dataclasses.fields(self)
        }

    def check(self) -> None:
        """Raise `InputError`, naming the tensor, for a length, an index or a value that cannot be."""
        counts = {
            "neuron": self.neuron_cm.size, "chem": self.chem_pre.size, "gap": self.gap_a.size,
            "receptor": self.receptor_neuron.size, "stretch": self.stretch_neuron.size,
            "nmj": self.nmj_neuron.size, "muscle": self.muscle_joint.size, "joint": self.joint_amplitude_rad.size,
            "kind": TOUCH + 1,
        }  # fmt: skip
        for field in dataclasses.fields(self):
            name, values = _tensor_name(field.name), getattr(self, field.name)
            group = name.partition(".")[0]
            check_size(name, values, 1 if field.name == "muscle_tau_s" else counts[group])
            if field.name in _INDICES:
                check_indices(name, values, counts[_INDICES[field.name]])
            else:
                check_range(name, values, *_RANGES[field.name])
        wrong = np.flatnonzero(np.abs(self.muscle_side) != 1.0)
        if wrong.size:
            raise InputError(f"muscle.side[{wrong[0]}] = {self.muscle_side[wrong[0]]:g}, must be -1 or +1")

    def structure(self) -> PresynapticStructure:
        """The packed layout of this model's circuit; two models of the same wiring share it."""
        return PresynapticStructure(
            self.neuron_cm.size, self.chem_pre, self.chem_post, self.gap_a, self.gap_b
        )

    def circuit(self) -> PresynapticParams:
        """The circuit's parameters."""
        return PresynapticParams(
            gleak=self.neuron_gleak, vleak=self.neuron_vleak, cm=self.neuron_cm, mu=self.neuron_mu,
            sigma=self.neuron_sigma, gself=self.neuron_gself, w=self.chem_w, erev=self.chem_erev, g=self.gap_g,
        )  # fmt: skip

    def pack(
        self,
        dt_s: float,
        unfolds: int,
        structure: PresynapticStructure | None = None,
        dtype: type[np.float32] | type[np.float64] = np.float32,
    ) -> Packed:
        """The arrays that the kernels run on, for ticks of `dt_s` solved in `unfolds` steps."""
        structure = structure or self.structure()
        worm = Worm(
            dt_s=dt_s,
            unfolds=unfolds,
            bias=self.neuron_bias,
            receptor_neuron=self.receptor_neuron,
            receptor_kind=self.receptor_kind,
            receptor_fast=_share(dt_s, self.receptor_tau_fast_s),
            receptor_slow=_share(dt_s, self.receptor_tau_slow_s),
            receptor_gain=self.receptor_gain,
            receptor_floor=self.receptor_floor,
            receptor_top=self.receptor_top,
            stretch_neuron=self.stretch_neuron,
            stretch_joint=self.stretch_joint,
            stretch_gain=self.stretch_gain,
            nmj_neuron=self.nmj_neuron,
            nmj_muscle=self.nmj_muscle,
            nmj_weight=self.nmj_weight,
            muscle_joint=self.muscle_joint,
            muscle_side=self.muscle_side,
            muscle_rate=float(_share(dt_s, self.muscle_tau_s)[0]),
            amplitude_rad=self.joint_amplitude_rad,
        )
        return pack_worm(worm, structure.ints, structure.pack(self.circuit(), dtype))

    def without(self, neurons: Iterable[int]) -> WormModel:
        """The same worm with these neurons cut: no synapse, gap junction, receptor, stretch or muscle of theirs.

        Raises `InputError` for an index that is none.
        """
        cut = self._mask(neurons)
        return dataclasses.replace(
            self,
            neuron_gself=np.where(cut, 0.0, self.neuron_gself),
            chem_w=np.where(cut[self.chem_pre] | cut[self.chem_post], 0.0, self.chem_w),
            gap_g=np.where(cut[self.gap_a] | cut[self.gap_b], 0.0, self.gap_g),
            neuron_bias=np.where(cut, 0.0, self.neuron_bias),
            receptor_gain=np.where(cut[self.receptor_neuron], 0.0, self.receptor_gain),
            stretch_gain=np.where(cut[self.stretch_neuron], 0.0, self.stretch_gain),
            nmj_weight=np.where(cut[self.nmj_neuron], 0.0, self.nmj_weight),
        )

    def excited(self, current: Mapping[int, float]) -> WormModel:
        """The same worm with steady currents added: neuron -> current.

        Raises `InputError` for an index that is none.
        """
        bias = self.neuron_bias.copy()
        for neuron in check_indices("excited", list(current), bias.size):
            bias[neuron] += current[int(neuron)]
        return dataclasses.replace(self, neuron_bias=bias)

    def synapses(self, pre: Iterable[int], post: Iterable[int]) -> NDArray[np.bool_]:
        """Which chemical synapses go from the neurons `pre` to the neurons `post`: (e,).

        Raises `InputError` for an index that is none, as the next methods do.
        """
        return np.asarray(self._mask(pre)[self.chem_pre] & self._mask(post)[self.chem_post])

    def gap_junctions(self, one: Iterable[int], other: Iterable[int]) -> NDArray[np.bool_]:
        """Which gap junctions lie between the neurons `one` and the neurons `other`, either way round: (g,)."""
        ones, others = self._mask(one), self._mask(other)
        there, back = ones[self.gap_a] & others[self.gap_b], ones[self.gap_b] & others[self.gap_a]
        return np.asarray(there | back)

    def without_synapses(self, pre: Iterable[int], post: Iterable[int]) -> WormModel:
        """The same worm without the chemical synapses from `pre` to `post`."""
        return dataclasses.replace(self, chem_w=np.where(self.synapses(pre, post), 0.0, self.chem_w))

    def without_gap_junctions(
        self, one: Iterable[int] | None = None, other: Iterable[int] | None = None
    ) -> WormModel:
        """The same worm without the gap junctions between `one` and `other`; None is every neuron."""
        everyone = range(self.neuron_cm.size)
        cut = self.gap_junctions(everyone if one is None else one, everyone if other is None else other)
        return dataclasses.replace(self, gap_g=np.where(cut, 0.0, self.gap_g))

    def without_senses(self) -> WormModel:
        """The same worm without any receptor for chemicals or touch."""
        return dataclasses.replace(self, receptor_gain=np.zeros_like(self.receptor_gain))

    def without_stretch(self) -> WormModel:
        """The same worm without any stretch receptor."""
        return dataclasses.replace(self, stretch_gain=np.zeros_like(self.stretch_gain))

    def reweighted(self, seed: int) -> WormModel:
        """The same worm with its conductances dealt out anew: among chemical synapses, and among gap junctions.

        Who is connected to whom and all signs stay, and so do thresholds.
        """
        rng = np.random.default_rng(seed)
        return dataclasses.replace(
            self, chem_w=rng.permutation(self.chem_w), gap_g=rng.permutation(self.gap_g)
        )

    def _mask(self, neurons: Iterable[int]) -> NDArray[np.bool_]:
        chosen = np.zeros(self.neuron_cm.size, bool)
        chosen[check_indices("cut", list(neurons), chosen.size)] = True
        return chosen


def _share(dt_s: float, tau_s: FloatArray) -> FloatArray:
    """The exact share of a first-order lag closed in `dt_s`."""
    return -np.expm1(-dt_s / tau_s)


def _tensor_name(field: str) -> str:
    return field.replace("_", ".", 1)


_INDICES = {
    "chem_pre": "neuron", "chem_post": "neuron", "gap_a": "neuron", "gap_b": "neuron",
    "receptor_neuron": "neuron", "receptor_kind": "kind", "stretch_neuron": "neuron", "stretch_joint": "joint",
    "nmj_neuron": "neuron", "nmj_muscle": "muscle", "muscle_joint": "joint",
}  # fmt: skip
"""The fields that hold indices -> what they number."""

_MOST = 1e6
_ANY, _POSITIVE = (-_MOST, _MOST), (1e-9, _MOST)
_RANGES = {
    **{f"neuron_{name}": RANGES[name] for name in ("gleak", "vleak", "cm", "mu", "sigma", "gself")},
    "neuron_bias": (-CURRENT_LIMIT, CURRENT_LIMIT),
    "chem_w": RANGES["w"],
    "chem_erev": RANGES["erev"],
    "gap_g": RANGES["g"],
    "receptor_tau_fast_s": _POSITIVE,
    "receptor_tau_slow_s": _POSITIVE,
    "receptor_gain": _ANY,
    "receptor_floor": (1e-30, _MOST),
    "receptor_top": (0.0, CURRENT_LIMIT),
    "stretch_gain": _ANY,
    "nmj_weight": _ANY,
    "muscle_side": (-1.0, 1.0),
    "muscle_tau_s": _POSITIVE,
    "joint_amplitude_rad": (0.0, np.pi / 2),
}
"""The other fields -> their lowest and highest value: what nobody could mean lies outside."""
