"""From a robot file to devices that are made and not yet open: every name found, every setting checked.

Everything that can be wrong with names and settings is found here, before the first device is opened.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from wormctl.ablation import move_receptors, split_moves
from wormctl.actuation import Actuation
from wormctl.apart import ApartSensor, Recipe
from wormctl.binding import Bind, Binding
from wormctl.channel import Channel, complaint
from wormctl.config import ConfigError, convert
from wormctl.controller import Controller, Port
from wormctl.device import (
    API_VERSION,
    JOINT_POSITION,
    Actuator,
    Body,
    DeviceError,
    DeviceSpec,
    Sensor,
    World,
    said,
)
from wormctl.hanging import FAULTS
from wormctl.hookspecs import Offer
from wormctl.lifecycle import GuardedBody
from wormctl.loop import ticks_per_step
from wormctl.own_policy import OwnController
from wormctl.plugins import HINT, Plugins
from wormctl.renamed import RenamedSensor
from wormctl.robot import Part, Robot
from wormctl.slow import SlowSensor, ThreadedSensor
from wormctl.snake import Snake, load_snake

if TYPE_CHECKING:
    from wormctl.policy import Policy

ThingT = TypeVar("ThingT")
_SETTING = re.compile(r"\$(\.\w+|\[\d+\])+")


class Made(NamedTuple):
    """The parts of a robot, none of them open."""

    snake: Snake
    controller: Controller
    policy: Policy | None
    world: World | None
    body: Body
    guarded: GuardedBody
    body_part: Part
    sensors: list[Sensor]
    actuators: list[Actuator]
    binding: Binding
    actuation: Actuation
    notes: list[str]


def make(
    robot: Robot,
    plugins: Plugins,
    *,
    ablate: Sequence[str] = (),
    controller: Controller | None = None,
) -> Made:
    """Make what `robot` names; see `wormctl.assembly.assemble`. Raises `ConfigError` or `DeviceError`."""
    snake = load_snake(robot.description)
    with _about("ablate"):
        moves, cuts = split_moves(ablate)
        binds = move_receptors(robot.binds, moves, robot.file)
    notes: list[str] = []
    world = None if robot.world is None else _make(plugins.world(*_use(robot.world)), robot.world)
    body, body_part = _make_body(robot.body, plugins, snake, notes)
    sensors = [place_sensor(part, plugins) for part in robot.sensors]
    actuators: list[Actuator] = [
        _make_device(plugins.actuator(*_use(part)), part) for part in robot.actuators
    ]
    guarded = GuardedBody(body)
    specs = [guarded.spec, *(sensor.spec for sensor in sensors)]
    _check_joints(robot, snake, guarded.spec)
    policy = None
    if controller is None and (robot.policy_settings is not None or robot.policy in plugins.policies):
        controller = _own_controller(robot, plugins, specs, binds, snake)
    elif controller is None:
        policy = _load_policy(robot, plugins)
        controller = policy.controller()
    _check_fit(robot, snake, controller)
    if cuts:
        with _about("ablate"):
            controller.ablate(cuts)
    _warm_up(robot, controller)
    return Made(
        snake=snake,
        controller=controller,
        policy=policy,
        world=world,
        body=body,
        guarded=guarded,
        body_part=body_part,
        sensors=sensors,
        actuators=actuators,
        binding=Binding(specs, controller.inputs, binds, where=robot.sources),
        actuation=Actuation(actuators, controller.neurons, robot.drives, where=robot.sources),
        notes=notes,
    )


def _warm_up(robot: Robot, controller: Controller) -> None:
    """Have it compiled before anything is opened, started or written: the first time it takes long.

    A policy of somebody's own that raises does so here, before anything moves.
    """
    values = sum(port.size for port in controller.inputs)
    try:
        controller.reset()
        controller.step(np.zeros(values), np.zeros(values, dtype=np.bool_), np.zeros(controller.joints))
        controller.reset()
    except FAULTS as error:
        if not isinstance(controller, OwnController):
            raise
        raise ConfigError(
            f"{robot.policy_at} = {robot.policy!r}: its first step fails: {said(error)}"
        ) from error


def _own_controller(
    robot: Robot, plugins: Plugins, specs: Sequence[DeviceSpec], binds: Sequence[Bind], snake: Snake
) -> OwnController:
    """A policy that a plugin offers. What it may be given is what the robot file binds."""
    part = robot.policy_settings or Part(
        use=robot.policy, where=robot.policy_at, path="", name=robot.policy, settings={}
    )
    offer = plugins.find("policy", robot.policy, robot.policy_at)
    sizes = {channel.name: channel.size for spec in specs for channel in spec.channels}
    inputs: dict[str, Port] = {}
    for bind in binds:
        size = 1 if bind.element is not None else sizes.get(bind.channel, 1)
        for name in bind.to:
            inputs.setdefault(name, Port(name=name, size=size))
    made = _make(offer, part, **_joints(offer, snake))
    return OwnController(robot.policy, made, list(inputs.values()), snake.joints, 1.0 / robot.rate_hz)


def place_sensor(part: Part, plugins: Plugins) -> Sensor:
    """A sensor where it is to be read, under the name that it has in the robot file."""
    sensor = _placed(part, plugins)
    return sensor if part.alias is None else RenamedSensor(sensor, part.alias)


def _placed(part: Part, plugins: Plugins) -> Sensor:
    """A sensor where it is to be read.

    By itself, a simulated one in the tick, so that a run can be repeated; a real one in a thread, its own or one that
    is given to it: who hangs there holds up nobody.
    """
    offer = plugins.sensor(*_use(part))
    sensor: Sensor = _make_device(offer, part)
    if part.run in ("process", "thread") and sensor.spec.simulated:
        raise ConfigError(
            f'{part.at(".run")} = "{part.run}": {part.use} is simulated: it looks at a world and a time which are '
            "those of the tick"
        )
    if part.run == "process":
        return ApartSensor(
            sensor.spec, Recipe(plugins.choice_of("sensor", part.use), part.use, part.settings)
        )
    threaded = part.run == "thread" or (part.run is None and not sensor.spec.simulated)
    return ThreadedSensor(sensor) if threaded and not isinstance(sensor, SlowSensor) else sensor


def _use(part: Part) -> tuple[str, str]:
    return part.use, part.at(f".{part.key}")


def _make_device(offer: Offer[Any], part: Part, **defaults: object) -> Any:
    """A body, a sensor or an actuator, whose declaration can be relied on."""
    device = _make(offer, part, **defaults)
    with blamed(part, "be made"):
        spec = device.spec
        if not (isinstance(spec, DeviceSpec) and all(isinstance(c, Channel) for c in spec.channels)):
            raise DeviceError(f"{part.use} declares no channels: its spec must be a DeviceSpec of Channels")
        if spec.api_version != API_VERSION:
            raise ConfigError(f"{part.use} is for plugin API {spec.api_version}, this is {API_VERSION}")
        for channel in spec.channels:
            if (wrong := complaint(channel)) is not None:
                raise ConfigError(f"{part.use}: channel {channel.name!r}: {wrong}")
    return device


def _make(offer: Offer[ThingT], part: Part, **defaults: object) -> ThingT:
    """The device of `offer` with the settings of `part`; `defaults` are for those the file leaves out."""
    if part.settings and not offer.config.__struct_fields__:
        key, value = next(iter(part.settings.items()))
        meant = (
            f": write `{key}: TYPE = ...` in {offer.config.__name__}" if hasattr(offer.config, key) else ""
        )
        raise ConfigError(f"{part.at(f'.{key}')} = {value!r}: {part.use} takes no settings{meant}")
    options = {part.path + field: option for field, option in part.options.items()}
    config = convert(
        {**defaults, **part.settings}, offer.config, where=part.where, under=part.path, options=options
    )
    with blamed(part, "be made"):
        return offer.make(config)


@contextmanager
def blamed(part: Part, what: str) -> Iterator[None]:
    """Whatever goes wrong with the device of `part` becomes one line that says which it is and where it stands.

    A message that begins with a path, `$.port = ...`, means that setting of the device.
    """
    try:
        yield
    except (ConfigError, DeviceError) as error:
        text = said(error)
        line = _about_setting(part, text) if text.startswith("$.") else f"{part.at()}: {text}"
        raise (ConfigError if isinstance(error, ConfigError) else DeviceError)(line) from error
    except FAULTS as error:
        raise DeviceError(f"{part.at()}: {part.use} cannot {what}: {said(error)}") from error


def _about_setting(part: Part, text: str) -> str:
    """A message that begins with a path in the device's own table, with the whole place instead."""
    path = _SETTING.match(text)
    end = 1 if path is None else path.end()
    return part.at(text[1:end]) + text[end:]


