"""What a simulated snake smells and feels."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from wormctl_sim.arena import Arena
from wormctl_sim.smell import OdourConfig, OdourSensor, PoisonConfig, PoisonSensor
from wormctl_sim.touch import NoseSensor, TouchSensor
from wormctl_sim.world_files import load_world

from wormctl.channel import Quality, Samples
from wormctl.device import Context, DeviceError, Sensor, Truth
from wormctl.snake import load_snake

SNAKE = load_snake()


class Doll:
    """A body that is put where a test wants it."""

    def __init__(self) -> None:
        self.truth = Truth(SNAKE.links)

    def put(self, x_m: float, y_m: float, heading_rad: float) -> None:
        self.truth.pose[0] = x_m, y_m, heading_rad
        ahead = SNAKE.nose.ahead_m
        self.truth.nose[:] = x_m + ahead * math.cos(heading_rad), y_m + ahead * math.sin(heading_rad)


def context(world: Arena | None, body: object, seed: int = 1) -> Context:
    return Context(snake=SNAKE, period_s=0.02, seed=seed, world=world, body=body)


def read(sensor: Sensor) -> Samples:
    out = Samples(sensor.spec.channels)
    sensor.read(3.0, out)
    assert (out.quality == Quality.GOOD).all()
    assert (out.time_s == 3.0).all()
    return out


def two_smells(tmp_path: Path) -> Arena:
    path = tmp_path / "two.toml"
    path.write_text(
        'kind = "arena"\n'
        '[[odour]]\nname = "food"\nsource = [{ at_m = [1, 0] }]\n'
        '[[odour]]\nname = "diacetyl"\nsource = [{ at_m = [0, 1] }]\n'
        '[[poison]]\nname = "copper"\nkind = "gaussian"\nscale_m = 0.5\nsource = [{ at_m = [0, -1] }]\n'
    )
    return load_world(path)


def test_odours_are_told_apart_at_the_nose(tmp_path: Path) -> None:
    body, sensor = Doll(), OdourSensor(OdourConfig(names=("diacetyl", "food", "nothing")))
    body.put(0.2, 0.3, 0.0)
    sensor.configure(context(two_smells(tmp_path), body))
    x, y = body.truth.nose
    expected = [math.exp(-math.hypot(x, y - 1)), math.exp(-math.hypot(x - 1, y)), 0.0]
    np.testing.assert_allclose(read(sensor).values, expected)
    body.put(1.0 - SNAKE.nose.ahead_m, 0.0, 0.0)
    assert read(sensor).values[1] == pytest.approx(1.0)


def test_poison_is_not_an_odour(tmp_path: Path) -> None:
    body, sensor = Doll(), PoisonSensor(PoisonConfig())
    sensor.configure(context(two_smells(tmp_path), body))
    assert [c.name for c in sensor.spec.channels] == ["poison.copper"]
    assert read(sensor).values[0] == pytest.approx(math.exp(-1 / (2 * 0.25)))


def test_two_noses_sit_left_and_right(tmp_path: Path) -> None:
    body, sensor = Doll(), OdourSensor(OdourConfig(noses=2))
    body.put(0.0, 0.0, math.pi / 2)
    sensor.configure(context(two_smells(tmp_path), body))
    out = read(sensor)
    left, right = out.vector("odour.food.left")[0], out.vector("odour.food.right")[0]
    aside = SNAKE.nose.spread_m / 2
    assert left == pytest.approx(math.exp(-math.hypot(1 + aside, SNAKE.nose.ahead_m)))
    assert right == pytest.approx(math.exp(-math.hypot(1 - aside, SNAKE.nose.ahead_m)))


def test_noise_comes_from_the_seed_and_is_never_negative(tmp_path: Path) -> None:
    world = two_smells(tmp_path)

    def readings(seed: int) -> np.ndarray:
        sensor = OdourSensor(OdourConfig(noise=0.5))
        sensor.configure(context(world, Doll(), seed))
        return np.array([read(sensor).values[0] for _ in range(400)])

    first = readings(1)
    np.testing.assert_array_equal(first, readings(1))
    assert not np.array_equal(first, readings(2))
    assert first.min() == 0.0
    assert 0.3 < first.std() < 0.5


@pytest.mark.parametrize(("names", "noticed"), [(("salt",), False), (("salt", "food"), True)])
def test_a_nose_for_nothing_that_is_there_says_so(
    names: tuple[str, ...], noticed: bool, tmp_path: Path
) -> None:
    sensor = OdourSensor(OdourConfig(names=names))
    sensor.configure(context(two_smells(tmp_path), Doll()))
    assert (sensor.notes == ()) == noticed
    assert noticed or "it is for salt, this world has diacetyl, food" in sensor.notes[0]
    sensor.configure(context(load_world("empty"), Doll()))
    assert sensor.notes == (), "nothing can be smelt there anyway"


def test_a_slip_of_the_pen_is_named(tmp_path: Path) -> None:
    sensor = OdourSensor(OdourConfig(names=("fodo",)))
    with pytest.raises(DeviceError, match=r"^\$\.names = 'fodo': .*did you mean 'food'"):
        sensor.configure(context(two_smells(tmp_path), Doll()))


@pytest.mark.parametrize("body", [None, object()])
def test_senses_need_a_simulated_body(body: object) -> None:
    for sensor in (OdourSensor(), TouchSensor(), NoseSensor()):
        with pytest.raises(DeviceError, match="simulated body"):
            sensor.configure(context(load_world("food"), body))


def test_smelling_needs_a_world() -> None:
    with pytest.raises(DeviceError, match="food_ahead"):
        OdourSensor().configure(context(None, Doll()))


def test_touch_by_region() -> None:
    body, sensor = Doll(), TouchSensor()
    sensor.configure(context(None, body))
    assert not read(sensor).values.any()
    body.truth.contact_n[:] = 2.0 ** np.arange(13)
    out = read(sensor)
    assert out.vector("touch.head")[0] == 1
    assert out.vector("touch.front")[0] == sum(2**i for i in range(1, 7))
    assert out.vector("touch.back")[0] == 1000.0  # cut to its range
    assert out.vector("touch.tail")[0] == 1000.0
    body.truth.contact_n[:] = 0.0
    body.truth.contact_n[12] = 3.0
    body.truth.contact_n[11] = 4.0
    out = read(sensor)
    assert out.vector("touch.tail")[0] == 3.0
    assert out.vector("touch.back")[0] == 4.0


def test_a_poke_is_felt_where_and_while_it_lasts_beside_what_touches_there(tmp_path: Path) -> None:
    path = tmp_path / "poked.toml"
    path.write_text(
        'kind = "arena"\n[[poke]]\nregion = "back"\nat_s = 2.9\nseconds = 0.2\nforce_n = 0.5\n'
        '[[poke]]\nregion = "head"\nat_s = 3.1\n'
    )
    body, sensor = Doll(), TouchSensor()
    body.truth.contact_n[10] = 2.0
    sensor.configure(context(load_world(path), body))
    out = read(sensor)  # at 3 s
    assert [out.vector(f"touch.{region}")[0] for region in ("head", "front", "back", "tail")] == [
        0,
        0,
        2.5,
        0,
    ]
    sensor.read(3.1, out)
    assert [out.vector(f"touch.{region}")[0] for region in ("head", "front", "back", "tail")] == [1, 0, 2, 0]


def test_the_nose_is_where_the_body_has_it() -> None:
    body, sensor = Doll(), NoseSensor()
    sensor.configure(context(None, body))
    body.put(1.0, 2.0, 0.5)
    np.testing.assert_array_equal(read(sensor).values, body.truth.nose)
