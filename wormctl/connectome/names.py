"""Names as the literature writes them: cells (`AVAL`), classes (`AVA`), subclasses (`SMDD`). No wiring."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from wormctl.config import ConfigError


class UnknownCell(ConfigError, KeyError):  # noqa: N818 (it names what was looked up, as KeyError does)
    """A name that is no cell and no class. The message is one line with the closest names."""

    def __init__(self, name: str, known: Iterable[str], what: str = "neuron or neuron class") -> None:
        self.name = name
        typed, words = name.upper(), list(known)
        swapped = [word for word in words if sorted(word) == sorted(typed)]
        close = difflib.get_close_matches(typed, words, n=3, cutoff=0.6)
        self.close = tuple(dict.fromkeys([*swapped, *close]))[:3]
        hint = f"; did you mean {' or '.join(self.close)}?" if self.close else ""
        super().__init__(f"{name!r} is no {what}{hint}")

    def __str__(self) -> str:
        """The message itself: `KeyError` would show it quoted."""
        return str(self.args[0])


def groups(names: Sequence[str], classes: Sequence[str], sides: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Every name a person may use, with the indices of the cells it stands for, in order.

    Cells first (`AVAL`), then published classes (`AVA`, `VB`, `SMD`), then left and right cells that share
    the rest of their name (`SMDD`, `IL1V`). Where a cell and a class share a name (`AVM`), both are the cell.
    """
    known: dict[str, tuple[int, ...]] = {name: (i,) for i, name in enumerate(names)}
    members: dict[str, list[int]] = {}
    for i, kind in enumerate(classes):
        members.setdefault(kind, []).append(i)
    pairs: dict[str, list[int]] = {}
    for i, (name, side) in enumerate(zip(names, sides, strict=True)):
        if side != "M":
            pairs.setdefault(name[:-1], []).append(i)
    for table in (members, pairs):
        for group, cells in table.items():
            known.setdefault(group, tuple(cells))
    return known
