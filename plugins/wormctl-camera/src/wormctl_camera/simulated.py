"""The camera of a simulated snake, which sees a lamp where the settings put it."""

from __future__ import annotations

import math

from wormctl.channel import Samples
from wormctl.device import Context, DeviceError, Simulated, Truth
from wormctl_camera.config import CameraConfig, camera_spec
from wormctl_camera.lamp import Lamp
from wormctl_camera.sensor import fill


class SimulatedCamera:
    """Looks along the head link. Answers at once, so it needs no thread."""

    def __init__(self, config: CameraConfig) -> None:
        self.spec = camera_spec(config)
        self._lamp = Lamp(config.lamp_x_m, config.lamp_y_m, config.lamp_brightness)
        self._view_rad = math.radians(config.field_of_view_deg)
        self._coloured = config.hues_deg is not None
        self._truth: Truth | None = None

    def configure(self, context: Context) -> None:
        """Find the body to look out from."""
        if not isinstance(context.body, Simulated):
            raise DeviceError(
                "camera: the body is a real one, so the camera must be: set device = 'picamera' or '/dev/video0', "
                "or images = 'folder'"
            )
        self._truth = context.body.truth

    def read(self, now_s: float, out: Samples) -> None:
        """The lamp as it is seen from the nose."""
        truth = self._truth
        if truth is None:
            return
        x_m, y_m = truth.nose.tolist()
        seen = self._lamp.seen(x_m, y_m, float(truth.pose[0, 2]), self._view_rad, self._coloured)
        fill(out, seen, now_s)

    def close(self) -> None:
        """Nothing to give back."""
