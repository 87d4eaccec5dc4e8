"""What code opens, writes, starts or connects to while it may not: when it is imported, and when a device is made."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba

FORBIDDEN = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.system",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
        "subprocess.Popen",
    }
)
"""Audit events that are I/O whatever they are about."""

CHANGING = {
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "sqlite3.connect": 1,
}
"""Audit events that change files, and how many of their first arguments are paths."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_PATHS = (str, bytes, os.PathLike)
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random", ":memory:")

_seen: list[str] | None = None
_kept: tuple[str, ...] = ()
_hooked = False


@contextlib.contextmanager
def seen() -> Iterator[Callable[[], list[str]]]:
    """What happens meanwhile, each once: ask the function it gives. The audit hook stays: it is switched off."""
    global _seen, _kept, _hooked
    if not _hooked:
        _kept = tuple(_caches())  # now, as a hook that opened files of its own would wait for itself
        sys.addaudithook(_audit)
        _hooked = True
    mine: list[str] = []
    before, _seen = _seen, mine
    try:
        yield lambda: list(dict.fromkeys(mine))
    finally:
        _seen = before


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    if event in FORBIDDEN:
        _seen.append(event)
    elif event == "open":
        path, _, flags = args
        writes = isinstance(flags, int) and flags & _WRITING
        if isinstance(path, _PATHS) and (writes or _is_device(path)) and not _is_harmless(path):
            _seen.append(f"{'write' if writes else 'open'} {os.fsdecode(path)}")
    elif event in CHANGING:
        paths = [path for path in args[: CHANGING[event]] if isinstance(path, _PATHS)]
        there = event == "os.mkdir" and all(os.path.isdir(path) for path in paths)
        if paths and not there and not all(_is_harmless(path) for path in paths):
            _seen.append(f"{event} {os.fsdecode(paths[-1])}")


def _is_device(path: str | bytes | os.PathLike[str]) -> bool:
    return os.path.realpath(os.fsdecode(path)).startswith("/dev/")


def _is_harmless(path: str | bytes | os.PathLike[str]) -> bool:
    """Whether nobody misses it: what Python keeps of its sources, and what libraries keep in a cache."""
    text = os.fsdecode(path)
    if text in _HARMLESS or "__pycache__" in text or text.endswith(".pyc"):
        return True
    full = os.path.realpath(text)
    return any(full == root or full.startswith(root + os.sep) for root in _kept)


def _caches() -> Iterator[str]:
    """Folders that hold nothing but what can be made again."""
    yield from (os.path.realpath(root) for root in (numba.config.CACHE_DIR, sys.pycache_prefix) if root)  # type: ignore[attr-defined]
    with contextlib.suppress(RuntimeError):  # there is no home
        yield os.path.realpath(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if hasattr(os, "geteuid"):
        yield os.path.join(os.path.realpath(tempfile.gettempdir()), f"wormctl-kernels-{os.geteuid()}")
