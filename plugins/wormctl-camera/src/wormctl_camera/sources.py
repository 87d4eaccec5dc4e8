"""Which source of pictures the settings ask for."""

from __future__ import annotations

from wormctl_camera.config import PI_CAMERA, CameraConfig
from wormctl_camera.frames import Source


def open_source(config: CameraConfig) -> Source:
    """Open it, and import what it needs only now. Raises `DeviceError` with a remedy."""
    if config.images is not None:
        from wormctl_camera.images import Images

        return Images(config.images)
    if config.device == PI_CAMERA:
        from wormctl_camera.picamera import PiCamera

        return PiCamera(config)
    from wormctl_camera.webcam import Webcam

    return Webcam(config)
