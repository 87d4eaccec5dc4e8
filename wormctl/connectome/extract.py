"""Makes the tables in `data/` from their published sources. A tool: nothing here is used when wormctl runs.

It needs `cect` and `wormneuroatlas` (what is read from each, and every decision, is in PROVENANCE.md) and
writes the same bytes every time:

    uv run --no-project --python 3.11 --with cect==0.3.5 --with wormneuroatlas==0.0.7.3 \
        python wormctl/connectome/extract.py
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]

CAN = ("CANL", "CANR")

NOSE_100UM, BODY_100UM = -4.17, 9.64
"""Where the nose of the 3-D anatomical model lies on its long axis, and its body's length, in its own unit of
100 um: the least-squares line through the published fractional positions of 278 cells (PROVENANCE.md)."""

MISPLACED = {"PVDL": "PVDR"}
"""Cells the 3-D model puts in the wrong part of the body, and the cell whose position is used instead."""

MUSCLE_ROWS = 24

TRANSMITTER = {
    "ACh": "ACh",
    "Glu": "Glu",
    "GABA": "GABA",
    "DA": "DA",
    "5-HT": "5-HT",
    "5-HT (synthesis + uptake)": "5-HT",
    "5-HT (alternative synthesis/uptake mechanism)": "5-HT",
    "5-HTP": "5-HTP",
    "octopamine": "octopamine",
    "tyramine (synthesis + uptake)": "tyramine",
    "5-HT (uptake)": "5-HT uptake",
    "GABA (uptake)": "GABA uptake",
    "betaine (uptake)": "betaine uptake",
    "unknown monoamine?": "unknown monoamine",
    "bas-1-depen unknown monoamine?": "unknown monoamine",
    "unknown (orphan)": "unknown",
    "unknown (orphan, unc-46 expression)": "unknown",
    "unknown (orphan, unc-47 expression)": "unknown",
}
"""The wording of Wang 2024 -> ours. An entry that is not listed stops the script."""

MALE_ONLY = "male - 5-HT (alternative synthesis/uptake mechanism?)"

SIGN = {"+": "+", "-": "-", "complex": "complex", "no pred": "unknown"}

SIGN_CODE = {"+": 1, "-": -1, "complex": 0, "unknown": 0}
EVIDENCE_CODE = {"none": 0, "predicted": 1, "confirmed": 2, "disputed": 3}

CONFIRMED = {("AWC", "AIY"): "-", ("AWC", "AIB"): "+", ("AIY", "AIZ"): "-"}
"""Class pairs whose predicted sign was also found by experiment."""

DISPUTED = {("AVM", "AVB"), ("AVM", "PVC"), ("ALM", "PVC")}
"""Class pairs predicted excitatory, though anterior touch is held to inhibit the forward interneurons."""


def main() -> None:
    """Writes every table into the folder given, by default the `data` folder beside this file."""
    parser = argparse.ArgumentParser(description="Make the connectome tables from their published sources.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("data"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    texts = tables()
    files = {name: text.encode("ascii") for name, text in texts.items()} | {"wiring.npy": packed(texts)}
    for name, contents in files.items():
        (out / name).write_bytes(contents)
        print(hashlib.sha256(contents).hexdigest(), name)


def tables() -> dict[str, str]:
    """Every table as text, by file name."""
    from cect import Cells  # type: ignore[import-not-found, unused-ignore]

    names: list[str] = list(Cells.PREFERRED_HERM_NEURON_NAMES)
    muscles: list[str] = list(Cells.BODY_WALL_MUSCLE_NAMES)
    classes, transmitters = wang_2024()
    position = positions()
    kinds = {
        **dict.fromkeys(Cells.PHARYNGEAL_NEURONS, "pharyngeal"),
        **dict.fromkeys(Cells.SENSORY_NEURONS_NONPHARYNGEAL_COOK, "sensory"),
        **dict.fromkeys(Cells.INTERNEURONS_NONPHARYNGEAL_COOK, "inter"),
        **dict.fromkeys(Cells.MOTORNEURONS_NONPHARYNGEAL_COOK, "motor"),
        **dict.fromkeys(CAN, "canal"),
    }
    neurons = [
        (n, classes[n], kinds[n], side(n, names), ";".join(transmitters[n]), f"{position[n]:.3f}")
        for n in names
    ]
    chemical, gaps, junctions = cook_2019(names, muscles)
    signs = fenyves_2020()
    synapses = [
        (a, b, count, *sign_of(signs.get((a, b), "no pred"), classes[a], classes[b]))
        for a, b, count in chemical
    ]
    effect = {n: {"ACh": "+", "GABA": "-"}.get(transmitters[n][0].rstrip("*"), "unknown") for n in names}
    return {
        "neurons.csv": csv("name,class,type,side,transmitters,position", neurons),
        "muscles.csv": csv("name,quadrant,row,position", map(muscle_row, muscles)),
        "chemical.csv": csv("pre,post,sections,sign,evidence", synapses),
        "gap_junctions.csv": csv("a,b,sections", gaps),
        "neuromuscular.csv": csv(
            "neuron,muscle,sections,sign", [(n, m, count, effect[n]) for n, m, count in junctions]
        ),
    }


def packed(texts: dict[str, str]) -> bytes:
    """The three wiring tables as one array, quick to load: kind, from, to, EM sections, sign, evidence."""
    import numpy as np

    def read(name: str) -> list[list[str]]:
        return [line.split(",") for line in texts[name].splitlines()[1:]]

    neuron = {row[0]: i for i, row in enumerate(read("neurons.csv"))}
    muscle = {row[0]: i for i, row in enumerate(read("muscles.csv"))}
    rows = [
        *(
            (0, neuron[a], neuron[b], int(n), SIGN_CODE[s], EVIDENCE_CODE[e])
            for a, b, n, s, e in read("chemical.csv")
        ),
        *((1, neuron[a], neuron[b], int(n), 0, 0) for a, b, n in read("gap_junctions.csv")),
        *((2, neuron[a], muscle[b], int(n), SIGN_CODE[s], 0) for a, b, n, s in read("neuromuscular.csv")),
    ]
    file = io.BytesIO()
    np.save(file, np.array(rows, "<i2"), allow_pickle=False)
    return file.getvalue()


def csv(header: str, rows: Iterable[Row]) -> str:
    """Plain CSV: no field holds a comma or a quote, which is checked."""
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    if any(line.count(",") != header.count(",") or '"' in line for line in lines):
        raise ValueError(f"a field of the table {header!r} holds a comma or a quote")
    return "\n".join(lines) + "\n"


def side(name: str, names: list[str]) -> str:
    """`L` or `R` where the cell has a partner on the other side, else `M`."""
    partner = name[:-1] + {"L": "R", "R": "L"}.get(name[-1], "?")
    return name[-1] if partner in names else "M"


def muscle_row(name: str) -> Row:
    """`MDL05` is dorsal left, row 5 of 24; rows are taken as evenly spaced from nose to tail."""
    row = int(name[3:])
    return name, name[1:3], row, f"{(row - 0.5) / MUSCLE_ROWS:.3f}"


def sign_of(predicted: str, pre_class: str, post_class: str) -> tuple[str, str]:
    """The sign of a synapse, and the evidence for it."""
    sign = SIGN[predicted]
    if sign in ("unknown", "complex"):
        return sign, "none" if sign == "unknown" else "predicted"
    pair = (pre_class, post_class)
    if CONFIRMED.get(pair, sign) != sign:
        raise ValueError(f"{pair}: predicted {sign}, but experiment found {CONFIRMED[pair]}")
    if pair in DISPUTED:
        return sign, "disputed"
    return sign, "confirmed" if pair in CONFIRMED else "predicted"


def plain(name: str) -> str:
    """`VB05` -> `VB5`: the published tables disagree on the zero; cect and WormAtlas leave it out."""
    return re.sub(r"(?<=[A-Z])0(?=\d$)", "", name)


def cook_2019(names: list[str], muscles: list[str]) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
    """Chemical synapses, gap junctions (each once) and neuromuscular junctions, with EM section counts."""
    from cect.readers.Cook2019HermReader import get_instance  # type: ignore[import-not-found, unused-ignore]

    order = {cell: i for i, cell in enumerate([*names, *muscles])}
    last_neuron = len(names)
    chemical: dict[tuple[int, int], int] = {}
    electrical: dict[tuple[int, int], int] = {}
    for contact in get_instance(from_cache=True).get_current_connection_info_list():
        if contact.pre_cell not in order or contact.post_cell not in order:
            continue
        pair = order[contact.pre_cell], order[contact.post_cell]
        where = {"Chemical": chemical, "GapJunction": electrical}[contact.syntype]
        if pair in where or contact.number != int(contact.number):
            raise ValueError(f"{contact.pre_cell} -> {contact.post_cell}: listed twice, or not a whole count")
        where[pair] = int(contact.number)

    cells = [*names, *muscles]
    gaps = []
    for (a, b), count in sorted(electrical.items()):
        if max(a, b) >= last_neuron or a >= b:
            continue
        if electrical[b, a] != count:
            raise ValueError(f"gap junction {cells[a]} - {cells[b]}: the two directions disagree")
        gaps.append((cells[a], cells[b], count))
    links = [(a, b, count) for (a, b), count in sorted(chemical.items()) if a < last_neuron]
    return (
        [(cells[a], cells[b], count) for a, b, count in links if b < last_neuron],
        gaps,
        [(cells[a], cells[b], count) for a, b, count in links if b >= last_neuron],
    )


def wang_2024() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Class and transmitters of each neuron, as published; `*` marks dim and variable expression."""
    cell_names = {"DB1/3": "DB1", "DB3/1": "DB3"}
    classes: dict[str, str] = {}
    transmitters: dict[str, tuple[str, ...]] = {}
    kind = ""
    for row in sheet("cect", "cect/data/elife-95402-supp2-v1.xlsx", "Supp File 2 ")[4:]:
        if not row[2]:
            continue
        kind = row[1] or kind
        name = cell_names.get(row[2], row[2])
        classes[name] = kind
        transmitters[name] = tuple(_transmitter(cell) for cell in row[20:23] if cell and cell != MALE_ONLY)
    return classes, transmitters


