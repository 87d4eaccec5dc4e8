"""Names as the literature writes them: cells (`AVAL`), classes (`AVA`), subclasses (`SMDD`). No wiring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from wormctl.config import ConfigError
from wormctl.names import did_you_mean

EXAMPLES = ("AVAL", "AVA", "VB5", "MDL05")
"""A cell, a class, a numbered cell and a muscle, for one who does not know how names are written."""


class UnknownCell(ConfigError, KeyError):  # noqa: N818 (it names what was looked up, as KeyError does)
    """A name that is no cell and no class. The message is one line with the closest names."""

    def __init__(
        self,
        name: str,
        known: Iterable[str],
        what: str = "neuron or neuron class",
        *,
        muscles: Collection[str] = (),
    ) -> None:
        """`name` is not among `known`, the names of every `what`; it may be one of the `muscles`."""
        words = list(known)
        written = ", ".join(example for example in EXAMPLES if example in words)
        allowed = did_you_mean(name, words) or (f"; names are written as in {written}" if written else "")
        wrong = f"is a body-wall muscle, no {what}" if name in muscles else f"is no {what}{allowed}"
        super().__init__(f"{name!r} {wrong}")

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
