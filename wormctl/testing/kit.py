"""What a plugin author calls: one function for each kind of thing a plugin may offer, and one for it all."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.config import ConfigError, convert
from wormctl.controller import OwnPolicy, Port
from wormctl.device import (
    JOINT_POSITION,
    Actuator,
    Body,
    Config,
    Context,
    DeviceError,
    DeviceSpec,
    Sensor,
    World,
)
from wormctl.hookspecs import Artist, Command, Offer
from wormctl.layers import Settings
from wormctl.lifecycle import GuardedBody
from wormctl.names import unknown
from wormctl.own_policy import OwnController
from wormctl.plugins import HOOKS, collect
from wormctl.testing import checks
from wormctl.testing.checks import ConformanceError, nap_if_real, require
from wormctl.testing.contract import Rule
from wormctl.testing.fakes import IdealBody, bare_context

STILL_RAD = math.radians(3.0)
"""How far a joint may drift while it is asked to stay."""

BEND_RAD = 0.2
"""How far the kit bends a joint to see which one moves, and which way."""

_SETTLE_S, _UNARMED_S = 1.0, 0.5
_STEPS = 200


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
    except Exception as error:
        raise ConformanceError(name, Rule.OFFER, str(error)) from error
    require(any(offered.values()), name, Rule.OFFER, f"offers nothing{_unmarked(plugin)}")
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


def _unmarked(plugin: object) -> str:
    """What a plugin whose author forgot the marker needs to hear."""
    hooks = [name for name in HOOKS if callable(getattr(plugin, name, None))]
    return f": put @hookimpl before {' and '.join(hooks)}" if hooks else ""


def check_sensor(
    offer: Offer[Sensor], *, config: Config | None = None, context: Context | None = None
) -> None:
    """A sensor, from its declaration to its end. `context`: without a world, on an ideal body."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context(body=IdealBody())
    unused = _made(offer, config)
    checks.declares_itself(offer.name, unused.spec)
    checks.never_raises(offer.name, Rule.CLOSE, "close before configure", unused.close)
    sensor: Sensor = checks.made_without_io(offer, config)
    require(sensor is not unused, offer.name, Rule.MAKE, "make returns the same object twice")
    with checks.leaves_no_thread(offer.name):
        first = _lives(offer.name, sensor, context, thorough=True)
    again: Sensor = checks.made_without_io(offer, config)
    with checks.leaves_no_thread(offer.name):
        try:
            second = _lives(offer.name, again, context, thorough=False)
        except (ConformanceError, DeviceError) as error:
            raise ConformanceError(offer.name, Rule.AGAIN, f"one made anew fails: {error}") from error
    if sensor.spec.simulated and not hasattr(sensor, "measure"):
        same = np.array_equal(first, second, equal_nan=True)
        require(
            same, offer.name, Rule.AGAIN, f"one made anew begins with {second}, the first one with {first}"
        )


def _lives(name: str, sensor: Sensor, context: Context, *, thorough: bool) -> NDArray[np.float64]:
    """One life of a sensor; the values of its first read."""
    try:
        sensor.configure(context)
        first = Samples(sensor.spec.channels)
        checks.read(sensor, 0.0, first)
        began = first.values.copy()
        out = checks.reads_properly(sensor, context)
        if thorough:
            checks.returns_at_once(name, "read", lambda: sensor.read(1.0, out))
            checks.allocates_no_arrays(name, "read", lambda: sensor.read(1.0, out))
            checks.leaves_nothing_behind(name, "read", lambda: sensor.read(1.0, out))
    finally:
        checks.never_raises(name, Rule.CLOSE, "close", sensor.close)
    checks.never_raises(name, Rule.CLOSE, "closing twice", sensor.close)
    return began


