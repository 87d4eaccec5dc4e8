"""For every test here: installed is what this repository holds. A stranger's plugin would be loaded by accident."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def strangers(installed: Iterable[str]) -> list[str]:
    """Of these distributions, those that are no part of this repository."""
    files = [ROOT / "sim" / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]
    ours = {tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"] for path in files}
    return sorted(set(installed) - ours)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run with what `uv sync` would take out."""
    found = strangers(entry.dist.name for entry in entry_points(group="wormctl") if entry.dist is not None)
    if found:
        pytest.exit(
            f"plugins from elsewhere are installed, and every test would load them: {', '.join(found)}; "
            "`uv sync` takes them out",
            returncode=4,
        )
