"""A camera on a Raspberry Pi's ribbon cable, through picamera2. Nothing is said here of what a picture means."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from wormctl.device import DeviceError
from wormctl_camera.config import CameraConfig
from wormctl_camera.frames import Frame, plausible_s, thinned
from wormctl_camera.trouble import first_line

_SIZE = (320, 240)
_ORDER = "BGR888"
"""libcamera names the bytes of a pixel from the highest: this one is red, green, blue in memory."""
_WAIT_S = 1.0
_NO_LIBRARY = (
    "camera: picamera2 is not installed: sudo apt install python3-picamera2, and make the environment with "
    "--system-site-packages so that it is found"
)


def load_picamera2() -> Any:
    """The library. Raises `DeviceError` where it is not installed, or does not fit what else is."""
    try:
        return importlib.import_module("picamera2")
    except ModuleNotFoundError as error:
        if error.name == "picamera2":
            raise DeviceError(_NO_LIBRARY) from None
        raise DeviceError(
            f"camera: picamera2 lacks a part ({first_line(error)}): sudo apt install python3-picamera2 brings all of it"
        ) from None
    except Exception as error:
        # Debian's simplejpeg, which it needs, may be built for an older numpy than that of the environment.
        raise DeviceError(
            f"camera: picamera2 cannot be loaded ({first_line(error)}): if that is about numpy, uv pip install "
            "--reinstall simplejpeg"
        ) from None


class PiCamera:
    """The first camera of a Raspberry Pi. `load` gives picamera2, or what stands in for it. Raises `DeviceError`."""

    notes: tuple[str, ...] = ()

    def __init__(self, config: CameraConfig, load: Callable[[], Any] = load_picamera2) -> None:
        library = load()
        if not library.Picamera2.global_camera_info():
            raise DeviceError(
                f"$.device = {config.device!r}: no camera is found: check the ribbon cable at both ends, and that "
                "`rpicam-hello --list-cameras` lists it"
            )
        try:
            self._camera = library.Picamera2()
        except Exception as error:
            raise DeviceError(
                f"$.device = {config.device!r}: cannot be opened ({first_line(error)}): is another program using it?"
            ) from None
        try:
            self._start(config)
        except Exception as error:
            with contextlib.suppress(Exception):
                self.close()
            raise DeviceError(
                f"$.device = {config.device!r}: cannot be started: {first_line(error)}"
            ) from None

    def next(self) -> Frame | None:
        """Wait for the next picture."""
        try:
            request = self._camera.capture_request(wait=_WAIT_S)
        except TimeoutError:
            # What was asked for must not wait on: its picture would never be given back.
            self._camera.cancel_all_and_flush()
            return None
        try:
            pixels = request.make_array("main")
            taken_s = request.get_metadata().get("SensorTimestamp", 0) * 1e-9
        finally:
            request.release()
        return Frame(thinned(pixels), plausible_s(taken_s, time.monotonic()))

    def close(self) -> None:
        """Close the camera, even one that has stopped."""
        with contextlib.suppress(Exception):
            self._camera.cancel_all_and_flush()
        self._camera.close()

    def _start(self, config: CameraConfig) -> None:
        frame_us = round(1e6 * max(1.0 / config.rate_hz, 1.05 * config.exposure_s))
        controls: dict[str, Any] = {"FrameDurationLimits": (frame_us, frame_us)}
        if not config.auto_exposure:
            controls |= {"ExposureTime": max(1, round(1e6 * config.exposure_s)), "AnalogueGain": 1.0}
        made = self._camera.create_preview_configuration(
            main={"size": _SIZE, "format": _ORDER},
            sensor=_whole_view(self._camera.sensor_modes, config.rate_hz),
            controls=controls,
        )
        self._camera.configure(made)
        self._camera.start()


def _whole_view(modes: Sequence[dict[str, Any]], rate_hz: float) -> dict[str, Any]:
    """The least detailed of the modes that show all the sensor sees, if one does so at this rate.

    Left to itself, a small picture may come from the middle of the sensor only, and the field of view be half.
    """
    known = [mode for mode in modes if "crop_limits" in mode and "size" in mode]
    widest = max((_area(mode["crop_limits"][2:]) for mode in known), default=0)
    whole = [mode for mode in known if _area(mode["crop_limits"][2:]) == widest]
    fast = [mode for mode in whole if mode["fps"] >= rate_hz] or whole
    if not fast:
        return {}
    best = min(fast, key=lambda mode: _area(mode["size"]))
    return {"output_size": tuple(best["size"]), "bit_depth": best["bit_depth"]}


def _area(size: Sequence[int]) -> int:
    return int(size[0]) * int(size[1])
