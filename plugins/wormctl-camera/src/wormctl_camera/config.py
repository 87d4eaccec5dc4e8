"""The settings of the camera, and the names and ranges of its channels. Nothing is opened or computed here."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from wormctl.channel import Channel, OnError
from wormctl.device import Config, DeviceSpec

LEVEL, LEFT, RIGHT, DIRECTION = "light.level", "light.left", "light.right", "light.direction"
COLOUR, COLOUR_DIRECTION = "light.colour", "colour.direction"

PI_CAMERA = "picamera"

HUES_DEG = {
    "red": (340.0, 20.0),
    "green": (80.0, 160.0),
    "blue": (200.0, 260.0),
    "any": (0.0, 360.0),
}
"""From, to; through 360 where the first is more."""

_LONGEST_S = 0.5
"""After this long without a picture a channel is stale."""

Hue = Annotated[float, msgspec.Meta(ge=0.0, le=360.0)]
Metres = Annotated[float, msgspec.Meta(ge=-1000.0, le=1000.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class CameraConfig(Config, frozen=True, kw_only=True):
    """Settings. With a `device` it is a real camera, with `images` it shows files; without, it sees a lamp that is
    simulated.
    """

    device: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    """`picamera` for a camera on a Raspberry Pi's ribbon cable; `/dev/video0` or the like for a webcam."""
    images: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] | None = None
    """A picture, or a folder of pictures that are shown by name, one after another and then again.

    A path counts from the folder in which wormctl is started: where the robot file stands is not known here.
    """
    rate_hz: Annotated[float, msgspec.Meta(ge=1.0, le=60.0)] = 25.0
    """Pictures a second."""
    field_of_view_deg: Annotated[float, msgspec.Meta(ge=10.0, le=170.0)] = 62.0
    """From the left edge of the view to the right one."""
    upside_down: bool = False
    exposure_s: Annotated[float, msgspec.Meta(ge=1e-5, le=0.2)] = 0.01
    """Of a real camera. It stays the same, or brightness would mean nothing."""
    auto_exposure: bool = False
    """Leave exposure to the camera: for colours and directions in changing light, not for brightness."""
    colour: Literal["red", "green", "blue", "any"] | None = None
    """Which colour to look for, if one."""
    hue_deg: tuple[Hue, Hue] | None = None
    """Instead of a colour's name: hues from the first to the second, through 360 where the first is more."""
    least_saturation: Share = 0.4
    """What is paler has no colour."""
    least_value: Share = 0.15
    """What is darker, in its strongest part, has no colour."""
    lamp_x_m: Metres = 1.0
    """Where the simulated lamp stands."""
    lamp_y_m: Metres = 0.0
    lamp_brightness: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 0.2
    """`light.level` at 1 m from the simulated lamp, looking at it."""

    def __post_init__(self) -> None:
        if self.device is not None and self.images is not None:
            raise ValueError(f"device = {self.device!r} and images = {self.images!r}: give one of the two")
        if self.device is not None and self.device != PI_CAMERA and not self.device.startswith("/dev/"):
            raise ValueError(
                f"device = {self.device!r}: must be {PI_CAMERA!r}, or a webcam's file such as '/dev/video0'"
            )
        if self.colour is not None and self.hue_deg is not None:
            raise ValueError(f"colour = {self.colour!r} and hue_deg: give one of the two")
        if self.hue_deg is not None and self.hue_deg[0] == self.hue_deg[1]:
            raise ValueError(f"hue_deg = {list(self.hue_deg)}: the two must differ")

    @property
    def hues_deg(self) -> tuple[float, float] | None:
        """The hues to look for, if any."""
        return self.hue_deg if self.colour is None else HUES_DEG[self.colour]


def camera_spec(config: CameraConfig) -> DeviceSpec:
    """What every form measures; the colour's channels are there if a colour is looked for."""
    channels = [
        _share(config, LEVEL, "mean brightness of the view, linear; 1 is all that the camera can tell"),
        _share(config, LEFT, "mean brightness of its left half"),
        _share(config, RIGHT, "mean brightness of its right half"),
        _angle(
            config, DIRECTION, "where the centre of all light lies, positive to the left; fails in the dark"
        ),
    ]
    if config.hues_deg is not None:
        channels += [
            _share(config, COLOUR, "the share of the view that has the colour looked for"),
            _angle(config, COLOUR_DIRECTION, "where its centre lies, positive to the left; fails if unseen"),
        ]
    # Images come one after another by the clock on the wall, as from a camera.
    simulated = config.device is None and config.images is None
    return DeviceSpec(name="camera", channels=tuple(channels), simulated=simulated, api_version=1)


def _share(config: CameraConfig, name: str, doc: str) -> Channel:
    return Channel(
        name=name,
        unit="1",
        low=0.0,
        high=1.0,
        rate_hz=config.rate_hz,
        max_age_s=_max_age_s(config),
        on_error=OnError.HOLD,
        doc=doc,
    )


def _angle(config: CameraConfig, name: str, doc: str) -> Channel:
    # Held, a direction would point at a light that has gone out.
    return Channel(
        name=name,
        unit="rad",
        low=-math.pi / 2,
        high=math.pi / 2,
        rate_hz=config.rate_hz,
        max_age_s=_max_age_s(config),
        on_error=OnError.IGNORE,
        doc=doc,
    )


def _max_age_s(config: CameraConfig) -> float:
    return max(_LONGEST_S, 3.0 / config.rate_hz)
