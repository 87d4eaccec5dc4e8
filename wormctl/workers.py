"""Processes that work for this one, and never outlive it. What they do is not known here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from wormctl.device import DeviceError

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")

_LOOK_S = 0.2

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def process_pool(workers: int) -> ProcessPoolExecutor:
    """`workers` fresh processes, each meant to keep one core busy.

    They ignore Ctrl-C, which reaches every process of a terminal and is this one's to handle; they end when this
    process does, even where it is killed.
    """
    for name in _ONE_THREAD:  # a linear algebra library with threads of its own would fight the other workers
        os.environ.setdefault(name, "1")
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start)


def work_off(
    do: Callable[[JobT], ResultT],
    jobs: Sequence[JobT],
    workers: int,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[ResultT]:
    """What `do` makes of every job, as they are finished, in any order, on so many processes; on one, in this one.

    `do`, jobs and results must pickle. Once `stop` says so, no further job is begun. Raises `DeviceError` if a worker
    process dies.
    """
    if workers <= 1:
        for job in jobs:
            if stop():
                return
            yield do(job)
        return
    with process_pool(min(workers, len(jobs))) as pool:
        pending: set[Future[ResultT]] = {pool.submit(do, job) for job in jobs}
        try:
            while pending:
                done, pending = wait(pending, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                if stop():
                    pending = {future for future in pending if not future.cancel()}
        except BrokenProcessPool:
            raise DeviceError("a worker process died (out of memory?): try fewer --workers") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the process that asked for this one: the fork server between them lives as long as any worker."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
