"""What PyBullet's window holds, and the life of the process that it is. It follows pictures and simulates nothing."""

from __future__ import annotations

import itertools
import math
import os
import time

import numpy as np
from numpy.typing import NDArray

from wormctl_sim.bullet_client import p
from wormctl_sim.bullet_scene import add_free_snake, add_obstacles
from wormctl_sim.bullet_window import ANGLES, MIDDLE, PLACE, TURN, Colour, Stage
from wormctl_sim.terrain import CELLS_PER_GRAIN, Relief

FloatArray = NDArray[np.float64]

BAND_COLOUR = (0.86, 0.60, 0.26, 1.0)
"""Of every other link, in a window: a body of one colour would not be seen to move."""
GROUND_COLOURS = ((0.80, 0.84, 0.76, 1.0), (0.72, 0.77, 0.68, 1.0))

FRAME_S = 1 / 30
"""Between two pictures in a window, at least."""
FOLLOW_S = 0.8
"""How far behind the snake its camera is."""
CAMERA_LENGTHS, CAMERA_DEG = 1.25, -42.0
"""How many of the snake's lengths away the camera is, and how steep it looks down, until somebody moves it."""
MARKER_M = 0.06
"""Radius of the balls that mark what smells."""
TILE_M, TILES = 0.25, 64
"""Flat ground shows square tiles, of which so many make the patch that is repeated."""
RELIEF = 4.0
"""How much steeper than it is the ground is shaded: bumps of a centimetre or two would not be seen."""
GROUND_M = 4.0
"""How much ground there is at least on every side of the snake."""
_UPRIGHT = (0.0, 0.0, 0.0, 1.0)


class View:
    """What a window holds. Nothing in it moves by itself: every picture puts everything where it is."""

    def __init__(self, stage: Stage, client: int) -> None:
        self._client = client
        self._joints = stage.snake.joints
        self._relief = stage.relief
        p.configureDebugVisualizer(p.COV_ENABLE_RENDERING, 0, physicsClientId=client)
        add_obstacles(client, stage.obstacles)
        self._snake = add_free_snake(client, stage.snake, np.zeros(3), 0.0, solid=False)
        for link in range(1, self._joints, 2):
            p.changeVisualShape(self._snake, link, rgbaColor=BAND_COLOUR, physicsClientId=client)
        self._ground = _Ground(client, stage.relief)
        self._markers = [_add_ball(client, colour) for colour in stage.markers]
        x, y = stage.picture[MIDDLE].tolist()
        self._target: FloatArray = np.array([x, y, stage.snake.link.radius_m])
        heading_deg = math.degrees(2 * math.atan2(stage.picture[TURN][2], stage.picture[TURN][3]))
        away_m = CAMERA_LENGTHS * stage.snake.length_m
        self._opening: tuple[float, ...] | None = (heading_deg - 90.0, CAMERA_DEG, away_m)
        self.draw(stage.picture, 0.0)
        p.configureDebugVisualizer(p.COV_ENABLE_RENDERING, 1, physicsClientId=client)

    def draw(self, picture: FloatArray, after_s: float) -> None:
        """Show `picture`, laid out as `bullet_window.Window` says, `after_s` after the last one."""
        client = self._client
        sources = ANGLES + self._joints
        p.resetBasePositionAndOrientation(
            self._snake, picture[PLACE].tolist(), picture[TURN].tolist(), physicsClientId=client
        )
        p.resetJointStatesMultiDof(
            self._snake,
            list(range(self._joints)),
            picture[ANGLES:sources, None].tolist(),
            physicsClientId=client,
        )
        for ball, (x, y) in zip(self._markers, picture[sources:].reshape(-1, 2).tolist(), strict=True):
            z = _height_m(self._relief, x, y) + MARKER_M
            p.resetBasePositionAndOrientation(ball, (x, y, z), _UPRIGHT, physicsClientId=client)
        self._look(picture[MIDDLE], after_s)

    def _look(self, middle: FloatArray, after_s: float) -> None:
        """Let the camera follow; once it is in its place, its direction and distance are for the mouse to change."""
        self._target[:2] += (middle - self._target[:2]) * -math.expm1(-after_s / FOLLOW_S)
        self._ground.lie_under(*self._target[:2].tolist())
        camera = p.getDebugVisualizerCamera(physicsClientId=self._client)[8:11]
        if self._opening is not None:
            # The window takes up a new camera some time after it was told to.
            if np.allclose(camera, self._opening, atol=1e-2):
                self._opening = None
            else:
                camera = self._opening
        yaw_deg, pitch_deg, distance_m = camera
        p.resetDebugVisualizerCamera(
            distance_m, yaw_deg, pitch_deg, self._target.tolist(), physicsClientId=self._client
        )


