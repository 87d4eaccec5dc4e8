"""Folders of runs made up for the tests of what is drawn of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from wormctl_sim.media_scene import ARENA
from wormctl_sim.world_files import load_world

from wormctl.channel import Channel
from wormctl.connectome import load_connectome
from wormctl.recorder import record_dtype
from wormctl.runs import PolicyUsed, RunFolder, RunInfo, WorldUsed
from wormctl.snake import load_snake

SNAKE = load_snake()
CHANNELS = (Channel(name="joint.position", unit="rad", low=-4, high=4, size=SNAKE.joints),)


def scalar(name: str) -> Channel:
    return Channel(name=name, unit="1", low=-100.0, high=100.0)


def make_run(
    folder: Path,
    *,
    seconds: float = 4.0,
    world: str | None = "food_ahead",
    seed: int = 1,
    simulated: bool = True,
    speed_m_s: float = 0.2,
    sensed: Sequence[Channel] = (),
    robot: str = "",
    neurons: bool = True,
) -> Path:
    """A folder with a snake that slithers straight on, its neurons at random; `sensed` besides its joints is 0."""
    names = list(load_connectome().names) if neurons else []
    channels = (*CHANNELS, *sensed)
    used = None
    count = round(seconds / 0.02)
    rows = np.zeros(count, record_dtype(channels, SNAKE.links, SNAKE.joints, len(names)))
    t = 0.02 * np.arange(count)
    rows["time_s"] = t
    rows["joint.position"] = 0.4 * np.sin(2 * math.pi * 0.7 * t[:, None] - 0.5 * np.arange(SNAKE.joints))
    heading = 0.3 * np.sin(2 * math.pi * 0.7 * t[:, None] - 0.5 * np.arange(SNAKE.links))
    x = speed_m_s * t[:, None] - SNAKE.link.length_m * np.arange(SNAKE.links)
    rows["pose"] = np.stack([x, 0.05 * np.sin(8 * x), heading], axis=-1)
    rows["nose"] = rows["pose"][:, 0, :2]
    rows["setpoint_rad"] = rows["joint.position"]
    rows["activity"] = np.random.default_rng(0).random((count, len(names)))
    rows["goal_distance_m"] = np.inf
    if world is not None:
        arena = load_world(world)
        arena.reset(seed)
        distances = [arena.goal_distance_m(float(a), float(b)) for a, b in rows["nose"]]
        rows["goal_distance_m"] = distances
        config = msgspec.to_builtins(arena.config)
        used = WorldUsed(name=world, kind=ARENA, seed=seed, config=config)
    info = RunInfo(
        started="", command=[], versions={}, seed=seed, seconds=seconds, period_s=0.02, body="planar",
        simulated=simulated, snake=SNAKE, world=used, policy=PolicyUsed(name="test", sha256=""), ablated=[],
        robot=robot, neurons=names, channels=[c.name for c in channels],
    )  # fmt: skip
    RunFolder(folder, info)
    np.save(folder / "record.npy", rows)
    return folder
