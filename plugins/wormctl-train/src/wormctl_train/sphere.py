"""A problem with a known answer, to try strategies, workers and clusters with. Nothing of the worm is known here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sphere:
    """Scores a genome by how near it is to 1 everywhere: 0 is best. A `wormctl_train.evolve.Evaluate`."""

    cost_s: float = 0.0
    """Processor time that a candidate takes, s."""

    def __call__(self, genomes: Sequence[NDArray[np.float64]], generation: int) -> list[float]:
        """Scores; a little different in every generation, as drawn trials are."""
        return [self._one(genome, generation) for genome in genomes]

    def _one(self, genome: NDArray[np.float64], generation: int) -> float:
        end_s = time.thread_time() + self.cost_s
        while time.thread_time() < end_s:
            pass
        return -float(np.square(genome - 1.0).sum()) - 0.01 * (generation % 3)
