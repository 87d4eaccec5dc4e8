"""The robot file: every field wrong in turn gives one line with the path, the value and what is allowed."""

from __future__ import annotations

import contextlib
import copy
import math
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormctl.assembly import Assembly, assemble
from wormctl.channel import Channel
from wormctl.clock import MonotonicClock, SimulatedClock
from wormctl.config import ConfigError
from wormctl.controller import Port
from wormctl.device import Config, Context, DeviceError, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl
from wormctl.lifecycle import State
from wormctl.plugins import Origin, Plugins
from wormctl.robot import Robot, parse_robot
from wormctl.snake import Snake
from wormctl.testing import FixedSensor, IdealBody, StillController

LOG: list[str] = []


class BodyConfig(Config, frozen=True, kw_only=True):
    stiffness: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.5
    joints: int = 3


class NoseConfig(Config, frozen=True, kw_only=True):
    noise: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.0
    name: str = "odour.food"
    broken: bool = False


class PlateConfig(Config, frozen=True, kw_only=True):
    radius_m: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0
    side: str = "left"
    broken: str = ""


class Body(IdealBody):
    def __init__(self, config: BodyConfig) -> None:
        super().__init__(name="rubber", joints=config.joints)
        self.config = config

    def configure(self, context: Context) -> None:
        if self.config.stiffness < 0.01:
            raise DeviceError(f"$.stiffness = {self.config.stiffness}: breaks")

    def close(self) -> None:
        LOG.append("body closed")

    def stop(self, reason: str) -> None:
        LOG.append("body stopped")


class Nose(FixedSensor):
    notes: tuple[str, ...] = ()

    def __init__(self, config: NoseConfig) -> None:
        super().__init__([Channel(name=config.name, unit="1", low=0.0, high=1.0)], name="nose")
        self.config = config

    def configure(self, context: Context) -> None:
        LOG.append(f"nose on {type(context.body).__name__} in {getattr(context.world, 'name', None)}")
        if self.config.broken:
            raise OSError("no such bus")
        self.notes = ("this nose is half blind",) if self.config.noise > 0.5 else ()

    def close(self) -> None:
        LOG.append("nose closed")


class Plate:
    name = "plate"

    def __init__(self, config: PlateConfig) -> None:
        self.config, self.seed = config, -1

    def reset(self, seed: int) -> None:
        self.seed = seed
        if self.config.broken == "reset":
            raise RuntimeError("no agar")
        if self.config.broken == "config":
            raise ConfigError("$.radius_m = 1.0: too small")

    def admit(self, snake: Snake) -> None:
        if self.config.radius_m < snake.length_m / 2:
            raise ConfigError(
                f"$.radius_m = {self.config.radius_m}: no room for a snake of {snake.length_m} m"
            )

    def advance(self, now_s: float) -> None: ...

    def goal_distance_m(self, x_m: float, y_m: float) -> float:
        if self.config.broken == "distance":
            raise RuntimeError("no ruler")
        return math.hypot(x_m, y_m)


def unavailable(config: Config) -> Body:
    raise DeviceError("glass is not in stock")


class Shop:
    @hookimpl
    def wormctl_register_bodies(self, register: Any) -> None:
        register(Offer(name="rubber", summary="", config=BodyConfig, make=Body))
        register(Offer(name="glass", summary="", config=Config, make=unavailable))

    @hookimpl
    def wormctl_register_sensors(self, register: Any) -> None:
        register(Offer(name="nose", summary="", config=NoseConfig, make=Nose))

    @hookimpl
    def wormctl_register_worlds(self, register: Any) -> None:
        register(Offer(name="plate", summary="", config=PlateConfig, make=Plate))


@pytest.fixture
def plugins() -> Plugins:
    LOG.clear()
    plugins = Plugins()
    plugins.add(Origin("shop", "shop", "1"), Shop())
    return plugins


