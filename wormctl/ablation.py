"""How a person says what to take out of the worm, or to move in it. The worm itself is not known here.

AVAL, AVA     cells, or all cells of a class
premotor      a group of classes; see `GROUPS`
AVA>VA        the chemical synapses from one cell or class to another
AVA~VA        the gap junctions between them
gaps          every gap junction
senses        every receptor: smell, taste and touch
stretch       every stretch receptor
weights:3     the conductances of chemical synapses dealt out anew among them, those of gap junctions among themselves;
              3 is the seed, signs stay
AWA=>AWB      a moved receptor: what the robot binds to AWA's receptors goes to AWB's instead
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from wormctl.binding import Bind
from wormctl.config import ConfigError
from wormctl.connectome import Connectome, load_connectome

CHEMOSENSORY = ("ADF", "ADL", "ASE", "ASG", "ASH", "ASI", "ASJ", "ASK", "AWA", "AWB", "AWC", "PHA", "PHB")
"""The chemosensory classes of amphids and phasmids (Bargmann 2006, Chemosensation in C. elegans)."""
PREMOTOR = ("AVA", "AVB", "AVD", "AVE", "PVC")
"""The interneurons that choose forward or backward movement (Chalfie et al. 1985, J Neurosci 5:956)."""

GROUPS = {"chemosensory": CHEMOSENSORY, "premotor": PREMOTOR}
"""Names for several classes at once."""
GAPS, SENSES, STRETCH = "gaps", "senses", "stretch"
WEIGHTS, SEED = "weights", ":"
MOST_SEED = 2**32 - 1
SYNAPSE, JUNCTION, MOVE = ">", "~", "=>"

HELP = (
    f"cut parts out of the circuit, separated by commas: cells, classes, {' or '.join(GROUPS)} (AWC,ASEL); "
    "'AVA>VA' for synapses, 'AVA~VA' for gap junctions, gaps for all of them; senses or stretch for all receptors of "
    "that kind; weights:3 to deal out the conductances anew, with seed 3; 'AWA=>AWB' for what is bound to AWA to reach "
    "AWB instead (in quotes)"
)


class Term(NamedTuple):
    """One thing to do: to cells (`link` is empty, and so is `other`), or to what lies between two kinds of them.

    Of `weights:3` the parts are `WEIGHTS`, `SEED` and `3`.
    """

    text: str
    """As it was written, for messages."""
    one: str
    link: str = ""
    other: str = ""


def parse_ablation(text: str | None) -> list[str]:
    """The terms in `text`, separated by commas, groups resolved. Raises `ConfigError`."""
    terms = resolve((text or "").split(","))
    if text is not None and not terms:
        raise ConfigError(f"--ablate = {text!r}: name a cell, a class or one of {', '.join(GROUPS)}")
    return terms


def resolve(terms: Iterable[str]) -> list[str]:
    """The same terms, each once, groups replaced by their classes, empty ones left out."""
    found: dict[str, None] = {}
    for term in map(str.strip, terms):
        found.update(dict.fromkeys(GROUPS.get(term, (term,) if term else ())))
    return list(found)


def read_term(text: str) -> Term:
    """The parts of one term. Raises `ConfigError` where a side is missing, or the seed of weights."""
    word, _, seed = map(str.strip, text.partition(SEED))
    if word == WEIGHTS:
        if not (seed.isascii() and seed.isdecimal() and int(seed) <= MOST_SEED):
            raise ConfigError(
                f"{text!r}: must be {WEIGHTS}{SEED} and a seed, a whole number from 0 to {MOST_SEED}"
            )
        return Term(text, word, SEED, seed)
    for link in (MOVE, SYNAPSE, JUNCTION):
        if link in text:
            one, _, other = map(str.strip, text.partition(link))
            if not one or not other or any(sign in other for sign in (SYNAPSE, JUNCTION)):
                raise ConfigError(f"{text!r}: must name a cell or a class on each side of one {link!r}")
            return Term(text, one, link, other)
    return Term(text, text)


def split_moves(terms: Sequence[str]) -> tuple[list[Term], list[str]]:
    """The moved receptors among `terms`, and the rest. Raises `ConfigError`."""
    read = [read_term(term) for term in terms]
    return [term for term in read if term.link == MOVE], [term.text for term in read if term.link != MOVE]


def move_receptors(binds: Sequence[Bind], moves: Sequence[Term], where: str) -> tuple[Bind, ...]:
    """`binds` with what reached the one cells of each move reaching the others, left to left and right to right.

    Raises `ConfigError`, naming the file `where` they stand, for classes of different sizes, and where nothing would
    be moved.
    """
    connectome = load_connectome()
    for move in moves:
        targets = _pairs(connectome, move)
        moved = tuple(
            msgspec.structs.replace(bind, to=list(dict.fromkeys(targets.get(name, name) for name in bind.to)))
            for bind in binds
        )
        if moved == tuple(binds):
            raise ConfigError(f"{move.text!r}: {where} binds nothing to {' or '.join(targets)}")
        binds = moved
    return tuple(binds)


def _pairs(connectome: Connectome, move: Term) -> dict[str, str]:
    """Where each input goes."""
    ones, others = (
        [connectome.names[i] for i in connectome.select([name])] for name in (move.one, move.other)
    )
    if len(ones) != len(others):
        raise ConfigError(
            f"{move.text!r}: {move.one} is {len(ones)} and {move.other} is {len(others)} cells: must be as many"
        )
    return dict(zip(ones, others, strict=True))
