import math
import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from wormctl_sim.media import draw_picture_of, draw_video_of, main
from wormctl_sim.media_frames import Painter
from wormctl_sim.media_palette import BODY, FOOD, INK, PAPER, rgb
from wormctl_sim.media_picture import draw_picture
from wormctl_sim.media_scene import Scene, outline
from wormctl_sim.media_video import LONGEST_S, VIDEO_FPS, VIDEO_HEIGHT
from wormctl_sim.world_files import load_world

from sim.tests.media_runs import SNAKE, make_run
from wormctl.config import ConfigError
from wormctl.connectome import load_connectome
from wormctl.runs import INFO, read_run


def _scene(folder: Path, **wanted: object) -> Scene:
    return Scene(read_run(make_run(folder, **wanted)))  # type: ignore[arg-type]


def _is(image: Image.Image, colour: str, within: int = 12) -> np.ndarray:
    """Which pixels have about this colour."""
    away = np.abs(np.asarray(image.convert("RGB")).astype(int) - np.array(rgb(colour))).max(axis=-1)
    pixels: np.ndarray = away <= within
    return pixels


def _has(image: Image.Image, colour: str, within: int = 12) -> int:
    """How many pixels have about this colour."""
    return int(_is(image, colour, within).sum())


@pytest.mark.parametrize("world", ["food_ahead", "poison", "pegs", "wall", "moving", "empty", None])
def test_every_kind_of_world_can_be_drawn(tmp_path: Path, world: str | None) -> None:
    make_run(tmp_path, world=world, seconds=1.0)
    image = Image.open(draw_picture_of(tmp_path))
    assert min(image.size) > 800
    assert _has(image, BODY) > 200
    painted = Painter(Scene(read_run(tmp_path)), 360).frame(49, "real time")
    assert painted.size == (640, 360)
    assert _has(painted, BODY) > 100
    assert (_has(painted, FOOD) > 5) == (world not in ("empty", None))


@pytest.mark.parametrize(("world", "seconds"), [("moving", 180.0), ("drifting", 300.0)])
def test_a_moving_source_is_in_the_picture_all_the_way_and_smells_where_it_is_marked(
    tmp_path: Path, world: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = _scene(tmp_path, world=world, seconds=seconds, speed_m_s=0.001)
    assert scene.moves
    view, arena = scene.view, load_world(world)
    arena.reset(1)
    for t in np.linspace(0.0, seconds - 0.02, 50).tolist():
        arena.advance(t)
        x, y = arena.sources[0, 1:3]
        assert view.x_m < x < view.x_m + view.size_m
        assert view.y_m < y < view.y_m + view.size_m
    moments: list[float] = []

    def noted(seen: Any) -> Any:
        def looks(self: Scene, t: float, *more: int) -> Any:
            moments.append(t)
            return seen(self, t, *more)

        return looks

    for name in ("smell", "foods_at"):
        monkeypatch.setattr(Scene, name, noted(getattr(Scene, name)))
    draw_picture(scene, tmp_path / "drawn.png")
    assert moments == [scene.end_s, scene.end_s]
    # The ring round one place is 0.6 m across: the rest of the red is the way it came.
    pixel_m = view.size_m / (0.84 * 8.0 * 140)
    red = np.argwhere(_is(Image.open(tmp_path / "drawn.png"), FOOD, within=60))
    assert np.ptp(red, axis=0).max() * pixel_m > 1.2


def test_a_video_plays_at_most_fifteen_seconds(tmp_path: Path) -> None:
    make_run(tmp_path, seconds=130.0, speed_m_s=0.01)
    shares: list[float] = []
    path = draw_video_of(tmp_path, shares.append)
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(path))
    assert 10.0 < seconds <= LONGEST_S
    assert frames == pytest.approx(seconds * VIDEO_FPS, abs=2)
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] < 0.1
    assert 0.9 < shares[-1] <= 1.0
    first = tmp_path / "frame.png"
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-loglevel", "error", "-i", path, "-frames:v", "1", first], check=True)
    image = Image.open(first)
    assert image.size == (1280, VIDEO_HEIGHT)
    assert _has(image, BODY, within=40) > 300


def test_frames_show_where_the_snake_is(tmp_path: Path) -> None:
    scene = _scene(tmp_path, seconds=10.0)
    painter = Painter(scene, 360)

    def head_column(tick: int) -> float:
        pixels = np.asarray(painter.frame(tick, ""))[:, :360].astype(int)
        snake = np.abs(pixels - np.array(rgb(BODY))).max(axis=-1) < 12
        return float(np.flatnonzero(snake.any(axis=0)).max())

    before, after = head_column(0), head_column(499)
    moved_m = (after - before) / 360 * scene.view.size_m
    assert moved_m == pytest.approx(0.2 * 9.98, abs=0.1)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_for_a_web_page_is_small_and_loops(tmp_path: Path, suffix: str) -> None:
    make_run(tmp_path / "run", seconds=4.0)
    out = tmp_path / f"out{suffix}"
    assert main([str(tmp_path / "run"), "--gif", str(out)]) == 0
    assert out.stat().st_size < 1_500_000
    image = Image.open(out)
    assert getattr(image, "n_frames", 1) > 20
    assert image.info.get("loop") == 0


