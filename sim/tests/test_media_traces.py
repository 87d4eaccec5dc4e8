"""The picture of a run over time: nothing that was sensed is missing from it, and nothing need be there to be drawn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from wormctl_sim.media_channels import MARKS, Sensed, sensed
from wormctl_sim.media_palette import INK, LEFT_BEND, RIGHT_BEND, rgb
from wormctl_sim.media_traces import draw_traces

from sim.tests.media_runs import make_run, scalar
from wormctl.channel import Channel, Quality
from wormctl.config import ConfigError
from wormctl.robot import shipped_robots
from wormctl.runs import read_run

BINDS = '[[bind]]\nchannel = "my.sensor"\nto = ["ASEL"]\n'

Draw = Callable[[Path], Figure]
Change = Callable[[np.ndarray], None]


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draws a run without a warning; what was drawn, as matplotlib has it."""
    seen: list[Figure] = []
    save = Figure.savefig

    def noted(self: Figure, *args: object, **named: object) -> None:
        save(self, *args, **named)  # type: ignore[arg-type]
        seen.append(self)

    monkeypatch.setattr(Figure, "savefig", noted)

    def drawn(folder: Path) -> Figure:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            draw_traces(folder)
        return seen[-1]

    return drawn


def change(folder: Path, how: Change) -> Path:
    """The folder, its record changed in place."""
    rows = np.load(folder / "record.npy")
    how(rows)
    np.save(folder / "record.npy", rows)
    return folder


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_visible()]


def marks(axes: Axes, quality: Quality) -> list[tuple[float, float]]:
    """The stretches, in s, that `axes` mark so."""
    colour = np.array(to_rgba(MARKS[quality]))
    times = [
        np.asarray(path.vertices)[:, 0]
        for found in axes.collections
        if isinstance(found, PolyCollection) and np.array_equal(np.ravel(found.get_facecolor()), colour)
        for path in found.get_paths()
    ]
    return [(float(time_s.min()), float(time_s.max())) for time_s in times]


def _share(image: Image.Image, colour: str, within: int) -> float:
    away = np.abs(np.asarray(image.convert("RGB")).astype(int) - np.array(rgb(colour))).max(axis=-1)
    return float((away <= within).mean())


@pytest.mark.parametrize("simulated", [True, False])
def test_traces_of_any_run(tmp_path: Path, simulated: bool) -> None:
    folder = make_run(tmp_path / "run", simulated=simulated)
    path = draw_traces(folder)
    with Image.open(path) as image:
        assert image.width > 800
        assert _share(image, LEFT_BEND, 40) > 0.02, "joints bend to the left"
        assert _share(image, RIGHT_BEND, 40) > 0.02
        assert _share(image, INK, 60) > 0.0005


