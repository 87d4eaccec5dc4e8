"""The window: it shows what there is, the simulation never knows of it, and how it ends. No test needs a screen."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim import bench
from wormctl_sim.arena import Arena
from wormctl_sim.bullet_config import BulletConfig, bullet_installed, make_bullet_body
from wormctl_sim.simulated import SimulatedBody
from wormctl_sim.world_files import load_world

from wormctl.device import Context, DeviceError
from wormctl.snake import load_snake

needs_bullet = pytest.mark.skipif(not bullet_installed(), reason="PyBullet is not installed")

FloatArray = NDArray[np.float64]
SNAKE = load_snake()
PERIOD_S = 0.02
CASES = [("planar_root", "pegs"), ("planar_root", "poison"), ("gravity", "rough")]


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are drawn where nobody sees them."""
    from wormctl_sim.bullet_window import Window

    monkeypatch.setattr("wormctl_sim.bullet_body.Window", partial(Window, screen=False))


def opened(form: str, world: Arena | None = None, *, gui: bool = True) -> SimulatedBody:
    body = make_bullet_body(BulletConfig(form=form, gui=gui))  # type: ignore[arg-type]
    body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1, world=world))
    body.arm(0.0)
    return body


def crawl(body: SimulatedBody, ticks: int, world: Arena | None = None) -> FloatArray:
    poses = np.zeros((ticks, SNAKE.links, 3))
    for k, pose in enumerate(poses):
        if world is not None:
            world.advance(k * PERIOD_S)
        wave = 0.5 * np.sin(2 * math.pi * 0.7 * k * PERIOD_S - 0.65 * np.arange(SNAKE.joints))
        body.write(min(1.0, k / 25) * wave, k * PERIOD_S)
        pose[:] = body.truth.pose
    return poses


