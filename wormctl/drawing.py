"""Letting every plugin draw what has ended, a run or many lives. What is drawn is the plugins' affair."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Literal, NoReturn

import msgspec
from rich.progress import BarColumn, Progress, TextColumn

from wormctl.console import make_console
from wormctl.device import said
from wormctl.hookspecs import Artist
from wormctl.plugins import Plugins
from wormctl.printable import one_line
from wormctl.signals import stop_on_signals


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the pictures."""

    files: list[Path]
    interrupted: bool
    """Whether somebody stopped it before all was drawn."""


def draw_run(folder: Path, plugins: Plugins, *, quick: bool, simulated: bool) -> Drawn:
    """Let every artist of such runs (every `quick` one) draw the run in `folder`; see `draw_folder`."""
    return draw_folder(folder, plugins, kind="run", quick=quick, simulated=simulated)


def draw_folder(
    folder: Path,
    plugins: Plugins,
    *,
    kind: Literal["run", "assays", "ablations", "controls"],
    quick: bool = False,
    simulated: bool = True,
) -> Drawn:
    """Let every artist of that kind draw `folder`: only `quick` ones if asked, and only those that need no simulation.

    One that fails costs a line, not the rest. Ctrl-C and polite kills end it in order: what was drawn before is kept.
    """
    offered = (entry.thing for entry in plugins.artists.values())
    artists = [
        artist
        for artist in offered
        if artist.kind == kind and (artist.quick or not quick) and (simulated or not artist.simulated)
    ]
    files: list[Path] = []
    console = make_console(stderr=True)
    columns = (TextColumn("drawing {task.description}"), BarColumn())
    bars = Progress(*columns, console=console, transient=True) if console.is_terminal else None
    for k, artist in enumerate(artists):
        try:
            with bars or nullcontext(), stop_on_signals(_interrupt):
                files += _draw(artist, folder, bars)
        except KeyboardInterrupt:
            names = " and ".join(late.name for late in artists[k:])
            print(f"wormctl: interrupted: {names} not drawn", file=sys.stderr)
            return Drawn(files=files, interrupted=True)
    return Drawn(files=files, interrupted=False)


def _draw(artist: Artist, folder: Path, bars: Progress | None) -> list[Path]:
    show: Callable[[float], None] = _silent
    if bars is not None:
        task = bars.add_task(artist.name, total=1.0)

        def show(share: float) -> None:
            bars.update(task, completed=share)

    try:
        return list(artist.draw(folder, show))
    except Exception as error:
        print(f"wormctl: {artist.name} is not drawn: {one_line(said(error))}", file=sys.stderr)
        return []


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _silent(share: float) -> None:
    """Nobody watches."""
