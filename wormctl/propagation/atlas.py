"""Reading a signal-propagation atlas from the user's file, and refusing by name what is none. No worm here.

Two kinds of file are read: the `funatlas.h5` that the authors distribute in their Python package
`wormneuroatlas`, and a plain `.npz` with the same arrays, which needs nothing but numpy.
"""

from __future__ import annotations

import hashlib
import importlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.neural.tensors import TensorFileError, parse_npz, read_bytes

LAYOUT = """\
  neurons  (n,)    names as published: AVAL, VB5, ...
  q        (n, n)  false discovery rate of the response of neuron q[responding, stimulated], 0..1;
                   NaN where the pair was not measured
  q_eq     (n, n)  that of there being no response, likewise; may be missing
"""
"""What an atlas holds, for a person who converts one."""

_ZIP, _HDF5, _NPY = b"PK", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY"
_STRAIN = "wt"
"""The group of `funatlas.h5` that holds the wild type. The other, unc31, is a mutant."""
_MEANT = {"AWCOF": "AWCL", "AWCOFF": "AWCL", "AWCON": "AWCR"}
"""Atlas name -> name in the connectome.

Which AWC is the OFF cell differs from animal to animal, so a connectome has left and right instead; that OFF
stands for left is the convention of the atlas's authors. Their file has room for five letters.
"""

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class Atlas:
    """What was measured: n neurons, matrices indexed [responding, stimulated], NaN where nothing was."""

    path: Path
    sha256: str
    """Of the whole file."""
    neurons: tuple[str, ...]
    """Names as in the connectome, where it has them."""
    q: NDArray[np.float64]
    """(n, n) FDR-adjusted p of a response: below 0.05 the authors call a pair functionally connected."""
    q_eq: NDArray[np.float64] | None
    """(n, n) FDR-adjusted p of an equivalence test: below 0.05 a pair is shown not to be connected."""


def read_atlas(path: Path) -> Atlas:
    """The atlas in the file at `path`.

    Raises `ConfigError`, naming file, array and what it must be, for one that is missing, foreign or absurd.
    """
    try:
        data = read_bytes(path)
        arrays = _arrays(data)
        neurons = _names(arrays)
        shape = (len(neurons), len(neurons))
        return Atlas(
            path=path,
            sha256=hashlib.sha256(data).hexdigest(),
            neurons=neurons,
            q=_matrix(arrays, "q", shape),
            q_eq=_matrix(arrays, "q_eq", shape) if "q_eq" in arrays else None,
        )
    except TensorFileError as error:
        raise ConfigError(f"{path}: {error}") from None


def _arrays(data: bytes) -> Arrays:
    if data.startswith(_ZIP):
        return parse_npz(data)
    if data.startswith(_HDF5):
        return _from_hdf5(data)
    if data.startswith(_NPY):
        raise TensorFileError(
            "is a single array, which has no neuron names: save q and neurons in an .npz file"
        )
    raise TensorFileError(
        "is no signal-propagation atlas, must be funatlas.h5 or an .npz file with q and neurons"
    )


def _from_hdf5(data: bytes) -> Arrays:
    """The arrays of the wild type in the authors' file, under the names of `LAYOUT`."""
    try:
        # Not among wormctl's dependencies: nothing else here reads HDF5.
        h5py: Any = importlib.import_module("h5py")
    except ImportError:
        raise TensorFileError("needs h5py: `uv run --with h5py wormctl ...`, or install it") from None
    named = {"neurons": "neuron_ids", "q": f"{_STRAIN}/q", "q_eq": f"{_STRAIN}/q_eq"}
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            arrays = {name: np.asarray(file[place][:]) for name, place in named.items() if place in file}
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError):
        raise TensorFileError("is damaged, or no funatlas.h5 of wormneuroatlas") from None
    for name in ("neurons", "q"):
        if name not in arrays:
            raise TensorFileError(f"there is no {named[name]}: this is no funatlas.h5 of wormneuroatlas")
    return arrays


def _names(arrays: Arrays) -> tuple[str, ...]:
    wanted = "must be (n,) names of neurons"
    names = _array(arrays, "neurons", wanted)
    if names.ndim != 1 or names.dtype.kind not in "US" or not names.size:
        raise TensorFileError(f"neurons is {names.dtype} of shape {names.shape}, {wanted}")
    try:
        words = [name.decode() if isinstance(name, bytes) else str(name) for name in names.tolist()]
    except UnicodeDecodeError:
        raise TensorFileError(f"neurons has a name that is no text, {wanted}") from None
    meant = [_MEANT.get(word.strip(), word.strip()) for word in words]
    for i, name in enumerate(meant):
        if name in meant[:i]:
            raise TensorFileError(f"neurons[{i}] = {words[i]!r} stands there twice, must be once")
    return tuple(meant)


def _matrix(arrays: Arrays, name: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    wanted = f"must be {shape} reals, [responding, stimulated], for {shape[0]} neurons"
    array = _array(arrays, name, wanted)
    if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
        raise TensorFileError(f"{name} is {array.dtype} of shape {array.shape}, {wanted}")
    values = array.astype(np.float64)
    bad = np.argwhere((values < 0.0) | (values > 1.0))
    if bad.size:
        i, j = bad[0].tolist()
        raise TensorFileError(f"{name}[{i}, {j}] = {values[i, j]:g}, must be 0..1, or NaN where not measured")
    return values


def _array(arrays: Arrays, name: str, wanted: str) -> NDArray[np.generic]:
    if name not in arrays:
        held = ", ".join(sorted(arrays)) or "nothing"
        raise TensorFileError(f"there is no {name}, which {wanted}; it holds {held}")
    return arrays[name]
