"""Which robot the options of a command line mean."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from wormctl.assembly import assemble
from wormctl.config import ConfigError
from wormctl.device import Config
from wormctl.hookspecs import Offer
from wormctl.options import add_robot_arguments, chosen_plugins, chosen_robot
from wormctl.plugins import Origin, Plugins, Registered, load_plugins
from wormctl.robot import SHIPPED, Robot
from wormctl.testing import IdealBody


def chosen(*words: str, plugins: Plugins | None = None) -> Robot:
    parser = argparse.ArgumentParser()
    add_robot_arguments(parser)
    args = parser.parse_args(words)
    choice = chosen_plugins(args)
    return chosen_robot(args, choice, plugins or choice.load())


def with_a_body(robot: Path) -> Plugins:
    """Plugins with a body `mine` that names a robot file."""
    plugins = load_plugins()
    offer = Offer(name="mine", summary="test", config=Config, make=lambda config: IdealBody(), robot=robot)
    plugins.bodies["mine"] = Registered(thing=offer, origin=Origin("test", "test", "0"))
    return plugins


def test_a_body_brings_the_robot_file_that_suits_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = (SHIPPED / "worm.toml").read_text().replace('use = "pybullet"', 'use = "mine"')
    file.write_text(text.replace('fallback = "planar"', "").replace("food_ahead", "empty"))
    plugins = with_a_body(file)
    assert chosen("--body", "mine", plugins=plugins).file == str(file)
    assert chosen(plugins=plugins).body.use == "pybullet"
    given = chosen("--body", "mine", "--robot", str(SHIPPED / "worm.toml"), plugins=plugins)
    assert (given.body.use, given.file) == ("mine", str(SHIPPED / "worm.toml"))


def test_a_port_is_a_setting_of_the_body() -> None:
    robot = chosen("--body", "serial", "--port", "/dev/ttyUSB7")
    assert robot.body.settings["port"] == "/dev/ttyUSB7"
    assert robot.world is None


def test_a_port_for_a_body_that_has_none_is_an_error() -> None:
    with pytest.raises(ConfigError, match="port"):
        assemble(chosen("--body", "planar", "--port", "/dev/ttyUSB7"), load_plugins(), seed=0)
