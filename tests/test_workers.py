"""Worker processes: they leave Ctrl-C to their parent, and go when it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wormctl.workers import process_pool

KILLED_S = 10.0


def test_workers_work_and_ignore_an_interrupt() -> None:
    with process_pool(1) as pool:
        first = pool.submit(os.getpid).result()
        os.kill(first, signal.SIGINT)
        assert pool.submit(os.getpid).result() == first
        assert first != os.getpid()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_of_a_killed_process_end(tmp_path: Path) -> None:
    told = tmp_path / "pids"
    program = (
        "import os, pathlib, sys, time\n"
        "from wormctl.workers import process_pool\n"
        "if __name__ == '__main__':\n"
        "    pool = process_pool(2)\n"
        "    busy = [pool.submit(time.sleep, 600.0) for _ in range(2)]\n"
        "    time.sleep(0.5)\n"
        "    pathlib.Path(sys.argv[1]).write_text(' '.join(str(p) for p in pool._processes))\n"
        "    time.sleep(600.0)\n"
    )
    script = tmp_path / "busy.py"
    script.write_text(program)
    process = subprocess.Popen([sys.executable, script, told])
    try:
        _wait(lambda: told.exists() and len(told.read_text().split()) == 2)
        workers = [int(pid) for pid in told.read_text().split()]
        assert all(_runs(pid) for pid in workers)
    finally:
        process.kill()
        process.wait()
    _wait(lambda: not any(_runs(pid) for pid in workers))


def _runs(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _wait(until: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + KILLED_S
    while not until():
        assert time.monotonic() < deadline_s, "too late"
        time.sleep(0.05)
