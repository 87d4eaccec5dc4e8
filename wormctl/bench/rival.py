"""The ncps library as a rival, in a process of its own, so that it can live in another environment."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from wormctl.bench.circuits import DT_S, UNFOLDS, Circuit

WORKER = Path(__file__).with_name("ncps_worker.py")
_QUIT_S = 10.0


def has_ncps(python: str) -> bool:
    """Whether the interpreter `python` can import ncps and torch."""
    try:
        found = subprocess.run(
            [python, "-c", "import ncps, torch"], capture_output=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0


class NcpsRival:
    """ncps running one circuit (without its gap junctions, which it has not). A context manager."""

    def __init__(self, python: str, circuit: Circuit, ticks: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="wormctl-bench-")
        path = Path(self._folder.name) / "wiring.npz"
        wiring = circuit.wiring
        np.savez(
            path,
            adjacency=wiring.adjacency(),
            sensory=wiring.sensory_adjacency(),
            motors=wiring.motors,
            unfolds=UNFOLDS,
            elapsed=DT_S,
        )
        self._process = subprocess.Popen(
            [python, str(WORKER), str(path), str(ticks)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions: dict[str, str] = json.loads(self._line())

    def time_us(self, form: str) -> float:
        """Microseconds a tick of `form`: "cell" (the bare cell) or "module" (a sequence of one)."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{form}\n")
        self._process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("ncps stopped; its message is above")
        return line

    def __enter__(self) -> NcpsRival:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=_QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
