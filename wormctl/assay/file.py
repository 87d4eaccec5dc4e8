"""The assay file: which world, for how long, what is cut or bound, who judges, what must come out. Runs nothing.

summary = "food 1-2 m away at any bearing"
world = "food"                  # by name, or a .toml file beside this one
seconds = 180
judge = "reach"                 # `wormctl.assay.judges` has them all, with their numbers
full = false                    # whether a life goes on after food was reached
robot = "worm"                  # a robot file, instead of the one that was asked for
ablate = ["chemosensory"]       # terms of `wormctl.ablation`
beside = "gait"                 # another assay, in the same seeds, to compare with
unbind = ["touch.head"]         # channels that are to reach no cell

[settings]                      # of the judge
[body]                          # settings of the body, over the robot file's
[[sensor]]                      # added; where the robot has one of its kind, lists (of names) are joined to its own
[[bind]]                        # added where the robot binds nothing to that channel

[[criterion]]
number = "reached"              # one the judge measures: a rate where it is a share, else the median of the lives
at_least = 0.98                 # or at_most, or interval_above: of the mean's 95 % interval
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from wormctl.ablation import resolve
from wormctl.assay.judges import JUDGES
from wormctl.assay.judging import Settings
from wormctl.binding import Bind
from wormctl.config import ConfigError, convert, read_toml
from wormctl.layers import Settings as Table
from wormctl.names import unknown
from wormctl.robot import Name, Part, Robot, allowed_plugins, load_robot

SHIPPED = Path(__file__).parent.parent / "assays"
ALL = "all"

Number = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


class Criterion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one number must come to."""

    number: Name
    at_least: Number | None = None
    at_most: Number | None = None
    interval_above: Number | None = None
    """The 95 % interval of its mean over the lives lies above this."""
    of: Literal["value", "gain"] = "value"
    """`gain`: of its difference, life by life, to the assay `beside`."""

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None and self.interval_above is None:
            raise ValueError("a criterion needs at_least, at_most or interval_above, and has none of them")

    def words(self, share: bool) -> str:
        """As a person says it; `share` of lives in per cent."""
        form = ".3g" if not share else ".0%"
        bounds = (
            ("at least", self.at_least),
            ("at most", self.at_most),
            ("interval above", self.interval_above),
        )
        return ", ".join(f"{what} {value:{form}}" for what, value in bounds if value is not None)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tables of an assay file."""

    summary: str
    world: Name
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=3600.0)]
    judge: Name
    criterion: Annotated[list[Criterion], msgspec.Meta(max_length=32)] = []
    settings: Table = {}
    full: bool = False
    robot: Name | None = None
    ablate: list[str] = []
    beside: Name | None = None
    unbind: list[str] = []
    body: Table = {}
    sensor: list[Table] = []
    bind: list[Bind] = []


class Assay(msgspec.Struct, frozen=True, kw_only=True):
    """An assay file, checked as far as it can be without a robot."""

    name: str
    path: Path
    file: _File
    settings: Settings
    beside: Assay | None = None

    @property
    def ablated(self) -> tuple[str, ...]:
        """What it cuts, groups resolved."""
        return tuple(resolve(self.file.ablate))

    def robot(
        self, asked: str, *, body: str | None = None, policy: str | None = None, plugin: Sequence[str] = ()
    ) -> Robot:
        """The robot `asked` for, or the assay's own, in the assay's world and with its body settings, senses and binds.

        `plugin`: what `--plugin` says. Raises `ConfigError`, naming the file and field.
        """
        file, where = self.file, str(self.path)
        robot = self._robot(asked, plugin).replace(body=body, policy=policy)
        beside = self.path.parent / file.world
        if file.world.endswith(".toml"):
            if not beside.is_file():
                raise ConfigError(f"{where}: $.world = {file.world!r}: no such file")
            robot = robot.replace(world=str(beside))
        else:
            part = Part(use=file.world, where=where, path="$", key="world", name=file.world)
            robot = msgspec.structs.replace(robot, world=part)
        if file.body:
            settings = _merged(robot.body.settings, file.body)
            at = {"where": where, "path": "$.body"} if not robot.body.settings else {}
            robot = msgspec.structs.replace(
                robot, body=msgspec.structs.replace(robot.body, settings=settings, kept=file.body, **at)
            )
        sensors = list(robot.sensors)
        for i, table in enumerate(file.sensor):
            part = _sensor(table, where, i)
            own = next((k for k, other in enumerate(sensors) if other.use == part.use), None)
            if own is None:
                sensors.append(part)
            else:
                sensors[own] = _joined(sensors[own], part)
        bound = {bind.channel for bind in robot.binds}
        binds = [*robot.binds, *(bind for bind in file.bind if bind.channel not in bound)]
        return msgspec.structs.replace(
            robot,
            sensors=tuple(sensors),
            binds=tuple(bind for bind in binds if bind.channel not in file.unbind),
        )

    def _robot(self, asked: str, plugin: Sequence[str]) -> Robot:
        name = self.file.robot
        if name is None:
            return _loaded(asked, plugin)
        beside = self.path.parent / name
        if os.path.isfile(beside):
            return _loaded(str(beside), plugin)
        try:
            return _loaded(name, plugin)
        except ConfigError as error:
            raise ConfigError(f"{self.path}: $.robot = {name!r}: {error}") from None


def shipped_assays() -> dict[str, Path]:
    """Every shipped assay file, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_assay(name_or_path: str, folder: Path = Path(), option: str = "--assay") -> Assay:
    """The shipped assay of that name, or the one in the file at that path in `folder`. Raises `ConfigError`."""
    path = shipped_assays().get(name_or_path)
    if path is None:
        path = folder / name_or_path
        if path.suffix != ".toml" and not path.exists():
            known = unknown("assay", name_or_path, shipped_assays())
            raise ConfigError(f"{option} = {name_or_path!r}: {known}, or name a .toml file")
    where = str(path)
    file = convert(read_toml(path), _File, where=where)
    if file.judge not in JUDGES:
        raise ConfigError(f"{where}: $.judge = {file.judge!r}: {unknown('judge', file.judge, JUDGES)}")
    judge = JUDGES[file.judge]
    for i, criterion in enumerate(file.criterion):
        if criterion.number not in judge.numbers:
            known = unknown("number", criterion.number, judge.numbers)
            raise ConfigError(f"{where}: $.criterion[{i}].number = {criterion.number!r}: {known}")
        if criterion.of == "gain" and file.beside is None:
            raise ConfigError(f"{where}: $.criterion[{i}].of = 'gain': goes with beside, which is missing")
    beside = None
    if file.beside is not None:
        beside = load_assay(file.beside, path.parent, f"{where}: $.beside")
        if beside.file.judge != file.judge:
            raise ConfigError(
                f"{where}: $.beside = {file.beside!r}: is judged by {beside.file.judge}, must be by {file.judge}"
            )
    return Assay(
        name=path.stem,
        path=path,
        file=file,
        settings=convert(file.settings, judge.settings, where=where, under="$.settings"),
        beside=beside,
    )


def _loaded(name: str, plugin: Sequence[str]) -> Robot:
    return load_robot(name, allowed_plugins(name).given(plugin))


def _sensor(table: Table, where: str, i: int) -> Part:
    use = convert(table, _Use, where=where, under=f"$.sensor[{i}]").use
    settings = {key: value for key, value in table.items() if key != "use"}
    return Part(use=use, where=where, path=f"$.sensor[{i}]", settings=settings, name=use)


def _joined(one: Part, other: Part) -> Part:
    """The robot's sensor, which also tells apart what the assay's does; otherwise its own settings stand."""
    settings = dict(one.settings)
    for key, value in other.settings.items():
        own = settings.get(key, [])
        if isinstance(value, list) and isinstance(own, list):
            settings[key] = [*own, *(item for item in value if item not in own)]
    return msgspec.structs.replace(one, settings=settings)


class _Use(msgspec.Struct, frozen=True, kw_only=True):
    use: Name


def _merged(one: Table, other: Table) -> Table:
    """`one` with what stands in `other` instead, table by table."""
    found = dict(one)
    for key, value in other.items():
        inner = found.get(key)
        found[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return found
