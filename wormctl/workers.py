"""Processes that work for this one, and never outlive it. What they do is not known here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor

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


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the process that asked for this one: the fork server between them lives as long as any worker."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
