"""What differs from trial to trial: read, drawn from the seed, given to simulated devices, recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from wormctl.assembly import Assembly, assemble
from wormctl.config import ConfigError
from wormctl.device import Config, Context
from wormctl.episode import Episode
from wormctl.hookspecs import Offer, hookimpl
from wormctl.plugins import Origin, Plugins
from wormctl.robot import load_robot, parse_robot
from wormctl.snake import load_snake
from wormctl.testing import IdealBody, StillController
from wormctl.variation import BOUNDS, Randomise, Variation

SNAKE = load_snake()
ALL: dict[str, Any] = {
    "mass": [0.7, 1.3],
    "drag": [0.5, 2.0],
    "anisotropy": [0.8, 1.2],
    "servo_lag": [0.5, 2.0],
    "servo_strength": [0.6, 1.0],
    "latency_s": [0.0, 0.06],
    "odour_noise": [0.0, 0.02],
}
GIVEN: list[Context] = []


class Empty(Config, frozen=True, kw_only=True):
    pass


class Body(IdealBody):
    def configure(self, context: Context) -> None:
        GIVEN.append(context)


def real(config: Any) -> Body:
    body = Body(name="real")
    body.spec = msgspec.structs.replace(body.spec, simulated=False)
    return body


class Plugin:
    @hookimpl
    def wormctl_register_bodies(self, register: Any) -> None:
        register(Offer(name="ideal", summary="does what it is told", config=Empty, make=Body))
        register(Offer(name="real", summary="cannot be varied", config=Empty, make=real))


@pytest.fixture
def plugins() -> Plugins:
    GIVEN.clear()
    found = Plugins()
    found.add(Origin("test", "test", "0"), Plugin())
    return found


def build(plugins: Plugins, randomise: object, seed: int = 1, body: str = "ideal") -> Assembly:
    raw = {"policy": "none", "body": {"use": body}, "randomise": randomise}
    robot = parse_robot(raw, where="robot.toml", folder=Path())
    return assemble(robot, plugins, seed=seed, controller=StillController())


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (1, "$.randomise = 1: Expected `object | null`"),
        ({"mas": 1.0}, "$.randomise: Object contains unknown field `mas`, did you mean 'mass'?"),
        ({"mass": "heavy"}, "$.randomise.mass = 'heavy': Expected `float | array | null`"),
        ({"mass": [1.0]}, "$.randomise.mass = [1.0]: Expected `array` of length 2"),
        (
            {"mass": [1.3, 0.7]},
            "$.randomise: mass = [1.3, 0.7] must be a number or [low, high] within [0.1, 10]",
        ),
        ({"drag": 0.0}, "$.randomise: drag = 0.0 must be a number or [low, high] within [0.05, 20]"),
        ({"anisotropy": [1, 30]}, "anisotropy = [1.0, 30.0] must be"),
        ({"servo_lag": -1.0}, "servo_lag = -1.0 must be"),
        ({"servo_strength": 0.01}, "servo_strength = 0.01 must be"),
        ({"latency_s": [0.0, 0.3]}, "latency_s = [0.0, 0.3] must be a number or [low, high] within [0, 0.2]"),
        ({"odour_noise": 2.0}, "odour_noise = 2.0 must be"),
        ({"odour_noise": float("nan")}, "$.randomise.odour_noise = nan: Expected a finite number"),
    ],
)
def test_a_wrong_table_is_one_line_that_says_where(table: object, said: str, plugins: Plugins) -> None:
    with pytest.raises(ConfigError) as caught:
        build(plugins, table)
    assert str(caught.value).startswith("robot.toml: $.randomise")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_drawn_follows_from_the_seed_and_lies_in_its_range() -> None:
    table = msgspec.convert(ALL, Randomise)
    draws = [table.draw(seed) for seed in range(200)]
    assert draws[7] == table.draw(7)
    for name, (low, high) in ALL.items():
        values = [drawn[name] for drawn in draws]
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high


def test_one_entry_more_or_fixed_leaves_the_other_draws() -> None:
    whole = msgspec.convert(ALL, Randomise).draw(3)
    assert set(whole) == set(BOUNDS) == set(Variation.__struct_fields__)
    for name in ALL:
        rest = {key: value for key, value in ALL.items() if key != name}
        assert msgspec.convert(rest, Randomise).draw(3) == {k: v for k, v in whole.items() if k != name}
        fixed = msgspec.convert({**ALL, name: 0.15}, Randomise).draw(3)
        assert fixed == {**whole, name: 0.15}


def test_devices_get_the_scaled_snake_and_the_rest_and_the_robot_keeps_its_own(plugins: Plugins) -> None:
    with build(plugins, ALL, seed=5) as assembly:
        drawn = assembly.varied
        assert drawn == msgspec.convert(ALL, Randomise).draw(5)
        assert assembly.snake == SNAKE
        (context,) = GIVEN
        assert context.variation == Variation(**drawn)
        link, servo = context.snake.link, context.snake.servo
        assert link.mass_kg == SNAKE.link.mass_kg * drawn["mass"]
        assert servo.time_constant_s == SNAKE.servo.time_constant_s * drawn["servo_lag"]
        assert servo.stall_torque_nm == SNAKE.servo.stall_torque_nm * drawn["servo_strength"]
        assert context.snake.joint == SNAKE.joint, "limits are those of the snake as described"
        episode = Episode(assembly, seconds=0.1)
        assert episode.summary(episode.live(), (), "none").varied == drawn


def test_without_the_table_nothing_differs(plugins: Plugins) -> None:
    raw = {"policy": "none", "body": {"use": "ideal"}}
    robot = parse_robot(raw, where="robot.toml", folder=Path())
    with assemble(robot, plugins, seed=5, controller=StillController()) as assembly:
        assert assembly.varied == {}
        assert GIVEN[0].snake == SNAKE
        assert GIVEN[0].variation == Variation()


def test_a_real_body_is_not_varied(plugins: Plugins) -> None:
    with pytest.raises(ConfigError) as caught:
        build(plugins, {"mass": 1.1}, body="real")
    assert str(caught.value) == (
        "robot.toml: $.randomise: varies simulated robots only, and the body real is a real one: "
        "take the table out"
    )
    assert GIVEN == [], "nothing was opened"


def test_the_shipped_worm_comes_varied_too() -> None:
    worm, varied = load_robot("worm"), load_robot("varied")
    assert worm.randomise is None
    assert varied.randomise is not None
    assert set(varied.randomise.draw(0)) == set(BOUNDS)
    assert (varied.policy, varied.binds, varied.body.use) == (worm.policy, worm.binds, worm.body.use)
    assert varied.replace(body="planar", world="empty").randomise == varied.randomise
