"""What came from outside, refused by name: the entry, its value and what is allowed. Nothing is computed here."""

from __future__ import annotations

import numbers
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Numbers = NDArray[np.floating] | NDArray[np.integer]


class InputError(ValueError):
    """What was given to a network cannot be used. One line: what it is, and what is allowed."""


def check_number(name: str, value: object, low: float, high: float, unit: str = "") -> float:
    """`value` as a float, if it is a real number in `low`..`high`."""
    if not (isinstance(value, numbers.Real) and low <= float(value) <= high):
        raise InputError(f"{name} = {value!r}, must be {low:g}..{high:g}{unit and f' {unit}'}")
    return float(value)


def check_whole(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int, if it is a whole number in `low`..`high`."""
    if not (isinstance(value, numbers.Integral) and low <= int(value) <= high):
        raise InputError(f"{name} = {value!r}, must be {low}..{high}, a whole number")
    return int(value)


def check_size(name: str, values: NDArray[np.generic], size: int) -> None:
    """Raise `InputError` unless `values` has the shape (`size`,)."""
    if values.shape != (size,):
        raise InputError(f"{name} has shape {values.shape}, must be ({size},)")


def check_range(name: str, values: Numbers, low: float, high: float) -> None:
    """Raise `InputError`, naming the first entry, unless every value is finite and in `low`..`high`."""
    # Saved in float32, a bound itself may have been rounded outwards.
    least, most = min(low, float(np.float32(low))), max(high, float(np.float32(high)))
    # Written so that NaN counts as out of range.
    bad = np.argwhere(~((values >= least) & (values <= most)))
    if bad.size:
        value = values[tuple(bad[0])]
        raise InputError(f"{name}{_place(bad[0])} = {value:g}, must be {low:g}..{high:g}")


def check_fits(name: str, values: NDArray[np.floating], dtype: DTypeLike) -> None:
    """Raise `InputError`, naming the first entry, unless every value is finite in `dtype` too."""
    with np.errstate(over="ignore"):
        bad = np.argwhere(~np.isfinite(values.astype(dtype)))
    if bad.size:
        value, most = values[tuple(bad[0])], np.finfo(np.dtype(dtype)).max
        raise InputError(f"{name}{_place(bad[0])} = {value:g}, must be finite and within {most:.3g}")


def check_indices(name: str, values: ArrayLike, count: int) -> NDArray[np.int32]:
    """`values`, flattened, as indices into `count` things: whole numbers in 0..`count` - 1."""
    array = np.asarray(values).ravel()
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} is of type {array.dtype}, must be whole numbers")
    # Before the cast to 32 bits, in which a large index would become a small one.
    bad = np.flatnonzero((array < 0) | (array >= count))
    if bad.size:
        raise InputError(f"{name}[{bad[0]}] = {array[bad[0]]}, must be 0..{count - 1}")
    return np.ascontiguousarray(array, dtype=np.int32)


def check_array(name: str, array: NDArray[np.generic], size: int, dtype: np.dtype[np.generic]) -> None:
    """Raise `InputError` unless compiled code may be given `array`: it trusts its shape, type and layout.

    Takes 0.2 us, so that a wrapper may do it in every tick.
    """
    if array.shape != (size,) or array.dtype != dtype or not array.flags.c_contiguous:
        layout = "" if array.flags.c_contiguous else ", with gaps"
        raise InputError(
            f"{name} is {array.dtype} of shape {array.shape}{layout}, must be {dtype} of shape ({size},)"
        )


def reals(tensors: Mapping[str, NDArray[np.generic]], name: str, dimensions: int) -> NDArray[np.float64]:
    """The tensor `name`: real, finite, of so many dimensions."""
    array = _tensor(tensors, name)
    if array.ndim != dimensions or not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{name} is {array.dtype} of shape {array.shape}, must be {dimensions}-D reals")
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{name} has a value that is not finite")
    return values


def integers(tensors: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.integer]:
    """The tensor `name`: whole numbers, of one dimension, of whatever width they were saved in."""
    array = _tensor(tensors, name)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} is {array.dtype} of shape {array.shape}, must be 1-D integers")
    return array  # type: ignore[return-value]


def refuse_others(tensors: Mapping[str, NDArray[np.generic]], known: set[str]) -> None:
    """Raise `InputError` for a tensor that is not among the `known`."""
    strange = sorted(set(tensors) - known)
    if strange:
        raise InputError(f"tensor {strange[0]} means nothing to this kind of network")


def _tensor(tensors: Mapping[str, NDArray[np.generic]], name: str) -> NDArray[np.generic]:
    if name not in tensors:
        raise InputError(f"there is no {name}")
    return tensors[name]


def _place(index: NDArray[np.intp]) -> str:
    return f"[{', '.join(map(str, index))}]"
