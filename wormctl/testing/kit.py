"""What a plugin author calls: one function for each kind of thing a plugin may offer, and one for it all."""

from __future__ import annotations

import argparse
import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.channel import Samples
from wormctl.device import JOINT_POSITION, Body, Config, Context, DeviceSpec, Sensor, World
from wormctl.hookspecs import Artist, Command, Offer
from wormctl.lifecycle import GuardedBody
from wormctl.plugins import collect
from wormctl.testing import checks
from wormctl.testing.checks import ConformanceError, nap_if_real, require
from wormctl.testing.fakes import IdealBody, bare_context

STILL_RAD = math.radians(3.0)
"""How far a joint may drift while it is asked to stay."""

BEND_RAD = 0.2
"""How far the kit bends a joint to see which one moves, and which way."""

_SETTLE_S, _UNARMED_S = 1.0, 0.5


def check_plugin(plugin: object, *, context: Context | None = None) -> None:
    """Everything that `plugin`, a module with hooks, offers, each with its default settings.

    Offers without usable defaults need `check_body`, `check_sensor` or `check_world` with a config. Raises
    `ConformanceError`.
    """
    try:
        offered = collect(plugin)
    except Exception as error:
        raise ConformanceError(f"{getattr(plugin, '__name__', plugin)}: {error}") from error
    require(any(offered.values()), getattr(plugin, "__name__", str(plugin)), "offers nothing")
    for offer in offered["world"]:
        check_world(offer)
    for offer in offered["body"]:
        check_body(offer, context=context)
    for offer in offered["sensor"]:
        check_sensor(offer, context=context)
    for command in offered["command"]:
        check_command(command)
    for artist in offered["artist"]:
        check_artist(artist)


def check_sensor(
    offer: Offer[Sensor], *, config: Config | None = None, context: Context | None = None
) -> None:
    """A sensor, from its declaration to its end. `context`: without a world, on an ideal body."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context(body=IdealBody())
    unused = checks.made_without_io(offer, config)
    checks.declares_itself(offer.name, unused.spec)
    checks.never_raises(offer.name, "close before configure", unused.close)
    sensor: Sensor = checks.made_without_io(offer, config)
    require(sensor is not unused, offer.name, "make returns the same object twice")
    try:
        sensor.configure(context)
        out = checks.reads_properly(sensor, context)
        checks.leaves_nothing_behind(offer.name, "read", lambda: sensor.read(1.0, out))
    finally:
        checks.never_raises(offer.name, "close", sensor.close)
    checks.never_raises(offer.name, "closing twice", sensor.close)


def check_body(
    offer: Offer[Body], *, config: Config | None = None, context: Context | None = None, move: bool = True
) -> None:
    """A body, from its declaration to its end. It bends joints by 0.2 rad and back, if it may `move`."""
    checks.unknown_settings_are_refused(offer)
    config = config or checks.default_config(offer)
    context = context or bare_context()
    unused: Body = checks.made_without_io(offer, config)
    checks.declares_itself(offer.name, unused.spec)
    _measures_joints(unused.spec, context)
    checks.never_raises(offer.name, "stop before configure", lambda: unused.stop("test"))
    checks.never_raises(offer.name, "close before configure", unused.close)
    body: Body = checks.made_without_io(offer, config)
    require(body is not unused, offer.name, "make returns the same object twice")
    run = _Exercise(body, context)
    try:
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
        checks.never_raises(offer.name, "close", body.close)
    checks.never_raises(offer.name, "closing twice", body.close)
    checks.never_raises(offer.name, "stop after close", lambda: body.stop("test"))


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

    world: World = offer.make(config)
    first = distances(world, 1)
    require(all(d >= 0.0 for d in first), offer.name, f"goal distances must be 0 or more: {first}")
    require(distances(world, 1) == first, offer.name, "is another world after a reset with the same seed")
    require(distances(offer.make(config), 1) == first, offer.name, "is another world when made anew")


def check_command(command: Command) -> None:
    """A command: its arguments can be declared and its help can be shown."""
    parser = argparse.ArgumentParser(prog=command.name)
    checks.never_raises(command.name, "add_arguments", lambda: command.add_arguments(parser))
    checks.never_raises(command.name, "its help", parser.format_help)
    require(command.summary and "\n" not in command.summary, command.name, "the summary must be one line")
    require(callable(command.run), command.name, "run must be callable")


def check_artist(artist: Artist) -> None:
    """An artist: only its declaration, as there is no run to draw."""
    require(artist.summary and "\n" not in artist.summary, artist.name, "the summary must be one line")
    require(callable(artist.draw), artist.name, "draw must be callable")


def _measures_joints(spec: DeviceSpec, context: Context) -> None:
    channel = next((c for c in spec.channels if c.name == JOINT_POSITION), None)
    require(channel is not None, spec.name, f"has no channel {JOINT_POSITION}")
    found = msgspec.structs.asdict(channel) if channel is not None else {}
    require(found["size"] == context.snake.joints, spec.name, f"measures {found['size']} joints")
    require(found["unit"] == "rad", spec.name, f"{JOINT_POSITION} is in {found['unit']}, must be in rad")
    reach = context.snake.limit_rad
    require(found["low"] <= -reach and found["high"] >= reach, spec.name, "cannot measure up to its limits")


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
        self.guarded.configure(self.context)
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
                        f"joint {joint} was told to bend by {bend} rad, the joints moved by {_brief(moved)}",
                    )

    def stops(self) -> None:
        """Stopping is safe at any time, any number of times."""
        checks.never_raises(self.name, "stop", lambda: self.body.stop("test"))
        checks.never_raises(self.name, "stopping twice", lambda: self.body.stop("test"))
        self.guarded.stop("test")
        self.guarded.close()

    def tick(self) -> None:
        """One tick as the loop makes it."""
        self.guarded.read(self.now_s, self.out)
        self.guarded.write(self.goal_rad, self.now_s)
        nap_if_real(self.body, self.context.period_s)
        self.now_s += self.context.period_s

    def hold(self, duration_s: float) -> None:
        """Ask for the goal for a while."""
        for _ in range(round(duration_s / self.context.period_s)):
            self.tick()
        sent = self.guarded.setpoint_rad
        require(
            np.allclose(sent, self.goal_rad, atol=0.1), self.name, "write changes the setpoints it is given"
        )
        self.guarded.read(self.now_s, self.out)

    def position_rad(self) -> NDArray[Any]:
        """Where the joints stand, by the last read."""
        return self.out.vector(JOINT_POSITION)

    def _stood_still_since(self, before: NDArray[Any], when: str) -> None:
        moved = float(np.max(np.abs(self.position_rad() - before)))
        require(moved < STILL_RAD, self.name, f"a joint moved by {moved:.2f} rad {when}")


def _brief(values: NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{v:.2f}" for v in values) + "]"
