"""Who scores candidates: this process, local ones, or a Dask cluster. What is scored is not known here."""

from __future__ import annotations

import argparse
import functools
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.jit import sources
from wormctl.options import MOST_WORKERS
from wormctl.workers import process_pool
from wormctl_train.odometer import ODOMETER
from wormctl_train.threads import one_thread

Genomes = Sequence[NDArray[np.float64]]
Evaluate = Callable[[Genomes, int], list[float]]
"""Scores, finite, of a batch of genomes in a generation; deterministic, and picklable for other processes."""


class Timed(NamedTuple):
    """Scores of a batch, and what they took."""

    scores: list[float]
    busy_s: float
    """Processor time, s."""
    held_s: float
    """Time, s."""
    rollouts: int
    simulated_s: float
    """See `wormctl_train.odometer`."""


RETRIES = 3
"""How often in a generation lost workers are replaced before training gives up."""
BATCH_S = 0.02
"""Candidates that are quicker than this are sent together until they take about as long: sending costs up to 1 ms."""
BATCHES_PER_WORKER = 8
"""At least so many in a generation, so that no worker waits long for the last of the others."""
LOOK_S = 2.0
CONNECT_S = 10.0
ALONE_S = 60.0
"""How long a cluster may be without any worker."""

_DASK = re.compile(r"dask:(?P<address>[a-z]+://[^\s/:]+:\d{1,5}|[a-z]+://\[[0-9a-f:]+\]:\d{1,5})")


_alone = threading.Lock()


class Lost(Exception):  # noqa: N818 (nothing went wrong yet: it is tried again)
    """The executor is gone and took unfinished candidates with it. `what` and `advice` are those of `Hired`."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what, self.advice = what, advice


@dataclass(frozen=True)
class Workers:
    """What `--workers` says."""

    count: int = 1
    """Processes of this machine; 1 is this process. For a cluster, those of this machine beside it."""
    dask: str = ""
    """The address of a Dask scheduler, or none."""

    def hire(self) -> Crew:
        """Whoever that is; nobody starts before there is something to score."""
        if self.dask:
            return Crew(functools.partial(_dask_cluster, self.dask))
        return Crew(None if self.count == 1 else functools.partial(_local_processes, self.count))


def workers(text: str) -> Workers:
    """`serial`, `N`, `local:N` or `dask:tcp://HOST:PORT`, as an option's type."""
    count = "1" if text == "serial" else text.removeprefix("local:")
    if count.isascii() and count.isdecimal() and 1 <= int(count) <= MOST_WORKERS:
        return Workers(int(count))
    if found := _DASK.fullmatch(text):
        return Workers(os.cpu_count() or 1, found["address"])
    raise argparse.ArgumentTypeError(
        f"{text}: must be serial, a number of processes from 1 to {MOST_WORKERS} (or local:N), "
        "or dask:tcp://HOST:PORT"
    )


@dataclass(frozen=True)
class Hired:
    """An executor at work."""

    executor: Executor
    lanes: Callable[[], int]
    """How many candidates it scores at once; 0 when nobody is there just now. May raise `Lost`."""
    lost: str
    """What to say when it is gone: "a worker process died"."""
    advice: str
    """What to do about it then."""
    hopeless: tuple[type[BaseException], ...] = ()
    """What it raises for candidates that took worker after worker with them."""


Hire = Callable[[], AbstractContextManager[Hired]]
"""Starts an executor. Raises `DeviceError` or `ConfigError`, one line, if there is none to be had."""


