"""From the values of a blueprint to a worm: the arrays of `wormctl.worm.model`, and nothing that is evolved or scored.

Strengths of contacts are relative: a value for all, times the root of the section count (`anatomy.strength`), times
the value of every rule that fits the contact. All else is absolute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.names import unknown
from wormctl.worm.model import WormModel
from wormctl_train.anatomy import Anatomy
from wormctl_train.blueprint import Blueprint

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUANTITIES = {
    "synapse": "strength of chemical synapses, for PRE>POST",
    "gap": "conductance of gap junctions, for ONE~OTHER",
    "muscle": "strength of neuromuscular junctions of these neurons",
    "capacitance_s": "membrane capacitance: seconds for a leak of 1",
    "rest": "logit of the activity at rest",
    "self": "intrinsic regenerative conductance",
    "slope": "slope of the activation, per unit of potential",
    "bias": "steady current",
    "leak": "potential that the leak pulls to",
    "receptor.gain": "current for a unit of stimulus",
    "receptor.fast_s": "time constant of the fast running mean",
    "receptor.slow_s": "time constant of the slow running mean",
    "receptor.floor": "concentration below which nothing is told apart",
    "receptor.top": "largest current",
    "stretch": "current for a radian of bend, by kind of receptor (`wormctl_train.anatomy.STRETCH`)",
    "muscle.tau_s": "lag of every muscle",
    "amplitude.head_rad": "bend of the first joint at full contraction",
    "amplitude.tail_rad": "bend of the last joint at full contraction",
}
"""What values there can be, and what they mean."""

_CONTACTS = {"synapse": ">", "gap": "~"}
_ALONE = ("muscle.tau_s", "amplitude.head_rad", "amplitude.tail_rad")


class Expression:
    """A blueprint on a bare worm: checks every name once, then makes a worm of any values in a few milliseconds."""

    def __init__(self, blueprint: Blueprint, body: Anatomy) -> None:
        """Raises `ConfigError`, naming file and field, for a quantity, cell or contact that there is not."""
        self.blueprint, self.body = blueprint, body
        self._groups = blueprint.groups
        for name, classes in blueprint.groups.items():
            for i, cell in enumerate(classes):
                self._known(cell, f"$.groups.{name}[{i}]")
        self.sign = body.chem_sign.copy()
        for i, sign in enumerate(blueprint.signs):
            self.sign[self._contacts(sign.synapse, ">", f"$.sign[{i}].synapse")] = sign.sign
        self._rules: dict[str, list[tuple[str, Mask]]] = {quantity: [] for quantity in QUANTITIES}
        for table, names in (("assumed", blueprint.assumed), ("evolved", blueprint.genes)):
            for name in names:
                self._add_rule(name, f"$.{table}.{name}")
        start = blueprint.values(np.zeros(len(blueprint.genes)))
        for quantity in QUANTITIES:
            if quantity not in start and quantity != "stretch":
                raise ConfigError(
                    f"{blueprint.file}: there is no value for {quantity!r}: {QUANTITIES[quantity]}"
                )
        self(start).check()

    @property
    def rules(self) -> Mapping[str, Sequence[tuple[str, Mask]]]:
        """For each quantity the values for some, by name, and for which cells or contacts; later ones count."""
        return self._rules

    def __call__(self, values: Mapping[str, float]) -> WormModel:
        """The worm of these values, (as `Blueprint.values` gives them)."""
        body, c = self.body, self.body.connectome
        n = len(body.classes)

        def each(quantity: str, size: int = n) -> FloatArray:
            found = np.full(size, values[quantity])
            for name, mask in self._rules[quantity]:
                found[mask] = values[name]
            return found

        def scaled(quantity: str, strength: FloatArray) -> FloatArray:
            found = values[quantity] * strength
            for name, mask in self._rules[quantity]:
                found[mask] *= values[name]
            return found

        w, gap = scaled("synapse", body.chem_strength), scaled("gap", body.gap_strength)
        gself, slope, rest = each("self"), each("slope"), each("rest")
        bias, leak = each("bias"), each("leak")
        potential = resting_potential(body, w, self.sign, gap, gself, leak + bias, rest)
        receptors = body.receptor_neuron
        felt = values.get("stretch", 0.0)
        stretch = np.array([values.get(f"stretch/{kind}", felt) for kind in body.stretch_kind])
        return WormModel(
            neuron_gleak=np.ones(n),
            neuron_vleak=leak,
            neuron_cm=each("capacitance_s"),
            neuron_mu=potential - rest / slope,
            neuron_sigma=slope,
            neuron_gself=gself,
            neuron_bias=bias,
            chem_pre=c.chem_pre,
            chem_post=body.chem_post,
            chem_w=w,
            chem_erev=self.sign,
            gap_a=body.gap_a,
            gap_b=body.gap_b,
            gap_g=gap,
            receptor_neuron=receptors,
            receptor_kind=body.receptor_kind,
            receptor_tau_fast_s=each("receptor.fast_s")[receptors],
            receptor_tau_slow_s=each("receptor.slow_s")[receptors],
            receptor_gain=body.receptor_sign * each("receptor.gain")[receptors],
            receptor_floor=each("receptor.floor")[receptors],
            receptor_top=each("receptor.top")[receptors],
            stretch_neuron=body.stretch_neuron,
            stretch_joint=body.stretch_joint,
            stretch_gain=body.stretch_unit * stretch,
            nmj_neuron=c.nmj_neuron,
            nmj_muscle=c.nmj_muscle,
            nmj_weight=each("muscle")[c.nmj_neuron] * body.nmj_strength,
            muscle_joint=body.muscle_joint,
            muscle_side=body.muscle_side,
            muscle_tau_s=np.array([values["muscle.tau_s"]]),
            joint_amplitude_rad=np.linspace(
                values["amplitude.head_rad"], values["amplitude.tail_rad"], body.joints
            ),
        )

    def _add_rule(self, name: str, at: str) -> None:
        quantity, slash, whom = name.partition("/")
        if quantity not in QUANTITIES:
            raise ConfigError(f"{self.blueprint.file}: {at}: {unknown('quantity', quantity, QUANTITIES)}")
        if not slash:
            return
        if quantity in _ALONE:
            raise ConfigError(
                f"{self.blueprint.file}: {at}: {quantity} is one value for the whole worm: leave out /{whom}"
            )
        if quantity == "stretch":
            if whom not in self.body.stretch_kind:
                kinds = dict.fromkeys(self.body.stretch_kind)
                raise ConfigError(f"{self.blueprint.file}: {at}: {unknown('stretch receptor', whom, kinds)}")
            return
        mask = (
            self._contacts(whom, _CONTACTS[quantity], at) if quantity in _CONTACTS else self._cells(whom, at)
        )
        self._rules[quantity].append((name, mask))

    def _known(self, word: str, at: str) -> None:
        if not self.body.mask(word).any():
            known = {*self.body.classes, *self.body.connectome.names, *self._groups}
            raise ConfigError(f"{self.blueprint.file}: {at}: {unknown('cell or class', word, known)}")

    def _cells(self, words: str, at: str) -> Mask:
        found = np.zeros(len(self.body.classes), np.bool_)
        for word in words.split(","):
            if word not in self._groups:
                self._known(word, at)
            found |= self.body.mask(*self._groups.get(word, (word,)))
        return found

    def _contacts(self, whom: str, link: str, at: str) -> Mask:
        one, found, other = whom.partition(link)
        if not found:
            raise ConfigError(f"{self.blueprint.file}: {at} = {whom!r}: must read ONE{link}OTHER")
        a, b, c = self._cells(one, at), self._cells(other, at), self.body.connectome
        mask: Mask = (
            a[c.chem_pre] & b[c.chem_post]
            if link == ">"
            else (a[c.gap_a] & b[c.gap_b]) | (b[c.gap_a] & a[c.gap_b])
        )
        if not mask.any():
            raise ConfigError(f"{self.blueprint.file}: {at}: the connectome has no contact {whom}")
        return mask


def resting_potential(
    body: Anatomy,
    w: FloatArray,
    sign: FloatArray,
    gap: FloatArray,
    gself: FloatArray,
    drive: FloatArray,
    rest_logit: FloatArray,
) -> FloatArray:
    """Potential of every neuron (n,) when all have their resting activity and nothing is sensed.

    Thresholds are placed on it: a modelling assumption, homeostasis, that keeps every neuron able to answer
    whatever the strength of its synapses (the center-crossing condition of Mathayomchai and Beer 2002).
    """
    n = rest_logit.size
    activity = 1.0 / (1.0 + np.exp(-rest_logit))
    open_w = w * activity[body.connectome.chem_pre]
    pull = np.bincount(body.chem_post, open_w * sign, n) + gself * activity + drive
    total = 1.0 + np.bincount(body.chem_post, open_w, n) + gself * activity
    total += np.bincount(body.gap_a, gap, n) + np.bincount(body.gap_b, gap, n)
    matrix = np.diag(total)
    matrix[body.gap_a, body.gap_b] -= gap
    matrix[body.gap_b, body.gap_a] -= gap
    return np.asarray(np.linalg.solve(matrix, pull), dtype=np.float64)
