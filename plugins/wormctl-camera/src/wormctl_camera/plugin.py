"""What wormctl-camera offers: the sensor `camera`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wormctl.device import Sensor
from wormctl.hookspecs import Offer, hookimpl
from wormctl_camera.config import CameraConfig
from wormctl_camera.sensor import CameraSensor
from wormctl_camera.simulated import SimulatedCamera

ROBOTS = Path(__file__).parent / "robots"


def make_camera(config: CameraConfig) -> Sensor:
    """The form that the settings ask for. Opens nothing."""
    if config.device is None and config.images is None:
        return SimulatedCamera(config)
    return CameraSensor(config)


@hookimpl
def wormctl_register_sensors(register: Callable[[Offer[Sensor]], None]) -> None:
    """Offer `camera`."""
    register(
        Offer(
            name="camera",
            summary="brightness and direction of light or of a colour: Pi camera, webcam, image files, or simulated",
            config=CameraConfig,
            make=make_camera,
            api_version=1,
            robot=ROBOTS / "light.toml",
        )
    )
