"""Everything the installed plugins offer passes the kit that plugin authors use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wormctl_emulator.for_tests import need_firmware
from wormctl_sim.bullet_config import why_no_bullet

from wormctl.device import Body, Context, Sensor, World
from wormctl.hookspecs import Command, Offer
from wormctl.plugins import load_plugins
from wormctl.snake import load_snake
from wormctl.testing import check_body, check_sensor, check_world
from wormctl.testing.kit import check_command

INSTALLED = load_plugins()


@pytest.fixture
def home() -> Iterator[Context]:
    """A planar snake with food to smell and a wall ahead: what a sensor of simulated worlds looks at."""
    snake = load_snake()
    world_offer = INSTALLED.worlds["wall"].thing
    body_offer = INSTALLED.bodies["planar"].thing
    world = world_offer.make(world_offer.config())
    world.reset(1)
    body = body_offer.make(body_offer.config())
    body.configure(Context(snake=snake, period_s=0.02, seed=1, world=world))
    yield Context(snake=snake, period_s=0.02, seed=1, world=world, body=body)
    body.close()


def test_nothing_that_is_installed_here_is_broken() -> None:
    assert INSTALLED.broken == []
    assert {"range", "sim", "train"} <= {origin.plugin for origin in INSTALLED.loaded}


@pytest.mark.parametrize("offer", [r.thing for r in INSTALLED.bodies.values()], ids=lambda o: o.name)
def test_body(offer: Offer[Body]) -> None:
    if offer.name.startswith("pybullet") and (why := why_no_bullet()):
        pytest.skip(why)
    if offer.name == "serial":
        pytest.skip(
            "needs a robot on a port: plugins/wormctl-emulator/tests/test_emulated_body.py gives it one"
        )
    if offer.name == "emulated":
        need_firmware()
    check_body(offer)


@pytest.mark.parametrize("offer", [r.thing for r in INSTALLED.sensors.values()], ids=lambda o: o.name)
def test_sensor(offer: Offer[Sensor], home: Context) -> None:
    check_sensor(offer, context=home)


@pytest.mark.parametrize("offer", [r.thing for r in INSTALLED.worlds.values()], ids=lambda o: o.name)
def test_world(offer: Offer[World]) -> None:
    check_world(offer)


@pytest.mark.parametrize("command", [r.thing for r in INSTALLED.commands.values()], ids=lambda c: c.name)
def test_command(command: Command) -> None:
    check_command(command)
