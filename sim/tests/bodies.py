"""Simulated bodies by name, for tests that hold for every one of them."""

from __future__ import annotations

import pytest
from wormctl_sim.bullet_config import BulletConfig, bullet_installed, make_bullet_body
from wormctl_sim.ground import Ground
from wormctl_sim.planar_body import PlanarBody, PlanarConfig
from wormctl_sim.simulated import SimulatedBody

_NEEDS_BULLET = pytest.mark.skipif(not bullet_installed(), reason="PyBullet is not installed")
EVERY_BODY = pytest.mark.parametrize(
    "name",
    ["planar", *(pytest.param(form, marks=_NEEDS_BULLET) for form in ("planar_root", "gravity"))],
)
"""For a test of `name`."""


def make(name: str, ground: Ground | None = None, latency_s: float = 0.0) -> SimulatedBody:
    """`planar`, or a form of PyBullet's: `planar_root`, `gravity`."""
    ground = ground or Ground()
    if name == "planar":
        return PlanarBody(PlanarConfig(ground=ground, latency_s=latency_s))
    form = "gravity" if name == "gravity" else "planar_root"
    return make_bullet_body(BulletConfig(form=form, ground=ground, latency_s=latency_s))  # type: ignore[arg-type]