def test_no_traces_of_a_run_that_never_began(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", seconds=0.02)
    with pytest.raises(ConfigError, match="nothing to draw"):
        draw_traces(folder)


def test_without_neurons_the_joints_have_their_room(tmp_path: Path, draw: Draw) -> None:
    with_neurons = draw(make_run(tmp_path / "worm"))
    without = draw(make_run(tmp_path / "own", neurons=False))
    assert "neurons" in words(with_neurons)
    assert "neurons" not in words(without)
    tall = [
        figure.axes[0].get_position().height * figure.get_figheight() for figure in (with_neurons, without)
    ]
    assert tall[1] > 1.6 * tall[0]


@pytest.mark.parametrize("robot", [BINDS, "", "not [ a robot file", "[body]\nuse = 'planar'\n"])
@pytest.mark.parametrize("size", [1, 5])
def test_a_sensor_that_never_changed_is_shown_with_its_name_and_value(
    tmp_path: Path, draw: Draw, robot: str, size: int
) -> None:
    mine = Channel(name="my.sensor", unit="1", low=0, high=1, size=size)
    folder = make_run(tmp_path, sensed=[mine, scalar("touch.tail")], robot=robot)

    def flat(rows: np.ndarray) -> None:
        rows["my.sensor"] = 0.42

    shown = words(draw(change(folder, flat)))
    assert any(word.startswith("my.sensor") for word in shown)
    assert "0.42 throughout" in shown
    assert any(word.startswith("touch.tail") for word in shown)


@pytest.mark.parametrize("size", [1, 5])
def test_one_that_changed_is_shown_large(tmp_path: Path, draw: Draw, size: int) -> None:
    mine = Channel(name="my.sensor", unit="1", low=0, high=9, size=size)
    folder = make_run(tmp_path, sensed=[mine, scalar("touch.tail")], robot=BINDS)

    def ramp(rows: np.ndarray) -> None:
        rows["my.sensor"].T[...] = rows["time_s"]

    axes = draw(change(folder, ramp)).axes
    (large,) = [place for place in axes if place.get_ylabel() == "my.sensor"]
    assert large.get_position().height > 0.05


def test_what_is_bound_to_nothing_says_so(tmp_path: Path, draw: Draw) -> None:
    names = ["my.sensor", "their.sensor"]
    shown = words(draw(make_run(tmp_path, sensed=[scalar(name) for name in names], robot=BINDS)))
    assert "my.sensor" in shown
    assert "their.sensor (not bound)" in shown


def test_more_channels_than_have_room_for_themselves_are_all_there(tmp_path: Path, draw: Draw) -> None:
    names = [f"many.n{i:02}" for i in range(14)]
    folder = make_run(tmp_path, sensed=[scalar(name) for name in names])

    def ramp(rows: np.ndarray) -> None:
        for name in names:
            rows[name] = rows["time_s"]

    figure = draw(change(folder, ramp))
    assert set(names) <= set(words(figure))
    assert figure.get_figheight() < 15.0


def test_the_worm_has_one_panel_of_rows_for_all_that_it_did_not_feel(tmp_path: Path, draw: Draw) -> None:
    robot = shipped_robots()["worm"].read_text(encoding="utf-8")
    quiet = ["odour.diacetyl", "poison.copper", "touch.head", "touch.front", "touch.back", "touch.tail"]
    folder = make_run(tmp_path, sensed=[scalar(name) for name in ("odour.food", *quiet)], robot=robot)

    def smell(rows: np.ndarray) -> None:
        rows["odour.food"] = rows["time_s"]

    figure = draw(change(folder, smell))
    labels = [[label.get_text() for label in place.get_yticklabels()] for place in figure.axes]
    assert quiet in labels
    assert not any("not bound" in word or "good sample:" in word for word in words(figure))
    assert figure.get_figheight() < 9.0


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("quality", [Quality.STALE, Quality.INVALID, Quality.FAILED])
def test_a_stretch_without_a_good_sample_is_marked_however_short(
    tmp_path: Path, draw: Draw, quality: Quality, flat: bool
) -> None:
    folder = make_run(tmp_path, seconds=120.0, speed_m_s=0.0, sensed=[scalar("my.sensor")], robot=BINDS)

    def bad(rows: np.ndarray) -> None:
        rows["my.sensor"] = 1.0 if flat else rows["time_s"]
        rows["quality"][1000:2000, 1] = quality
        rows["quality"][4001, 1] = quality
        rows["my.sensor"][1000:2000] = 77.0

    figure = draw(change(folder, bad))
    assert quality.name.lower() in words(figure)
    found = [stretch for place in figure.axes for stretch in marks(place, quality)]
    assert len(found) == 2
    assert found[0] == pytest.approx((20.0, 40.0), abs=0.2)
    assert found[1] == pytest.approx((80.0, 80.1), abs=0.2)
    assert found[1][1] - found[1][0] > 0.1, "as wide as a pixel"
    assert not any("77" in word for word in words(figure))


def test_a_sensor_that_never_measured_is_there_and_marked_all_the_way(tmp_path: Path, draw: Draw) -> None:
    folder = make_run(tmp_path, sensed=[scalar("my.sensor")], robot=BINDS)

    def dead(rows: np.ndarray) -> None:
        rows["quality"][:, 1] = Quality.FAILED
        rows["my.sensor"] = np.nan

    figure = draw(change(folder, dead))
    assert {"my.sensor", "no good sample", "failed"} <= set(words(figure))
    (stretch,) = [stretch for place in figure.axes for stretch in marks(place, Quality.FAILED)]
    assert stretch == pytest.approx((0.0, 4.0), abs=0.1)


def test_a_slow_sensors_single_good_samples_are_dots(tmp_path: Path, draw: Draw) -> None:
    folder = make_run(tmp_path, sensed=[scalar("my.sensor")], robot=BINDS)

    def slow(rows: np.ndarray) -> None:
        rows["my.sensor"] = rows["time_s"]
        rows["quality"][:, 1] = Quality.STALE
        rows["quality"][::50, 1] = Quality.GOOD

    axes = draw(change(folder, slow)).axes
    (large,) = [place for place in axes if place.get_ylabel() == "my.sensor"]
    dots = [line.get_xdata() for line in large.lines if line.get_marker() == "o"]
    assert np.concatenate(dots).tolist() == pytest.approx([0.0, 1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.0, 0.0], "0 throughout"),
        ([101325.0, 101325.0], "101325 throughout"),
        ([101325.0, 101327.0], "101325 to 101327"),
        ([-0.01234, 0.5], "-0.0123 to 0.5"),
        ([np.nan, 0.25], "0.25 throughout"),
        ([np.nan, np.nan], "no good sample"),
    ],
)
def test_values_in_words(values: list[float], said: str) -> None:
    one = Sensed("a", np.array(values)[:, None], np.zeros(2, np.uint8), bound=True)
    assert one.range == said


def test_the_joints_feeling_is_a_row_only_if_a_sample_was_bad(tmp_path: Path) -> None:
    folder = make_run(tmp_path)
    assert sensed(read_run(folder)) == []

    def late(rows: np.ndarray) -> None:
        rows["quality"][0, 0] = Quality.STALE

    assert [one.name for one in sensed(read_run(change(folder, late)))] == ["joint.position"]
