"""Samples in memory that two processes share: one writes, the other copies what is whole, and neither waits.

Every write carries its number and a checksum over all of it: what is read while it changes does not fit its checksum,
on any processor, in whatever order it shows another's writes.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel, Samples

_TEXT = 256
"""Bytes: the length of what went wrong first, and that text."""
_HEAD = 16
"""Bytes: the checksum and the number of the write, each an int64."""
_MEMORY = Path("/dev/shm")


class SharedSamples:
    """A file in memory, by its `path`, laid out as: checksum, number, values, times, qualities; then the text."""

    def __init__(self, path: Path, channels: Sequence[Channel]) -> None:
        self.path = path
        values, count = sum(c.size for c in channels), len(channels)
        block = _HEAD + 8 * (values + count) + count
        with path.open("r+b") as file:
            file.truncate(block + _TEXT)
            self._memory = mmap.mmap(file.fileno(), block + _TEXT)
        everything = np.frombuffer(self._memory, np.uint8)
        self._block, self._text = everything[:block], everything[block:]
        self._kept = self._block.copy()
        self._ours = _Layout(self._kept, values, count)
        """A copy: of what is being written, or of what was read."""
        self._bytes = self._kept.data[8:]
        self._seen = 0
        self.renewed_s = time.monotonic()
        """When `copy` last found something new."""

    @classmethod
    def create(cls, channels: Sequence[Channel]) -> SharedSamples:
        """New memory in which nothing was measured yet. Raises `OSError`."""
        folder = str(_MEMORY) if _MEMORY.is_dir() else None
        handle, name = tempfile.mkstemp(prefix="wormctl-", dir=folder)
        os.close(handle)
        shared = cls(Path(name), channels)
        empty = Samples(channels)
        shared.write(empty)
        return shared

    @classmethod
    def attach(cls, path: Path, channels: Sequence[Channel]) -> SharedSamples:
        """The memory that another process has made. Raises `OSError`."""
        shared = cls(path, channels)
        shared._seen = int(shared._ours.number[0])
        return shared

    def forget_path(self) -> None:
        """Both have it: no name is left behind, however they end."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Give the memory back. What was copied from it stays."""
        self.forget_path()

    def write(self, fresh: Samples) -> None:
        """Newer samples, stamped in `time.monotonic()`."""
        ours = self._ours
        ours.number[0] += 1
        ours.values[:], ours.time_s[:], ours.quality[:] = fresh.values, fresh.time_s, fresh.quality
        ours.checksum[0] = zlib.crc32(self._bytes)
        self._block[:] = self._kept

    def copy(self, out: Samples, offset_s: float) -> None:
        """The newest whole samples, their times moved by `offset_s`; nothing if they change meanwhile."""
        self._kept[:] = self._block
        ours = self._ours
        if zlib.crc32(self._bytes) != ours.checksum[0]:
            return
        if ours.number[0] != self._seen:
            self._seen, self.renewed_s = int(ours.number[0]), time.monotonic()
        out.values[:], out.quality[:] = ours.values, ours.quality
        np.add(ours.time_s, offset_s, out=out.time_s)

    @property
    def has_said(self) -> bool:
        """Whether anything has gone wrong in it."""
        return bool(self._text[0])

    @property
    def said(self) -> str:
        """What went wrong first."""
        return bytes(self._text[1 : 1 + int(self._text[0])]).decode(errors="ignore")

    def say(self, text: str) -> None:
        """What went wrong. The first is kept; its length comes last, when the rest is there."""
        raw = text.encode(errors="replace")[: _TEXT - 1] or b"?"
        if not self.has_said:
            self._text[1 : 1 + len(raw)] = np.frombuffer(raw, np.uint8)
            self._text[0] = len(raw)


class _Layout:
    """The parts of a block, as arrays over it."""

    def __init__(self, block: NDArray[np.uint8], values: int, count: int) -> None:
        at = _HEAD + 8 * values
        self.checksum: NDArray[np.int64] = np.ndarray(1, np.int64, block.data, 0)
        self.number: NDArray[np.int64] = np.ndarray(1, np.int64, block.data, 8)
        self.values: NDArray[np.float64] = np.ndarray(values, np.float64, block.data, _HEAD)
        self.time_s: NDArray[np.float64] = np.ndarray(count, np.float64, block.data, at)
        self.quality: NDArray[np.uint8] = np.ndarray(count, np.uint8, block.data, at + 8 * count)
