"""Pictures from files in place of a camera: for tests and for trying things without one."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from wormctl.device import DeviceError
from wormctl_camera.frames import HEIGHT, WIDTH, Frame
from wormctl_camera.hue import Pixels
from wormctl_camera.trouble import first_line

MOST = 1000
"""More pictures than this are not kept in memory."""
MOST_PIXELS = 25_000_000
"""A larger picture is not decoded: this many take 100 MB, twice that if the picture has to be turned."""

_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")
_OTHERS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
"""Pillow's modes whose black and white are known."""


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
            f"$.images = {given!r}: no such file or folder: a path counts from the folder in which wormctl is started "
            f"({Path.cwd()}), not from the robot file's"
        )
    if len(found) > MOST:
        raise DeviceError(f"$.images = {given!r}: holds {len(found)} pictures: must be at most {MOST}")
    return found


def _read(given: str, file: Path) -> Pixels:
    """Raises `DeviceError`."""
    start = f"$.images = {given!r}: {file}"
    if not file.is_file():  # a pipe would never end
        raise DeviceError(f"{start} is no regular file: name a picture, or take it out of the folder")
    try:
        with warnings.catch_warnings():  # Pillow's name a line of ours; what matters is said below
            warnings.simplefilter("ignore")
            return _decoded(start, file)
    except DeviceError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(start) from None
    except Exception as error:  # a decoder may raise anything on a broken file
        why = "" if isinstance(error, UnidentifiedImageError) else f" ({first_line(error)})"
        raise DeviceError(f"{start} is no picture that can be read{why}: repair it or take it out") from None


def _decoded(start: str, file: Path) -> Pixels:
    """Of an error, `start` is the start."""
    with Image.open(file) as image:  # this reads its header
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(start)
        if image.mode not in _GREY_16 + _OTHERS:
            raise DeviceError(
                f"{start} has pixels of mode {image.mode}, in which white is no set number: save it with 8 or 16 bits "
                "a colour"
            )
        ImageOps.exif_transpose(image, in_place=True)
        if image.width < 2:
            raise DeviceError(f"{start} is 1 pixel wide: must be at least 2")
        # Thinned before anything else, which would take memory for all pixels. Not averaged: see `frames.thinned`.
        size = min(image.width, WIDTH), min(image.height, HEIGHT)
        small = image.resize(size, Image.Resampling.NEAREST)
    if small.mode in _GREY_16:
        eight = np.rint(np.asarray(small) / 257.0).astype(np.uint8)
        small = Image.fromarray(eight)
    return np.ascontiguousarray(np.asarray(small.convert("RGB")))


def _too_large(start: str) -> DeviceError:
    return DeviceError(f"{start} has more than {MOST_PIXELS // 1_000_000} million pixels: make it smaller")
