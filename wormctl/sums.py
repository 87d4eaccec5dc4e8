"""What a person should know about inputs that several channels reach: they add up, and one can take all away."""

from __future__ import annotations

from collections.abc import Sequence

from wormctl.binding import Binding, Shared


def notes_on_sums(binding: Binding) -> list[str]:
    """A line for every group of inputs that the same several channels reach."""
    return [_note(shared) for shared in binding.shared()]


def _note(shared: Shared) -> str:
    inputs, needed, optional = shared
    verb = "get" if len(inputs) > 1 else "gets"
    line = f"{', '.join(inputs)} {verb} the sum of {_and([*needed, *optional])}"
    if not needed:
        return f"{line}, without those that fail (all are optional)"
    if optional:
        pronoun = "they fail" if len(optional) > 1 else "it fails"
        line += f", without {_and(optional)} (optional) while {pronoun}"
        which = needed[0] if len(needed) == 1 else f"one of {_and(needed)}"
        return f"{line}, and nothing while {which} fails"
    return f"{line}, and nothing while one of them fails"


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
