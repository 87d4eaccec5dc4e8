"""The terminal as every command sees it: how wide it is, and what a closed pipe does."""

from __future__ import annotations

import sys

from rich.console import Console

PIPE_WIDTH = 160
"""Columns where nobody knows any better: wide enough that few lines are broken."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raises again, for `wormctl.cli` to handle: rich would end the program, with status 1."""
        raise BrokenPipeError


def make_console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr, as wide as the terminal, or `PIPE_WIDTH` where there is none."""
    stream = sys.stderr if stderr else sys.stdout
    return _Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)
