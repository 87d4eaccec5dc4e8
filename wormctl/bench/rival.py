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


def why_no_ncps(python: str) -> str:
    """Why the interpreter `python` cannot import ncps and torch, in one line; empty if it can."""
    try:
        found = subprocess.run(
            [python, "-c", "import ncps, torch"], capture_output=True, text=True, timeout=120, check=False
        )
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired as error:
        return f"gives no answer in {error.timeout:g} s"
    if found.returncode == 0:
        return ""
    return (found.stderr.strip().splitlines() or [f"exits with {found.returncode}"])[-1]


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