def _load_policy(robot: Robot, plugins: Plugins) -> Policy:
    from wormctl.policy import PolicyError, find_policy, load_policy

    try:
        path = find_policy(robot.policy)
    except PolicyError as error:
        own = f"; of plugins: {', '.join(plugins.policies)}" if plugins.policies else ""
        why = str(error).removeprefix(f"{robot.policy}: ") + own + HINT
        raise ConfigError(f"{robot.policy_at} = {robot.policy!r}: {why}") from None
    if not os.path.isfile(path):
        raise ConfigError(f"{robot.policy_at} = {robot.policy!r}: no such file")
    return load_policy(path)


def _make_body(part: Part, plugins: Plugins, snake: Snake, notes: list[str]) -> tuple[Body, Part]:
    """The body, or its fallback where the first is not installed or cannot be made, and which of the two."""
    name, where = _use(part)
    if part.fallback is None or name in plugins.bodies:
        offer = plugins.body(name, where)
        try:
            return _make_device(offer, part, **_joints(offer, snake)), part
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
    return _make_device(offer, other, **_joints(offer, snake)), other


def _joints(offer: Offer[Any], snake: Snake) -> dict[str, int]:
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


def _check_joints(robot: Robot, snake: Snake, body: DeviceSpec) -> None:
    size = next((channel.size for channel in body.channels if channel.name == JOINT_POSITION), 0)
    if size != snake.joints:
        part, wanted = robot.body, f"must be {snake.joints}, as {robot.description} has"
        if part.settings.get("joints") == size:
            raise ConfigError(f"{part.at('.joints')} = {size}: {wanted}")
        raise ConfigError(f"{part.at('.use')} = {part.use!r}: measures {size} joints, {wanted}")
