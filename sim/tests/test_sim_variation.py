"""Simulated bodies and senses heed what was drawn for a trial."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from wormctl_sim.ground import Ground
from wormctl_sim.simulated import SimulatedBody
from wormctl_sim.smell import OdourConfig, OdourSensor, PoisonSensor
from wormctl_sim.world_files import load_world

from sim.tests.bodies import EVERY_BODY, make
from wormctl.channel import Samples
from wormctl.device import Context
from wormctl.robot import load_robot
from wormctl.snake import Snake, load_snake
from wormctl.trials import Plan, run_trial
from wormctl.variation import Variation

SNAKE = load_snake()
PERIOD_S = 0.02
GROUND = Ground(along=0.4, across=5.0)


def path(body: SimulatedBody, snake: Snake = SNAKE, variation: Variation | None = None) -> np.ndarray:
    """The links' poses in every tick of a crawl."""
    context = Context(snake=snake, period_s=PERIOD_S, seed=1, variation=variation or Variation())
    body.configure(context)
    body.arm(0.0)
    found = []
    for k in range(50):
        body.write(0.3 * np.sin(0.1 * k - 0.5 * np.arange(SNAKE.joints)), k * PERIOD_S)
        found.append(body.truth.pose.copy())
    body.close()
    return np.array(found)


@EVERY_BODY
def test_a_varied_body_is_one_with_those_settings(name: str) -> None:
    variation = Variation(drag=1.5, anisotropy=0.8, latency_s=0.04, mass=1.2)
    varied = make(name, GROUND, latency_s=0.1)
    found = path(varied, variation=variation)
    like = make(name, Ground(along=0.4 * 1.5, across=5.0 * 1.5 * 0.8), latency_s=0.04)
    np.testing.assert_allclose(found, path(like), atol=1e-12)  # its mass is the snake's affair
    np.testing.assert_array_equal(path(varied), path(make(name, GROUND, latency_s=0.1)))  # nothing stays


def test_mass_and_servos_reach_the_body_with_the_snake() -> None:
    for variation in (Variation(mass=2.0), Variation(servo_lag=2.0), Variation(servo_strength=0.1)):
        moved = np.abs(path(make("planar"), variation.scale(SNAKE)) - path(make("planar"))).max()
        assert moved > 1e-3


def test_odour_noise_is_that_of_the_trial() -> None:
    world, body = load_world("food"), make("planar")
    poison_world = load_world("poison")

    def spread(sensor: OdourSensor | PoisonSensor, variation: Variation) -> float:
        place = world if isinstance(sensor, OdourSensor) else poison_world
        context = Context(snake=SNAKE, period_s=PERIOD_S, seed=1, world=place, variation=variation)
        body.configure(context)
        sensor.configure(msgspec.structs.replace(context, body=body))
        out, found = Samples(sensor.spec.channels), []
        for k in range(300):
            sensor.read(k * PERIOD_S, out)
            found.append(out.values[0])
        return float(np.std(found))

    noisy = OdourSensor(OdourConfig(noise=0.3))
    assert spread(noisy, Variation(odour_noise=0.0)) == 0.0
    assert spread(OdourSensor(), Variation(odour_noise=0.02)) == pytest.approx(0.02, rel=0.2)
    assert spread(noisy, Variation()) > 0.1
    assert spread(PoisonSensor(), Variation(odour_noise=0.5)) < 1e-12


def test_a_trial_of_the_varied_worm_says_what_was_drawn_and_can_be_lived_again() -> None:
    robot = load_robot("varied").replace(body="planar", world="empty")
    plan = Plan(robot=robot, ablated=(), seconds=3.0, full=True)
    one, again, other = run_trial(plan, 1), run_trial(plan, 1), run_trial(plan, 2)
    assert one.reason == other.reason == "time"
    assert one == again
    assert robot.randomise is not None
    assert one.varied == robot.randomise.draw(1)
    assert other.varied != one.varied
    assert other.speed_bl_per_s != one.speed_bl_per_s
