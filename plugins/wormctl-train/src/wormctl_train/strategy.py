"""The strategies of evolution: from scores to the next genomes. What is scored, where, and what is kept: not here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl_train.threads import one_thread

FloatArray = NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]
"""The lowest and the highest genome, each (d,)."""

SEPARABLE_FROM = 40
"""Genes beyond which CMA-ES begins with a diagonal covariance: learning all of them takes too many candidates."""
BETA_2, EPSILON = 0.999, 1e-8
"""Adam's memory of squared gradients, and what keeps it from dividing by 0, as published."""


class Strategy(Protocol):
    """A search for genomes (d,) with high scores.

    The same start, settings, seed and scores give the same search bit for bit, in any process of this machine: it
    is resumed by telling it its scores again.
    """

    @property
    def mean(self) -> FloatArray:
        """(d,) The middle of the search. It is what should be used: the best candidate is the luckiest one."""

    @property
    def spread(self) -> float:
        """How far candidates lie from the mean, in genome units (one standard deviation of a gene)."""

    def ask(self) -> list[FloatArray]:
        """The candidates of the next generation, each (d,), within the bounds."""

    def tell(self, scores: Sequence[float]) -> None:
        """What those candidates scored, in their order: finite, higher is better."""


class Es(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of `EvolutionStrategy`, in a recipe the table `[stage.es]`."""

    optimizer: Literal["adam", "momentum"] = "adam"
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = 0.03
    """Adam: about the most that a gene moves in a generation, in genome units."""
    momentum: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.9
    """How much of the last direction is kept (Adam's beta 1)."""
    weight_decay: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.005
    """Pull towards the genome of zeros, as a part of the gradient."""


def make_strategy(
    name: Literal["cma", "es"],
    start: FloatArray,
    *,
    population: int,
    sigma: float,
    seed: int,
    bounds: Bounds | None = None,
    es: Es | None = None,
) -> Strategy:
    """The strategy of that name.

    `start` (d,) is the first mean, `sigma` the first step in genome units; no candidate ever leaves `bounds`.
    """
    if name == "cma":
        return Cma(start, population=population, sigma=sigma, seed=seed, bounds=bounds)
    return EvolutionStrategy(
        start, population=population, sigma=sigma, seed=seed, bounds=bounds, settings=es or Es()
    )


class Cma:
    """CMA-ES (Hansen 2016, arXiv:1604.00772): learns the shape of the landscape; for up to some hundred genes."""

    def __init__(
        self, start: FloatArray, *, population: int, sigma: float, seed: int, bounds: Bounds | None = None
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cma wants matplotlib for plots that nobody asked for
            import cma

        self._asked: list[FloatArray] = []
        with one_thread():
            self._search = cma.CMAEvolutionStrategy(
                start,
                sigma,
                {
                    "popsize": population,
                    # A generator of its own: the one of all NumPy would be anybody's to move.
                    "randn": np.random.RandomState(seed).randn,
                    "seed": np.nan,
                    "verbose": -9,
                    "CMA_diagonal": len(start) > SEPARABLE_FROM,
                    "maxiter": np.inf,
                    "bounds": [None, None] if bounds is None else [bounds[0].tolist(), bounds[1].tolist()],
                },
            )

    @property
    def mean(self) -> FloatArray:
        """See `Strategy`."""
        return np.array(self._search.result.xfavorite, dtype=np.float64)

    @property
    def spread(self) -> float:
        """See `Strategy`."""
        return float(self._search.sigma)

    def ask(self) -> list[FloatArray]:
        """See `Strategy`."""
        with one_thread():
            self._asked = self._search.ask()
        return self._asked

    def tell(self, scores: Sequence[float]) -> None:
        """See `Strategy`."""
        with one_thread():
            self._search.tell(self._asked, [-score for score in scores])


class EvolutionStrategy:
    """The large-scale evolution strategy of Salimans et al. 2017 (arXiv:1703.03864), for many genes and workers.

    Candidates are the mean plus `sigma` times Gaussian noise e, in pairs of opposite noise. With shaped scores u
    the gradient is estimated as sum(u e) / (population sigma), less the weight decay times the mean, and an optimiser
    moves the mean along it. `sigma` stays what it is. Memory and time grow with population times genes.
    """

    def __init__(
        self,
        start: FloatArray,
        *,
        population: int,
        sigma: float,
        seed: int,
        bounds: Bounds | None = None,
        settings: Es,
    ) -> None:
        if population % 2:
            raise ValueError(f"population = {population}: must be even, candidates come in pairs")
        self._bounds = bounds or (np.full(len(start), -np.inf), np.full(len(start), np.inf))
        self._mean = np.clip(start, *self._bounds)
        self._population, self._sigma, self._settings = population, sigma, settings
        self._random = np.random.default_rng(seed)
        self._noise = np.empty((0, len(start)))
        self._first, self._second = np.zeros(len(start)), np.zeros(len(start))
        self._steps = 0

    @property
    def mean(self) -> FloatArray:
        """See `Strategy`."""
        return self._mean.copy()

    @property
    def spread(self) -> float:
        """See `Strategy`."""
        return self._sigma

    def ask(self) -> list[FloatArray]:
        """See `Strategy`. The second half has the opposite noise of the first half."""
        half = self._random.standard_normal((self._population // 2, self._mean.size))
        self._noise = np.concatenate([half, -half])
        return list(np.clip(self._mean + self._sigma * self._noise, *self._bounds))

    def tell(self, scores: Sequence[float]) -> None:
        """See `Strategy`."""
        # A sum, not a product of matrices: those add in an order that hangs on the number of threads.
        ascent = (centred_ranks(scores)[:, None] * self._noise).sum(axis=0)
        gradient = ascent / (self._population * self._sigma) - self._settings.weight_decay * self._mean
        self._mean = np.clip(
            self._mean + self._settings.learning_rate * self._direction(gradient), *self._bounds
        )

    def _direction(self, gradient: FloatArray) -> FloatArray:
        keep = self._settings.momentum
        self._steps += 1
        self._first = keep * self._first + (1.0 - keep) * gradient
        if self._settings.optimizer == "momentum":
            return self._first
        # Adam (Kingma and Ba 2015, arXiv:1412.6980), with its correction for starting from 0.
        self._second = BETA_2 * self._second + (1.0 - BETA_2) * gradient**2
        first = self._first / (1.0 - keep**self._steps)
        second = self._second / (1.0 - BETA_2**self._steps)
        return np.asarray(first / (np.sqrt(second) + EPSILON), dtype=np.float64)


def centred_ranks(scores: Sequence[float]) -> FloatArray:
    """(n,) The rank of each score, from -0.5 for the worst to 0.5 for the best; equal scores share their mean rank.

    Nothing but the order counts, so that no lucky outlier drags the mean along. Sharing keeps a generation in which
    many failed alike from being told apart by the order in which they were asked for.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size < 2:
        return np.zeros(values.size)
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - 0.5 * (count + 1)
    return np.asarray(middle[group] / (values.size - 1) - 0.5, dtype=np.float64)
