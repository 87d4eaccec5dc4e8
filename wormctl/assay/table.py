"""The ablation table: rows of what is cut, and of what the worm must then do compared with the whole one. Runs nothing.

[expect.lost]                   # what a word means: bounds, of which all must hold
ratio_at_most = 0.25            # also ratio_at_least, difference_at_most, difference_at_least,
                                # value_at_most, value_at_least (of the cut worm itself)

[[row]]
name = "PLM"
ablate = ["PLM"]                # terms of `wormctl.ablation`
expected = "no acceleration to tail touch"
source = "Chalfie et al. 1985"

[[row.test]]
assay = "touch_tail"            # by name, or a .toml file beside this one
number = "speed_gain"           # one that the assay's judge measures: its mean over the lives
expect = "lost"                 # or bounds of its own, as above
reference = []                  # compare with the worm so cut, not with the whole one
reference_at_least = 0.02       # that worm must do it, or there is nothing to compare
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from wormctl.ablation import read_term, resolve
from wormctl.assay.file import Assay, Number, load_assay
from wormctl.assay.judges import JUDGES
from wormctl.config import ConfigError, convert, read_toml
from wormctl.names import unknown
from wormctl.robot import Name

SHIPPED = Path(__file__).parent.parent / "ablations"
DEFAULT, CONTROLS = "published", "controls"


class Bounds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold, cut against reference, of the means over the same seeds; all that is said must."""

    ratio_at_most: Number | None = None
    ratio_at_least: Number | None = None
    difference_at_most: Number | None = None
    difference_at_least: Number | None = None
    value_at_most: Number | None = None
    value_at_least: Number | None = None

    def words(self) -> str:
        """As a person says it."""
        said = ((name, getattr(self, name)) for name in Bounds.__struct_fields__)
        return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in said if value is not None)


class _Test(Bounds, frozen=True, kw_only=True):
    assay: Name
    number: Name
    expect: Name | None = None
    reference: list[str] = []
    reference_at_least: Number | None = None


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    ablate: Annotated[list[str], msgspec.Meta(min_length=1)]
    test: Annotated[list[_Test], msgspec.Meta(min_length=1)]
    expected: str = ""
    source: str = ""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    row: Annotated[list[_Row], msgspec.Meta(min_length=1)]
    expect: dict[str, Bounds] = {}
    summary: str = ""


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison."""

    where: str
    """The file and the field: for messages."""
    assay: Assay
    number: str
    ablated: tuple[str, ...]
    reference: tuple[str, ...]
    reference_at_least: float | None
    word: str
    """`lost`, or whatever the table calls it; empty for bounds of its own."""
    bounds: Bounds


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment."""

    number: int
    """From 1."""
    name: str
    ablated: tuple[str, ...]
    expected: str
    source: str
    tests: tuple[Test, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table, checked as far as it can be without a robot."""

    path: Path
    summary: str
    rows: tuple[Row, ...]


def load_table(name_or_path: str = DEFAULT) -> Table:
    """The shipped table of that name, or the one in the file at that path. Raises `ConfigError`."""
    shipped = {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}
    path = shipped.get(name_or_path, Path(name_or_path))
    if path.suffix != ".toml" and not path.exists():
        raise ConfigError(f"{name_or_path}: {unknown('table', name_or_path, shipped)}, or name a .toml file")
    where = str(path)
    file = convert(read_toml(path), _File, where=where)
    names = [row.name for row in file.row]
    for i, name in enumerate(names):
        if names.index(name) < i:
            raise ConfigError(
                f"{where}: $.row[{i}].name = {name!r}: is the name of row {names.index(name) + 1} too"
            )
    assays: dict[str, Assay] = {}
    rows = tuple(_row(file, i, row, path, assays) for i, row in enumerate(file.row))
    return Table(path=path, summary=file.summary, rows=rows)


def pick(table: Table, text: str | None) -> tuple[Row, ...]:
    """The rows that `text` names, by name or number, separated by commas; all without any. Raises `ConfigError`."""
    if text is None:
        return table.rows
    wanted = [word.strip() for word in text.split(",") if word.strip()]
    known = {key: row for row in table.rows for key in (str(row.number), row.name)}
    for word in wanted or [text]:
        if word not in known:
            names = [row.name for row in table.rows]
            raise ConfigError(f"--rows = {word!r}: {unknown('row', word, names)}, or 1 to {len(names)}")
    return tuple(row for row in table.rows if {str(row.number), row.name} & set(wanted))


def _row(file: _File, i: int, row: _Row, path: Path, assays: dict[str, Assay]) -> Row:
    at = f"{path}: $.row[{i}]"
    ablated = _terms(row.ablate, f"{at}.ablate")
    return Row(
        number=i + 1,
        name=row.name,
        ablated=ablated,
        expected=row.expected,
        source=row.source,
        tests=tuple(
            _test(file, test, f"{at}.test[{k}]", path.parent, ablated, assays)
            for k, test in enumerate(row.test)
        ),
    )


def _test(
    file: _File, test: _Test, at: str, folder: Path, ablated: tuple[str, ...], assays: dict[str, Assay]
) -> Test:
    if test.assay not in assays:
        assays[test.assay] = load_assay(test.assay, folder, f"{at}.assay")
    assay = assays[test.assay]
    numbers = JUDGES[assay.file.judge].numbers
    if test.number not in numbers:
        raise ConfigError(f"{at}.number = {test.number!r}: {unknown('number', test.number, numbers)}")
    own = {name: getattr(test, name) for name in Bounds.__struct_fields__ if getattr(test, name) is not None}
    if test.expect is not None and test.expect not in file.expect:
        raise ConfigError(
            f"{at}.expect = {test.expect!r}: {unknown('expectation', test.expect, file.expect)}"
        )
    usual = Bounds() if test.expect is None else file.expect[test.expect]
    bounds = msgspec.structs.replace(usual, **own)
    if not bounds.words():
        raise ConfigError(f"{at}: must have expect, or bounds such as ratio_at_most")
    return Test(
        where=at,
        assay=assay,
        number=test.number,
        ablated=ablated,
        reference=_terms(test.reference, f"{at}.reference"),
        reference_at_least=test.reference_at_least,
        word=test.expect or "",
        bounds=bounds,
    )


def _terms(written: list[str], at: str) -> tuple[str, ...]:
    terms = tuple(resolve(written))
    try:
        for term in terms:
            read_term(term)
    except ConfigError as error:
        raise ConfigError(f"{at}: {error}") from None
    return terms
