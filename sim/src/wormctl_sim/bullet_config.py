"""Settings of the PyBullet body, and how it is had: the one module about it that does not import PyBullet."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from wormctl.device import DeviceError
from wormctl_sim.simulated import BodyConfig

if TYPE_CHECKING:
    from wormctl_sim.bullet_body import BulletBody


class BulletConfig(BodyConfig, frozen=True, kw_only=True):
    """Settings of the PyBullet body.

    `planar_root` slides in the plane without gravity, and is fast. `gravity` lies on the ground, which may be
    rough, and carries its own weight.
    """

    form: Literal["planar_root", "gravity"] = "planar_root"
    physics_hz: Annotated[float, msgspec.Meta(ge=200.0, le=10_000.0)] = 200.0
    """Physics steps a second. Servos feel a push from outside some steps later, which would be too late with fewer."""
    gui: bool = False
    """Watch it in PyBullet's window, in a process of its own; needs a screen. The simulation stays the same."""

    @property
    def carries_weight(self) -> bool:
        """Whether the body lies on the ground, so that the ground may be uneven."""
        return self.form == "gravity"


class GravityConfig(BulletConfig, frozen=True, kw_only=True):
    """The same, lying on the ground unless said otherwise."""

    form: Literal["planar_root", "gravity"] = "gravity"


def bullet_installed() -> bool:
    """Whether PyBullet is here and can be loaded. Loads it."""
    return _loading_error() is None


def why_no_bullet() -> str | None:
    """Why there is no PyBullet body here, in a line; None if there is one."""
    if bullet_installed():
        return None
    error = _loading_error()
    if error is not None and importlib.util.find_spec("pybullet") is not None:
        return f"PyBullet is installed, but cannot be loaded: {' '.join(str(error).split())}"
    return "PyBullet, which exists for Linux on x86-64 with Python 3.11 only, is not installed"


def make_bullet_body(config: BulletConfig) -> BulletBody:
    """The PyBullet body; a `DeviceError` where PyBullet cannot be had."""
    why = why_no_bullet()
    if why is not None:
        raise DeviceError(why)
    from wormctl_sim.bullet_body import GravityBody, PlanarRootBody

    return GravityBody(config) if config.form == "gravity" else PlanarRootBody(config)


def _loading_error() -> ImportError | None:
    try:
        importlib.import_module("wormctl_sim.bullet_client")
    except ImportError as error:
        return error
    return None