GOOD: dict[str, Any] = {
    "policy": "worm302",
    "rate_hz": 50,
    "body": {"use": "rubber", "stiffness": 0.7},
    "world": {"use": "plate", "radius_m": 2.0},
    "sensor": [{"use": "nose", "noise": 0.1}],
    "bind": [
        {"channel": "odour.food", "to": ["ASEL", "ASER"], "gain": 2.0, "offset": 0.5},
        {"channel": "joint.position", "to": ["stretch"]},
        {"channel": "joint.position", "to": ["FLPL"], "element": 0},
    ],
}


def controller(**changes: Any) -> StillController:
    still = StillController([Port(name="ASEL"), Port(name="ASER"), Port(name="FLPL")])
    for name, value in changes.items():
        setattr(still, name, value)
    return still


def build(raw: dict[str, Any], plugins: Plugins, folder: Path = Path(), **keywords: Any) -> Assembly:
    robot = parse_robot(raw, where="robot.toml", folder=folder)
    return assemble(robot, plugins, seed=7, **{"controller": controller(), **keywords})


def changed(path: str, value: object) -> dict[str, Any]:
    """`GOOD` with the field at `path` set to `value`, or removed where that is `...`."""
    raw = copy.deepcopy(GOOD)
    *steps, last = [int(s) if s.isdigit() else s for s in path.split("/")]
    at: Any = raw
    for step in steps:
        at = at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return raw


def test_a_good_file_becomes_a_robot_that_runs(plugins: Plugins) -> None:
    with build(GOOD, plugins) as assembly:
        assert (assembly.body_name, assembly.world_name) == ("rubber", "plate")
        assert assembly.world.seed == 7  # type: ignore[union-attr]
        assert LOG == ["nose on Body in plate"]
        assert assembly.notes == ()
        result = assembly.loop().run(1.0)
        assert (result.reason, result.ticks) == ("time", 50)
        still = assembly.controller
        assert isinstance(still, StillController)
        np.testing.assert_allclose(still.x[:2], 2.0 * 0.5 + 0.5)
    assert LOG.index("body stopped") < LOG.index("nose closed") < LOG.index("body closed")


