"""From a blueprint to a worm: whom a value is for, what multiplies, which signs hold, where neurons rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import SHIPPED, Blueprint, load_blueprint
from wormctl_train.express import QUANTITIES, Expression

from wormctl.config import ConfigError
from wormctl.worm.controller import WormController
from wormctl.worm.model import WormModel

BASE = {
    "synapse": 0.2, "gap": 0.05, "muscle": 0.1, "capacitance_s": 0.3, "rest": 0.0, "self": 0.0, "slope": 8.0,
    "bias": 0.0, "leak": 0.0, "receptor.gain": 5.0, "receptor.fast_s": 0.1, "receptor.slow_s": 3.0,
    "receptor.floor": 0.001, "receptor.top": 3.0, "muscle.tau_s": 0.2, "amplitude.head_rad": 0.6,
    "amplitude.tail_rad": 0.4,
}  # fmt: skip
GENE = '"gap/AVA~VA" = { start = 3.0, low = 1.0, high = 9.0 }'


def blueprint(
    folder: Path, more: str = "", head: str = "", evolved: str = GENE, leave: str = ""
) -> Blueprint:
    lines = [f'"{name}" = {value}' for name, value in BASE.items() if name != leave]
    text = f"{head}\n[assumed]\n" + "\n".join(lines) + f"\n{more}\n[evolved]\n{evolved}\n"
    (folder / "b.toml").write_text(text)
    return load_blueprint("b.toml", folder)


def worm(folder: Path, more: str = "", head: str = "", evolved: str = GENE) -> WormModel:
    made = blueprint(folder, more, head, evolved)
    return Expression(made, anatomy())(made.values(np.zeros(len(made.genes))))


def contacts(pre: str, post: str) -> NDArray[np.bool_]:
    """Synapses from one class to another; checked against the names, not by what is tested."""
    c = anatomy().connectome
    kinds = np.array(anatomy().classes)
    return np.asarray((kinds[c.chem_pre] == pre) & (kinds[c.chem_post] == post), np.bool_)


@cache
def shipped() -> tuple[Blueprint, Expression, WormModel]:
    made = load_blueprint("worm302")
    express = Expression(made, anatomy())
    return made, express, express(made.values(np.zeros(len(made.genes))))


def test_of_several_values_that_fit_a_cell_the_later_one_counts(tmp_path: Path) -> None:
    model = worm(
        tmp_path,
        '"slope/AVA,AVB" = 5.0\n"slope/AVAL" = 6.0\n"bias/AVBL" = 0.25',
        evolved='"slope/AVB" = { start = 7.0, low = 1.0, high = 9.0 }',
    )
    names = list(anatomy().connectome.names)
    slope = {name: model.neuron_sigma[names.index(name)] for name in ("AVAL", "AVAR", "AVBL", "AVBR", "PVCL")}
    assert slope == {"AVAL": 6.0, "AVAR": 5.0, "AVBL": 7.0, "AVBR": 7.0, "PVCL": 8.0}
    assert np.flatnonzero(model.neuron_bias).tolist() == [names.index("AVBL")]


def test_a_group_stands_for_its_classes(tmp_path: Path) -> None:
    model = worm(tmp_path, '"slope/B,AVA" = 5.0', head='[groups]\nB = ["DB", "VB"]')
    kinds = {kind for kind, slope in zip(anatomy().classes, model.neuron_sigma, strict=True) if slope == 5.0}
    assert kinds == {"DB", "VB", "AVA"}


def test_strengths_of_contacts_multiply(tmp_path: Path) -> None:
    plain = worm(tmp_path)
    model = worm(tmp_path, '"synapse/AVA>PVC,AVB" = 3.0\n"synapse/AVA>AVB" = 5.0')
    factor = model.chem_w / plain.chem_w
    np.testing.assert_allclose(factor[contacts("AVA", "PVC")], 3.0)
    np.testing.assert_allclose(factor[contacts("AVA", "AVB")], 15.0)
    others = ~(contacts("AVA", "PVC") | contacts("AVA", "AVB"))
    np.testing.assert_allclose(factor[others], 1.0)
    np.testing.assert_allclose(plain.chem_w, 0.2 * anatomy().chem_strength)


def test_gap_junctions_have_no_direction(tmp_path: Path) -> None:
    there = worm(tmp_path, '"gap/AVB~DB,VB" = 4.0')
    back = worm(tmp_path, '"gap/DB,VB~AVB" = 4.0')
    np.testing.assert_array_equal(there.gap_g, back.gap_g)
    assert (there.gap_g > worm(tmp_path).gap_g).any()


def test_a_stretch_receptor_has_the_gain_of_its_kind_or_that_of_all(tmp_path: Path) -> None:
    model = worm(tmp_path, '"stretch" = 2.0\n"stretch/SMD" = 3.0')
    kinds, unit = np.array(anatomy().stretch_kind), anatomy().stretch_unit
    np.testing.assert_allclose(model.stretch_gain, unit * np.where(kinds == "SMD", 3.0, 2.0))
    assert not worm(tmp_path).stretch_gain.any()


def test_assumed_signs_hold_whatever_the_data_say_and_no_others_change(tmp_path: Path) -> None:
    head = '[[sign]]\nsynapse = "AVB>AVA"\nsign = -1\nwhy = "a test"\n[[sign]]\nsynapse = "DD>VD"\nsign = 1\nwhy = "b"'
    model = worm(tmp_path, head=head)
    assert set(model.chem_erev[contacts("AVB", "AVA")]) == {-1.0}
    assert set(model.chem_erev[contacts("DD", "VD")]) == {1.0}
    others = ~(contacts("AVB", "AVA") | contacts("DD", "VD"))
    np.testing.assert_array_equal(model.chem_erev[others], anatomy().chem_sign[others])


def test_joints_bend_from_the_head_s_amplitude_to_the_tail_s(tmp_path: Path) -> None:
    amplitude = worm(tmp_path).joint_amplitude_rad
    assert (amplitude[0], amplitude[-1]) == (0.6, 0.4)
    np.testing.assert_allclose(np.diff(amplitude), -0.2 / 11)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"synapses" = 1.0', "$.assumed.synapses: no such quantity, did you mean 'synapse'"),
        ('"rest/AVZ" = 1.0', "$.assumed.rest/AVZ: no such cell or class, did you mean"),
        ('"rest/" = 1.0', "$.assumed.rest/: no such cell or class"),
        ('"synapse/AVA" = 1.0', "$.assumed.synapse/AVA = 'AVA': must read ONE>OTHER"),
        ('"gap/AVA>AVB" = 1.0', "$.assumed.gap/AVA>AVB = 'AVA>AVB': must read ONE~OTHER"),
        ('"synapse/DD>ASE" = 1.0', "$.assumed.synapse/DD>ASE: the connectome has no contact DD>ASE"),
        ('"gap/ASE~DD" = 1.0', "$.assumed.gap/ASE~DD: the connectome has no contact ASE~DD"),
        ('"stretch/VD" = 1.0', "$.assumed.stretch/VD: no such stretch receptor"),
        ('"muscle.tau_s/DB" = 1.0', "muscle.tau_s is one value for the whole worm: leave out /DB"),
    ],
)
def test_a_value_for_what_there_is_not_is_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Expression(blueprint(tmp_path, line), anatomy())
    assert told in str(caught.value)
    assert str(tmp_path / "b.toml") in str(caught.value)


def test_a_gene_or_a_group_for_what_there_is_not_is_named(tmp_path: Path) -> None:
    gene = '"rest/AVZ" = { start = 1.0, low = 0.5, high = 2.0 }'
    with pytest.raises(ConfigError, match=r"\$\.evolved\.rest/AVZ: no such cell or class"):
        Expression(blueprint(tmp_path, evolved=gene), anatomy())
    with pytest.raises(ConfigError, match=r"\$\.groups\.B\[1\]: no such cell or class"):
        Expression(blueprint(tmp_path, head='[groups]\nB = ["DB", "VBB"]'), anatomy())
    with pytest.raises(ConfigError, match=r"\$\.sign\[0\]\.synapse: the connectome has no contact DD>ASE"):
        Expression(
            blueprint(tmp_path, head='[[sign]]\nsynapse = "DD>ASE"\nsign = 1\nwhy = "none"'), anatomy()
        )


@pytest.mark.parametrize("quantity", sorted(set(QUANTITIES) - {"stretch"}))
def test_nothing_may_be_left_out(tmp_path: Path, quantity: str) -> None:
    with pytest.raises(ConfigError, match=f"there is no value for '{quantity}'"):
        Expression(blueprint(tmp_path, leave=quantity), anatomy())


def asked(made: Blueprint, quantity: str) -> NDArray[np.float64]:
    """What the blueprint asks of each cell, read as a person would."""
    values = made.values(np.zeros(len(made.genes)))
    found = np.full(len(anatomy().classes), values[quantity])
    for name, value in values.items():
        if name.startswith(f"{quantity}/"):
            for word in name.partition("/")[2].split(","):
                found[anatomy().mask(*made.groups.get(word, (word,)))] = value
    return found


def rests(made: Blueprint, model: WormModel, seconds: float) -> NDArray[np.float64]:
    """How far each neuron is from its resting activity, after `seconds` without input from its resting potential."""
    rest, slope = asked(made, "rest"), asked(made, "slope")
    np.testing.assert_array_equal(model.neuron_sigma, slope)
    controller = WormController(model, 0.02, 1, np.float64)
    activity = 1.0 / (1.0 + np.exp(-rest))
    controller.state[:] = model.neuron_mu + rest / slope
    controller.activity[:] = activity
    inputs = sum(port.size for port in controller.inputs)
    setpoint = np.zeros(controller.joints)
    for _ in range(round(seconds / 0.02)):
        controller.step(np.zeros(inputs), np.zeros(inputs, bool), setpoint)
    return np.abs(controller.activity - activity)


def test_neurons_stay_at_the_activity_that_was_asked_whatever_the_strengths(tmp_path: Path) -> None:
    more = '"rest/AVA" = -3.0\n"rest/AVB" = 2.0\n"bias/AVA" = 0.3\n"leak/PVC" = 0.4\n"synapse/AVB>AVA" = 9.0'
    made = blueprint(tmp_path, more)
    model = Expression(made, anatomy())(made.values(np.zeros(1)))
    assert rests(made, model, 4.0).max() < 1e-6


def test_the_shipped_worm_begins_where_it_was_asked_to_rest() -> None:
    made, _, model = shipped()
    assert rests(made, model, 0.5).max() < 1e-3


def test_the_shipped_blueprint_has_a_reason_for_every_sign_and_lower_bounds_that_keep_the_wiring() -> None:
    made, express, _ = shipped()
    assert all(len(sign.why) > 10 for sign in made.signs)
    low, _ = made.bounds()
    least = express(made.values(low))
    assert (least.chem_w > 0.0).all()
    assert (least.gap_g > 0.0).all()
    assert (least.nmj_weight != 0.0).all()


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.toml")))
def test_every_gene_of_a_shipped_blueprint_changes_the_worm_and_every_bound_can_be_lived_with(
    name: str,
) -> None:
    made = load_blueprint(name)
    express = Expression(made, anatomy())
    start = express(made.values(np.zeros(len(made.genes)))).tensors()
    low, high = made.bounds()
    for i, gene in enumerate(made.genes):
        moved = np.zeros(len(made.genes))
        moved[i] = low[i] if abs(low[i]) > abs(high[i]) else high[i]
        changed = express(made.values(moved)).tensors()
        assert any(not np.array_equal(changed[tensor], start[tensor]) for tensor in start), gene
    for end in (low, high):
        express(made.values(end)).check()


def test_on_a_shuffled_wiring_every_contact_keeps_all_but_whom_it_ends_on() -> None:
    made, _, true = shipped()
    shuffled = Expression(made, anatomy(shuffle=3))(made.values(np.zeros(len(made.genes))))
    for name in ("chem_pre", "chem_w", "chem_erev", "gap_g", "nmj_weight", "stretch_gain", "receptor_gain"):
        np.testing.assert_array_equal(getattr(shuffled, name), getattr(true, name), err_msg=name)
    assert (shuffled.chem_post != true.chem_post).mean() > 0.9
    assert ((shuffled.gap_a != true.gap_a) | (shuffled.gap_b != true.gap_b)).mean() > 0.9
    # Thresholds are placed anew: each neuron rests where it did.
    assert not np.array_equal(shuffled.neuron_mu, true.neuron_mu)
    WormController(shuffled, 0.02, 1)