class _Ground:
    """Tiles in two tones, in the shape of the ground: patches that are moved on when the snake has left them."""

    def __init__(self, client: int, relief: Relief) -> None:
        self._client = client
        flat = len(relief.heights) < 2
        heights = np.zeros((TILES, TILES)) if flat else relief.heights
        cell_m = TILE_M if flat else relief.cell_m
        self._patch_m = len(heights) * cell_m
        self._across = 2 * math.ceil(GROUND_M / self._patch_m + 0.5)
        shapes = _tile_shapes(client, heights, cell_m, 1 if flat else CELLS_PER_GRAIN)
        self._bodies = [
            (i, j, int(p.createMultiBody(0, -1, shape, physicsClientId=client)))
            for i, j in itertools.product(range(self._across), repeat=2)
            for shape in shapes
        ]
        self._first: tuple[int, int] | None = None

    def lie_under(self, x_m: float, y_m: float) -> None:
        """Have ground on every side of a point."""
        half = self._across // 2
        first = round(x_m / self._patch_m) - half, round(y_m / self._patch_m) - half
        if first == self._first:
            return
        self._first = first
        for i, j, body in self._bodies:
            place = ((first[0] + i) * self._patch_m, (first[1] + j) * self._patch_m, 0.0)
            p.resetBasePositionAndOrientation(body, place, _UPRIGHT, physicsClientId=self._client)


def _tile_shapes(client: int, heights: FloatArray, cell_m: float, cells: int) -> list[int]:
    """The light and the dark tiles, each `cells` wide, of a patch that repeats as `heights` does."""
    rows = np.pad(heights, (0, 1), mode="wrap")
    n = len(rows)
    at = np.arange(n) * cell_m
    points = np.stack([*np.meshgrid(at, at), rows], axis=-1).reshape(-1, 3)
    steps_m = [np.roll(heights, -1, axis) - np.roll(heights, 1, axis) for axis in (1, 0)]
    slopes = [RELIEF * step_m / (2 * cell_m) for step_m in steps_m]
    normals = np.stack([*(-np.pad(slope, (0, 1), mode="wrap") for slope in slopes), np.ones((n, n))], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    i, j = np.divmod(np.arange((n - 1) ** 2), n - 1)
    corner = i * n + j
    quads = np.stack([corner, corner + 1, corner + n + 1, corner, corner + n + 1, corner + n], axis=-1)
    dark = (i // cells + j // cells) % 2 == 1
    return [
        int(
            p.createVisualShape(
                p.GEOM_MESH,
                vertices=points.tolist(),
                normals=normals.reshape(-1, 3).tolist(),
                indices=quads[which].ravel().tolist(),
                rgbaColor=colour,
                specularColor=(0.0, 0.0, 0.0),
                physicsClientId=client,
            )
        )
        for which, colour in zip((~dark, dark), GROUND_COLOURS, strict=True)
    ]


def _height_m(relief: Relief, x_m: float, y_m: float) -> float:
    """The height of the ground near a point: `terrain.height_and_slope` would take seconds to be loaded."""
    rows, columns = relief.heights.shape
    return float(relief.heights[round(y_m / relief.cell_m) % rows, round(x_m / relief.cell_m) % columns])


def _add_ball(client: int, colour: Colour) -> int:
    shape = p.createVisualShape(p.GEOM_SPHERE, radius=MARKER_M, rgbaColor=colour, physicsClientId=client)
    return int(p.createMultiBody(0, -1, shape, physicsClientId=client))


def show(descriptor: int, *, screen: bool) -> None:
    """The whole life of a window's process: `descriptor` is the socket to the `bullet_window.Window` that asked.

    It asks for a picture whenever it has drawn one, until the other side is gone.
    """
    from multiprocessing.connection import Connection

    link = Connection(descriptor)
    stage: Stage = link.recv()
    options = "--width=1280 --height=800 --minGraphicsUpdateTimeMs=16000"  # in fact microseconds
    client = int(p.connect(p.GUI if screen else p.DIRECT, options=options))
    for part in ("GUI", "SHADOWS", "KEYBOARD_SHORTCUTS", "MOUSE_PICKING"):
        p.configureDebugVisualizer(getattr(p, f"COV_ENABLE_{part}"), 0, physicsClientId=client)
    view = View(stage, client)
    os.nice(5)  # PyBullet's window never sleeps, and the simulation goes first
    drawn_s = time.monotonic()
    while True:
        try:
            link.send_bytes(b"drawn")
            picture = np.frombuffer(link.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)  # closing its threads in order takes PyBullet a second or two
        before_s, drawn_s = drawn_s, time.monotonic()
        view.draw(picture, drawn_s - before_s)
        time.sleep(max(0.0, drawn_s + FRAME_S - time.monotonic()))
