"""What pictures say: brightness as sRGB defines it, sides with their sign, colours by their hue."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from wormctl_camera.config import HUES_DEG
from wormctl_camera.frames import HEIGHT, WIDTH, plausible_s, thinned
from wormctl_camera.hue import ColourFilter, Pixels
from wormctl_camera.light import Retina, Seen

VIEW_RAD = math.radians(60.0)
RED = ColourFilter(HUES_DEG["red"], 0.4, 0.15)

pictures = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(2, 16), st.just(3)))


def plain(colour: tuple[int, int, int], height: int = 48, width: int = 64) -> Pixels:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def spot(column: int, colour: tuple[int, int, int] = (255, 255, 255), width: int = 64) -> Pixels:
    """A spot of three by three pixels around `column`, on black."""
    pixels = plain((0, 0, 0), width=width)
    pixels[20:23, column - 1 : column + 2] = colour
    return pixels


@pytest.mark.parametrize(
    ("value", "level"), [(0, 0.0), (10, 0.003035), (188, 0.502886), (128, 0.215861), (255, 1.0)]
)
def test_a_grey_picture_is_as_bright_as_srgb_says(value: int, level: float) -> None:
    seen = Retina(VIEW_RAD).look(plain((value, value, value)))
    assert (seen.level, seen.left, seen.right) == pytest.approx((level, level, level), abs=1e-5)


@pytest.mark.parametrize(
    ("colour", "level"), [((255, 0, 0), 0.2126), ((0, 255, 0), 0.7152), ((0, 0, 255), 0.0722)]
)
def test_colours_count_by_their_luminance(colour: tuple[int, int, int], level: float) -> None:
    assert Retina(VIEW_RAD).look(plain(colour)).level == pytest.approx(level, abs=1e-5)


def test_black_and_white_in_turns_are_half_the_light_and_not_half_the_value() -> None:
    pixels = plain((0, 0, 0))
    pixels[::2] = 255
    assert Retina(VIEW_RAD).look(pixels).level == pytest.approx(0.5)


@pytest.mark.parametrize(("column", "sign"), [(4, 1.0), (20, 1.0), (44, -1.0), (59, -1.0)])
def test_light_on_the_left_has_a_positive_direction(column: int, sign: float) -> None:
    seen = Retina(VIEW_RAD).look(spot(column))
    assert seen.direction_rad is not None
    assert seen.direction_rad * sign > 0.0
    assert (seen.left - seen.right) * sign > 0.0
    # A pinhole: the middle of pixel i lies at 1 - (2 i + 1) / width of half the view.
    across = 1.0 - (2.0 * column + 1.0) / 64.0
    assert seen.direction_rad == pytest.approx(math.atan(across * math.tan(VIEW_RAD / 2.0)), abs=1e-6)


def test_light_at_the_edge_is_half_the_field_of_view_aside() -> None:
    pixels = plain((0, 0, 0), width=4000)
    pixels[:, :20] = 255
    seen = Retina(math.radians(90.0)).look(pixels)
    assert seen.direction_rad == pytest.approx(math.radians(45.0), abs=0.01)


def test_the_dark_has_no_direction() -> None:
    assert Retina(VIEW_RAD).look(plain((0, 0, 0))).direction_rad is None
    assert Retina(VIEW_RAD).look(plain((2, 2, 2))).direction_rad is None
    assert Retina(VIEW_RAD).look(plain((5, 5, 5))).direction_rad == pytest.approx(0.0, abs=1e-9)


@given(pixels=pictures)
def test_whatever_it_sees_is_in_range(pixels: Pixels) -> None:
    seen = Retina(VIEW_RAD, RED).look(pixels)
    assert seen.colour is not None
    for share in (seen.level, seen.left, seen.right, seen.colour):
        assert 0.0 <= share <= 1.0
    for angle in (seen.direction_rad, seen.colour_direction_rad):
        assert angle is None or abs(angle) <= VIEW_RAD / 2.0


@given(pixels=pictures)
def test_a_mirror_swaps_left_and_right_and_nothing_else(pixels: Pixels) -> None:
    def values(seen: Seen) -> list[float]:
        return [math.nan if value is None else value for value in seen]

    seen = Retina(VIEW_RAD, RED).look(pixels)
    mirrored = Retina(VIEW_RAD, RED).look(pixels[:, ::-1])
    level, left, right, direction, colour, towards = values(seen)
    assert values(mirrored) == pytest.approx(
        [level, right, left, -direction, colour, -towards], abs=1e-6, nan_ok=True
    )


@given(hue=st.floats(0.0, 359.9), saturation=st.floats(0.5, 1.0), value=st.floats(0.3, 1.0))
def test_a_colour_passes_where_its_hue_is_meant(hue: float, saturation: float, value: float) -> None:
    rgb = [round(255.0 * part) for part in colorsys.hsv_to_rgb(hue / 360.0, saturation, value)]
    exact = 360.0 * colorsys.rgb_to_hsv(*(part / 255.0 for part in rgb))[0]
    for name, (first, last) in HUES_DEG.items():
        inside = (exact - first) % 360.0 <= (last - first) % 360.0 or name == "any"
        edge = min(abs(math.remainder(exact - end, 360.0)) for end in (first, last))
        if edge > 1.5 or name == "any":
            passed = ColourFilter((first, last), 0.4, 0.15).passed(plain((rgb[0], rgb[1], rgb[2])))
            assert passed.all() == passed.any() == inside, (name, rgb, exact)


@given(hue=st.floats(0.0, 359.9), first=st.floats(0.0, 360.0), last=st.floats(0.0, 360.0))
def test_any_window_lets_through_what_lies_between_its_ends(hue: float, first: float, last: float) -> None:
    rgb = [round(255.0 * part) for part in colorsys.hsv_to_rgb(hue / 360.0, 1.0, 1.0)]
    span = last - first if last >= first else last - first + 360.0
    if min(abs(math.remainder(hue - end, 360.0)) for end in (first, last)) < 2.0 or span < 0.1:
        return
    passed = ColourFilter((first, last), 0.4, 0.15).passed(plain((rgb[0], rgb[1], rgb[2]), 2, 2))
    assert bool(passed.all()) == ((hue - first) % 360.0 <= span)


@pytest.mark.parametrize(
    "colour", [(128, 128, 128), (0, 0, 0), (255, 255, 255), (200, 150, 150), (30, 2, 2), (0, 0, 255)]
)
def test_grey_pale_dark_and_other_colours_are_not_red(colour: tuple[int, int, int]) -> None:
    assert not RED.passed(plain(colour)).any()


def test_a_red_ball_is_found_beside_a_brighter_light() -> None:
    pixels = spot(10)
    pixels[20:23, 50:53] = (200, 30, 30)
    seen = Retina(VIEW_RAD, RED).look(pixels)
    assert seen.direction_rad is not None
    assert seen.direction_rad > 0.0
    assert seen.colour == pytest.approx(9 / (48 * 64))
    assert seen.colour_direction_rad is not None
    assert seen.colour_direction_rad < -0.3
    gone = Retina(VIEW_RAD, RED).look(spot(10))
    assert (gone.colour, gone.colour_direction_rad) == (0.0, None)


def test_pictures_of_changing_size_are_seen_alike() -> None:
    retina = Retina(VIEW_RAD, RED)
    for size in ((48, 64), (120, 160), (48, 64), (10, 20)):
        assert retina.look(plain((200, 20, 20), *size)).colour == 1.0


@given(height=st.integers(1, 2000), width=st.integers(1, 2000))
def test_large_pictures_are_thinned_and_small_ones_left(height: int, width: int) -> None:
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    thin = thinned(pixels)
    assert min(height, HEIGHT / 2) <= thin.shape[0] <= HEIGHT
    assert min(width, WIDTH / 2) <= thin.shape[1] <= WIDTH
    if height <= HEIGHT and width <= WIDTH:
        assert thin.shape == pixels.shape


def test_a_time_from_another_clock_is_not_believed() -> None:
    assert plausible_s(99.9, 100.0) == 99.9
    assert plausible_s(1.7e9, 100.0) == 100.0
    assert plausible_s(0.0, 100.0) == 100.0