def _transmitter(published: str) -> str:
    words = re.sub(r"\s*-?\s*NEW$", "", published.strip())
    weak = words.startswith("*")
    words = words.lstrip("*")
    return TRANSMITTER[words[0].lower() + words[1:] if words.startswith("Unknown") else words] + "*" * weak


def fenyves_2020() -> dict[tuple[str, str], str]:
    """Predicted sign of each chemical synapse: `+`, `-`, `complex` or `no pred`, by (pre, post)."""
    rows = sheet("wormneuroatlas", "wormneuroatlas/data/journal.pcbi.1007974.s003.xlsx", "5. Sign prediction")
    return {(plain(row[0]), plain(row[3])): row[16] for row in rows[2:] if row[0]}


def positions() -> dict[str, float]:
    """Where each cell body lies along the body, 0 nose to 1 tail, from the 3-D anatomical model."""
    path = located("wormneuroatlas", "wormneuroatlas/data/anatlas_neuron_positions.txt")
    head, *lines = path.read_text(encoding="ascii").splitlines()
    axis = {name: float(line.split()[1]) for name, line in zip(head.lstrip("#").split(), lines, strict=True)}
    axis.update({wrong: axis[right] for wrong, right in MISPLACED.items()})
    return {name: (y - NOSE_100UM) / BODY_100UM for name, y in axis.items()}


def located(package: str, path: str) -> Path:
    """A data file of an installed package, found without importing the package."""
    return Path(str(distribution(package).locate_file(path)))


def sheet(package: str, path: str, title: str) -> list[tuple[Any, ...]]:
    """The rows of one sheet of a workbook; a formula gives the value the authors' program stored with it."""
    from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(located(package, path), read_only=True, data_only=True)
        titles = {name.strip(): name for name in book.sheetnames}
        return list(book[titles[title.strip()]].iter_rows(values_only=True))


if __name__ == "__main__":
    main()