WRONG: list[tuple[str, object, str]] = [
    ("policy", ..., "$: Object missing required field `policy`"),
    ("policy", 3, "$.policy = 3: Expected `str | object`, got `int`"),
    ("policy", {"use": 3}, "$.policy.use = 3: Expected `str`, got `int`"),
    ("policy", "", "$.policy = '': Expected `str` of length >= 1"),
    ("rate_hz", "fast", "$.rate_hz = 'fast': Expected `float`, got `str`"),
    ("rate_hz", 0, "$.rate_hz = 0: Expected `float` >= 1.0"),
    ("rate_hz", 1e9, "$.rate_hz = 1000000000.0: Expected `float` <= 1000.0"),
    ("rate_hz", math.nan, "$.rate_hz = nan: Expected a finite number"),
    ("rate_hz", math.inf, "$.rate_hz = inf: Expected a finite number"),
    ("rate_hz", 75, "$.rate_hz = 75: must be a whole multiple of the policy's 50 Hz"),
    ("description", 1, "$.description = 1: Expected `str"),
    ("description", "none.toml", "$.description = 'none.toml': no such file"),
    ("description", "a\0b", "$.description = 'a\\x00b': Expected `str` matching regex"),
    ("policy", "p" * 5000, "Expected `str` of length <= 255"),
    ("polcy", "x", "$: Object contains unknown field `polcy`, did you mean 'policy'? allowed: policy, body"),
    ("body", ..., "$: Object missing required field `body`"),
    ("body", "rubber", "$.body = 'rubber': Expected `object`, got `str`"),
    ("body/use", ..., "$.body: Object missing required field `use`"),
    ("body/use", 1, "$.body.use = 1: Expected `str`"),
    (
        "body/use",
        "ruber",
        "$.body.use = 'ruber': no such body, did you mean 'rubber'? there are: glass, rubber",
    ),
    ("body/fallback", 1, "$.body.fallback = 1: Expected `str"),
    ("body/stiffness", 2.0, "$.body.stiffness = 2.0: Expected `float` <= 1.0"),
    ("body/stifness", 1.0, "$.body: Object contains unknown field `stifness`, did you mean 'stiffness'?"),
    ("body/joints", 4, "$.body.joints = 4: must be 12, as "),
    ("world", 1, "$.world = 1: Expected `object"),
    ("world/use", "plat", "$.world.use = 'plat': no such world, did you mean 'plate'? there is: plate"),
    ("world/use", ..., "$.world: Object missing required field `use`"),
    ("world/radius_m", -1, "$.world.radius_m = -1: Expected `float` > 0.0"),
    (
        "world/colour",
        "red",
        "$.world: Object contains unknown field `colour`; allowed: radius_m, side, broken",
    ),
    ("world", {"file": 3}, "$.world.file = 3: Expected `str`"),
    ("world", {"file": "no.toml"}, "$.world.file = 'no.toml': no such file"),
    ("world", {"file": "no.toml", "x": 1}, "$.world: Object contains unknown field `x`; allowed: file"),
    ("sensor", {}, "$.sensor: Expected `array`, got `object`"),
    ("sensor/0", "nose", "$.sensor[0] = 'nose': Expected `object`"),
    ("sensor/0/use", ..., "$.sensor[0]: Object missing required field `use`"),
    ("sensor/0/use", "hose", "$.sensor[0].use = 'hose': no such sensor, did you mean 'nose'? there is: nose"),
    ("sensor/0/noise", "low", "$.sensor[0].noise = 'low': Expected `float`, got `str`"),
    ("sensor/0/nois", 0, "$.sensor[0]: Object contains unknown field `nois`, did you mean 'noise'?"),
    (
        "sensor/0/name",
        "joint.position",
        "$.sensor[0]: nose offers the channel 'joint.position', as rubber does",
    ),
    ("bind", 1, "$.bind = 1: Expected `array`"),
    ("bind/0/channel", ..., "$.bind[0]: Object missing required field `channel`"),
    ("bind/0/channel", 2, "$.bind[0].channel = 2: Expected `str`"),
    (
        "bind/0/channel",
        "odor.food",
        "$.bind[0].channel = 'odor.food': no such channel, did you mean 'odour.food'?",
    ),
    ("bind/0/to", ..., "$.bind[0]: Object missing required field `to`"),
    ("bind/0/to", [], "$.bind[0].to = []: Expected `array` of length >= 1"),
    ("bind/0/to", "ASEL", "$.bind[0].to = 'ASEL': Expected `array`, got `str`"),
    ("bind/0/to/1", 5, "$.bind[0].to[1] = 5: Expected `str`"),
    ("bind/0/to/1", "ASEM", "$.bind[0].to[1] = 'ASEM': no such input, did you mean 'ASE"),
    ("bind/0/to/1", "ASEL", "$.bind[0].to[1] = 'ASEL': odour.food is already bound to it"),
    ("bind/0/to/1", "stretch", "$.bind[0].to[1] = 'stretch': takes 12 values, but odour.food gives 1"),
    ("bind/1/to/0", "ASEL", "$.bind[1].to[0] = 'ASEL': takes 1 values, but joint.position gives 12"),
    ("bind/0/gain", "big", "$.bind[0].gain = 'big': Expected `float`"),
    ("bind/0/gain", 1e300, "$.bind[0].gain = 1e+300: Expected `float` <= 1000000.0"),
    ("bind/0/offset", math.nan, "$.bind[0].offset = nan: Expected a finite number"),
    ("bind/2/element", -1, "$.bind[2].element = -1: Expected `int` >= 0"),
    ("bind/2/element", 12, "$.bind[2].element = 12: joint.position has values 0..11"),
    ("bind/2/element", 0.5, "$.bind[2].element = 0.5: Expected `int | null`"),
    ("bind/0/gian", 1, "$.bind[0]: Object contains unknown field `gian`, did you mean 'gain'?"),
]


@pytest.mark.parametrize(("path", "value", "says"), WRONG, ids=lambda v: str(v)[:40])
def test_one_wrong_field_is_one_line(path: str, value: object, says: str, plugins: Plugins) -> None:
    with pytest.raises(ConfigError) as caught:
        build(changed(path, value), plugins)
    said = str(caught.value)
    assert says in said
    assert "\n" not in said
    assert said.startswith("robot.toml: ") or says.endswith("no such file")
    assert LOG == [], "nothing was opened"


