"""The environment `wormctl/Snake-v0`: spaces, reward, when an episode ends. Ticks are made in `stepper.py`."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from wormctl.assembly import Assembly, assemble
from wormctl.channel import Channel
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.names import unknown
from wormctl.options import LARGEST_SEED
from wormctl.plugins import load_plugins
from wormctl.robot import DEFAULT
from wormctl.snake import load_snake
from wormctl.testing import StillController
from wormctl_gym.settings import as_argument, chosen_robot, read_settings
from wormctl_gym.stepper import Stepper

if TYPE_CHECKING:
    from wormctl_gym.picture import Picture

Array = NDArray[np.float32]


class SnakeEnv(gymnasium.Env[Array, Array]):
    """A snake robot in a simulated world with food: action in, one period of the control loop, samples out.

    The observation is (values,) float32: the values of each of `channels` in order, in SI units, between the
    bounds that the channel declares. Without `channels` they are the robot's own: the body's (`joint.position`,
    head first), then each sensor's in the order of the robot file. A channel without a good sample keeps its last
    good one for its maximum age, then reads 0, or what of its range is nearest to 0.

    The action is (joints,) float32, head first: joint setpoints in units of the joint limit, -1..1. They pass the
    limits that the real loop has, range, slew, and slower slew after arming; nothing goes past those.

    The reward is `progress_reward` for each body length that the nose has come nearer to the nearest food, and
    `reach_reward` when it is within `wormctl.summary.REACH_BODY_LENGTHS`, which ends the episode. After `seconds`
    an episode is truncated. In `info`: `time_s`, `distance_m` (infinite without food), `reached`, `seed` (the
    world's: `wormctl run --seed` has the same one) and `setpoint_rad`, (joints,), what was last sent.

    `reset(seed=n)` draws world n, and the same seed and actions give the same episode bit for bit; without a seed
    the next world is drawn from the environment's own generator. Raises `ConfigError` for an argument, and
    `DeviceError` for a body that cannot be had or a fault that would have ended a run.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 (so declared by Gymnasium)

    def __init__(
        self,
        robot: str | os.PathLike[str] = DEFAULT,
        body: str | None = "planar",
        world: str | os.PathLike[str] | None = None,
        channels: Sequence[str] | None = None,
        seconds: float = 60.0,
        frame_skip: int = 1,
        progress_reward: float = 1.0,
        reach_reward: float = 5.0,
        render_mode: str | None = None,
    ) -> None:
        """See `wormctl_gym.settings.Settings` for what the arguments mean and may be."""
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.settings = settings = read_settings(given)
        self.render_mode = render_mode
        self._plugins = load_plugins()
        self._robot = chosen_robot(settings, self._plugins)
        snake = load_snake(self._robot.description)
        self._length_m, self._limit_rad = snake.length_m, snake.limit_rad
        self._wanted_rad = np.zeros(snake.joints)
        self._last_tick = round(settings.seconds * self._robot.rate_hz)
        self.metadata = {**self.metadata, "render_fps": round(self._robot.rate_hz / settings.frame_skip)}
        self._stepper: Stepper | None = None
        self._picture: Picture | None = None
        self._over = True
        self._seed = 0
        # Opened once to see that it can be, and what it measures.
        try:
            self.channels: tuple[Channel, ...] = self._chosen(self._open().binding.channels)
            """What an observation holds, in order."""
        finally:
            self.close()
        low, high = (
            np.concatenate([np.full(c.size, getattr(c, end), np.float32) for c in self.channels])
            for end in ("low", "high")
        )
        self.observation_space = spaces.Box(low, high)
        self.action_space = spaces.Box(-1.0, 1.0, (snake.joints,))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """A new world, the snake straight and at rest in it. There are no options."""
        if options:
            raise ConfigError(f"options = {options!r}: must be empty")
        if seed is not None and not 0 <= seed <= LARGEST_SEED:
            raise ConfigError(f"seed = {seed}: must be a whole number from 0 to {LARGEST_SEED}")
        super().reset(seed=seed)
        self._seed = int(self.np_random.integers(0, LARGEST_SEED, endpoint=True)) if seed is None else seed
        self.close()
        stepper = self._open()
        self._over = False
        return self._observation(stepper), self._info(stepper)

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """`frame_skip` periods of the loop with one action, fewer where the episode ends."""
        stepper = self._stepper
        if stepper is None or self._over:
            raise ResetNeeded("the episode is over, or none was begun: call reset() before step()")
        self._wanted_rad[:] = self._checked(action)
        self._wanted_rad *= self._limit_rad
        before_m = stepper.goal.distance_m
        for _ in range(self.settings.frame_skip):
            stepper.tick(self._wanted_rad)
            if stepper.reached or stepper.ticks >= self._last_tick:
                break
        reached, after_m = stepper.reached, stepper.goal.distance_m
        truncated = not reached and stepper.ticks >= self._last_tick
        self._over = reached or truncated
        reward = self.settings.reach_reward if reached else 0.0
        if math.isfinite(before_m) and math.isfinite(after_m):
            reward += self.settings.progress_reward * (before_m - after_m) / self._length_m
        return self._observation(stepper), reward, reached, truncated, self._info(stepper)

    def render(self) -> NDArray[np.uint8] | None:
        """The place from above, (pixels, pixels, 3), with `render_mode="rgb_array"`; otherwise nothing."""
        if self.render_mode is None:
            return None
        if self._stepper is None:
            raise ResetNeeded("there is nothing to see yet: call reset() before render()")
        if self._picture is None:
            # Only who looks has to wait for Pillow.
            from wormctl_gym.picture import Picture

            self._picture = Picture(self._stepper.assembly)
        return self._picture.draw()

    def close(self) -> None:
        """Close the devices. May be called twice; `reset` opens them again."""
        self._over, self._picture = True, None
        if self._stepper is not None:
            self._stepper.assembly.close()
            self._stepper = None

    def _open(self) -> Stepper:
        """The robot in world `_seed`, armed. Its policy stays out: whoever calls `step` is in its place."""
        still = StillController(joints=self._wanted_rad.size, dt_s=1.0 / self._robot.rate_hz)
        try:
            assembly = assemble(self._robot, self._plugins, seed=self._seed, controller=still)
        except ConfigError as error:
            raise as_argument(error) from None
        except DeviceError as error:
            raise DeviceError(str(error).removeprefix("--")) from error
        try:
            self._require_simulated(assembly)
            self._stepper = Stepper(assembly)
        except BaseException:
            assembly.close()
            raise
        return self._stepper

    def _require_simulated(self, assembly: Assembly) -> None:
        if assembly.truth is None or not assembly.body.spec.simulated:
            raise ConfigError(f"body = {assembly.body_name!r}: is a physical one: must be simulated")

    def _chosen(self, offered: Sequence[Channel]) -> tuple[Channel, ...]:
        if self.settings.channels is None:
            return tuple(offered)
        known = {channel.name: channel for channel in offered}
        for i, name in enumerate(self.settings.channels):
            if name not in known:
                raise ConfigError(f"channels[{i}] = {name!r}: {unknown('channel', name, known)}")
            if name in self.settings.channels[:i]:
                raise ConfigError(f"channels[{i}] = {name!r}: is there already; each channel at most once")
        return tuple(known[name] for name in self.settings.channels)

    def _checked(self, action: Array) -> NDArray[np.float64]:
        try:
            values = np.asarray(action, dtype=np.float64)
        except (TypeError, ValueError):
            raise ConfigError(f"action = {action!r}: must be {self._wanted_rad.size} numbers") from None
        if values.shape != self._wanted_rad.shape:
            raise ConfigError(f"action has shape {values.shape}: must be {self._wanted_rad.shape}")
        if not np.isfinite(values).all():
            worst = int(np.flatnonzero(~np.isfinite(values))[0])
            raise ConfigError(f"action[{worst}] = {values[worst]}: must be finite, -1 to 1")
        return values

    def _observation(self, stepper: Stepper) -> Array:
        binding = stepper.binding
        values = [
            binding.latest(c.name) if binding.serves(c.name) else np.zeros(c.size) for c in self.channels
        ]
        seen = np.concatenate(values).astype(np.float32)
        space = self.observation_space
        assert isinstance(space, spaces.Box)
        return np.clip(seen, space.low, space.high, out=seen)

    def _info(self, stepper: Stepper) -> dict[str, Any]:
        return {
            "time_s": stepper.time_s,
            "distance_m": stepper.goal.distance_m,
            "reached": stepper.reached,
            "seed": self._seed,
            "setpoint_rad": stepper.setpoint_rad.copy(),
        }
