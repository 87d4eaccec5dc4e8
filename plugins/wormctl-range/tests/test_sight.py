"""What a ray meets: it ends on a surface and goes through none, and the simulated ranger in a world."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_range.sensor import DISTANCE, FARTHEST_M, RangeConfig, SimulatedRange
from wormctl_range.sight import Sight

from wormctl.channel import Quality, Samples
from wormctl.testing import IdealBody, bare_context

place = st.floats(-2.0, 2.0)
rods = st.lists(st.tuples(place, place, place, place, st.floats(0.01, 0.5)), min_size=1, max_size=4)


def clearance(x: float, y: float, found: list[tuple[float, ...]]) -> float:
    """From a point to the surface of the nearest rod; below 0 inside one."""
    least = math.inf
    for x1, y1, x2, y2, radius in found:
        length2 = (x2 - x1) ** 2 + (y2 - y1) ** 2
        s = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length2 if length2 else 0.0
        s = min(max(s, 0.0), 1.0)
        least = min(least, math.dist((x, y), (x1 + s * (x2 - x1), y1 + s * (y2 - y1))) - radius)
    return least


@given(found=rods, heading=st.floats(-math.pi, math.pi))
def test_the_ray_ends_at_the_first_surface(found: list[tuple[float, ...]], heading: float) -> None:
    if clearance(0.0, 0.0, found) < 0.0:
        return
    seen_m = Sight(np.array(found)).distance_m(0.0, 0.0, heading)
    ahead_x, ahead_y = math.cos(heading), math.sin(heading)
    for t in np.linspace(0.0, min(seen_m, FARTHEST_M), 300).tolist():
        assert clearance(t * ahead_x, t * ahead_y, found) > -1e-6, "nothing is seen through"
    if math.isfinite(seen_m):
        assert clearance(seen_m * ahead_x, seen_m * ahead_y, found) == pytest.approx(0.0, abs=1e-6)


def test_with_nothing_there_nothing_is_seen() -> None:
    assert Sight(np.zeros((0, 5))).distance_m(0.0, 0.0, 0.0) == math.inf


def test_the_simulated_ranger_sees_what_stands_in_the_world() -> None:
    class World:
        name = "one peg"
        obstacles = np.array([(1.0, 0.0, 1.0, 0.0, 0.1)])

        def poison_at(self, x_m: float, y_m: float) -> float:
            return 0.0

    world: Any = World()
    body = IdealBody()
    sensor = SimulatedRange(RangeConfig())
    sensor.configure(msgspec.structs.replace(bare_context(body=body), world=world))
    out = Samples(sensor.spec.channels)
    sensor.read(0.0, out)
    assert out.vector(DISTANCE)[0] == pytest.approx(0.9)
    body.truth.pose[0, 2] = 1.0
    sensor.read(0.02, out)
    assert out.quality[0] == Quality.FAILED, "no phantom wall in a world that shows what stands in it"
