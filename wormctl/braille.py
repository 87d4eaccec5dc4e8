"""Small pictures made of characters: dots in braille, curves in blocks. Text only; nothing is printed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint32)
_EMPTY = 0x2800
_BLOCKS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉"


class Canvas:
    """`columns` by `rows` characters, each two dots wide and four high; a window onto a plane, y upwards."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._dots = np.zeros((4 * rows, 2 * columns), dtype=np.uint32)
        self._left, self._top, self._per_unit = 0.0, 0.0, 1.0

    def look_at(self, x: float, y: float, width: float, height: float) -> None:
        """Show at least `width` by `height` units around a point."""
        high, wide = self._dots.shape
        self._per_unit = min(wide / width, high / height)
        self._left, self._top = x - wide / 2 / self._per_unit, y + high / 2 / self._per_unit

    def points(self, xy: FloatArray) -> None:
        """Set the dots at (n, 2) points; those outside the window are left out."""
        column = np.floor((xy[:, 0] - self._left) * self._per_unit).astype(np.int64)
        row = np.floor((self._top - xy[:, 1]) * self._per_unit).astype(np.int64)
        high, wide = self._dots.shape
        inside = (column >= 0) & (column < wide) & (row >= 0) & (row < high)
        self._dots[row[inside], column[inside]] = 1

    def line(self, xy: FloatArray) -> None:
        """Set the dots along the straight pieces between (n, 2) points."""
        if len(xy) < 2:
            return
        steps = int(np.ceil(np.hypot(*np.diff(xy, axis=0).T).max() * self._per_unit)) + 1
        share = np.linspace(0.0, 1.0, min(steps, 200))[:, None, None]
        self.points((xy[:-1] + share * (xy[1:] - xy[:-1])).reshape(-1, 2))

    def cell_centres(self) -> FloatArray:
        """The plane under the middle of every character, (rows, columns, 2)."""
        column, row = np.meshgrid(np.arange(self.columns) + 0.5, np.arange(self.rows) + 0.5)
        x, y = self._left + 2 * column / self._per_unit, self._top - 4 * row / self._per_unit
        return np.stack([x, y], axis=-1)

    def cell_size(self) -> float:
        """Half the diagonal of a character, in units of the plane."""
        return float(np.hypot(1.0, 2.0)) / self._per_unit

    def codes(self) -> NDArray[np.uint32]:
        """The characters as code points, (rows, columns); 0x2800 is an empty one."""
        cells = self._dots.reshape(self.rows, 4, self.columns, 2)
        codes: NDArray[np.uint32] = _EMPTY + (cells * _BITS[:, None, :]).sum(axis=(1, 3), dtype=np.uint32)
        return codes


def bar(share: float, width: int) -> str:
    """A bar `width` characters long, filled to `share`, 0..1, in eighths."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    text = "█" * (eighths // 8)
    if eighths % 8:
        text += _PARTS[eighths % 8]
    return text.ljust(width)


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as a row of blocks, from 0 to the largest."""
    shown = values[-width:]
    top = max(shown, default=0.0)
    if not top > 0.0:
        return _BLOCKS[0] * len(shown)
    return "".join(_BLOCKS[min(int(v / top * len(_BLOCKS)), len(_BLOCKS) - 1)] for v in shown)
