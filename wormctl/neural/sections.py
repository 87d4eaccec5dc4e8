"""Several arrays in one, with a table of where each starts: a kernel with two arguments starts in 0.3 us.

Passing twenty-four arrays to compiled code costs 1.7 us a call, more than a small network's whole tick.
Kernels slice the sections out by number: a helper for it would be compiled anew for each number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from wormctl.neural.checks import check_fits

Ints = NDArray[np.int32]
Floats = NDArray[np.floating]


def join_ints(parts: Sequence[NDArray[np.integer]]) -> Ints:
    """One array that starts with its own table: `parts[k]` is `joined[joined[k] : joined[k + 1]]`."""
    starts = np.cumsum([len(parts) + 1, *(part.size for part in parts)])
    return np.concatenate([starts, *parts]).astype(np.int32)


def table_of(sizes: Sequence[int]) -> Ints:
    """Where sections of these sizes start, and where the last one ends."""
    return np.cumsum([0, *sizes]).astype(np.int32)


def join_floats(parts: Mapping[str, NDArray[np.floating]], size: int, dtype: DTypeLike) -> Floats:
    """`parts` one after another in `dtype`, then zeros up to `size`.

    Raises `InputError`, by the name of the part, for a value that is not finite in `dtype`.
    """
    joined = np.zeros(size, dtype=dtype)
    values = np.concatenate([part.ravel() for part in parts.values()])
    with np.errstate(over="ignore"):
        joined[: values.size] = values
    if not np.isfinite(joined).all():
        for name, part in parts.items():
            check_fits(name, part, dtype)
    return joined
