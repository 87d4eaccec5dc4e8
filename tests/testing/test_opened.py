"""What is seen of code that opens, writes, starts or connects to something, and what is harmless."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wormctl.testing.opened import seen


def send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.sendto(b"x", ("127.0.0.1", 9))


def copy() -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("does", "event"),
    [
        (lambda at: (at / "new").write_text(""), "write "),
        (lambda at: os.open(os.fsencode(at / "old"), os.O_RDWR), "write "),
        (lambda at: (at / "folder").mkdir(), "os.mkdir "),
        (lambda at: (at / "old").unlink(), "os.remove "),
        (lambda at: (at / "old").rename(at / "other"), "os.rename "),
        (lambda at: (at / "link").symlink_to(at / "old"), "os.symlink "),
        (lambda at: sqlite3.connect(at / "base").close(), "sqlite3.connect "),
        (lambda at: send(), "socket.sendto"),
        (lambda at: socket.getaddrinfo("localhost", 80), "socket.getaddrinfo"),
        (lambda at: copy(), "os.fork"),
        (lambda at: subprocess.run([sys.executable, "-c", ""]), "subprocess.Popen"),
    ],
)
def test_it_is_seen(tmp_path: Path, does: Callable[[Path], object], event: str) -> None:
    (tmp_path / "old").write_text("")
    with seen() as did:
        does(tmp_path)
    assert [what for what in did() if what.startswith(event)]


def test_what_is_harmless_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    (tmp_path / "old").write_text("")
    # What is kept by now counts from the first look on, so a fresh program looks.
    code = f"""
import os, sqlite3, sys
from pathlib import Path
at = Path({str(tmp_path)!r})
from wormctl.testing.opened import seen
with seen() as did:
    (at / "old").read_text()
    at.mkdir(exist_ok=True)
    open(os.devnull, "w").close()
    sqlite3.connect(":memory:").close()
    (at / "kernels").mkdir(exist_ok=True)
    (at / "kernels" / "index.nbi").write_text("")
    (at / "cache" / "fonts").mkdir(parents=True)
    (at / "cache" / "fonts" / "list").write_text("")
    (at / "cache" / "fonts" / "list").rename(at / "cache" / "fonts" / "other")
    (at / "__pycache__").mkdir()
    (at / "__pycache__" / "eye.cpython-311.pyc.1").write_text("")
sys.exit(", ".join(did()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
