"""What a plugin author calls: one function for each kind of thing a plugin may offer, and one for it all."""

from __future__ import annotations

import argparse
import numbers
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.config import ConfigError, convert
from wormctl.device import Actuator, Config, Context, DeviceError, Sensor, World
from wormctl.hookspecs import Artist, Command, Offer
from wormctl.layers import Settings
from wormctl.names import unknown
from wormctl.plugins import PluginError, collect
from wormctl.testing import checks, cost, samples
from wormctl.testing.bodies import check_body
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, brief, calling, came_of, never_raises, require
from wormctl.testing.fakes import IdealBody, bare_context
from wormctl.testing.policies import check_policy

__all__ = [
    "Check",
    "check_actuator",
    "check_artist",
    "check_body",
    "check_command",
    "check_plugin",
    "check_policy",
    "check_sensor",
    "check_world",
    "checks_of",
]

_CAN_BE_OPENED = (DeviceError, ConfigError)
"""What `configure` may raise: it says what is missing."""


@brief
def check_plugin(plugin: object, *, settings: Settings | None = None, context: Context | None = None) -> None:
    """Everything that `plugin`, a module with hooks, offers, with its default settings but for `settings`.

    `settings` are as in a robot file, such as `{"port": fake_port().path}`, each for what has a setting of that name.
    Raises `ConformanceError` for the first thing that breaks the contract.
    """
    for check in checks_of(plugin, settings=settings, context=context):
        check.run()


class Check(NamedTuple):
    """What is to be checked, and how."""

    kind: str
    name: str
    run: Callable[[], None]


def checks_of(
    plugin: object, *, settings: Settings | None = None, context: Context | None = None
) -> list[Check]:
    """A check for everything that `plugin` offers; see `check_plugin`.

    Raises `ConformanceError` if its hooks are not what they must be, `ConfigError` for a setting that nothing has.
    """
    name = getattr(plugin, "__name__", str(plugin))
    try:
        offered = collect(plugin)
    except PluginError as error:
        raise ConformanceError(name, Rule.OFFER, str(error)) from error
    except (Exception, SystemExit) as error:
        raise ConformanceError(name, Rule.OFFER, f"one of its hooks {came_of(error)}") from error
    require(any(offered.values()), name, Rule.OFFER, "offers nothing")
    _all_known(name, settings or {}, [thing for things in offered.values() for thing in things])
    how: dict[str, Callable[[Any], None]] = {
        "world": check_world,
        "body": partial(check_body, context=context),
        "sensor": partial(check_sensor, context=context),
        "actuator": partial(check_actuator, context=context),
        "policy": check_policy,
        "command": check_command,
        "artist": check_artist,
    }
    return [
        Check(kind, thing.name, partial(_with_settings, how[kind], thing, settings or {}))
        for kind in how
        for thing in offered[kind]
    ]


def _with_settings(check: Callable[..., None], thing: Any, settings: Settings) -> None:
    own = {key: value for key, value in settings.items() if key in _fields(thing)}
    if own:
        check(thing, config=convert(own, thing.config, where=thing.name))
    else:
        check(thing)


def _all_known(name: str, settings: Settings, offered: Sequence[Any]) -> None:
    known = {field for thing in offered for field in _fields(thing)}
    for key in settings:
        if key not in known:
            raise ConfigError(f"{name}: {unknown('setting', key, known)}")


def _fields(thing: Any) -> tuple[str, ...]:
    fields: tuple[str, ...] = thing.config.__struct_encode_fields__ if isinstance(thing, Offer) else ()
    return fields


