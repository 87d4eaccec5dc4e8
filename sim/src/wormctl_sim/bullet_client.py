"""Talking to PyBullet: importing it quietly, opening and closing a simulation. The only `import pybullet`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what C code prints off the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.ExitStack() as stack:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, nowhere)
        for stream in (1, 2):
            kept = os.dup(stream)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, stream)
            os.dup2(nowhere, stream)
        yield


def _load() -> ModuleType:
    with quiet():  # it prints its build time
        import pybullet
    module: ModuleType = pybullet
    return module


p = _load()
"""The module `pybullet`."""


def connect(*, dt_s: float) -> int:
    """Open a simulation and return its number. Nothing is in it; there is no gravity."""
    with quiet():
        client = int(p.connect(p.DIRECT))
    # Overlapping pairs in a fixed order: contact is solved in the same order in every process.
    p.setPhysicsEngineParameter(fixedTimeStep=dt_s, deterministicOverlappingPairs=1, physicsClientId=client)
    with quiet():  # a direct solver: exact for a chain of joints, cheaper than iterating; it prints its name
        p.setPhysicsEngineParameter(
            constraintSolverType=p.CONSTRAINT_SOLVER_LCP_DANTZIG, physicsClientId=client
        )
    return client


def disconnect(client: int) -> None:
    """Close a simulation; one that is gone already is no error."""
    with contextlib.suppress(p.error):
        p.disconnect(physicsClientId=client)
