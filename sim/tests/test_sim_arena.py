"""World files, and the worlds made of them."""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_sim import field_kernel as field
from wormctl_sim.arena import Arena
from wormctl_sim.arena_config import ArenaConfig
from wormctl_sim.terrain import height_and_slope, make_relief
from wormctl_sim.world_files import load_world, shipped_worlds

from wormctl.config import ConfigError, convert
from wormctl.device import Charted
from wormctl.snake import load_snake

HEAD = 'kind = "arena"\n'
FOOD = HEAD + '[[odour]]\nname = "food"\n'


def arena(text: str, tmp_path: Path) -> Arena:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_world(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", '$.kind is missing: must be "arena"'),
        ('kind = "arna"\n', "$.kind = 'arna'"),
        (HEAD + "wals = 1\n", "unknown field `wals`"),
        (HEAD + "[start]\nheading_deg = 400\n", "$.start: heading_deg = 400"),
        (HEAD + "[start]\nat_m = [1]\n", "$.start.at_m"),
        (FOOD, "missing required field `source`"),
        (FOOD + "source = []\n", "$.odour[0].source"),
        (FOOD + 'kind = "cone"\n[[odour.source]]\ndistance_m = 1\n', "$.odour[0].kind = 'cone'"),
        (FOOD + "peak = 0\n[[odour.source]]\ndistance_m = 1\n", "$.odour[0].peak = 0"),
        (FOOD + "scale_m = 1e9\n[[odour.source]]\ndistance_m = 1\n", "$.odour[0].scale_m"),
        (FOOD + "[[odour.source]]\n", "$.odour[0].source[0]: a source needs at_m or distance_m"),
        (
            FOOD + "[[odour.source]]\ndistance_m = 1\nat_m = [1, 1]\n",
            "at_m = [1.0, 1.0] and distance_m = 1.0: a source must have one of the two",
        ),
        (
            FOOD + "[[odour.source]]\nat_m = [1, 1]\nbearing_deg = [5, 9]\n",
            "$.odour[0].source[0]: bearing_deg = [5.0, 9.0]: goes with distance_m",
        ),
        (FOOD + "[[odour.source]]\ndistance_m = [2, 1]\n", "distance_m = [2.0, 1.0]"),
        (FOOD + "[[odour.source]]\ndistance_m = nan\n", "distance_m = nan"),
        (FOOD + "[[odour.source]]\ndistance_m = 1\nspeed = 1\n", "unknown field `speed`"),
        (FOOD + "[[odour.source]]\ndistance_m = 1\ndrift_m_s = [0, 5]\n", "drift_m_s[1] = 5"),
        (FOOD + "[[odour.source]]\ndistance_m = 1\ncircle = { radius_m = 1 }\n", "`period_s`"),
        (
            FOOD + "[[odour.source]]\ndistance_m = 1\n[[odour]]\nname = 'food'\nsource = [{at_m=[1,1]}]\n",
            "two",
        ),
        (HEAD + '[[odour]]\nname = "Food 1"\nsource = [{at_m=[1,1]}]\n', "$.odour[0].name = 'Food 1'"),
        (HEAD + "[[peg]]\nat_m = [1, 1]\nradius_m = -1\n", "$.peg[0].radius_m = -1"),
        (HEAD + "[[wall]]\nfrom_m = [1, 1]\n", "`to_m`"),
        (HEAD + "[[pegs]]\ncount = 0\ndistance_m = 1\n", "$.pegs[0].count = 0"),
        (HEAD + "[terrain]\nheight_m = 2\n", "$.terrain.height_m = 2"),
        (HEAD + "x = [", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_where(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        arena(text, tmp_path)
    message = str(caught.value)
    assert said in message
    assert message.startswith(str(tmp_path / "mine.toml"))
    assert "\n" not in message


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'food'.*two_sources"):
        load_world("fod")


@pytest.mark.parametrize("name", sorted(shipped_worlds()))
def test_a_seed_is_a_world(name: str) -> None:
    one, other = load_world(name), load_world(name)
    one.reset(5)
    other.reset(6)
    other.reset(5)
    for part in ("sources", "obstacles", "start"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


@given(st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_random_food_is_where_it_may_be(seed: int) -> None:
    world = FOOD_WORLD
    world.reset(seed)
    x, y, heading = world.start
    assert 1.0 <= world.goal_distance_m(x, y) <= 2.0
    assert -math.pi <= heading <= math.pi


FOOD_WORLD = load_world("food")


def test_random_food_lies_in_all_directions() -> None:
    bearings = []
    for seed in range(200):
        FOOD_WORLD.reset(seed)
        x, y = FOOD_WORLD.sources[0, field.X_M : field.Y_M + 1]
        bearings.append((math.atan2(y, x) - FOOD_WORLD.start[2]) % (2 * math.pi))
    counts = np.histogram(bearings, bins=8, range=(0, 2 * math.pi))[0]
    assert counts.min() >= 10


def test_concentration_is_the_sum_of_the_formulas() -> None:
    rows = np.array([[field.POINT, 1.0, 2.0, 3.0, 0.5, 0, 0], [field.GAUSSIAN, -1.0, 0.0, 2.0, 0.7, 0, 0]])
    for x, y in ((0.0, 0.0), (1.0, 2.0), (-3.0, 4.0)):
        expected = 3 * math.exp(-math.hypot(x - 1, y - 2) / 0.5) + 2 * math.exp(
            -((x + 1) ** 2 + y**2) / (2 * 0.49)
        )
        assert field.concentration(rows, x, y) == pytest.approx(expected, rel=1e-12)
    assert field.concentration(rows[:0], 0.0, 0.0) == 0.0
    assert field.nearest_m(rows, -1.0, 1.0) == 1.0
    assert field.nearest_m(rows[:0], 0.0, 0.0) == math.inf


def test_what_is_not_food_is_no_goal() -> None:
    world = load_world("two_odours")
    other = world.field("odour", "diacetyl")[0]
    assert world.goal_distance_m(other[field.X_M], other[field.Y_M]) > 0.5
    food = world.field("odour", "food")[0]
    assert world.goal_distance_m(food[field.X_M], food[field.Y_M]) == 0.0
    assert len(world.field("odour", "nothing")) == 0


def test_sources_move_as_they_are_told(tmp_path: Path) -> None:
    world = arena(
        FOOD + "[[odour.source]]\nat_m = [1, 2]\ndrift_m_s = [0.1, -0.2]\n"
        "[[odour.source]]\nat_m = [3, 0]\ncircle = { radius_m = 0.5, period_s = 20 }\n",
        tmp_path,
    )
    drifting, circling = world.field("odour", "food")
    world.advance(10.0)
    np.testing.assert_allclose(drifting[1:3], [2.0, 0.0])
    half_way = circling[1:3].copy()
    assert math.hypot(half_way[0] - 3, half_way[1]) == pytest.approx(1.0)
    world.advance(20.0)
    np.testing.assert_allclose(circling[1:3], [3.0, 0.0], atol=1e-12)
    world.reset(0)
    np.testing.assert_allclose(drifting[1:3], [1.0, 2.0])


def test_pokes_come_when_the_seed_says_and_change_nothing_else(tmp_path: Path) -> None:
    text = FOOD + "[[odour.source]]\ndistance_m = [1, 2]\n[[pegs]]\ncount = 3\ndistance_m = [3, 4]\n"
    poke = '[[poke]]\nregion = "tail"\nat_s = [5, 9]\nseconds = 2\nforce_n = 0.3\n'
    plain = arena(text, tmp_path)
    poked = arena(text + poke, tmp_path)
    times = set()
    for seed in range(20):
        plain.reset(seed)
        poked.reset(seed)
        np.testing.assert_array_equal(plain.sources, poked.sources)
        np.testing.assert_array_equal(plain.obstacles, poked.obstacles)
        (region, start_s, end_s, force_n), *others = poked.pokes.tolist()
        assert not others
        assert (region, force_n) == (3, 0.3)
        assert 5 <= start_s <= 9
        assert end_s == start_s + 2
        times.add(start_s)
    assert len(times) > 10
    assert plain.pokes.shape == (0, 4)


@pytest.mark.parametrize(
    ("poke", "said"),
    [
        ('region = "nose"\nat_s = 1', r"\$\.poke\[0\]\.region = 'nose'"),
        ('region = "head"\nat_s = -1', r"at_s = -1\.0 must be a number or \[low, high\] within \[0, 10000\]"),
        ('region = "head"\nat_s = 1\nforce_n = 0', r"\$\.poke\[0\]\.force_n = 0"),
    ],
)
def test_a_poke_that_cannot_be_is_refused(poke: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        arena(HEAD + "[[poke]]\n" + poke + "\n", tmp_path)


@pytest.mark.parametrize("seed", range(5))
def test_random_pegs_leave_room(seed: int) -> None:
    world = load_world("pegs")
    world.reset(seed)
    pegs = world.obstacles
    assert len(pegs) == 20
    for i, (x, y, _, _, radius) in enumerate(pegs):
        body_m = math.hypot(max(x, 0.0) if x > -1 else x + 1, y)
        assert body_m - radius > 0.2
        assert world.goal_distance_m(x, y) - radius > 0.2
        for other in pegs[:i]:
            assert math.hypot(x - other[0], y - other[1]) - radius - other[4] > 0.2


def test_too_many_pegs_are_one_line_with_their_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\$\.pegs\[1\]\.count = 400: no room for so many \(seed 0\)"):
        arena(
            HEAD + "[[pegs]]\ncount = 1\ndistance_m = 2\n[[pegs]]\ncount = 400\ndistance_m = 0.5\n", tmp_path
        )


@pytest.mark.parametrize(
    ("obstacle", "said"),
    [
        ("[[peg]]\nat_m = [-0.3, 0]\n", "$.peg[0].at_m = [-0.3, 0.0]: stands where the snake starts"),
        ("[[peg]]\nat_m = [-0.3, 0.04]\nradius_m = 0.02\n", "$.peg[0]"),
        ("[[peg]]\nat_m = [-0.3, 0.06]\nradius_m = 0.02\n", None),
        ("[[peg]]\nat_m = [0.06, 0]\nradius_m = 0.02\n", None),
        ("[[wall]]\nfrom_m = [-0.3, -1]\nto_m = [-0.3, 1]\n", "$.wall[0].from_m = [-0.3, -1.0]"),
        ("[[wall]]\nfrom_m = [-2, 0.01]\nto_m = [2, 0.01]\n", "$.wall[0]"),
        ("[[wall]]\nfrom_m = [-2, 0.1]\nto_m = [2, 0.1]\n", None),
        ("[start]\nheading_deg = 90\n[[peg]]\nat_m = [0, -0.5]\n", "$.peg[0]"),
        ("[start]\nat_m = [1, 0]\n[[peg]]\nat_m = [-0.3, 0]\n", None),
    ],
)
def test_no_snake_starts_inside_an_obstacle(obstacle: str, said: str | None, tmp_path: Path) -> None:
    world = arena(HEAD + obstacle, tmp_path)
    if said is None:
        world.admit(load_snake())
        return
    with pytest.raises(ConfigError) as caught:
        world.admit(load_snake())
    assert str(caught.value).startswith(said)


@given(st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_random_pegs_never_stand_where_the_snake_starts(seed: int) -> None:
    config = convert(
        {
            "pegs": [{"count": 30, "distance_m": [0.0, 1.2], "clearance_m": 0.0}],
            "start": {"heading_deg": 70.0},
        },
        ArenaConfig,
        where="test",
    )
    world = Arena(config)
    world.reset(seed)
    world.admit(load_snake())


def test_poison_is_summed_and_food_is_none() -> None:
    world = load_world("poison")
    world.reset(3)
    x, y = world.field("poison", "copper")[0, field.X_M : field.Y_M + 1]
    assert world.poison_at(x, y) == pytest.approx(1.0)
    assert load_world("food").poison_at(0.0, 0.0) == 0.0


def test_walls_and_pegs_are_rods(tmp_path: Path) -> None:
    world = arena(
        HEAD + "[[peg]]\nat_m = [1, 2]\nradius_m = 0.1\n"
        "[[wall]]\nfrom_m = [0, 1]\nto_m = [2, 1]\nthickness_m = 0.1\n",
        tmp_path,
    )
    np.testing.assert_allclose(world.obstacles, [[1, 2, 1, 2, 0.1], [0, 1, 2, 1, 0.05]])


def test_bumps_have_the_height_asked_for_and_no_seam() -> None:
    config = convert({"terrain": {"height_m": 0.03, "grain_m": 0.2}}, ArenaConfig, where="test")
    relief = make_relief(config.terrain, 4)
    assert relief.heights.min() == 0.0
    assert relief.heights.max() == pytest.approx(0.03)
    np.testing.assert_array_equal(relief.heights, make_relief(config.terrain, 4).heights)
    assert not np.array_equal(relief.heights, make_relief(config.terrain, 5).heights)
    across = relief.heights.shape[0] * relief.cell_m
    for edge in (0.0, across):
        sides = [height_and_slope(relief, edge + e, edge + e)[0] for e in (-1e-9, 1e-9)]
        assert sides[0] == pytest.approx(sides[1], abs=1e-8)
    for x, y in ((0.0, 0.3), (-7.77, 3.21), (across, across)):
        here, slope_x, slope_y = height_and_slope(relief, x, y)
        assert height_and_slope(relief, x + across, y - across)[0] == pytest.approx(here, abs=1e-9)
        step = 1e-4
        assert height_and_slope(relief, x + step, y)[0] == pytest.approx(here + step * slope_x, abs=1e-6)
        assert height_and_slope(relief, x, y + step)[0] == pytest.approx(here + step * slope_y, abs=1e-6)


@given(st.text(alphabet='abcdefgh[]{}="\n._0123456789 ', max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_anything_but_a_config_error(text: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(HEAD + text)
        file.flush()
        with contextlib.suppress(ConfigError):
            load_world(file.name)


def test_the_world_file_in_the_readme_is_right(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    example = readme.split("```toml\n")[1].split("```")[0]
    world = arena(example, tmp_path)
    assert world.names("odour") == ["food"]
    assert world.names("poison") == ["copper"]
    assert len(world.obstacles) == 22
    assert world.terrain is not None


TWO = FOOD + (
    "peak = 0.5\n[[odour.source]]\ndistance_m = [1.2, 1.8]\nbearing_deg = [20, 70]\nside = 'either'\npeak = 1.0\n"
    "[[odour.source]]\ndistance_m = 1\nbearing_deg = [20, 70]\nside = 'other'\n"
)


def test_two_sources_lie_on_two_sides_equally_far_away(tmp_path: Path) -> None:
    world = arena(TWO, tmp_path)
    sides = []
    for seed in range(40):
        world.reset(seed)
        rich, poor = world.foods()
        assert (rich[2], poor[2]) == (1.0, 0.5)
        assert math.hypot(*rich[:2]) == pytest.approx(math.hypot(*poor[:2]))
        assert 1.2 <= math.hypot(*rich[:2]) <= 1.8
        assert rich[1] * poor[1] < 0.0
        assert 20.0 <= abs(math.degrees(math.atan2(rich[1], rich[0]))) <= 70.0
        sides.append(rich[1] > 0.0)
    assert 10 < sum(sides) < 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            TWO.replace("'either'", "'other'"),
            "source[0].side = 'other': the source before it must have a side",
        ),
        (
            FOOD + "[[odour.source]]\nat_m = [1, 1]\nside = 'either'\n",
            "side = 'either': goes with distance_m",
        ),
    ],
)
def test_a_side_needs_something_to_be_beside(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        arena(text, tmp_path)


def test_a_world_tells_what_smells_where(tmp_path: Path) -> None:
    world = arena(
        FOOD + "[[odour.source]]\nat_m = [1, 0]\ndrift_m_s = [0.1, 0]\n[[odour]]\nname = 'x'\nfood = false\n"
        "source = [{at_m = [0, 1]}]\n[[poison]]\nname = 'p'\nsource = [{at_m = [3, 0]}]\n",
        tmp_path,
    )
    assert isinstance(world, Charted)
    world.advance(10.0)
    np.testing.assert_allclose(world.foods(), [[2.0, 0.0, 1.0]])
    np.testing.assert_allclose(world.poisons(), [[3.0, 0.0, 1.0]])
    assert world.odour_at(0.0, 0.0) == pytest.approx(math.exp(-2) + math.exp(-1))
    assert world.poison_at(3.0, 0.0) == 1.0