class Crew:
    """Scores generations on an executor, and starts another one when that breaks. A context manager.

    Scores are the same whoever gives them: batches hold whole candidates and come back in order.
    """

    def __init__(self, hire: Hire | None = None) -> None:
        """`hire` gives the executor; without it everything is scored in this process."""
        self._hire = hire
        self._stack = ExitStack()
        self._hired: Hired | None = None
        self._digest = sources() if hire else ""
        self._candidate_s = 0.0
        self.lanes = 1
        """How many candidates are scored at once, as it was last known."""
        self.busy_s = 0.0
        """Processor time, s, that candidates have taken so far, over all workers."""
        self.held_s = 0.0
        """Time, s, that workers have spent on candidates so far, also where another program had their core."""
        self.rollouts = 0
        self.simulated_s = 0.0
        """See `wormctl_train.odometer`; over all workers."""

    @classmethod
    def of(cls, executor: Executor, lanes: int) -> Crew:
        """Any executor that somebody else starts and ends; when it breaks, training ends."""

        @contextmanager
        def lend() -> Iterator[Hired]:
            yield Hired(executor, lambda: lanes, "the executor broke", "start it again")

        return cls(lend)

    def score(self, evaluate: Evaluate, genomes: Genomes, generation: int) -> list[float]:
        """The score of each genome (d,).

        Raises `DeviceError`, one line, if workers are lost again and again, and whatever `evaluate` raises.
        """
        if self._hire is None:
            with one_thread():
                return self._counted(_timed(evaluate, genomes, generation))
        scored: dict[int, list[float]] = {}
        size, losses = 0, 0
        while not size or len(scored) * size < len(genomes):
            try:
                hired = self._at_work()
                # The parts stay the same over losses: those that are done are not done again.
                size = size or self._batch(len(genomes))
                parts = {i: genomes[i : i + size] for i in range(0, len(genomes), size) if i not in scored}
                self._score(hired, evaluate, parts, generation, scored)
            except Lost as lost:
                self.close()
                losses += 1
                if losses > RETRIES:
                    raise DeviceError(f"{lost.what} {losses} times in a generation: {lost.advice}") from None
        return [score for start in sorted(scored) for score in scored[start]]

    def _at_work(self) -> Hired:
        if self._hired is None:
            assert self._hire is not None
            self._hired = self._stack.enter_context(self._hire())
        self.lanes = self._hired.lanes() or self.lanes
        return self._hired

    def _batch(self, population: int) -> int:
        most = population // (BATCHES_PER_WORKER * self.lanes)
        wanted = BATCH_S / self._candidate_s if self._candidate_s else 1.0
        return max(1, min(most, int(wanted)))

    def _score(
        self,
        hired: Hired,
        evaluate: Evaluate,
        parts: dict[int, Genomes],
        generation: int,
        scored: dict[int, list[float]],
    ) -> None:
        """Fill `scored` from the batches `parts`, by the index of their first genome. Raises `Lost`."""
        futures: dict[int, Future[Timed]] = {}
        before_s = self.held_s
        try:
            for start, part in parts.items():
                futures[start] = hired.executor.submit(_elsewhere, self._digest, evaluate, part, generation)
            for start, future in futures.items():
                scored[start] = self._counted(_result(future, hired))
        except (BrokenExecutor, CancelledError, Lost):
            for start, future in futures.items():
                if start not in scored and _succeeded(future):
                    scored[start] = self._counted(future.result())
            raise Lost(hired.lost, hired.advice) from None
        except hired.hopeless:
            raise DeviceError(
                f"{hired.lost} again and again over the same candidates: {hired.advice}"
            ) from None
        self._candidate_s = (self.held_s - before_s) / sum(map(len, parts.values()))

    def _counted(self, timed: Timed) -> list[float]:
        self.busy_s += timed.busy_s
        self.held_s += timed.held_s
        self.rollouts += timed.rollouts
        self.simulated_s += timed.simulated_s
        return timed.scores

    def close(self) -> None:
        """Let go whoever is there; unfinished candidates are given up."""
        self._hired = None
        self._stack.close()

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _succeeded(future: Future[Timed]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _result(future: Future[Timed], hired: Hired) -> Timed:
    """The result, looking now and then whether anybody is still there to give it."""
    alone_since_s: float | None = None
    while True:
        try:
            return future.result(timeout=LOOK_S)
        except TimeoutError:
            if future.done():  # it is what the candidate raised
                raise
        if hired.lanes():
            alone_since_s = None
        elif alone_since_s is None:
            alone_since_s = time.monotonic()
        elif time.monotonic() - alone_since_s > ALONE_S:
            raise DeviceError(f"no worker has been there for {ALONE_S:g} s: {hired.advice}")


def _timed(evaluate: Evaluate, genomes: Genomes, generation: int) -> Timed:
    start_s, busy_s = time.perf_counter(), time.thread_time()
    rollouts, simulated_s = ODOMETER.rollouts, ODOMETER.simulated_s
    scores = evaluate(genomes, generation)
    return Timed(
        scores,
        busy_s=time.thread_time() - busy_s,
        held_s=time.perf_counter() - start_s,
        rollouts=ODOMETER.rollouts - rollouts,
        simulated_s=ODOMETER.simulated_s - simulated_s,
    )


def _elsewhere(digest: str, evaluate: Evaluate, genomes: Genomes, generation: int) -> Timed:
    """`_timed` in a worker of whom nothing is known but that it can import this.

    One batch at a time, however many threads a Dask worker has: an `Evaluate` may keep things for its process.
    """
    with _alone:
        _settle(digest)
        return _timed(evaluate, genomes, generation)


@functools.cache
def _settle(digest: str) -> None:
    """Once a process. Raises `ConfigError` if its sources are others: its scores would be, too."""
    if sources() != digest:
        raise ConfigError(
            "a worker has another version of wormctl than this process: install the same on all, and restart them"
        )
    one_thread().__enter__()  # for good: nothing else goes on in a worker


@contextmanager
def _local_processes(count: int) -> Iterator[Hired]:
    pool = process_pool(count)
    try:
        yield Hired(pool, lambda: count, "a worker process died", "out of memory? try fewer --workers")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask_cluster(address: str) -> Iterator[Hired]:
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ConfigError(
            f"--workers dask:{address}: Dask is not installed: install wormctl-train[dask]"
        ) from None
    # What goes wrong is told here, in one line; Dask would print its own traceback beside it.
    logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    try:
        client: Any = Client(address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError):
        raise DeviceError(
            f"dask:{address}: no scheduler answers there within {CONNECT_S:g} s: start one, or choose other --workers"
        ) from None
    lost, advice = "a part of the Dask cluster went away", f"look after its processes, at dask:{address}"

    def lanes() -> int:
        try:
            return sum(client.nthreads().values())
        except Exception:  # whatever it is: there is no one to talk to
            raise Lost(lost, advice) from None

    try:
        yield Hired(client.get_executor(pure=False), lanes, lost, advice, (KilledWorker,))
    finally:
        client.close(timeout=CONNECT_S)
