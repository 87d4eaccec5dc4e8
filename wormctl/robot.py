"""The robot file: which body, world, policy and sensors, and what is bound to what. Makes no devices.

extends = "worm"            # another robot, or its file, of which this one changes some: see `wormctl.layers`
plugins = ["sim", "my.py"]  # no others are loaded: names, and single files; leave it out for all that are installed
policy = "worm302"          # a shipped policy, or a file; [policy] use = "mine" for one of a plugin with settings
rate_hz = 50                # of the loop; a whole multiple of the policy's own rate

[body]
use = "pybullet"            # a body that a plugin offers; its other settings follow
fallback = "planar"         # instead, where the first cannot be had

[world]                     # leave it out for a physical robot
use = "food_ahead"          # a world that a plugin offers; or file = "my_world.toml"

[[sensor]]
use = "odour"
run = "process"             # read in a process of its own; or "thread", or "tick": see plugins/README.md
as = "left"                 # its channels are then left.food ...: for two of a kind

[[bind]]
channel = "odour.food"      # of the body or a sensor
to = ["ASEL", "ASER"]       # inputs of the policy

[[actuator]]
use = "lamp"                # what a plugin offers that is no joint

[[drive]]
channel = "lamp.level"      # of an actuator
from = ["AVAL", "AVAR"]     # neurons: gain * their mean activity + offset

[randomise]                 # of a simulated robot: what differs from seed to seed, see `wormctl.variation`
mass = [0.7, 1.3]
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wormctl.actuation import Drive
from wormctl.binding import Bind
from wormctl.config import ConfigError, Where, convert, place, read_toml
from wormctl.layers import Settings, Sources, read_layers
from wormctl.names import unknown
from wormctl.plugins import Choice
from wormctl.snake import REFERENCE
from wormctl.variation import Randomise

SHIPPED = Path(__file__).parent / "robots"
DEFAULT = "worm"
EVERY = Choice()

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f]+$")]
"""Of a plugin's offer, or of a file."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One device of a robot: the offer it uses, and its settings as they stand in the file."""

    use: str
    settings: Settings = {}
    where: Where
    """The file it stands in, or what says so: for messages."""
    path: str
    """Where it stands there."""
    key: str = "use"
    fallback: str | None = None
    alias: str | None = None
    """Of a sensor: what it and its channels are called in this robot, `as` in the file; see `wormctl.renamed`."""
    run: str | None = None
    """Of a sensor: where it is read, `tick`, `thread` or `process`; see `wormctl.making`."""
    kept: Settings = {}
    """Those of `settings` that hold for the fallback too."""
    name: str = ""
    """What to call it: the name of the offer, or of the file that describes it."""

    options: dict[str, str] = {}
    """Settings that came from the command line: `.port` -> `--port`."""

    def at(self, rest: str = "") -> str:
        """How a message says where the part stands, or, with `rest`, a field of it: `.port`."""
        return self.options.get(rest) or place(self.where, self.path + rest)


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """A robot file, checked as far as it can be without plugins and policy."""

    file: str
    sources: Sources
    """Where all of it stands."""
    raw: Settings
    """The whole of it as it would stand in one file, with what it extends, and with what `replace` was told."""
    policy: str
    policy_at: str
    """Where it was asked for: for messages."""
    policy_settings: Part | None = None
    """Of a policy that a plugin offers, where the file gives it any."""
    rate_hz: float
    description: Path
    """The mechanical description, a file like `wormctl/snake.toml`."""
    body: Part
    world: Part | None
    sensors: tuple[Part, ...]
    binds: tuple[Bind, ...]
    randomise: Randomise | None = None
    actuators: tuple[Part, ...] = ()
    drives: tuple[Drive, ...] = ()
    plugins: Choice = EVERY
    """Which plugins may be loaded for it."""

    def replace(
        self,
        *,
        body: str | None = None,
        port: str | None = None,
        world: str | None = None,
        policy: str | None = None,
        rate_hz: float | None = None,
    ) -> Robot:
        """The same robot with some of it replaced, as by options of a command.

        Another `body` starts from its default settings and has no fallback. `world` is the name of one, or a
        .toml file.
        """
        changed = self._with_body(body, port)
        raw = dict(changed.raw)
        if world is not None:
            place = {"file": world} if world.endswith(".toml") else {"use": world}
            raw["world"] = _absolute(place, "file")
            changed = msgspec.structs.replace(changed, world=_world(place, "--world", Path()))
        if policy is not None:
            raw |= _absolute({"policy": policy}, "policy")
            changed = msgspec.structs.replace(
                changed, policy=policy, policy_at="--policy", policy_settings=None
            )
        if rate_hz is not None:
            raw["rate_hz"] = rate_hz
            changed = msgspec.structs.replace(changed, rate_hz=rate_hz)
        return msgspec.structs.replace(changed, raw=raw)

    def _with_body(self, body: str | None, port: str | None) -> Robot:
        part, raw = self.body, dict(self.raw)
        if body is not None and body != part.use:
            part, raw["body"] = Part(use=body, where="--body", path="$.body", name=body), {"use": body}
        elif body is not None:
            at = part.where if part.settings else "--body"
            part = msgspec.structs.replace(part, fallback=None, where=at)
        if port is not None:
            settings, options = {**part.settings, "port": port}, {**part.options, ".port": "--port"}
            part = msgspec.structs.replace(part, settings=settings, options=options, fallback=None)
            raw["body"] = {**raw["body"], "port": port}
        if part.fallback is None:
            raw["body"] = {key: value for key, value in raw["body"].items() if key != "fallback"}
        return msgspec.structs.replace(self, body=part, raw=raw)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tables of a robot file. What a device may be set to is known to its plugin only."""

    policy: Name | Settings
    body: Settings
    rate_hz: Annotated[float, msgspec.Meta(ge=1.0, le=1000.0)] = 50.0
    plugins: list[Name] | None = None
    description: Name | None = None
    world: Settings | None = None
    sensor: list[Settings] = []
    bind: list[Bind] = []
    randomise: Randomise | None = None
    actuator: list[Settings] = []
    drive: list[Drive] = []


class _Use(msgspec.Struct, frozen=True, kw_only=True):
    use: Name


Runs = Literal["tick", "thread", "process"]


class _SensorUse(_Use, frozen=True, kw_only=True):
    run: Runs | None = None
    alias: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$", max_length=30)] | None = msgspec.field(
        name="as", default=None
    )


class _BodyUse(_Use, frozen=True, kw_only=True):
    fallback: Name | None = None


class _WorldFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    file: Name


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    kind: Name


def shipped_robots() -> dict[str, Path]:
    """Every robot file that comes with the core, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def known_robots(plugins: Choice = EVERY) -> dict[str, Path]:
    """Every robot file that comes with the core or with one of `plugins`, by name."""
    return plugins.load(warn=lambda line: None).robots() | shipped_robots()