def check_body(
    offer: Offer[Body], *, config: Config | None = None, context: Context | None = None, move: bool = True
) -> None:
    """A body, from its declaration to its end. It bends joints by 0.2 rad and back, if it may `move`."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context()
    unused: Body = _made(offer, config)
    checks.declares_itself(offer.name, unused.spec)
    _measures_joints(unused.spec, context)
    checks.never_raises(offer.name, Rule.STOP, "stop before configure", lambda: unused.stop("test"))
    checks.never_raises(offer.name, Rule.CLOSE, "close before configure", unused.close)
    body: Body = checks.made_without_io(offer, config)
    require(body is not unused, offer.name, Rule.MAKE, "make returns the same object twice")
    with checks.leaves_no_thread(offer.name):
        run = _Exercise(body, context)
        try:
            run.guarded.configure(context)  # a DeviceError here says what is missing
            run.through_its_states()
            if body.spec.simulated:
                checks.truth_has_its_shape(body, context)
            run.stays_where_it_is()
            if move:
                run.bends_the_joint_it_is_told()
            if body.spec.simulated:
                checks.leaves_nothing_behind(offer.name, "a tick", run.tick)
            run.stops()
        finally:
            checks.never_raises(offer.name, Rule.CLOSE, "close", body.close)
        checks.never_raises(offer.name, Rule.CLOSE, "closing twice", body.close)
        checks.never_raises(offer.name, Rule.STOP, "stop after close", lambda: body.stop("test"))


def check_actuator(
    offer: Offer[Actuator], *, config: Config | None = None, context: Context | None = None
) -> None:
    """An actuator, from its declaration to its end: it is told every end of its range."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context()
    unused: Actuator = _made(offer, config)
    checks.declares_itself(offer.name, unused.spec)
    checks.never_raises(offer.name, Rule.STOP, "stop before configure", lambda: unused.stop("test"))
    checks.never_raises(offer.name, Rule.CLOSE, "close before configure", unused.close)
    actuator: Actuator = checks.made_without_io(offer, config)
    require(actuator is not unused, offer.name, Rule.MAKE, "make returns the same object twice")
    ends = [[c.low for c in actuator.spec.channels for _ in range(c.size)]]
    ends.append([c.high for c in actuator.spec.channels for _ in range(c.size)])
    with checks.leaves_no_thread(offer.name):
        try:
            actuator.configure(context)
            for k, end in enumerate([*ends, *ends]):
                values = np.array(end, dtype=np.float64)
                checks.never_raises(
                    offer.name, Rule.VALUES, f"write({end})", partial(actuator.write, values, 0.02 * k)
                )
                require(
                    values.tolist() == end, offer.name, Rule.VALUES, "write changes the values it is given"
                )
            write = partial(actuator.write, np.array(ends[0], dtype=np.float64), 1.0)
            checks.returns_at_once(offer.name, "write", write)
            checks.leaves_nothing_behind(offer.name, "write", write)
            checks.never_raises(offer.name, Rule.STOP, "stop", lambda: actuator.stop("test"))
            checks.never_raises(offer.name, Rule.STOP, "stopping twice", lambda: actuator.stop("test"))
        finally:
            checks.never_raises(offer.name, Rule.CLOSE, "close", actuator.close)
        checks.never_raises(offer.name, Rule.CLOSE, "closing twice", actuator.close)
        checks.never_raises(offer.name, Rule.STOP, "stop after close", lambda: actuator.stop("test"))


def check_policy(
    offer: Offer[OwnPolicy], *, config: Config | None = None, inputs: Sequence[Port] = (), joints: int = 12
) -> None:
    """A policy of one's own. `inputs`: what a robot file would bind, for one that does not declare its own."""
    checks.unknown_settings_are_refused(offer)
    made = _made(offer, config or checks.default_config(offer))
    try:
        controller = OwnController(offer.name, made, inputs, joints, 0.02)
    except ConfigError as error:
        raise ConformanceError(offer.name, Rule.POLICY, str(error)) from None
    size = sum(port.size for port in controller.inputs)
    rng = np.random.default_rng(1)
    x, good = rng.normal(size=(_STEPS, size)), rng.random((_STEPS, size)) < 0.8
    good[:5] = False
    first, second = (_steps(offer.name, controller, x, good) for _ in range(2))
    require(np.array_equal(first, second), offer.name, Rule.POLICY, "does something else after reset")


