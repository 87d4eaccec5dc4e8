"""The one place `njit` comes from: compiled kernels are cached for the exact sources they were made of.

Numba's own cache looks only at the file a kernel stands in, so a kernel that calls one from another file, or has a
constant of it compiled in, would go on running the old code after that file changed. Here the cache folder is named
after the contents of every source file, and lies where the user may write (an installed package often may not).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numba

__all__ = ["njit", "say_if_cold", "sources"]

PACKAGES = ("wormctl", "wormctl_sim", "wormctl_train")
"""The packages whose kernels call one another."""
KEPT = 3
"""Cache folders kept: of these sources, and of the others that were used last."""
USER: int | None = os.geteuid() if hasattr(os, "geteuid") else None
"""None on Windows, where the folders used here belong to one user anyway."""


def sources() -> str:
    """A digest of numba's version and of every source file of these packages, wherever they lie."""
    digest = hashlib.sha256(numba.__version__.encode())
    for package in PACKAGES:
        spec = find_spec(package)
        for root in spec.submodule_search_locations or () if spec else ():
            for path in sorted(Path(root).rglob("*.py")):
                digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _roots() -> Iterator[Path]:
    """Where cache folders may lie, the best place first."""
    with suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wormctl" / "kernels"
    with suppress(OSError):  # there is no temporary folder
        yield Path(tempfile.gettempdir()) / f"wormctl-kernels-{USER}"


def _is_private(folder: Path) -> bool:
    """Whether only this user can write there. Numba unpickles what it finds: a stranger's file would be run."""
    status = folder.lstat()
    by_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ours = USER is None or (status.st_uid == USER and not by_others)
    return ours and stat.S_ISDIR(status.st_mode) and os.access(folder, os.W_OK)


def _cache_folder() -> Path | None:
    """The cache folder of these sources, marked as used now; None if no place for it is this user's alone."""
    for root in _roots():
        with suppress(OSError):
            root.parent.mkdir(parents=True, exist_ok=True)
            root.mkdir(mode=0o700, exist_ok=True)
            if _is_private(root):
                folder = root / sources()
                is_new = not folder.exists()
                folder.mkdir(exist_ok=True)
                os.utime(folder)
                if is_new:
                    _prune(folder)
                return folder
    return None


def _prune(newest: Path) -> None:
    """Remove the folders beside `newest` but for those used last. Another process may be doing the same."""
    used: list[tuple[float, Path]] = []
    for path in newest.parent.iterdir():
        with suppress(OSError):
            if path != newest:
                used.append((path.stat().st_mtime, path))
    for _, old in sorted(used, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def _uncached(*args: Any, **options: Any) -> Any:
    return numba.njit(*args, **{name: value for name, value in options.items() if name != "cache"})


def say_if_cold() -> None:
    """Tell whoever waits at a terminal for the first run with these sources what is going on."""
    if _cold and sys.stderr is not None and sys.stderr.isatty():
        print("wormctl: compiling for this machine; only this once, it may take a minute", file=sys.stderr)


_cold = False
njit = numba.njit
if "NUMBA_CACHE_DIR" not in os.environ:
    if (folder := _cache_folder()) is not None:
        _cold = not any(folder.iterdir())
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    else:
        njit = _uncached
        print("wormctl: no cache folder can be had, so every start compiles anew", file=sys.stderr)
