"""What to say about a name that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says what there is, with the closest match first; it ends without a full stop."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f", did you mean {close[0]!r}?" if close else ";"
    return f"no such {kind}{hint} there {'is' if len(names) == 1 else 'are'}: {', '.join(names) or 'none'}"
