"""From a robot file to open devices that are ready to run.

Everything that can be wrong with names and settings is found before the first device is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from wormctl.ablation import move_receptors, split_moves
from wormctl.binding import Binding
from wormctl.clock import Clock, MonotonicClock, SimulatedClock
from wormctl.config import ConfigError, convert
from wormctl.controller import Controller
from wormctl.device import (
    API_VERSION,
    JOINT_POSITION,
    Body,
    Context,
    DeviceError,
    DeviceSpec,
    Host,
    Noted,
    Placed,
    Sensor,
    Simulated,
    Truth,
    World,
)
from wormctl.driving import claim, release
from wormctl.hookspecs import Offer
from wormctl.lifecycle import GuardedBody, close_quietly
from wormctl.loop import Loop, Observer, ticks_per_step
from wormctl.plugins import Plugins
from wormctl.robot import Part, Robot
from wormctl.snake import Snake, load_snake
from wormctl.variation import Variation

if TYPE_CHECKING:
    from wormctl.policy import Policy

ThingT = TypeVar("ThingT")
_SETTING = re.compile(r"\$(\.\w+|\[\d+\])+")


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
        varied: dict[str, float],
        notes: Sequence[str],
        closing: ExitStack,
    ) -> None:
        self.robot, self.seed, self.snake = robot, seed, snake
        self.controller, self.policy = controller, policy
        self.world, self.body, self.truth = world, body, truth
        self.sensors, self.binding = tuple(sensors), binding
        self.body_name = body_name
        """As a person asks for it."""
        self.world_name = None if world is None or robot.world is None else robot.world.name
        self.varied = varied
        """What was drawn for this trial, by the names of `wormctl.variation.Variation`. `snake` is without it."""
        self.notes = tuple(notes)
        """Lines that a person should see before the run."""
        self._closing = closing

    def loop(self, *, clock: Clock | None = None, observers: Sequence[Observer] = ()) -> Loop:
        """A loop over these devices. `clock`: simulated, as fast as it can; real time for a physical body."""
        fitting = SimulatedClock() if self.body.spec.simulated else MonotonicClock()
        return Loop(
            body=self.body,
            sensors=self.sensors,
            binding=self.binding,
            controller=self.controller,
            clock=fitting if clock is None else clock,
            rate_hz=self.robot.rate_hz,
            world=self.world,
            truth=self.truth,
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


def assemble(
    robot: Robot,
    plugins: Plugins,
    *,
    seed: int,
    ablate: Sequence[str] = (),
    controller: Controller | None = None,
) -> Assembly:
    """Make and open what `robot` names, everything random drawn from `seed`, what `ablate` says cut or moved.

    `ablate` holds terms of `wormctl.ablation`, groups resolved. A given `controller` takes the place of the robot's
    policy. Raises `ConfigError` for what is wrong in the file, `DeviceError` for a device that cannot be opened; then
    everything is closed again.
    """
    snake = load_snake(robot.description)
    with _about("ablate"):
        moves, cuts = split_moves(ablate)
        binds = move_receptors(robot.binds, moves, robot.file)
    policy = None
    if controller is None:
        policy = _load_policy(robot)
        controller = policy.controller()
    _check_fit(robot, snake, controller)
    if cuts:
        with _about("ablate"):
            controller.ablate(cuts)
    _warm_up(controller)
    notes: list[str] = []
    world = None if robot.world is None else _make(plugins.world(*_use(robot.world)), robot.world)
    body, body_part = _make_body(robot.body, plugins, snake, notes)
    sensors = [_make(plugins.sensor(*_use(part)), part) for part in robot.sensors]
    guarded = GuardedBody(body)
    _check_specs(robot, snake, guarded.spec, sensors)
    varied = _vary(robot, guarded.spec, seed)
    variation = Variation(**varied)
    binding = Binding(
        [guarded.spec, *(sensor.spec for sensor in sensors)],
        controller.inputs,
        binds,
        where=robot.sources,
    )
    with ExitStack() as closing:
        if world is not None and robot.world is not None:
            with _blamed(robot.world, "be prepared"):
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
            closing.callback(release, claim(str(body_part.settings.get("port", body_part.name))))
        closing.callback(guarded.close)
        with _blamed(body_part, "be configured"):
            guarded.configure(context)
        if isinstance(body, Placed) and not guarded.spec.simulated:
            claim(body.place)
        if isinstance(body, Noted):
            notes += body.notes
        context = msgspec.structs.replace(context, body=body)
        for sensor, part in zip(sensors, robot.sensors, strict=True):
            closing.callback(close_quietly, sensor)
            with _blamed(part, "be configured"):
                sensor.configure(context)
            if isinstance(sensor, Noted):
                notes += sensor.notes
        # The motors are made safe first: what was pushed last is closed first.
        closing.callback(guarded.stop, "closing")
        return Assembly(
            robot=robot,
            seed=seed,
            snake=snake,
            controller=controller,
            policy=policy,
            world=world,
            body=guarded,
            body_name=body_part.name,
            truth=body.truth if isinstance(body, Simulated) else None,
            sensors=sensors,
            binding=binding,
            varied=varied,
            notes=notes,
            closing=closing.pop_all(),
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


def _warm_up(controller: Controller) -> None:
    """Have it compiled before anything is opened, started or written: the first time it takes long."""
    values = sum(port.size for port in controller.inputs)
    controller.step(np.zeros(values), np.zeros(values, dtype=np.bool_), np.zeros(controller.joints))
    controller.reset()


def _use(part: Part) -> tuple[str, str]:
    return part.use, part.at(f".{part.key}")


def _make(offer: Offer[ThingT], part: Part, **defaults: object) -> ThingT:
    """The device of `offer` with the settings of `part`; `defaults` are for those the file leaves out."""
    if part.settings and not offer.config.__struct_fields__:
        key, value = next(iter(part.settings.items()))
        raise ConfigError(f"{part.at(f'.{key}')} = {value!r}: {part.use} takes no settings")
    options = {part.path + field: option for field, option in part.options.items()}
    config = convert(
        {**defaults, **part.settings}, offer.config, where=part.where, under=part.path, options=options
    )
    with _blamed(part, "be made"):
        return offer.make(config)


@contextmanager
def _blamed(part: Part, what: str) -> Iterator[None]:
    """Whatever goes wrong with the device of `part` becomes one line that says which it is and where it stands.

    A message that begins with a path, `$.port = ...`, means that setting of the device.
    """
    try:
        yield
    except (ConfigError, DeviceError) as error:
        text = str(error)
        said = _about_setting(part, text) if text.startswith("$.") else f"{part.at()}: {text}"
        raise (ConfigError if isinstance(error, ConfigError) else DeviceError)(said) from error
    except Exception as error:
        raise DeviceError(
            f"{part.at()}: {part.use} cannot {what}: {type(error).__name__}: {error}"
        ) from error


def _about_setting(part: Part, text: str) -> str:
    """A message that begins with a path in the device's own table, with the whole place instead."""
    path = _SETTING.match(text)
    end = 1 if path is None else path.end()
    return part.at(text[1:end]) + text[end:]