@brief
def check_sensor(
    offer: Offer[Sensor], *, config: Config | None = None, context: Context | None = None
) -> None:
    """A sensor, from its declaration to its end. `context`: without a world, on an ideal body."""
    name = offer.name
    checks.is_declared(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context(body=IdealBody())
    unused: Sensor = checks.made(offer, config, "sensor")
    checks.declares_itself(name, unused.spec)
    never_raises(name, Rule.CLOSE, "close before configure", lambda: unused.close())
    sensor: Sensor = checks.made(offer, config)
    require(sensor is not unused, name, Rule.MAKE, "make returns the same object twice")
    with cost.leaves_no_thread(name):
        first = _lives(name, sensor, context, thorough=True)
    again: Sensor = checks.made(offer, config)
    with cost.leaves_no_thread(name):
        try:
            second = _lives(name, again, context, thorough=False)
        except ConformanceError as error:
            raise ConformanceError(name, Rule.AGAIN, f"one made anew fails: {error.how}") from error
        except _CAN_BE_OPENED as error:
            raise ConformanceError(name, Rule.AGAIN, f"one made anew fails: {error}") from error
    if sensor.spec.simulated and not samples.is_threaded(sensor):
        same = np.array_equal(first, second, equal_nan=True)
        require(same, name, Rule.AGAIN, f"one made anew begins with {second}, the first one with {first}")


def _lives(name: str, sensor: Sensor, context: Context, *, thorough: bool) -> NDArray[np.float64]:
    """One life of a sensor; the values of its first read."""
    try:
        with calling(name, Rule.OPEN, "configure", let=_CAN_BE_OPENED):
            sensor.configure(context)
        first = Samples(sensor.spec.channels)
        samples.read(sensor, 0.0, first)
        began = first.values.copy()
        out = samples.reads_properly(sensor, context)
        if thorough:
            now_s = float(out.time_s.max())
            samples.renews_as_declared(sensor, out, now_s)
            reads = samples.Reads(sensor, out, now_s, context.period_s)
            cost.returns_at_once(name, "read", reads, simulated=sensor.spec.simulated)
            cost.allocates_no_arrays(name, "read", reads)
            cost.leaves_nothing_behind(name, "read", reads)
    finally:
        never_raises(name, Rule.CLOSE, "close", lambda: sensor.close())
    never_raises(name, Rule.CLOSE, "closing twice", lambda: sensor.close())
    return began


@brief
def check_actuator(
    offer: Offer[Actuator], *, config: Config | None = None, context: Context | None = None
) -> None:
    """An actuator, from its declaration to its end: it is told every end of its range."""
    name = offer.name
    checks.is_declared(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context()
    unused: Actuator = checks.made(offer, config, "actuator")
    checks.declares_itself(name, unused.spec)
    never_raises(name, Rule.STOP, "stop before configure", lambda: unused.stop("test"))
    never_raises(name, Rule.CLOSE, "close before configure", lambda: unused.close())
    actuator: Actuator = checks.made(offer, config)
    require(actuator is not unused, name, Rule.MAKE, "make returns the same object twice")
    ends = [[c.low for c in actuator.spec.channels for _ in range(c.size)]]
    ends.append([c.high for c in actuator.spec.channels for _ in range(c.size)])
    with cost.leaves_no_thread(name):
        try:
            with calling(name, Rule.OPEN, "configure", let=_CAN_BE_OPENED):
                actuator.configure(context)
            for k, end in enumerate([*ends, *ends]):
                values = np.array(end, dtype=np.float64)
                never_raises(name, Rule.VALUES, f"write({end})", partial(actuator.write, values, 0.02 * k))
                require(values.tolist() == end, name, Rule.VALUES, "write changes the values it is given")
            write = partial(actuator.write, np.array(ends[0], dtype=np.float64), 1.0)
            cost.returns_at_once(name, "write", write, simulated=actuator.spec.simulated)
            cost.leaves_nothing_behind(name, "write", write)
            never_raises(name, Rule.STOP, "stop", lambda: actuator.stop("test"))
            never_raises(name, Rule.STOP, "stopping twice", lambda: actuator.stop("test"))
        finally:
            never_raises(name, Rule.CLOSE, "close", lambda: actuator.close())
        never_raises(name, Rule.CLOSE, "closing twice", lambda: actuator.close())
        never_raises(name, Rule.STOP, "stop after close", lambda: actuator.stop("test"))


@brief
def check_world(offer: Offer[World], *, config: Config | None = None) -> None:
    """A world: the same for the same seed, with distances that make sense, at any time."""
    name = offer.name
    checks.is_declared(offer)
    config = config or checks.default_config(offer)
    points = [(0.0, 0.0), (1.0, -0.5), (-2.0, 3.0)]

    def distances(world: World, seed: int) -> list[float]:
        found = []
        with calling(name, Rule.WORLD, "reset"):
            world.reset(seed)
        for now_s in (0.0, 0.02, 10.0):
            with calling(name, Rule.WORLD, "advance"):
                world.advance(now_s)
            with calling(name, Rule.WORLD, "goal_distance_m"):
                found += [world.goal_distance_m(x_m, y_m) for x_m, y_m in points]
        return found

    world: World = checks.made(offer, config, "world")
    first = distances(world, 1)
    fine = all(isinstance(d, numbers.Real) and d >= 0.0 for d in first)
    require(fine, name, Rule.WORLD, f"goal distances must be 0 or more: {first}")
    require(distances(world, 1) == first, name, Rule.WORLD, "is another one after a reset with the same seed")
    anew: World = checks.made(offer, config)
    require(distances(anew, 1) == first, name, Rule.WORLD, "is another one when made anew")


@brief
def check_command(command: Command) -> None:
    """A command: its arguments can be declared and its help can be shown."""
    name, rule = command.name, Rule.COMMAND
    parser = argparse.ArgumentParser(prog=name)
    never_raises(name, rule, "add_arguments", lambda: command.add_arguments(parser))
    never_raises(name, rule, "its help", parser.format_help)
    _has_one_line(command, rule)
    require(callable(command.run), name, rule, "run must be callable")


@brief
def check_artist(artist: Artist) -> None:
    """An artist: only its declaration, as there is no run to draw."""
    _has_one_line(artist, Rule.ARTIST)
    require(callable(artist.draw), artist.name, Rule.ARTIST, "draw must be callable")


def _has_one_line(thing: Command | Artist, rule: Rule) -> None:
    fine = isinstance(thing.summary, str) and thing.summary and "\n" not in thing.summary
    require(fine, thing.name, rule, "the summary must be one line")
