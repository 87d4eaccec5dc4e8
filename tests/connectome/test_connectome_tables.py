"""The committed tables: what was published, unedited, and the same in both of their forms."""

import csv
import hashlib
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import wormctl.connectome
from wormctl.connectome import EVIDENCE, load_connectome

ROOM = Path(wormctl.connectome.__file__).parent
DATA = ROOM / "data"


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_has_the_checksum_that_its_provenance_states() -> None:
    stated = dict(
        re.findall(r"\| `([\w.]+)` \| `([0-9a-f]{64})` \|", (ROOM / "PROVENANCE.md").read_text("utf-8"))
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DATA.iterdir()}
    assert found == stated


def test_chemical_synapses_are_those_of_the_table() -> None:
    c = load_connectome()
    signs = {"+": 1, "-": -1, "complex": 0, "unknown": 0}
    expected = [
        (r["pre"], r["post"], int(r["sections"]), signs[r["sign"]], r["evidence"])
        for r in rows("chemical.csv")
    ]
    found = [
        (c.names[pre], c.names[post], count, sign, EVIDENCE[evidence])
        for pre, post, count, sign, evidence in zip(
            c.chem_pre, c.chem_post, c.chem_count, c.chem_sign, c.chem_evidence, strict=True
        )
    ]
    assert found == expected


def test_complex_signs_are_told_from_unknown_ones_by_their_evidence() -> None:
    c = load_connectome()
    table = rows("chemical.csv")
    complex_ones = [i for i, r in enumerate(table) if r["sign"] == "complex"]
    assert np.flatnonzero((c.chem_sign == 0) & (c.chem_evidence > 0)).tolist() == complex_ones


def test_gap_junctions_are_those_of_the_table() -> None:
    c = load_connectome()
    expected = [(r["a"], r["b"], int(r["sections"])) for r in rows("gap_junctions.csv")]
    found = [(c.names[a], c.names[b], n) for a, b, n in zip(c.gap_a, c.gap_b, c.gap_count, strict=True)]
    assert found == expected


def test_neuromuscular_junctions_are_those_of_the_table() -> None:
    c = load_connectome()
    signs = {"+": 1, "-": -1, "unknown": 0}
    expected = [
        (r["neuron"], r["muscle"], int(r["sections"]), signs[r["sign"]]) for r in rows("neuromuscular.csv")
    ]
    found = [
        (c.names[neuron], c.muscles[muscle], count, sign)
        for neuron, muscle, count, sign in zip(
            c.nmj_neuron, c.nmj_muscle, c.nmj_count, c.nmj_sign, strict=True
        )
    ]
    assert found == expected


def test_neurons_and_muscles_are_those_of_the_tables() -> None:
    c = load_connectome()
    for i, r in enumerate(rows("neurons.csv")):
        found = (c.names[i], c.classes[i], c.types[i], c.side[i], ";".join(c.transmitters[i]), c.position[i])
        assert found == (r["name"], r["class"], r["type"], r["side"], r["transmitters"], float(r["position"]))
    for i, r in enumerate(rows("muscles.csv")):
        found_muscle = (c.muscles[i], c.muscle_quadrant[i], c.muscle_row[i], c.muscle_position[i])
        assert found_muscle == (r["name"], r["quadrant"], int(r["row"]), float(r["position"]))


@pytest.mark.parametrize(
    ("cell", "transmitter"),
    [
        ("AVAL", "ACh"),
        ("DD3", "GABA"),
        ("ASEL", "Glu"),
        ("CEPDL", "DA"),
        ("NSML", "5-HT"),
        ("SMDDL", "ACh"),  # GABA too, but weakly
        ("AVJL", "GABA"),  # weak, yet the only one
        ("AVFL", ""),  # takes GABA up without making it
        ("RID", ""),  # an orphan
    ],
)
def test_the_first_transmitter_a_cell_makes(cell: str, transmitter: str) -> None:
    c = load_connectome()
    assert c.transmitter[c.index(cell)] == transmitter


def test_motor_neurons_of_a_class_lie_in_order_along_the_body() -> None:
    c = load_connectome()
    for kind, last in (("DD", 6), ("VD", 13), ("DA", 9), ("VA", 12), ("AS", 11)):
        places = [c.position[c.index(f"{kind}{i}")] for i in range(1, last + 1)]
        assert all(b >= a - 0.01 for a, b in pairwise(places)), kind


def test_left_and_right_partners_share_their_place() -> None:
    c = load_connectome()
    for i, name in enumerate(c.names):
        if c.side[i] == "L" and name != "SDQL":  # SDQL and SDQR migrate to opposite ends of the body
            assert abs(c.position[i] - c.position[c.index(name[:-1] + "R")]) < 0.09, name


def test_nothing_in_it_can_be_changed() -> None:
    c = load_connectome()
    arrays = [value for value in vars(c).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 15
    assert not any(array.flags.writeable for array in arrays)
    with pytest.raises(TypeError):
        c.known_names["AVAL"] = ()  # type: ignore[index]


def test_it_is_read_once() -> None:
    assert load_connectome() is load_connectome()
