"""Pictures from files in place of a camera: for tests and for trying things without one."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from wormctl.device import DeviceError
from wormctl_camera.frames import Frame, thinned
from wormctl_camera.hue import Pixels
from wormctl_camera.trouble import first_line

MOST = 1000
"""More pictures than this are not kept in memory."""


class Images:
    """The pictures at `path`, a file or a folder, in the order of their names, again and again. All are read at once.

    Raises `DeviceError`, naming the file.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, path: str) -> None:
        self._pictures = [_read(path, file) for file in _files(path)]
        self._next = 0

    def next(self) -> Frame:
        """The next one."""
        pixels = self._pictures[self._next]
        self._next = (self._next + 1) % len(self._pictures)
        return Frame(pixels, time.monotonic())

    def close(self) -> None:
        """Nothing is open."""


def _files(given: str) -> list[Path]:
    path = Path(given).expanduser()
    try:
        found = sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError as error:
        raise DeviceError(f"$.images = {given!r}: cannot be read: {error.strerror}") from None
    if path.is_dir():
        kinds = Image.registered_extensions()
        found = [file for file in found if file.suffix.lower() in kinds and not file.name.startswith(".")]
        if not found:
            raise DeviceError(
                f"$.images = {given!r}: there is no picture in this folder: put some in (.png, .jpg, ...)"
            )
    elif not path.exists():
        raise DeviceError(
            f"$.images = {given!r}: no such file or folder: the path counts from where wormctl is started"
        )
    if len(found) > MOST:
        raise DeviceError(f"$.images = {given!r}: holds {len(found)} pictures: must be at most {MOST}")
    return found


def _read(given: str, file: Path) -> Pixels:
    try:
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Exception as error:  # a decoder may raise anything on a broken file
        why = "" if isinstance(error, UnidentifiedImageError) else f" ({first_line(error)})"
        raise DeviceError(
            f"$.images = {given!r}: {file} is no picture that can be read{why}: repair it or take it out"
        ) from None
    if upright.width < 2:
        raise DeviceError(f"$.images = {given!r}: {file} is 1 pixel wide: must be at least 2")
    return np.ascontiguousarray(thinned(np.asarray(upright)))
