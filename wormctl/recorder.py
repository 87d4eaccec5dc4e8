"""Recording a run, tick by tick, into one `.npy` file that plain `np.load` reads, even after a kill.

One row a tick. Nothing is judged or drawn here.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Channel
from wormctl.config import ConfigError
from wormctl.files import whole_file
from wormctl.loop import TickView

NOT_RUN = math.nan
"""`time_s` of a row that was never reached."""


def record_dtype(
    channels: Sequence[Channel], links: int, joints: int, neurons: int, told: int = 0
) -> np.dtype[np.void]:
    """The fields of one row, in SI units.

    - `time_s`: when the tick began
    - `pose` (links, 3): x, y, heading of every link, head first, and `nose` (2,): x, y, where the simulated
      body was at the end of the tick; a physical one has no links here, and a nose of NaN
    - `goal_distance_m`: from that nose to the nearest food, infinite without any
    - `wanted_rad`, `setpoint_rad` (joints,): asked for by the nervous system; sent, after limits and slew
    - `activity` (neurons,): 0 silent to 1
    - `told` (values,): what actuators were told, if there are any
    - `tick_us`: how long the tick before this one took, observers included
    - `quality` (channels,): `wormctl.channel.Quality` of each channel
    - one field for each channel, as measured, by its name (after `channel.` if that is taken)
    """
    fields: list[tuple[str, str, tuple[int, ...]]] = [
        ("time_s", "<f8", ()),
        ("pose", "<f4", (links, 3)),
        ("nose", "<f4", (2,)),
        ("goal_distance_m", "<f4", ()),
        ("wanted_rad", "<f4", (joints,)),
        ("setpoint_rad", "<f4", (joints,)),
        ("activity", "<f4", (neurons,)),
        ("tick_us", "<f4", ()),
        ("quality", "u1", (len(channels),)),
    ]
    if told:
        fields.append(("told", "<f8", (told,)))
    taken = {name for name, _, _ in fields}
    for c in channels:
        name = f"channel.{c.name}" if c.name in taken else c.name
        fields.append((name, "<f8", (c.size,) if c.size > 1 else ()))
    return np.dtype(fields)


class Recorder:
    """An observer of the loop that copies every tick into a memory-mapped file.

    The pages belong to the kernel from the moment they are written, so a killed process loses nothing. The
    whole file is reserved at the start: a full disk is an error before the robot moves, not during a tick.
    Ticks beyond `ticks` are not kept. Without a `path` the record lives in memory only.
    """

    def __init__(
        self,
        path: Path | None,
        view: TickView,
        *,
        ticks: int,
        goal_distance_m: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """`view` is that of a loop ready to run. Raises `ConfigError` if the file cannot be had."""
        links = 0 if view.truth is None else len(view.truth.pose)
        channels = view.binding.channels
        joints, neurons = view.setpoint_rad.size, len(view.controller.neurons)
        self._path, self._ticks = path, ticks
        self._goal_distance_m = goal_distance_m
        dtype = record_dtype(channels, links, joints, neurons, view.told.size)
        self._rows = np.zeros(ticks, dtype) if path is None else _reserve(path, ticks, dtype)
        rows = self._rows.view(np.ndarray)  # the same memory; a plain array is quicker to write to
        self.kept = 0
        self._time_s, self._tick_us, self._distance = rows["time_s"], rows["tick_us"], rows["goal_distance_m"]
        pairs = [
            (rows["wanted_rad"], view.wanted_rad),
            (rows["setpoint_rad"], view.setpoint_rad),
            (rows["activity"], view.controller.activity),
            (rows["quality"], view.quality),
        ]
        if view.told.size:
            pairs.append((rows["told"], view.told))
        if channels:
            pairs.append((_as_one_field(rows, channels), view.values))
        if view.truth is not None:
            pairs += [(rows["pose"], view.truth.pose), (rows["nose"], view.truth.nose)]
        else:
            rows["nose"] = np.nan
        # Where each tick's copy goes, and where it comes from: arrays that stay the same for the whole run.
        self._pairs = tuple(pairs)

    def __call__(self, view: TickView) -> None:
        """Keep what there is to see after a tick: a few copies within memory."""
        n = self.kept
        if n >= self._ticks:
            return
        for rows, now in self._pairs:
            rows[n] = now
        self._tick_us[n] = view.duration_s * 1e6
        self._distance[n] = self._goal_distance_m()
        self._time_s[n] = view.time_s  # last: it is what makes the row count
        self.kept = n + 1

    def rows(self) -> NDArray[np.void]:
        """What was kept so far, shape (ticks,); a view of the file."""
        return self._rows.view(np.ndarray)[: self.kept]

    def close(self) -> None:
        """Cut the file to what was kept. The arrays given out before must not be used afterwards."""
        if isinstance(self._rows, np.memmap) and self._path is not None:
            self._rows.flush()
            _cut(self._path, self._rows, self.kept)


def read_record(path: Path) -> NDArray[np.void]:
    """The ticks that were run, in a record at `path`, finished or not: shape (ticks,), read-only.

    Raises `ConfigError` if it is not a record.
    """
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"{path}: not a record of a run: {str(error).splitlines()[0]}") from None
    if rows.dtype.names is None or "time_s" not in rows.dtype.names or rows.ndim != 1:
        raise ConfigError(f"{path}: not a record of a run: it has no time_s")
    run: NDArray[np.void] = rows[: int(np.isfinite(rows["time_s"]).sum())]
    return run


def _reserve(path: Path, ticks: int, dtype: np.dtype[np.void]) -> np.memmap[tuple[int], np.dtype[np.void]]:
    try:
        # Whoever reads it once it has its name sees no row that was not run.
        with whole_file(path) as partial:
            rows = np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=(ticks,), version=(1, 0))
            if hasattr(os, "posix_fallocate"):
                with partial.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, partial.stat().st_size)
            rows["time_s"] = NOT_RUN  # touches every page, so that no tick waits for one
    except OSError as error:
        size_mb = ticks * dtype.itemsize / 1e6
        raise ConfigError(
            f"{path}: cannot reserve {size_mb:.0f} MB for the record: {error.strerror}"
        ) from None
    return rows


def _as_one_field(rows: NDArray[np.void], channels: Sequence[Channel]) -> NDArray[np.float64]:
    """The channels' fields, which lie side by side, as one array (ticks, values)."""
    size = sum(c.size for c in channels)
    offset = rows.dtype.itemsize - size * np.dtype(np.float64).itemsize  # they are the last fields
    whole = np.dtype(
        {
            "names": ["values"],
            "formats": [("<f8", (size,))],
            "offsets": [offset],
            "itemsize": rows.dtype.itemsize,
        }
    )
    values: NDArray[np.float64] = rows.view(whole)["values"]
    return values


def _cut(path: Path, rows: np.memmap[tuple[int], np.dtype[np.void]], ticks: int) -> None:
    """Shorten the file to `ticks`. A kill in between leaves it readable."""
    header = io.BytesIO()
    described = {"shape": (ticks,), "fortran_order": False, "descr": np.lib.format.dtype_to_descr(rows.dtype)}
    np.lib.format.write_array_header_1_0(header, described)
    assert header.tell() == rows.offset, "numpy pads headers so that an axis may change its length in place"
    with path.open("r+b") as file:
        file.write(header.getvalue())
        file.truncate(rows.offset + ticks * rows.dtype.itemsize)
