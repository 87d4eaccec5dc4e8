"""What to say about a name that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three of `known` that `name` may have been meant as, the likeliest first; case does not matter."""
    typed = name.casefold()
    spelt: dict[str, list[str]] = {}
    for word in known:
        spelt.setdefault(word.casefold(), []).append(word)
    swapped = [folded for folded in spelt if typed and sorted(folded) == sorted(typed)]
    similar = difflib.get_close_matches(typed, spelt, n=3, cutoff=0.6)
    found = [word for folded in dict.fromkeys([*swapped, *similar]) for word in spelt[folded]]
    return tuple(found[:3])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that suggests the closest of `known`; empty where none is close."""
    close = closest(name, known)
    return f", did you mean {' or '.join(map(repr, close))}?" if close else ""


def instead(name: str, known: Iterable[str], label: str) -> str:
    """The end of a sentence that suggests the closest of `known`, then lists them all behind `label`."""
    names = list(known)
    return f"{did_you_mean(name, names) or ';'} {label}: {', '.join(names) or 'none'}"


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says what there is, with the closest first; it ends without a full stop."""
    names = sorted(known)
    return f"no such {kind}{instead(name, names, 'there is' if len(names) == 1 else 'there are')}"