def test_every_field_is_wrong_at_least_once() -> None:
    def fields(raw: Any, path: str = "") -> set[str]:
        if isinstance(raw, dict):
            return {
                p for key, value in raw.items() for p in {f"{path}{key}"} | fields(value, f"{path}{key}/")
            }
        if isinstance(raw, list):
            return {p for value in raw for p in fields(value, f"{path}#/")}
        return set()

    tried = {"/".join("#" if s.isdigit() else s for s in path.split("/")) for path, _, _ in WRONG}
    assert fields(GOOD) <= tried


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["policy", "rate_hz", "body", "world", "sensor", "bind", "use", "to", "x"]),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_in_a_file_is_a_robot_or_one_line(raw: Any) -> None:
    whole = {**GOOD, **raw} if isinstance(raw, dict) else raw
    with contextlib.suppress(ConfigError):
        assert isinstance(parse_robot(whole, where="r.toml", folder=Path()), Robot)


def test_a_world_file_names_its_kind_and_is_checked_with_its_own_paths(
    plugins: Plugins, tmp_path: Path
) -> None:
    raw = changed("world", {"file": "here.toml"})
    world = tmp_path / "here.toml"
    world.write_text('kind = "plate"\nradius_m = 3.0\n')
    with build(raw, plugins, folder=tmp_path) as assembly:
        assert assembly.world.config.radius_m == 3.0  # type: ignore[union-attr]
        assert assembly.world_name == "here", "called as its file is"
    world.write_text('kind = "plate"\nradius_m = -3.0\n')
    with pytest.raises(ConfigError, match=r"here\.toml: \$\.radius_m = -3\.0: Expected `float` > 0"):
        build(raw, plugins, folder=tmp_path)
    world.write_text('kind = "plat"\n')
    with pytest.raises(ConfigError, match=r"here\.toml: \$\.kind = 'plat': no such world"):
        build(raw, plugins, folder=tmp_path)
    world.write_text("radius_m = 1.0\n")
    with pytest.raises(
        ConfigError, match=r"here\.toml: \$\.kind is missing: must name a kind of world, such"
    ):
        build(raw, plugins, folder=tmp_path)


def test_without_a_world_there_is_none(plugins: Plugins) -> None:
    with build(changed("world", ...), plugins) as assembly:
        assert assembly.world is None
        assert LOG == ["nose on Body in None"]


@pytest.mark.parametrize(
    ("use", "note"),
    [
        ("gold", "using the rubber body instead of gold: it is not installed"),
        ("glass", "using the rubber body instead of glass: glass is not in stock"),
    ],
)
def test_the_fallback_serves_where_the_body_cannot_be_had(use: str, note: str, plugins: Plugins) -> None:
    raw = changed("body", {"use": use, "fallback": "rubber"})
    with build(raw, plugins) as assembly:
        assert assembly.notes == (note,)
        assert (assembly.body.spec.name, assembly.body_name) == ("rubber", "rubber")
    with pytest.raises((ConfigError, DeviceError)):
        build(changed("body", {"use": use}), plugins)


