"""From a robot file to open devices that are ready to run. What can be wrong without opening any: `wormctl.making`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from wormctl.actuation import Actuation
from wormctl.binding import Binding
from wormctl.clock import Clock, MonotonicClock, SimulatedClock
from wormctl.config import ConfigError
from wormctl.controller import Controller
from wormctl.device import (
    Actuator,
    Context,
    DeviceSpec,
    Host,
    Noted,
    Placed,
    Sensor,
    Simulated,
    Truth,
    Waiting,
    World,
)
from wormctl.driving import claim, release
from wormctl.hanging import attempt
from wormctl.lifecycle import GuardedBody
from wormctl.loop import Loop, Observer
from wormctl.making import blamed, make
from wormctl.plugins import Plugins
from wormctl.robot import Part, Robot
from wormctl.snake import Snake
from wormctl.sums import notes_on_sums
from wormctl.variation import Variation

if TYPE_CHECKING:
    from wormctl.policy import Policy


SLOW_S = 3.0
"""A device that takes longer to open is named."""


class Assembly:
    """A robot whose devices are open. Use it in a `with` statement: leaving it closes them, motors first."""

    def __init__(
        self,
        *,
        robot: Robot,
        seed: int,
        snake: Snake,
        controller: Controller,
        policy: Policy | None,
        world: World | None,
        body: GuardedBody,
        body_name: str,
        truth: Truth | None,
        sensors: Sequence[Sensor],
        binding: Binding,
        actuation: Actuation,
        varied: dict[str, float],
        notes: Sequence[str],
        closing: ExitStack,
    ) -> None:
        self.robot, self.seed, self.snake = robot, seed, snake
        self.controller, self.policy = controller, policy
        self.world, self.body, self.truth = world, body, truth
        self.sensors, self.binding, self.actuation = tuple(sensors), binding, actuation
        self.body_name = body_name
        """As a person asks for it."""
        self.world_name = None if world is None or robot.world is None else robot.world.name
        self.varied = varied
        """What was drawn for this trial, by the names of `wormctl.variation.Variation`. `snake` is without it."""
        self.notes = tuple(notes)
        """Lines that a person should see before the run."""
        self._closing = closing

    @property
    def policy_name(self) -> str:
        """Of a policy file, or of what a plugin offers."""
        return self.robot.policy if self.policy is None else self.policy.name

    @property
    def real(self) -> tuple[str, ...]:
        """The devices that are not simulated: with any, time has to pass as in life."""
        devices: list[Sensor | Actuator] = [*self.sensors, *self.actuation.actuators]
        specs = [self.body.spec, *(device.spec for device in devices)]
        return tuple(spec.name for spec in specs if not spec.simulated)

    def loop(self, *, clock: Clock | None = None, observers: Sequence[Observer] = ()) -> Loop:
        """A loop over these devices.

        `clock`: real time for a physical body; for a simulated one simulated, at life speed where there are real
        sensors or actuators, else as fast as it can.
        """
        simulated = SimulatedClock(speed=1.0 if self.real else None)
        fitting = simulated if self.body.spec.simulated else MonotonicClock()
        return Loop(
            body=self.body,
            sensors=self.sensors,
            binding=self.binding,
            controller=self.controller,
            clock=fitting if clock is None else clock,
            rate_hz=self.robot.rate_hz,
            world=self.world,
            truth=self.truth,
            actuation=self.actuation,
            observers=observers,
        )

    def close(self) -> None:
        """Close every device. May be called twice; never raises."""
        self._closing.close()

    def __enter__(self) -> Assembly:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def check(robot: Robot, plugins: Plugins) -> list[str]:
    """Whether `robot` could be assembled, as far as that can be told without opening anything; its notes.

    Raises `ConfigError` or `DeviceError`.
    """
    made = make(robot, plugins)
    _vary(robot, made.guarded.spec, seed=0)
    return [*made.notes, *notes_on_sums(made.binding)]


def assemble(
    robot: Robot,
    plugins: Plugins,
    *,
    seed: int,
    ablate: Sequence[str] = (),
    controller: Controller | None = None,
    one_of_many: bool = False,
) -> Assembly:
    """Make and open what `robot` names, everything random drawn from `seed`, what `ablate` says cut or moved.

    `ablate` holds terms of `wormctl.ablation`, groups resolved. A given `controller` takes the place of the robot's
    policy. One of many lives, which are lived side by side, may have no real sensor or actuator. Raises `ConfigError`
    for what is wrong in the file, `DeviceError` for a device that cannot be opened; then everything is closed again.
    """
    made = make(robot, plugins, ablate=ablate, controller=controller)
    if one_of_many:
        _refuse_real([*made.sensors, *made.actuators], [*robot.sensors, *robot.actuators])
    snake, world, body, guarded, notes = made.snake, made.world, made.body, made.guarded, made.notes
    varied = _vary(robot, guarded.spec, seed)
    variation = Variation(**varied)
    with ExitStack() as closing:
        if world is not None and robot.world is not None:
            with blamed(robot.world, "be prepared"):
                _prepare(world, snake, seed)
        context = Context(
            snake=variation.scale(snake),
            period_s=1.0 / robot.rate_hz,
            seed=seed,
            world=world,
            variation=variation,
        )
        if not guarded.spec.simulated:
            # Before it can move: whoever says `wormctl stop` now must not see it move a second later.
            part = made.body_part
            closing.callback(release, claim(str(part.settings.get("port", part.name))))
        closing.callback(guarded.close)
        with blamed(made.body_part, "be configured"), told_if_slow(guarded.spec):
            guarded.configure(context)
        if isinstance(body, Placed) and not guarded.spec.simulated:
            claim(body.place)
        if isinstance(body, Noted):
            notes += body.notes
        context = msgspec.structs.replace(context, body=body)
        for sensor, part in zip(made.sensors, robot.sensors, strict=True):
            closing.callback(attempt, sensor.close)
            with blamed(part, "be configured"), told_if_slow(sensor.spec):
                sensor.configure(context)
            if isinstance(sensor, Noted):
                notes += sensor.notes
        for actuator, part in zip(made.actuators, robot.actuators, strict=True):
            closing.callback(attempt, actuator.close)
            with blamed(part, "be configured"), told_if_slow(actuator.spec):
                actuator.configure(context)
        # The motors are made safe first: what was pushed last is closed first.
        for sensor in made.sensors:
            if isinstance(sensor, Waiting):
                closing.callback(sensor.end_soon)
        closing.callback(made.actuation.stop, "closing")
        closing.callback(guarded.stop, "closing")
        return Assembly(
            robot=robot,
            seed=seed,
            snake=snake,
            controller=made.controller,
            policy=made.policy,
            world=world,
            body=guarded,
            body_name=made.body_part.name,
            truth=body.truth if isinstance(body, Simulated) else None,
            sensors=made.sensors,
            binding=made.binding,
            actuation=made.actuation,
            varied=varied,
            notes=notes,
            closing=closing.pop_all(),
        )


@contextmanager
def told_if_slow(spec: DeviceSpec) -> Iterator[None]:
    """Say on stderr which real device is being opened, if that takes long: it may wait for ever."""
    if spec.simulated:
        yield
        return
    text = f"wormctl: waiting for {spec.name} to be opened; Ctrl-C gives up"
    timer = threading.Timer(SLOW_S, print, [text], {"file": sys.stderr})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _refuse_real(devices: Sequence[Sensor | Actuator], parts: Sequence[Part]) -> None:
    """Raises `ConfigError` for the first that is real: no two lives can have it."""
    for device, part in zip(devices, parts, strict=True):
        if not device.spec.simulated:
            raise ConfigError(
                f"{part.at('.use')} = {part.use!r}: is a real device, which many lives cannot share: `wormctl run` "
                "lives one, at life speed"
            )


def _vary(robot: Robot, body: DeviceSpec, seed: int) -> dict[str, float]:
    """What differs in this trial. Raises `ConfigError` for a real body, which no draw can change."""
    if robot.randomise is None:
        return {}
    if not body.simulated:
        raise ConfigError(
            f"{robot.sources('$.randomise')}: varies simulated robots only, and the body {body.name} is a real one: "
            "take the table out"
        )
    return robot.randomise.draw(seed)


def _prepare(world: World, snake: Snake, seed: int) -> None:
    """Draw the world, and let it refuse the snake. One question shows that it can be asked."""
    world.reset(seed)
    if isinstance(world, Host):
        world.admit(snake)
    world.goal_distance_m(0.0, 0.0)