def test_the_command_draws_both_and_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path, seconds=0.5)
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "trajectory.png"), str(tmp_path / "video.mp4")]


def test_what_cannot_be_drawn_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none")]) == 2
    assert "has no run.json" in capsys.readouterr().err
    make_run(tmp_path / "real", simulated=False)
    assert main([str(tmp_path / "real")]) == 2
    assert "a physical body does not know where it is" in capsys.readouterr().err
    make_run(tmp_path / "short", seconds=0.0)
    assert main([str(tmp_path / "short")]) == 2
    assert "its record is empty" in capsys.readouterr().err
    make_run(tmp_path / "run", seconds=0.5)
    assert main([str(tmp_path / "run"), "--gif", "out.bmp"]) == 2
    assert "must end in .gif or .webp" in capsys.readouterr().err


def test_a_wrong_world_in_run_json_is_named(tmp_path: Path) -> None:
    make_run(tmp_path)
    raw = msgspec.json.decode((tmp_path / INFO).read_bytes())
    raw["world"]["config"]["odour"][0]["peak"] = "strong"
    (tmp_path / INFO).write_bytes(msgspec.json.encode(raw))
    with pytest.raises(ConfigError, match=r"\$\.world\.config\.odour\[0\]\.peak = 'strong'"):
        Scene(read_run(tmp_path))


def test_a_world_that_nobody_here_knows_leaves_the_path(tmp_path: Path) -> None:
    make_run(tmp_path, seconds=0.5)
    raw = msgspec.json.decode((tmp_path / INFO).read_bytes())
    raw["world"]["kind"] = "some.other.World"
    (tmp_path / INFO).write_bytes(msgspec.json.encode(raw))
    scene = Scene(read_run(tmp_path))
    assert scene.arena is None
    assert draw_picture_of(tmp_path).exists()


def test_the_world_is_drawn_as_its_seed_placed_it(tmp_path: Path) -> None:
    scene = _scene(tmp_path, world="food", seed=5)
    arena = load_world("food")
    arena.reset(5)
    food = scene.foods_at(0.0)[0]
    assert arena.goal_distance_m(*food.tolist()) == pytest.approx(0.0)
    odour, poison = scene.smell(0.0, 50)
    row, column = np.unravel_index(odour.argmax(), odour.shape)
    x = scene.view.x_m + (column + 0.5) / 50 * scene.view.size_m
    y = scene.view.y_m + (50 - row - 0.5) / 50 * scene.view.size_m
    assert math.dist((x, y), food) < scene.view.size_m / 50
    assert not poison.any()


@settings(max_examples=30)
@given(st.lists(st.floats(-0.9, 0.9), min_size=12, max_size=12), st.floats(-3.0, 3.0))
def test_the_outline_is_a_band_around_the_links(joints: list[float], heading: float) -> None:
    link_m, radius_m = SNAKE.link.length_m, SNAKE.link.radius_m
    angle = heading + np.concatenate([[0.0], np.cumsum(joints)])
    step = link_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centre = -np.cumsum(step, axis=0) + step / 2
    shape = outline(np.concatenate([centre, angle[:, None]], axis=1)[None], link_m, radius_m)[0]
    assert np.isfinite(shape).all()
    to_centre = np.hypot(*(shape[:, None] - centre[None]).transpose(2, 0, 1)).min(axis=1)
    assert to_centre.max() < link_m / 2 + 2.2 * radius_m


def test_the_neurons_shown_are_the_busy_ones_of_each_kind(tmp_path: Path) -> None:
    make_run(tmp_path, seconds=1.0)
    connectome = load_connectome()
    rows = np.load(tmp_path / "record.npy")
    rows["activity"] = 0.5
    busy = ["ASEL", "AIYR", "DB3", "VB3"]
    for name in busy:
        rows["activity"][::2, connectome.index(name)] = 1.0
    np.save(tmp_path / "record.npy", rows)
    scene = Scene(read_run(tmp_path))
    shown = [scene.info.neurons[i] for i in scene.telling_neurons]
    assert set(busy) <= set(shown)
    kinds = [connectome.types[connectome.index(name)] for name in shown]
    assert kinds == sorted(kinds, key=["sensory", "inter", "motor"].index)


@pytest.mark.parametrize("world", ["food_ahead", None])
def test_a_policy_without_neurons_has_a_video_without_them(tmp_path: Path, world: str | None) -> None:
    make_run(tmp_path / "short", seconds=0.5, world=world, neurons=False)
    assert imageio_ffmpeg.count_frames_and_secs(str(draw_video_of(tmp_path / "short")))[0] > 0
    own, worm = (
        Painter(_scene(tmp_path / str(neurons), seconds=12.0, world=world, neurons=neurons), 720).frame(
            599, ""
        )
        for neurons in (False, True)
    )
    names = (720, 380, 810, 560)
    assert _has(worm.crop(names), INK) > 100
    assert _has(own.crop(names), INK) == 0
    below = (816, 236, 1256, 270)  # where the worm has the title of its neurons
    assert _has(worm.crop(below), PAPER) > 0.8 * 440 * 34
    assert _has(own.crop(below), PAPER) < 0.3 * 440 * 34, "more body wave"
