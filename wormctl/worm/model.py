"""A worm by its cells: every parameter as a named array, the form that is saved in a policy file.

`pack` turns it into the arrays of `wormctl.worm.parts`; `without` cuts cells out. No dynamics here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wormctl.neural.presynaptic import PresynapticParams, PresynapticStructure, pack_structure
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
        """The model saved as `tensors`; a `ValueError` names what is missing, of the wrong shape, or absurd."""
        names = {field.name: field.name.replace("_", ".", 1) for field in dataclasses.fields(cls)}
        missing = sorted(set(names.values()) - set(tensors))
        if missing:
            raise ValueError(f"the worm lacks {', '.join(missing)}")
        arrays = {
            field: np.ascontiguousarray(tensors[name], np.int32 if _is_index(field) else np.float64)
            for field, name in names.items()
        }
        model = cls(**arrays)  # type: ignore[arg-type]
        model.check()
        return model

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by their names in a policy file, reals as float32."""
        return {
            field.name.replace("_", ".", 1): np.ascontiguousarray(
                getattr(self, field.name), np.int32 if _is_index(field.name) else np.float32
            )
            for field in dataclasses.fields(self)
        }

    def check(self) -> None:
        """Raise `ValueError` for anything a kernel could not survive: lengths, indices, signs, finiteness."""
        n, r = self.neuron_cm.size, self.receptor_neuron.size
        m, j = self.muscle_joint.size, self.joint_amplitude_rad.size
        groups = (
            ("neuron_", n), ("chem_", self.chem_pre.size), ("gap_", self.gap_a.size), ("receptor_", r),
            ("stretch_", self.stretch_neuron.size), ("nmj_", self.nmj_neuron.size), ("muscle_", m), ("joint_", j),
        )  # fmt: skip
        for field in dataclasses.fields(self):
            array = getattr(self, field.name)
            size = next(size for prefix, size in groups if field.name.startswith(prefix))
            if field.name == "muscle_tau_s":
                size = 1
            if array.shape != (size,):
                raise ValueError(f"{field.name} has shape {array.shape}, not ({size},)")
            if not _is_index(field.name) and not np.isfinite(array).all():
                raise ValueError(f"{field.name} holds a value that is not finite")
        for name, top in (
            ("chem_pre", n), ("chem_post", n), ("gap_a", n), ("gap_b", n), ("receptor_neuron", n),
            ("receptor_kind", TOUCH + 1), ("stretch_neuron", n), ("stretch_joint", j), ("nmj_neuron", n),
            ("nmj_muscle", m), ("muscle_joint", j),
        ):  # fmt: skip
            array = getattr(self, name)
            if array.size and (array.min() < 0 or array.max() >= top):
                raise ValueError(f"{name} holds an index outside 0..{top - 1}")
        for name in ("neuron_gself", "chem_w", "gap_g", "neuron_gleak"):
            if (getattr(self, name) < 0).any():
                raise ValueError(f"{name} holds a negative conductance")
        for name in (
            "neuron_cm",
            "receptor_tau_fast_s",
            "receptor_tau_slow_s",
            "receptor_floor",
            "muscle_tau_s",
        ):
            if (getattr(self, name) <= 0).any():
                raise ValueError(f"{name} holds a value that is not positive")

    def structure(self) -> PresynapticStructure:
        """The packed layout of this model's circuit; two models of the same wiring share it."""
        return pack_structure(self.neuron_cm.size, self.chem_pre, self.chem_post, self.gap_a, self.gap_b)

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
        """The same worm with these neurons cut: no synapse, gap junction, receptor, stretch or muscle of theirs."""
        cut = np.zeros(self.neuron_cm.size, bool)
        cut[list(neurons)] = True
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


def _share(dt_s: float, tau_s: FloatArray) -> FloatArray:
    """The exact share of a first-order lag closed in `dt_s`."""
    return -np.expm1(-dt_s / tau_s)


_INDEX_FIELDS = frozenset(
    {
        "chem_pre", "chem_post", "gap_a", "gap_b", "receptor_neuron", "receptor_kind", "stretch_neuron",
        "stretch_joint", "nmj_neuron", "nmj_muscle", "muscle_joint",
    }
)  # fmt: skip


def _is_index(field: str) -> bool:
    return field in _INDEX_FIELDS
