"""What the terms of `wormctl.ablation` mean for a worm's model: which cells and contacts go or change. No dynamics."""

from __future__ import annotations

from collections.abc import Sequence

from wormctl.ablation import GAPS, JUNCTION, SEED, SENSES, STRETCH, SYNAPSE, Term, read_term
from wormctl.config import ConfigError
from wormctl.connectome import Connectome
from wormctl.connectome.names import UnknownCell
from wormctl.worm.model import WormModel


def cut(model: WormModel, connectome: Connectome, terms: Sequence[str]) -> WormModel:
    """`model`, whose neurons are those of `connectome`, without what `terms` name. Weights are dealt out before cuts.

    Raises `ConfigError` for a name that is neither cell nor class (an `UnknownCell`, with the closest ones), and for
    two classes without such a contact between them.
    """
    cells: list[str] = []
    read = list(map(read_term, terms))
    for term in read:
        if term.link == SEED:
            model = model.reweighted(int(term.other))
    for term in read:
        if term.link == SEED:
            continue
        if term.link:
            one, other = (_cells(connectome, name, term) for name in (term.one, term.other))
            if term.link == SYNAPSE:
                _refuse_nothing(term, "chemical synapse from", "to", model.synapses(one, other).sum())
                model = model.without_synapses(one, other)
            else:
                _refuse_nothing(term, "gap junction between", "and", model.gap_junctions(one, other).sum())
                model = model.without_gap_junctions(one, other)
        elif term.one == GAPS:
            model = model.without_gap_junctions()
        elif term.one == SENSES:
            model = model.without_senses()
        elif term.one == STRETCH:
            model = model.without_stretch()
        else:
            cells.append(term.one)
    return model.without(connectome.select(cells)) if cells else model


def _cells(connectome: Connectome, name: str, term: Term) -> tuple[int, ...]:
    try:
        return connectome.select([name])
    except UnknownCell as error:
        raise ConfigError(f"{term.text!r}: {error}") from None


def _refuse_nothing(term: Term, what: str, between: str, found: int) -> None:
    if not found:
        only = (
            "" if term.link == JUNCTION else f" (gap junctions are written {term.one}{JUNCTION}{term.other})"
        )
        raise ConfigError(f"{term.text!r}: there is no {what} {term.one} {between} {term.other}{only}")
