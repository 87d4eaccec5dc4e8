"""The environment keeps Gymnasium's contract, is the real loop tick by tick, and says what is wrong with arguments."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import wormctl_gym
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray
from wormctl_gym.env import SnakeEnv
from wormctl_sim.bullet_config import bullet_installed

from wormctl.assembly import assemble
from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.limits import make_limits
from wormctl.loop import TickView
from wormctl.plugins import load_plugins
from wormctl.robot import load_robot
from wormctl.snake import load_snake
from wormctl.summary import REACH_BODY_LENGTHS
from wormctl.testing import StillController

needs_bullet = pytest.mark.skipif(not bullet_installed(), reason="PyBullet is not installed")
BODIES = ["planar", pytest.param("pybullet", marks=needs_bullet)]
SNAKE = load_snake()
PERIOD_S = 0.02

NOISY = """
policy = "worm302"
[body]
use = "planar"
[world]
use = "moving"
[[sensor]]
use = "touch"
[[sensor]]
use = "odour"
noises = 0
"""


def make(**arguments: Any) -> SnakeEnv:
    env = gymnasium.make(wormctl_gym.ID, disable_env_checker=True, **arguments).unwrapped
    assert isinstance(env, SnakeEnv)
    return env


def actions(count: int, seed: int = 0) -> NDArray[np.float32]:
    """A wave with noise on it, now and then beyond what is allowed."""
    rng = np.random.default_rng(seed)
    phase = np.arange(count)[:, None] * 0.09 - 0.65 * np.arange(SNAKE.joints)
    return (np.sin(phase) + 0.3 * rng.standard_normal(phase.shape)).astype(np.float32)


@pytest.mark.parametrize("body", BODIES)
def test_gymnasium_has_nothing_to_say_against_it(body: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make(wormctl_gym.ID, body=body)
        check_env(env.unwrapped)
        env.close()


def test_it_can_be_made_by_name_alone_with_the_package_before_the_colon() -> None:
    env = gymnasium.make(f"wormctl_gym:{wormctl_gym.ID}")
    assert env.reset(seed=1)[0].shape == (20,)
    env.close()


def test_several_worlds_at_once() -> None:
    envs = gymnasium.make_vec(wormctl_gym.ID, num_envs=2, vectorization_mode="sync", seconds=1.0)
    seen, _ = envs.reset(seed=3)
    assert seen.shape == (2, 20)
    envs.step(np.zeros((2, 12), dtype=np.float32))
    envs.close()


@pytest.mark.parametrize("body", BODIES)
def test_the_same_seed_and_actions_are_the_same_episode(body: str) -> None:
    lives = []
    for _ in range(2):
        env = make(body=body, world="food")
        life = [env.reset(seed=5)[0]]
        for action in actions(60):
            seen, reward, _, _, info = env.step(action)
            life += [seen, np.array([reward, info["distance_m"]])]
        env.close()
        lives.append(np.concatenate(life).tobytes())
    assert lives[0] == lives[1]


def test_another_seed_is_another_world_and_without_one_worlds_follow_from_the_last_seed() -> None:
    env = make(world="food")
    first = [env.reset(seed=1)[1]["distance_m"], *(env.reset()[1]["distance_m"] for _ in range(2))]
    again = [env.reset(seed=1)[1]["distance_m"], *(env.reset()[1]["distance_m"] for _ in range(2))]
    assert first == again
    assert len(set(first)) == 3
    assert env.reset(seed=2)[1]["distance_m"] not in first


class Player(StillController):
    """A nervous system that plays actions."""

    def __init__(self, played: NDArray[np.float32]) -> None:
        super().__init__()
        self.played = played

    def step(
        self, x: NDArray[np.float64], good: NDArray[np.bool_], setpoint_rad: NDArray[np.float64]
    ) -> None:
        setpoint_rad[:] = self.played[self.steps].astype(np.float64) * SNAKE.limit_rad
        self.steps += 1


def test_an_episode_is_a_run_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "noisy.toml"
    path.write_text(NOISY.replace("noises = 0", "noise = 0.01"))
    played = actions(150)
    seen: list[NDArray[np.float64]] = []
    setpoints: list[NDArray[np.float64]] = []
    distances: list[float] = []

    robot = load_robot(path)
    with assemble(robot, load_plugins(), seed=9, controller=Player(played)) as assembly:

        def watch(view: TickView) -> None:
            assert view.truth is not None
            assert assembly.world is not None
            seen.append(view.values.copy())
            setpoints.append(view.setpoint_rad.copy())
            distances.append(assembly.world.goal_distance_m(*view.truth.nose.tolist()))

        assembly.loop(observers=[watch]).run(len(played) * PERIOD_S)

    env = make(robot=path)
    assert [channel.name for channel in env.channels][:2] == ["joint.position", "touch.head"]
    now, _ = env.reset(seed=9)
    for k, action in enumerate(played):
        assert np.array_equal(now, seen[k].astype(np.float32)), k
        now, _, _, _, info = env.step(action)
        assert np.array_equal(info["setpoint_rad"], setpoints[k]), k
        assert info["distance_m"] == distances[k], k
    env.close()


@pytest.mark.parametrize("frame_skip", [1, 3])
def test_no_action_gets_round_the_limits(frame_skip: int) -> None:
    limits = make_limits(SNAKE, PERIOD_S)
    env = make(frame_skip=frame_skip)
    env.reset(seed=1)
    before = np.zeros(SNAKE.joints)
    for k, sign in enumerate([1.0] * 60 + [-1.0] * 60):
        info = env.step(np.full(12, sign * 1e6, dtype=np.float32))[4]
        arming = (k + 1) * frame_skip <= limits.arming_ticks
        step_rad = limits.arming_step_rad if arming else limits.step_rad
        moved = np.abs(info["setpoint_rad"] - before).max()
        assert moved <= frame_skip * step_rad + 1e-12
        assert np.abs(info["setpoint_rad"]).max() <= limits.limit_rad
        before = info["setpoint_rad"]
    env.close()


def near(tmp_path: Path, distance_m: float) -> Path:
    path = tmp_path / "near.toml"
    path.write_text(
        f'kind = "arena"\n[[odour]]\nname = "food"\n[[odour.source]]\ndistance_m = {distance_m}\n'
    )
    return path


def test_it_ends_when_the_food_is_reached_and_begins_anew(tmp_path: Path) -> None:
    # The nose starts some centimetres outside, and a bend of the body takes it in.
    radius_m = REACH_BODY_LENGTHS * SNAKE.length_m
    env = make(world=near(tmp_path, radius_m + SNAKE.nose.ahead_m + 0.001), seconds=20.0)
    _, info = env.reset(seed=1)
    start_m = info["distance_m"]
    assert not info["reached"]
    total, terminated = 0.0, False
    for action in actions(1000):
        _, reward, terminated, truncated, info = env.step(action)
        total += reward
        assert not truncated
        if terminated:
            break
    assert terminated
    assert info["reached"]
    assert info["distance_m"] <= radius_m
    assert total == pytest.approx(5.0 + (start_m - info["distance_m"]) / SNAKE.length_m)
    with pytest.raises(ResetNeeded, match="call reset"):
        env.step(actions(1)[0])
    seen, info = env.reset(seed=1)
    assert info["time_s"] == 0.0
    assert not seen[:12].any()
    env.step(actions(1)[0])
    env.close()


def test_it_is_cut_off_after_its_time_and_the_rewards_can_be_weighed() -> None:
    plain, weighed = make(seconds=0.5), make(seconds=0.5, progress_reward=-3.0, frame_skip=4)
    plain.reset(seed=2)
    ends, total = [], 0.0
    for action in np.repeat(actions(7), 4, axis=0)[:25]:
        _, reward, terminated, truncated, info = plain.step(action)
        assert not terminated
        ends.append(truncated)
        total += reward
    assert ends == [False] * 24 + [True]
    assert info["time_s"] == pytest.approx(0.5)
    weighed.reset(seed=2)
    turned = [weighed.step(action) for action in actions(7)]
    assert [step[3] for step in turned] == [False] * 6 + [True]
    assert turned[-1][4]["time_s"] == pytest.approx(0.5), "no period past its time"
    assert sum(float(step[1]) for step in turned) == pytest.approx(-3.0 * total)


def test_where_nothing_can_be_reached_there_is_nothing_to_earn() -> None:
    env = make(world="empty", seconds=0.1)
    _, info = env.reset(seed=1)
    assert info["distance_m"] == math.inf
    rewards = [env.step(action)[1] for action in actions(5)]
    assert rewards == [0.0] * 5
    env.close()


def test_channels_can_be_chosen_and_come_in_the_order_asked_for() -> None:
    env = make(channels=["odour.food", "joint.position"])
    seen, _ = env.reset(seed=1)
    whole, _ = make().reset(seed=1)
    assert np.array_equal(seen, np.roll(whole[:13], 1))
    assert env.observation_space.contains(seen)
    env.close()


def test_a_picture_shows_the_snake_move() -> None:
    env = make(render_mode="rgb_array", world="pegs")
    with pytest.raises(ResetNeeded):
        env.render()
    env.reset(seed=1)
    first = env.render()
    for action in actions(40):
        env.step(action)
    second = env.render()
    assert first is not None
    assert second is not None
    assert first.shape == second.shape == (400, 400, 3)
    assert first.dtype == np.uint8
    assert (first != second).any()
    assert make().render() is None
    env.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"seconds": 0}, "seconds = 0: Expected"),
        ({"seconds": math.nan}, "seconds = nan: Expected a finite number"),
        ({"seconds": 0.001}, "seconds = 0.001: must be at least one period, 0.02 s"),
        ({"frame_skip": 0}, "frame_skip = 0: Expected `int` >= 1"),
        ({"frame_skip": 1.5}, "frame_skip = 1.5: Expected `int`"),
        ({"progress_reward": "much"}, "progress_reward = 'much': Expected `float`"),
        ({"reach_reward": math.inf}, "reach_reward = inf: Expected a finite number"),
        ({"robot": "wrm"}, "robot = 'wrm': no such robot, did you mean 'worm'"),
        ({"robot": "there/is/none.toml"}, "robot = 'there/is/none.toml': no such file"),
        ({"body": "planer"}, "body = 'planer': no such body, did you mean 'planar'"),
        ({"world": "fod"}, "world = 'fod': no such world, did you mean 'food'"),
        ({"world": "none.toml"}, "world = 'none.toml': no such file"),
        ({"channels": []}, r"channels = \[\]: Expected `array` of length >= 1"),
        ({"channels": ["odour.fod"]}, r"channels\[0\] = 'odour.fod': no such channel, did you mean"),
        ({"channels": ("odour.food", "odour.food")}, r"channels\[1\] = 'odour.food': is there already"),
    ],
)
def test_a_bad_argument_is_one_sentence_that_names_it(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"^{said}") as caught:
        make(**arguments)
    assert "\n" not in str(caught.value)


def test_a_render_mode_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"^render_mode = 'ansi': Invalid enum value 'ansi'"):
        SnakeEnv(render_mode="ansi")


def test_a_robot_without_a_world_needs_one(tmp_path: Path) -> None:
    path = tmp_path / "bare.toml"
    path.write_text('policy = "worm302"\n[body]\nuse = "planar"\n')
    with pytest.raises(ConfigError, match="names no world: give world"):
        make(robot=path)
    env = make(robot=path, world="food")
    assert env.observation_space.shape == (12,)


@pytest.mark.skipif(bullet_installed(), reason="PyBullet is installed")
def test_a_body_that_is_not_installed_says_why() -> None:
    with pytest.raises(DeviceError, match="PyBullet"):
        make(body="pybullet")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (np.zeros(3), r"action has shape \(3,\): must be \(12,\)"),
        (np.full(12, np.nan), r"action\[0\] = nan: must be finite"),
        (["left"] * 12, "must be 12 numbers"),
    ],
)
def test_a_bad_action_moves_nothing(action: Any, said: str) -> None:
    env = make()
    with pytest.raises(ResetNeeded):
        env.step(actions(1)[0])
    env.reset(seed=1)
    with pytest.raises(ConfigError, match=said):
        env.step(action)
    assert env.step(actions(1)[0])[4]["time_s"] == pytest.approx(PERIOD_S)
    env.close()


def test_a_bad_seed_or_option_is_refused() -> None:
    env = make()
    for seed in (-1, 2**32):
        with pytest.raises(ConfigError, match=f"^seed = {seed}: must be a whole number from 0 to"):
            env.reset(seed=seed)
    with pytest.raises(ConfigError, match=r"^options = "):
        env.reset(options={"food": 3})
    env.close()