@needs_bullet
@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(("form", "place"), CASES)
def test_the_simulation_is_the_same_with_a_window_and_nothing_is_printed(
    form: str, place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    world = load_world(place)
    world.reset(3)
    found = []
    for gui in (False, True):
        body = opened(form, world, gui=gui)
        found.append(crawl(body, 150))
        body.close()
    np.testing.assert_array_equal(found[0], found[1])
    assert capfd.readouterr() == ("", "")


@needs_bullet
@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(("form", "place"), [*CASES, ("planar_root", "moving"), ("gravity", "two_odours")])
def test_a_picture_has_everything_in_its_place(form: str, place: str) -> None:
    from wormctl_sim import bullet_view as view_of
    from wormctl_sim.bullet_client import connect, disconnect, p
    from wormctl_sim.bullet_window import FOOD_COLOUR, Stage
    from wormctl_sim.terrain import make_relief

    world = load_world(place)
    world.reset(2)
    body = opened(form, world)
    crawl(body, 60, world)
    relief = make_relief(world.terrain, world.seed)
    picture: FloatArray = body._picture  # type: ignore[attr-defined]
    client = connect(dt_s=0.005)
    markers = [FOOD_COLOUR] * len(world.sources)
    view = view_of.View(Stage(SNAKE, world.obstacles, relief, markers, np.zeros_like(picture)), client)
    view.draw(picture, 0.1)
    snake = view._snake
    p.performCollisionDetection(physicsClientId=client)
    assert not p.getContactPoints(physicsClientId=client)
    heads = [p.getBasePositionAndOrientation(snake, physicsClientId=client)[0]]
    links = p.getLinkStates(snake, range(SNAKE.joints), computeForwardKinematics=1, physicsClientId=client)
    centres = np.array([*heads, *(link[0] for link in links)])
    np.testing.assert_allclose(centres[:, :2], body.truth.pose[:, :2], atol=2e-3)
    balls = [p.getBasePositionAndOrientation(ball, physicsClientId=client)[0] for ball in view._markers]
    body.close()
    disconnect(client)
    assert sorted(ball[:2] for ball in balls) == sorted(map(tuple, world.sources[:, 1:3].tolist()))
    assert all(
        view_of.MARKER_M <= ball[2] <= view_of.MARKER_M + float(relief.heights.max()) for ball in balls
    )


@needs_bullet
def test_food_poison_and_other_smells_have_colours_of_their_own() -> None:
    from wormctl_sim import bullet_window as window
    from wormctl_sim.bullet_body import _smells

    found = {
        place: [colour for _, colour in _smells(load_world(place))] for place in ("poison", "two_odours")
    }
    assert found["poison"] == [window.FOOD_COLOUR, window.POISON_COLOUR]
    assert sorted(found["two_odours"]) == sorted([window.FOOD_COLOUR, window.ODOUR_COLOUR])
    assert _smells(None) == []


@needs_bullet
def test_there_is_ground_on_every_side_wherever_the_snake_goes() -> None:
    from wormctl_sim import bullet_view as view_of
    from wormctl_sim.bullet_client import connect, disconnect, p
    from wormctl_sim.terrain import make_relief

    client = connect(dt_s=0.005)
    ground = view_of._Ground(client, make_relief(None, 0))
    for here in ((0.0, 0.0), (-7.9, 8.1), (30.0, -100.0)):
        ground.lie_under(*here)
        corners = np.array(
            [p.getBasePositionAndOrientation(b, physicsClientId=client)[0] for _, _, b in ground._bodies]
        )[:, :2]
        assert np.all(corners.min(axis=0) <= np.array(here) - view_of.GROUND_M)
        assert np.all(corners.max(axis=0) + ground._patch_m >= np.array(here) + view_of.GROUND_M)
    disconnect(client)


@needs_bullet
@pytest.mark.usefixtures("unseen")
def test_a_window_that_was_closed_ends_the_run_in_a_line() -> None:
    body = opened("planar_root")
    crawl(body, 20)
    process = body._window._process  # type: ignore[attr-defined]
    process.kill()
    process.wait()
    with pytest.raises(DeviceError, match="the window was closed"):
        crawl(body, 20)
    body.close()


@needs_bullet
@pytest.mark.usefixtures("unseen")
def test_the_window_is_gone_with_its_body() -> None:
    body = opened("gravity")
    process = body._window._process  # type: ignore[attr-defined]
    assert process.poll() is None
    body.close()
    assert process.poll() is not None


@needs_bullet
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="DISPLAY is for X11")
@pytest.mark.parametrize("display", [":9997", ":9997.0", "unix:9997", "localhost:9997", "no display"])
def test_a_display_that_is_not_there_is_named(
    display: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    body = make_bullet_body(BulletConfig(gui=True))
    with pytest.raises(DeviceError, match=f"^DISPLAY = '{display}': .* run without gui$"):
        body.configure(Context(snake=SNAKE, period_s=PERIOD_S, seed=1))
    assert body.client == -1
    assert capfd.readouterr() == ("", "")


def bench_without_bullet(folder: Path, *more: str) -> str:
    """What `wormctl bench sim` prints where PyBullet is installed, but cannot be loaded."""
    (folder / "pybullet.py").write_text('raise ImportError("libGL.so.1: no such file")\n')
    ran = subprocess.run(
        [sys.executable, "-m", "wormctl", "bench", "sim", "--seconds", "0.1", "--rounds", "1", *more],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout


def test_the_benchmark_leaves_out_a_pybullet_that_cannot_be_loaded(tmp_path: Path) -> None:
    result = json.loads(bench_without_bullet(tmp_path, "--json"))
    assert {row["body"] for row in result["rows"]} == {"planar"}
    why = "PyBullet is installed, but cannot be loaded: libGL.so.1: no such file"
    assert result["skipped"] == {"pybullet": why}


def test_the_table_says_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    bench.print_table({"physics_hz": 200.0, "rows": [], "skipped": {"pybullet": "it is [not] there"}})
    assert "pybullet is left out: it is [not] there\n" in capsys.readouterr().out
