"""Settings of the PyBullet body, and how it is had: the one module about it that does not import PyBullet."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Literal

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
    gui: bool = False
    """Open PyBullet's window; needs a screen."""

    @property
    def carries_weight(self) -> bool:
        """Whether the body lies on the ground, so that the ground may be uneven."""
        return self.form == "gravity"


class GravityConfig(BulletConfig, frozen=True, kw_only=True):
    """The same, lying on the ground unless said otherwise."""

    form: Literal["planar_root", "gravity"] = "gravity"


def bullet_installed() -> bool:
    """Whether PyBullet can be imported here."""
    return importlib.util.find_spec("pybullet") is not None


def make_bullet_body(config: BulletConfig) -> BulletBody:
    """The PyBullet body; a `DeviceError` where PyBullet is missing."""
    if not bullet_installed():
        raise DeviceError(
            "PyBullet, which exists for Linux on x86-64 with Python 3.11 only, is not installed"
        )
    from wormctl_sim.bullet_body import GravityBody, PlanarRootBody

    return GravityBody(config) if config.form == "gravity" else PlanarRootBody(config)