def _prepare(world: World, snake: Snake, seed: int) -> None:
    """Draw the world, and let it refuse the snake. One question shows that it can be asked."""
    world.reset(seed)
    if isinstance(world, Host):
        world.admit(snake)
    world.goal_distance_m(0.0, 0.0)


def _load_policy(robot: Robot) -> Policy:
    from wormctl.policy import PolicyError, find_policy, load_policy

    try:
        path = find_policy(robot.policy)
    except PolicyError as error:
        said = str(error).removeprefix(f"{robot.policy}: ")
        raise ConfigError(f"{robot.policy_at} = {robot.policy!r}: {said}") from None
    if not path.is_file():
        raise ConfigError(f"{robot.policy_at} = {robot.policy!r}: no such file")
    return load_policy(path)


def _make_body(part: Part, plugins: Plugins, snake: Snake, notes: list[str]) -> tuple[Body, Part]:
    """The body, or its fallback where the first is not installed or cannot be made, and which of the two."""
    name, where = _use(part)
    if part.fallback is None or name in plugins.bodies:
        offer = plugins.body(name, where)
        try:
            return _make(offer, part, **_joints(offer, snake)), part
        except DeviceError as error:
            if part.fallback is None:
                raise
            reason = str(error.__cause__ if isinstance(error.__cause__, DeviceError) else error)
    else:
        reason = "it is not installed"
    notes.append(f"using the {part.fallback} body instead of {name}: {reason}")
    other = Part(
        use=part.fallback, where=part.where, path=part.path, key="fallback", name=part.fallback, settings=part.kept
    )  # fmt: skip
    offer = plugins.body(*_use(other))
    return _make(offer, other, **_joints(offer, snake)), other


def _joints(offer: Offer[Body], snake: Snake) -> dict[str, int]:
    """A body that has to know its joints before it is opened is told by the robot's description."""
    return {"joints": snake.joints} if "joints" in offer.config.__struct_fields__ else {}


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Names that nobody knows become one line that says what they were meant for."""
    try:
        yield
    except (ConfigError, KeyError) as error:
        raise ConfigError(f"{what}: {error.args[0]}") from None


def _check_fit(robot: Robot, snake: Snake, controller: Controller) -> None:
    try:
        ticks_per_step(robot.rate_hz, controller.dt_s)
    except ValueError as error:
        raise ConfigError(f"{robot.sources.find('$.rate_hz')[0]}: $.{error}") from None
    if controller.joints != snake.joints:
        raise ConfigError(
            f"{robot.sources('$.policy')} = {robot.policy!r}: moves {controller.joints} joints, "
            f"{robot.description} has {snake.joints}"
        )


def _check_specs(robot: Robot, snake: Snake, body: DeviceSpec, sensors: Sequence[Sensor]) -> None:
    for spec in (body, *(sensor.spec for sensor in sensors)):
        if spec.api_version != API_VERSION:
            raise ConfigError(
                f"{robot.file}: {spec.name} is for plugin API {spec.api_version}, this is {API_VERSION}"
            )
    size = next((channel.size for channel in body.channels if channel.name == JOINT_POSITION), 0)
    if size != snake.joints:
        part, wanted = robot.body, f"must be {snake.joints}, as {robot.description} has"
        if part.settings.get("joints") == size:
            raise ConfigError(f"{part.at('.joints')} = {size}: {wanted}")
        raise ConfigError(f"{part.at('.use')} = {part.use!r}: measures {size} joints, {wanted}")
