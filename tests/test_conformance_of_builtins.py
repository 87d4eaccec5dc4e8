"""Everything the installed plugins offer passes the kit that plugin authors use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wormctl_emulator.for_tests import need_firmware
from wormctl_sim.bullet_config import why_no_bullet

from wormctl.config import ConfigError, convert
from wormctl.device import Body, Context, Sensor, World
from wormctl.hookspecs import Command, Offer
from wormctl.plugins import load_plugins
from wormctl.snake import load_snake
from wormctl.testing import check_body, check_sensor, check_world
from wormctl.testing.kit import check_command

INSTALLED = load_plugins()
ROOT = Path(__file__).parents[1]


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
    _only_without_hardware(offer)
    if offer.name == "emulated":
        need_firmware()
    check_body(offer)


@pytest.mark.parametrize("offer", [r.thing for r in INSTALLED.sensors.values()], ids=lambda o: o.name)
def test_sensor(offer: Offer[Sensor], home: Context) -> None:
    _only_without_hardware(offer)
    check_sensor(offer, context=home)


def _only_without_hardware(offer: Offer[Any]) -> None:
    """What needs hardware, or has no usable defaults, is put through the kit by its own tests, on fakes."""
    try:
        made = offer.make(convert({}, offer.config, where=offer.name))
    except ConfigError as error:
        pytest.skip(str(error))
    if not made.spec.simulated:
        pytest.skip("needs hardware: its own tests give it a fake")


def test_every_offer_is_put_through_the_kit_somewhere() -> None:
    """Every plugin's own tests name a function of the kit, if it offers a body or a sensor."""
    bodies, sensors = INSTALLED.bodies.values(), INSTALLED.sensors.values()
    offering = {r.origin.distribution for r in bodies} | {r.origin.distribution for r in sensors}
    for distribution in offering:
        folder = ROOT / ("sim" if distribution == "wormctl-sim" else f"plugins/{distribution}")
        if distribution == "wormctl-serial":
            folder = ROOT / "plugins" / "wormctl-emulator"  # gives it a robot
        tests = "".join(file.read_text() for file in folder.glob("tests/*.py"))
        assert distribution == "wormctl-sim" or "check_" in tests, distribution


@pytest.mark.parametrize("offer", [r.thing for r in INSTALLED.worlds.values()], ids=lambda o: o.name)
def test_world(offer: Offer[World]) -> None:
    check_world(offer)


@pytest.mark.parametrize("command", [r.thing for r in INSTALLED.commands.values()], ids=lambda c: c.name)
def test_command(command: Command) -> None:
    check_command(command)
