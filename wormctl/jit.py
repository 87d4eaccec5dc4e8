"""The one place `njit` comes from: compiled kernels are cached for the exact sources they were made of.

Numba's own cache looks only at the file a kernel stands in, so a kernel that calls one from another file would go
on running the old code after that file changed. Here the cache folder is named after the contents of every file
that holds a kernel, and lies where the user may write (an installed package often may not).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numba
from numba import njit

__all__ = ["njit"]

PACKAGES = ("wormctl", "wormctl_sim", "wormctl_train")
"""The packages whose kernels call one another."""
KEPT = 3
"""Cache folders kept: of this version and of the last ones used."""


def _fingerprint() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for package in PACKAGES:
        spec = find_spec(package)
        for root in spec.submodule_search_locations or () if spec else ():
            for path in sorted(Path(root).rglob("*.py")):
                text = path.read_bytes()
                if b"njit" in text or b"NamedTuple" in text:
                    digest.update(str(path).encode() + text)
    return digest.hexdigest()[:16]


def _cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(base) / "wormctl" / "kernels"
    try:
        root.mkdir(parents=True, exist_ok=True)
        if os.access(root, os.W_OK):
            return root
    except OSError:
        pass
    return Path(tempfile.gettempdir()) / f"wormctl-kernels-{os.getuid()}"


def _use_cache() -> None:
    root = _cache_root()
    folder = root / _fingerprint()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted(
            (p for p in root.iterdir() if p != folder), key=lambda p: p.stat().st_mtime, reverse=True
        )
        for old in others[KEPT - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


if "NUMBA_CACHE_DIR" not in os.environ:
    _use_cache()
