"""A webcam on Linux (V4L2), through OpenCV. Nothing is said here of what a picture means."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from typing import Any

from wormctl.device import DeviceError
from wormctl_camera.config import CameraConfig
from wormctl_camera.frames import Frame, plausible_s, thinned

_WIDTH, _HEIGHT = 320, 240
_MANUAL, _AUTOMATIC = 1, 3
"""Values of V4L2's control `auto_exposure`."""
_EXPOSURE_UNIT_S = 1e-4
_NO_LIBRARY = "camera: OpenCV is not installed: uv pip install opencv-python-headless (or pip install)"


def load_opencv() -> Any:
    """OpenCV. Raises `DeviceError` where it is not installed."""
    # OpenCV reads these when it is used first; by itself it waits 10 s for a picture, and writes to the screen.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    try:
        return importlib.import_module("cv2")
    except ImportError:
        raise DeviceError(_NO_LIBRARY) from None


class Webcam:
    """The webcam of `config.device`. `load` gives OpenCV, `exists` asks for the file. Raises `DeviceError`."""

    def __init__(
        self,
        config: CameraConfig,
        load: Callable[[], Any] = load_opencv,
        exists: Callable[[str], bool] = os.path.exists,
    ) -> None:
        self._path, self._exists = str(config.device), exists
        self.notes: tuple[str, ...] = ()
        cv = load()
        # Asked for here: OpenCV does not say why it could not open a file.
        if not exists(self._path):
            raise DeviceError(
                f"$.device = {self._path!r}: no such camera: plug it in; `ls /dev/v4l/by-id/` names those that are"
            )
        cv.setNumThreads(1)
        self._position_ms = cv.CAP_PROP_POS_MSEC
        self._capture = cv.VideoCapture(self._path, cv.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise DeviceError(
                f"$.device = {self._path!r}: cannot be opened as a camera: check that you may use it (group video), "
                "that no other program does, and that it gives pictures (many cameras have a second file without)"
            )
        self._set_up(cv, config)

    def next(self) -> Frame | None:
        """Wait for the next picture."""
        came, pixels = self._capture.read()
        if not came or pixels is None:
            if not self._exists(self._path):
                raise DeviceError(f"camera: {self._path} is gone: plug it in again")
            return None
        now_s = time.monotonic()
        taken_s = float(self._capture.get(self._position_ms)) / 1000.0
        return Frame(
            thinned(pixels)[:, :, ::-1], plausible_s(taken_s, now_s)
        )  # OpenCV's order is blue, green, red

    def close(self) -> None:
        """Close the camera."""
        self._capture.release()

    def _set_up(self, cv: Any, config: CameraConfig) -> None:
        wanted = [
            (cv.CAP_PROP_BUFFERSIZE, 1),  # old pictures do not queue up
            (cv.CAP_PROP_FRAME_WIDTH, _WIDTH),
            (cv.CAP_PROP_FRAME_HEIGHT, _HEIGHT),
            (cv.CAP_PROP_FPS, config.rate_hz),
        ]
        for what, value in wanted:
            self._capture.set(what, value)
        if config.auto_exposure:
            self._capture.set(cv.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC)
            return
        fixed = self._capture.set(cv.CAP_PROP_AUTO_EXPOSURE, _MANUAL) and self._capture.set(
            cv.CAP_PROP_EXPOSURE, max(1, round(config.exposure_s / _EXPOSURE_UNIT_S))
        )
        if not fixed:
            self.notes = (
                f"camera: {self._path} does not let its exposure be fixed: light.level compares the halves of one "
                "picture, but not one picture with another",
            )
