"""What `gymnasium.make("wormctl/Snake-v0", ...)` may be given: names, ranges, defaults. Opens nothing."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

import msgspec

from wormctl.config import ConfigError, convert
from wormctl.options import LONGEST_S
from wormctl.plugins import Plugins
from wormctl.robot import DEFAULT, Name, Robot, load_robot

Weight = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of `wormctl_gym.env.SnakeEnv`, checked as far as they can be without a robot."""

    robot: Name = DEFAULT
    """A shipped robot, or a robot file."""
    body: Name | None = "planar"
    """A simulated body; None for the robot file's own."""
    world: Name | None = None
    """A world, or a world file; None for the robot file's own."""
    channels: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)] | None = None
    """What is observed, in this order; None for every channel of the robot."""
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=LONGEST_S)] = 60.0
    """The longest episode."""
    frame_skip: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """Periods of the loop that one action lasts."""
    progress_reward: Weight = 1.0
    """For each body length that the nose comes nearer to the nearest food; lost again on the way back."""
    reach_reward: Weight = 5.0
    """Once, for reaching it."""
    render_mode: Literal["rgb_array"] | None = None


OPTIONS = {f"$.{name}": name for name in Settings.__struct_fields__}
"""How an error calls a field: by the argument it came from."""


def read_settings(given: dict[str, Any]) -> Settings:
    """The arguments, checked. Raises `ConfigError` that names the argument, its value and what is allowed."""
    raw = {name: os.fspath(v) if isinstance(v, os.PathLike) else v for name, v in given.items()}
    if isinstance(raw.get("channels"), tuple):
        raw["channels"] = list(raw["channels"])
    return convert(raw, Settings, where="the arguments", options=OPTIONS)


def chosen_robot(settings: Settings, plugins: Plugins) -> Robot:
    """The robot file with the body and world asked for, and nothing bound: whoever acts decides what to use.

    Raises `ConfigError`.
    """
    try:
        robot = load_robot(settings.robot)
    except ConfigError as error:
        missing = f"{settings.robot}: no such"
        if str(error).startswith(missing):
            raise ConfigError(f"robot = {settings.robot!r}: no such{str(error)[len(missing) :]}") from None
        raise
    try:
        if settings.body is not None:
            plugins.body(settings.body, "body")
        if settings.world is not None and not settings.world.endswith(".toml"):
            plugins.world(settings.world, "world")
        robot = robot.replace(body=settings.body, world=settings.world)
    except ConfigError as error:
        raise as_argument(error) from None
    if robot.world is None:
        raise ConfigError(f"robot = {settings.robot!r}: names no world: give world as well, such as 'food'")
    period_s = 1.0 / robot.rate_hz
    if settings.seconds < period_s:
        raise ConfigError(f"seconds = {settings.seconds:g}: must be at least one period, {period_s:g} s")
    return msgspec.structs.replace(robot, binds=())


def as_argument(error: Exception) -> ConfigError:
    """The same said of an argument instead of an option of the command line."""
    return ConfigError(str(error).removeprefix("--"))