def test_a_device_that_cannot_be_opened_closes_those_that_were(plugins: Plugins) -> None:
    with pytest.raises(DeviceError, match="nose cannot be configured: OSError: no such bus"):
        build(changed("sensor/0/broken", True), plugins)
    assert LOG[-1] == "body closed"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (changed("sensor/0/broken", True), "$.sensor[0]: nose cannot be configured: OSError: no such bus"),
        (changed("world/broken", "reset"), "$.world: plate cannot be prepared: RuntimeError: no agar"),
        (changed("world/broken", "distance"), "$.world: plate cannot be prepared: RuntimeError: no ruler"),
        (changed("world/broken", "config"), "$.world.radius_m = 1.0: too small"),
        (changed("body", {"use": "glass"}), "$.body: glass is not in stock"),
        (changed("body/stiffness", 0.001), "$.body.stiffness = 0.001: breaks"),
        (
            changed("body", {"use": "glass", "colour": "red"}),
            "$.body.colour = 'red': glass takes no settings",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_device_that_breaks_is_named_with_its_place_in_the_file(
    raw: dict[str, Any], says: str, plugins: Plugins
) -> None:
    with pytest.raises((ConfigError, DeviceError)) as caught:
        build(raw, plugins)
    assert str(caught.value).startswith(f"robot.toml: {says}")


def test_a_world_may_refuse_a_snake_and_a_sensor_may_have_something_to_say(plugins: Plugins) -> None:
    with build(changed("sensor/0/noise", 0.9), plugins) as assembly:
        assert assembly.notes == ("this nose is half blind",)
    with pytest.raises(
        ConfigError, match=r"^robot\.toml: \$\.world\.radius_m = 0\.1: no room for a snake of"
    ):
        build(changed("world/radius_m", 0.1), plugins)


@pytest.mark.parametrize("name", ["worm303", "missing.safetensors"])
def test_a_policy_that_is_not_there_says_who_asked_for_it(name: str, plugins: Plugins) -> None:
    robot = parse_robot(changed("policy", name), where="robot.toml", folder=Path())
    said = "no such policy, did you mean 'worm302'" if name == "worm303" else "no such file"
    with pytest.raises(ConfigError, match=rf"^robot\.toml: \$\.policy = '{name}': {said}"):
        assemble(robot, plugins, seed=1)
    with pytest.raises(ConfigError, match=rf"^--policy = '{name}': {said}"):
        assemble(robot.replace(policy=name), plugins, seed=1)


def test_a_policy_for_another_body_is_refused(plugins: Plugins) -> None:
    with pytest.raises(ConfigError, match=r"\$\.policy = 'worm302': moves 8 joints"):
        build(GOOD, plugins, controller=controller(joints=8))


def test_cells_are_cut_or_unknown(plugins: Plugins) -> None:
    with build(GOOD, plugins, ablate=["A"]) as assembly:
        assert assembly.controller.ablated == ("A",)  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="ablate: no cell 'Z'"):
        build(GOOD, plugins, ablate=["Z"])


def test_an_override_replaces_one_thing(plugins: Plugins) -> None:
    robot = parse_robot(changed("body/fallback", "glass"), where="robot.toml", folder=Path())
    assert robot.replace() == robot
    assert robot.replace(body="rubber").body.settings == {"stiffness": 0.7}
    assert robot.replace(body="rubber").body.fallback is None, "asked for by name: nothing else will do"
    assert robot.replace(body="glass").body.settings == {}
    assert robot.replace(world="plate").world.settings == {}  # type: ignore[union-attr]
    assert robot.replace(policy="mine", rate_hz=100.0).rate_hz == 100.0
    with pytest.raises(ConfigError, match=r"^--body: \$\.body\.use = 'lead': no such body"):
        assemble(robot.replace(body="lead"), plugins, seed=1, controller=controller())
    with pytest.raises(ConfigError, match=r"^--world: \$\.world\.use = 'moon': no such world"):
        assemble(robot.replace(world="moon"), plugins, seed=1, controller=controller())


def test_a_physical_body_gets_real_time(plugins: Plugins) -> None:
    with build(GOOD, plugins) as assembly:
        assert isinstance(assembly.loop()._clock, SimulatedClock)
        spec = assembly.body.spec
        assembly.body.spec = DeviceSpec(name="real", channels=spec.channels, simulated=False)
        assert isinstance(assembly.loop()._clock, MonotonicClock)


def test_closing_makes_the_motors_safe_before_anything_else(plugins: Plugins) -> None:
    with build(GOOD, plugins) as assembly:
        assembly.body.arm(0.0, np.zeros(12))
    assert LOG.index("body stopped") < LOG.index("nose closed") < LOG.index("body closed")


def test_closing_twice_is_closing_once(plugins: Plugins) -> None:
    assembly = build(GOOD, plugins)
    assembly.close()
    assembly.close()
    assert assembly.body.state is State.CLOSED
    assert LOG.count("body closed") == 1
