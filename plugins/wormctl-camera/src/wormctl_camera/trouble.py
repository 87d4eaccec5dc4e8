"""How an error of some library is told within one line."""

from __future__ import annotations


def first_line(error: Exception) -> str:
    """What it says, up to the first line break; its kind, if it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