def _steps(
    name: str, controller: OwnController, x: NDArray[np.float64], good: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What a policy asks for, (steps, joints)."""
    out = np.zeros((len(x), controller.joints))
    try:
        controller.reset()
        for k in range(len(x)):
            controller.step(x[k], good[k], out[k])
    except Exception as error:
        raise ConformanceError(name, Rule.POLICY, f"raises {type(error).__name__}: {error}") from error
    require(np.isfinite(out).all(), name, Rule.POLICY, "asks for a setpoint that is not finite")
    return out


def check_world(offer: Offer[World], *, config: Config | None = None) -> None:
    """A world: the same for the same seed, with distances that make sense, at any time."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    points = [(0.0, 0.0), (1.0, -0.5), (-2.0, 3.0)]

    def distances(world: World, seed: int) -> list[float]:
        world.reset(seed)
        found = []
        for now_s in (0.0, 0.02, 10.0):
            world.advance(now_s)
            found += [world.goal_distance_m(x_m, y_m) for x_m, y_m in points]
        return found

    world: World = _made(offer, config)
    name = offer.name
    try:
        first = distances(world, 1)
    except Exception as error:
        raise ConformanceError(name, Rule.WORLD, f"raises {type(error).__name__}: {error}") from error
    require(all(d >= 0.0 for d in first), name, Rule.WORLD, f"goal distances must be 0 or more: {first}")
    require(distances(world, 1) == first, name, Rule.WORLD, "is another one after a reset with the same seed")
    anew: World = _made(offer, config)
    require(distances(anew, 1) == first, name, Rule.WORLD, "is another one when made anew")


def check_command(command: Command) -> None:
    """A command: its arguments can be declared and its help can be shown."""
    name, rule = command.name, Rule.COMMAND
    parser = argparse.ArgumentParser(prog=name)
    checks.never_raises(name, rule, "add_arguments", lambda: command.add_arguments(parser))
    checks.never_raises(name, rule, "its help", parser.format_help)
    require(command.summary and "\n" not in command.summary, name, rule, "the summary must be one line")
    require(callable(command.run), name, rule, "run must be callable")


def check_artist(artist: Artist) -> None:
    """An artist: only its declaration, as there is no run to draw."""
    name, rule = artist.name, Rule.ARTIST
    require(artist.summary and "\n" not in artist.summary, name, rule, "the summary must be one line")
    require(callable(artist.draw), name, rule, "draw must be callable")


def _made(offer: Offer[Any], config: Config) -> Any:
    """One of it. Whatever making it raises is its fault."""
    try:
        return checks.made_without_io(offer, config)
    except ConformanceError:
        raise
    except Exception as error:
        raise ConformanceError(
            offer.name, Rule.MAKE, f"cannot be made: {type(error).__name__}: {error}"
        ) from error


def _measures_joints(spec: DeviceSpec, context: Context) -> None:
    channel = next((c for c in spec.channels if c.name == JOINT_POSITION), None)
    require(channel is not None, spec.name, Rule.JOINTS, f"has no channel {JOINT_POSITION}")
    found = msgspec.structs.asdict(channel) if channel is not None else {}
    require(found["size"] == context.snake.joints, spec.name, Rule.JOINTS, f"measures {found['size']} joints")
    require(
        found["unit"] == "rad",
        spec.name,
        Rule.JOINTS,
        f"{JOINT_POSITION} is in {found['unit']}, must be in rad",
    )
    reach = context.snake.limit_rad
    far = found["low"] <= -reach and found["high"] >= reach
    require(far, spec.name, Rule.JOINTS, "cannot measure up to its limits")


class _Exercise:
    """One body on its way through the states, by the same door the loop uses."""

    def __init__(self, body: Body, context: Context) -> None:
        self.body, self.context, self.name = body, context, body.spec.name
        self.guarded = GuardedBody(body)
        self.out = Samples(body.spec.channels)
        self.goal_rad: NDArray[np.float64] = np.zeros(context.snake.joints)
        self.now_s = 0.0

    def through_its_states(self) -> None:
        """Configured, it can be read and stands still; then it is armed where it stands."""
        self.out = checks.reads_properly(self.body, self.context)
        self.now_s = float(self.out.time_s.max())
        before = self.position_rad().copy()
        for _ in range(round(_UNARMED_S / self.context.period_s)):
            self.now_s += self.context.period_s
            nap_if_real(self.body, self.context.period_s)
            self.guarded.read(self.now_s, self.out)
        self._stood_still_since(before, "before it was armed")
        self.now_s += self.context.period_s
        self.goal_rad[:] = self.position_rad()
        self.guarded.arm(self.now_s, self.position_rad().copy())

    def stays_where_it_is(self) -> None:
        """Arming must not make it jump."""
        before = self.position_rad().copy()
        self.hold(0.5)
        self._stood_still_since(before, "when it was armed")

    def bends_the_joint_it_is_told(self) -> None:
        """Joints are in order, head first, positive where the setpoint is."""
        for joint in (0, self.goal_rad.size // 2, self.goal_rad.size - 1):
            start = self.position_rad().copy()
            for bend in (BEND_RAD, -BEND_RAD):
                self.goal_rad[joint] += bend
                self.hold(_SETTLE_S)
                if bend > 0.0:
                    moved = self.position_rad() - start
                    require(
                        int(np.argmax(np.abs(moved))) == joint and 0.5 * bend < moved[joint] < 1.5 * bend,
                        self.name,
                        Rule.MOVES,
                        f"joint {joint} was told to bend by {bend} rad, the joints moved by {_brief(moved)}",
                    )

    def stops(self) -> None:
        """Stopping is safe at any time, any number of times."""
        checks.never_raises(self.name, Rule.STOP, "stop", lambda: self.body.stop("test"))
        checks.never_raises(self.name, Rule.STOP, "stopping twice", lambda: self.body.stop("test"))
        self.guarded.stop("test")
        self.guarded.close()

    def tick(self) -> None:
        """One tick as the loop makes it."""
        try:
            self.guarded.read(self.now_s, self.out)
            self.guarded.write(self.goal_rad, self.now_s)
        except DeviceError as error:
            raise ConformanceError(self.name, Rule.MOVES, str(error)) from error
        nap_if_real(self.body, self.context.period_s)
        self.now_s += self.context.period_s

    def hold(self, duration_s: float) -> None:
        """Ask for the goal for a while."""
        for _ in range(round(duration_s / self.context.period_s)):
            self.tick()
        sent = self.guarded.setpoint_rad
        require(
            np.allclose(sent, self.goal_rad, atol=0.1),
            self.name,
            Rule.MOVES,
            "write changes the setpoints it is given",
        )
        self.guarded.read(self.now_s, self.out)

    def position_rad(self) -> NDArray[Any]:
        """Where the joints stand, by the last read."""
        return self.out.vector(JOINT_POSITION)

    def _stood_still_since(self, before: NDArray[Any], when: str) -> None:
        moved = float(np.max(np.abs(self.position_rad() - before)))
        require(moved < STILL_RAD, self.name, Rule.STILL, f"a joint moved by {moved:.2f} rad {when}")


def _brief(values: NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{v:.2f}" for v in values) + "]"