def find_robot(name: str, folder: Path = Path(), at: str = "", plugins: Choice = EVERY) -> Path:
    """The robot file called `name`, or the file of that path below `folder`.

    Raises `ConfigError` for a name that nobody knows, saying where it was asked for if `at` is given.
    """
    if (path := shipped_robots().get(name)) is not None:
        return path
    path = folder / name
    if path.suffix == ".toml" or os.path.exists(path):
        if at and not os.path.isfile(path):
            raise ConfigError(f"{at} = {name!r}: no such file")
        return path
    known = known_robots(plugins)
    if name not in known:
        start = f"{at} = {name!r}" if at else name
        raise ConfigError(f"{start}: {unknown('robot', name, known)}, or name a .toml file")
    return known[name]


def allowed_plugins(name_or_path: str | Path) -> Choice:
    """What the key `plugins` of a robot file, or of the nearest one below it, says.

    Only data is read: no plugin is loaded. A robot that only a plugin knows says nothing before that is loaded.
    """
    path = shipped_robots().get(str(name_or_path), Path(name_or_path))
    seen: set[str] = set()
    while os.path.isfile(path) and os.path.realpath(path) not in seen:
        seen.add(os.path.realpath(path))
        raw = read_toml(path)
        if "plugins" in raw:
            names = convert(raw["plugins"], list[Name], where=str(path), under="$.plugins")
            asked = [(name, f"{path}: $.plugins[{i}] = {name!r}") for i, name in enumerate(names)]
            files = {os.path.realpath(path.parent / name): at for name, at in asked if name.endswith(".py")}
            only = {name: at for name, at in asked if not name.endswith(".py")}
            return Choice(only=tuple(only), files=tuple(files), asked=(*only.items(), *files.items()))
        below = raw.get("extends")
        if not isinstance(below, str):
            break
        path = shipped_robots().get(below, path.parent / below)
    return EVERY


