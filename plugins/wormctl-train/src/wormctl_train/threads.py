"""How many threads linear algebra may use. Nothing of training is known here."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any


@functools.cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """While it lasts, linear algebra keeps to one thread.

    Sums then come in the same order whatever the machine has to spare, and no threads fight with other workers.
    """
    limit: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limit
