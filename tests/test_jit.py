"""The kernel cache: never older than the sources, never where somebody else can write."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wormctl import jit


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache home and a temporary folder of this test's own; the folder of kernels in the former."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "home" / "wormctl" / "kernels"


@pytest.fixture
def fallback(home: Path) -> Path:
    return home.parents[2] / "tmp" / f"wormctl-kernels-{jit.USER}"


def test_a_constant_in_a_file_without_kernels_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "jit_sources"
    package.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(jit, "PACKAGES", ("jit_sources", "not_installed"))
    seen = set()
    for text in ("GOOD = 0", "GOOD = 1"):
        (package / "__init__.py").write_text(text)
        seen.add(jit.sources())
    (package / "more.py").write_text("")
    seen.add(jit.sources())
    assert len(seen) == 3


def test_the_cache_is_the_users_alone(home: Path) -> None:
    folder = jit._cache_folder()
    assert folder is not None
    assert folder.parent == home
    assert home.stat().st_mode & 0o777 == 0o700


def test_the_folders_used_last_are_kept(home: Path) -> None:
    home.mkdir(parents=True, mode=0o700)
    for age, name in enumerate(("newest", "newer", "old", "oldest")):
        (home / name).mkdir()
        os.utime(home / name, (1e9 - age, 1e9 - age))
    folder = jit._cache_folder()
    assert folder is not None
    assert {path.name for path in home.iterdir()} == {folder.name, "newest", "newer"}
    os.utime(folder, (1e9, 1e9))
    assert jit._cache_folder() == folder
    assert folder.stat().st_mtime > 1e9, "a folder that is only read from is in use too"


def spoil(root: Path, how: str) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    if how == "link":
        (root.parent / "elsewhere").mkdir(mode=0o700)
        root.symlink_to(root.parent / "elsewhere")
    elif how == "file":
        root.write_text("")
    else:
        root.mkdir()
        root.chmod({"group": 0o770, "world": 0o707}[how])


@pytest.mark.parametrize("how", ["link", "file", "group", "world"])
def test_a_folder_where_others_can_write_is_not_used(home: Path, fallback: Path, how: str) -> None:
    spoil(home, how)
    folder = jit._cache_folder()
    assert folder is not None
    assert folder.parent == fallback
    assert fallback.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    fallback.rmdir()
    spoil(fallback, how)
    assert jit._cache_folder() is None


def test_a_folder_of_another_user_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(jit, "USER", home.stat().st_uid + 1)
    assert jit._cache_folder() is None


def test_without_a_cache_it_says_so_and_runs(home: Path, fallback: Path) -> None:
    for root in (home, fallback):
        root.parent.mkdir(parents=True, exist_ok=True)
        root.write_text("")
    code = (
        "from wormctl.jit import njit; f = njit(cache=True)(lambda x: x + 1); print(f(1), njit(lambda: 2)())"
    )
    environment = os.environ | {"TMPDIR": str(fallback.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout == "2 2\n"
    assert done.stderr == "wormctl: no cache folder can be had, so every start compiles anew\n"