def load_robot(name_or_path: str | Path = DEFAULT, plugins: Choice | None = None) -> Robot:
    """The robot of that name, or the one in the file at that path, with all that it extends. Raises `ConfigError`.

    Files that it names are looked for next to it. `plugins` (default: those it allows itself) may know robots by name.
    """
    choice = allowed_plugins(name_or_path) if plugins is None else plugins
    find = partial(find_robot, plugins=choice)
    path = find(str(name_or_path))
    raw, sources = read_layers(path, find)
    return msgspec.structs.replace(parse_robot(raw, where=sources, folder=path.parent), plugins=choice)


def parse_robot(raw: Settings, *, where: str | Sources, folder: Path) -> Robot:
    """The robot in the contents of a file; `folder` is where it looks for files it names."""
    sources = Sources(where) if isinstance(where, str) else where
    file = convert(raw, _File, where=sources)
    own = _part(file.policy, _Use, sources, "$.policy") if isinstance(file.policy, dict) else None
    return Robot(
        file=sources.file,
        sources=sources,
        raw=raw,
        policy=_resolve(file.policy, folder) if isinstance(file.policy, str) else file.policy["use"],
        policy_at=sources("$.policy" if own is None else "$.policy.use"),
        policy_settings=own,
        rate_hz=file.rate_hz,
        description=REFERENCE
        if file.description is None
        else _existing(folder, file.description, sources("$.description")),
        body=_part(file.body, _BodyUse, sources, "$.body"),
        world=None if file.world is None else _world(file.world, sources, folder),
        sensors=tuple(_part(s, _SensorUse, sources, f"$.sensor[{i}]") for i, s in enumerate(file.sensor)),
        binds=tuple(file.bind),
        randomise=file.randomise,
        actuators=tuple(_part(a, _Use, sources, f"$.actuator[{i}]") for i, a in enumerate(file.actuator)),
        drives=tuple(file.drive),
    )


def _part(raw: Settings, kind: type[_Use], where: Where, path: str) -> Part:
    """The keys that every device has, and the rest as its settings."""
    common = convert(raw, kind, where=where, under=path)
    settings = {key: value for key, value in raw.items() if key not in kind.__struct_encode_fields__}
    return Part(
        use=common.use,
        where=where,
        path=path,
        settings=settings,
        fallback=common.fallback if isinstance(common, _BodyUse) else None,
        run=common.run if isinstance(common, _SensorUse) else None,
        alias=common.alias if isinstance(common, _SensorUse) else None,
        name=common.use,
    )


def _world(raw: Settings, where: Where, folder: Path) -> Part:
    """A world by name with its settings, or the one in a world file, whose `kind` is the name."""
    if "file" not in raw:
        return _part(raw, _Use, where, "$.world")
    name = convert(raw, _WorldFile, where=where, under="$.world").file
    path = _existing(folder, name, "--world" if where == "--world" else place(where, "$.world.file"))
    inside = read_toml(path)
    if "kind" not in inside:
        raise ConfigError(f'{path}: $.kind is missing: must name a kind of world, such as kind = "arena"')
    kind = convert(inside, _Kind, where=str(path)).kind
    settings = {key: value for key, value in inside.items() if key != "kind"}
    return Part(use=kind, where=str(path), path="$", key="kind", settings=settings, name=path.stem)


def _existing(folder: Path, name: str, at: str) -> Path:
    path = folder / name
    if not os.path.isfile(path):
        raise ConfigError(f"{at} = {name!r}: no such file")
    return path


def _absolute(table: Settings, key: str) -> Settings:
    """`table` with what its `key` names as an absolute path, if it is a file."""
    name = table.get(key)
    return {**table, key: os.path.realpath(name)} if name is not None and os.path.isfile(name) else table


def _resolve(name: str, folder: Path) -> str:
    """`name` as an absolute path if it is a file below `folder`; otherwise the name of something shipped."""
    path = folder / name
    return os.path.realpath(path) if os.path.isfile(path) else name
