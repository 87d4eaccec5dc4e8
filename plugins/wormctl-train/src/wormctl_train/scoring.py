"""Scoring a batch of genomes in whatever process it lands: what is sent there is small and picklable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wormctl_train.genome import CRAWL_GENES, GENES
from wormctl_train.recipe import Stage
from wormctl_train.score import Crawl, Food, Forage, Steer, Wave
from wormctl_train.trial import Bench

SCORES = {"wave": Wave, "crawl": Crawl, "steer": Steer, "food": Food, "forage": Forage}


@cache
def _bench() -> Bench:
    """One for each process: the connectome, the packed layout and the compiled kernels are made once."""
    return Bench()


def free_genes(stage: Stage) -> NDArray[np.intp]:
    """Indices of the genes that may move in `stage`."""
    return np.arange(len(CRAWL_GENES) if stage.genes == "crawl" else len(GENES))


def bounds(stage: Stage) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest coordinates of the genes that may move in `stage`."""
    low, high = np.array([gene.reach for gene in GENES])[free_genes(stage)].T
    return low, high


@dataclass(frozen=True)
class Scorer:
    """Scores the free genes of a stage on top of a fixed base genome."""

    stage: Stage
    base: tuple[float, ...]

    def whole(self, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """The whole genome with its free genes at `free`."""
        genome = np.array(self.base)
        genome[free_genes(self.stage)] = free
        return genome

    def __call__(self, genomes: Sequence[NDArray[np.float64]], generation: int) -> list[float]:
        """Scores, higher is better; deterministic for a genome and a generation."""
        score = SCORES[self.stage.score]()
        return [score(_bench(), self.whole(genome), generation) for genome in genomes]
