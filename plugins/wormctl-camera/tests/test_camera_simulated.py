"""The simulated camera: how a lamp looks from a snake, whatever way it turns, and the kit."""

from __future__ import annotations

import math

import pytest
import wormctl_camera.plugin
from hypothesis import given
from hypothesis import strategies as st
from wormctl_camera.config import COLOUR, COLOUR_DIRECTION, DIRECTION, LEFT, LEVEL, RIGHT, CameraConfig
from wormctl_camera.lamp import Lamp
from wormctl_camera.light import Seen
from wormctl_camera.simulated import SimulatedCamera

from wormctl.channel import Quality, Samples
from wormctl.device import DeviceError
from wormctl.plugins import collect
from wormctl.testing import IdealBody, bare_context, check_plugin, check_sensor

VIEW_RAD = math.radians(60.0)
place = st.floats(-3.0, 3.0)


def look(lamp: Lamp, x_m: float = 0.0, y_m: float = 0.0, heading_rad: float = 0.0) -> Seen:
    return lamp.seen(x_m, y_m, heading_rad, VIEW_RAD, coloured=True)


def test_it_passes_the_kit() -> None:
    check_plugin(wormctl_camera.plugin)


def test_the_kit_with_a_colour() -> None:
    (offer,) = collect(wormctl_camera.plugin)["sensor"]
    check_sensor(offer, config=CameraConfig(colour="green"))


@pytest.mark.parametrize(
    ("distance_m", "aside_deg", "level"),
    [
        (1.0, 0.0, 0.2),
        (2.0, 0.0, 0.05),
        (1.0, 60.0, 0.1),
        (1.0, -60.0, 0.1),
        (1.0, 90.0, 0.0),
        (1.0, 180.0, 0.0),
    ],
)
def test_light_falls_with_the_square_of_the_distance_and_the_cosine(
    distance_m: float, aside_deg: float, level: float
) -> None:
    aside_rad = math.radians(aside_deg)
    lamp = Lamp(distance_m * math.cos(aside_rad), distance_m * math.sin(aside_rad), 0.2)
    assert look(lamp).level == pytest.approx(level, abs=1e-9)


def test_a_lamp_on_the_left_is_left() -> None:
    seen = look(Lamp(1.0, 0.2, 0.2))
    assert seen.direction_rad == pytest.approx(math.atan2(0.2, 1.0))
    assert seen.left > seen.right
    assert seen.colour == seen.level
    assert seen.colour_direction_rad == seen.direction_rad


def test_outside_the_view_there_is_light_but_nothing_to_see() -> None:
    seen = look(Lamp(1.0, 1.0, 0.2))
    assert seen.level > 0.0
    assert (seen.left, seen.right) == pytest.approx((2.0 * seen.level, 0.0))
    assert (seen.direction_rad, seen.colour, seen.colour_direction_rad) == (None, 0.0, None)


@given(lamp=st.tuples(place, place), at=st.tuples(place, place), heading=st.floats(-10.0, 10.0), turn=place)
def test_only_where_the_lamp_stands_from_the_snake_counts(
    lamp: tuple[float, float], at: tuple[float, float], heading: float, turn: float
) -> None:
    seen = look(Lamp(*lamp, 0.2), *at, heading)
    for share in (seen.level, seen.left, seen.right, seen.colour):
        assert share is not None
        assert 0.0 <= share <= 1.0
    assert seen.direction_rad is None or abs(seen.direction_rad) <= VIEW_RAD / 2.0
    if max(seen.left, seen.right) < 1.0:
        assert seen.level == pytest.approx((seen.left + seen.right) / 2.0, abs=1e-12)

    def turned(x: float, y: float) -> tuple[float, float]:
        return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)

    if math.dist(lamp, at) > 1e-3:
        again = look(Lamp(*turned(*lamp), 0.2), *turned(*at), heading + turn)
        assert again.level == pytest.approx(seen.level, abs=1e-9)


@given(aside=st.floats(0.001, math.pi - 0.001), distance=st.floats(0.1, 5.0))
def test_left_and_right_are_alike(aside: float, distance: float) -> None:
    x, y = distance * math.cos(aside), distance * math.sin(aside)
    one, other = look(Lamp(x, y, 0.2)), look(Lamp(x, -y, 0.2))
    assert (one.level, one.left, one.right) == pytest.approx((other.level, other.right, other.left))
    assert one.left >= one.right
    assert one.direction_rad is None or one.direction_rad == -(other.direction_rad or 0.0)


def test_in_the_lamp_it_is_as_bright_as_can_be_told_and_without_one_dark() -> None:
    assert look(Lamp(0.0, 0.0, 0.2)).level == 1.0
    assert look(Lamp(0.0, 0.0, 0.0)) == (0.0, 0.0, 0.0, None, 0.0, None)
    assert look(Lamp(1e-200, 0.0, 100.0)).level == 1.0


def test_it_looks_from_the_nose_along_the_head() -> None:
    body = IdealBody()
    sensor = SimulatedCamera(CameraConfig(lamp_x_m=1.0, lamp_y_m=2.0, colour="any"))
    sensor.configure(bare_context(body=body))
    out = Samples(sensor.spec.channels)
    body.truth.nose[:] = 1.0, 1.0
    body.truth.pose[0, 2] = math.radians(80.0)
    sensor.read(3.0, out)
    assert out.vector(LEVEL)[0] == pytest.approx(0.2 * math.cos(math.radians(10.0)))
    assert out.vector(DIRECTION)[0] == pytest.approx(math.radians(10.0))
    assert out.vector(LEFT)[0] > out.vector(RIGHT)[0]
    assert set(out.time_s.tolist()) == {3.0}
    body.truth.pose[0, 2] = math.radians(-90.0)
    sensor.read(3.02, out)
    found = {channel.name: Quality(int(q)) for channel, q in zip(out.channels, out.quality, strict=True)}
    assert out.vector(LEVEL)[0] == 0.0
    assert [name for name, q in found.items() if q == Quality.FAILED] == [DIRECTION, COLOUR_DIRECTION]
    assert out.vector(COLOUR)[0] == 0.0


def test_in_a_real_body_it_needs_a_camera() -> None:
    with pytest.raises(DeviceError, match="set device"):
        SimulatedCamera(CameraConfig()).configure(bare_context(body=object()))
