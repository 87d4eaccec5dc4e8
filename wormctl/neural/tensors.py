"""Reading named arrays from files that strangers made: safetensors or npz, nothing that can execute."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

LARGEST_BYTES = 64 * 1024 * 1024
"""Files beyond this are refused unread: the whole worm takes 0.1 MB."""

Tensors = dict[str, NDArray[np.generic]]

_DTYPES = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8", "U16", "U32", "U64", "BOOL"}


class TensorFileError(ValueError):
    """The file cannot be used. The message says why, without the file's name."""


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read_bytes(path: Path) -> bytes:
    """The contents of `path`; `TensorFileError` if it is missing, unreadable or larger than is sensible."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise TensorFileError("no such file") from None
    except OSError as error:
        raise TensorFileError(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST_BYTES:
        raise TensorFileError(f"is larger than {LARGEST_BYTES // 2**20} MiB")
    return data


def parse_safetensors(data: bytes) -> tuple[Tensors, dict[str, str]]:
    """The arrays and the metadata in a safetensors file. Raises `TensorFileError` only."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise TensorFileError("is truncated, or no safetensors file")
    try:
        header = msgspec.json.decode(data[8 : 8 + size], type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(header.pop("__metadata__", msgspec.Raw(b"{}")), type=dict[str, str])
        entries = {name: msgspec.json.decode(raw, type=_Entry) for name, raw in header.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TensorFileError("is damaged, or no safetensors file") from None
    for name, entry in entries.items():
        if entry.dtype not in _DTYPES:
            raise TensorFileError(
                f"{name} is of type {entry.dtype}, must be one of {', '.join(sorted(_DTYPES))}"
            )
    try:
        return dict(safetensors.numpy.load(data)), metadata
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError):
        raise TensorFileError("is damaged: the tensors do not match their description") from None


def parse_npz(data: bytes) -> Tensors:
    """The arrays in a numpy archive, without pickles. Raises `TensorFileError` only."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST_BYTES:
                raise TensorFileError(f"unpacks to more than {LARGEST_BYTES // 2**20} MiB")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except TensorFileError:
        raise
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        TypeError,
        SyntaxError,
        NotImplementedError,
        OverflowError,
        MemoryError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ):
        raise TensorFileError("is damaged, or no npz archive without pickles") from None


def read_tensors(path: Path) -> Tensors:
    """The arrays in the safetensors or npz file at `path`; `TensorFileError` says what is wrong with it."""
    data = read_bytes(path)
    return parse_npz(data) if data[:2] == b"PK" else parse_safetensors(data)[0]


def check_finite(tensors: Mapping[str, NDArray[np.generic] | np.generic]) -> None:
    """Raise `TensorFileError` naming the first array with a value that is not finite."""
    for name, array in tensors.items():
        if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
            raise TensorFileError(f"{name} has a value that is not finite")
