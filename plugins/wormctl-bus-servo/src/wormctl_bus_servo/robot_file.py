"""What `wormctl servo` needs of a robot file, with all that it extends; and the zeros it writes into one.

Only the table [body] has to be right: after a crash a mistake elsewhere must keep nobody from switching torque off.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tomllib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from wormctl.config import ConfigError, Where
from wormctl.layers import read_layers
from wormctl.robot import allowed_plugins, find_robot
from wormctl.snake import REFERENCE, load_snake
from wormctl_bus_servo.config import Joint

_OF_ALL_BODIES = ("use", "fallback")
_REMARK = "# The joints, head first, as `wormctl servo zero` found them in the straight snake."
_JOINT = re.compile(r"\s*\[\[\s*body\s*\.\s*joint\s*\]\]")
_TABLE = re.compile(r"\s*\[")
_OF_A_JOINT = re.compile(r"\s*(?:zero|direction|low_deg|high_deg)\s*=|\s*$")


def body_settings(robot: Path) -> tuple[dict[str, Any], Where]:
    """The settings of the body in the robot file, and where they stand. Raises `ConfigError`."""
    find = partial(find_robot, plugins=allowed_plugins(robot))
    path = find(str(robot))
    raw, sources = read_layers(path, find)
    found = raw.get("body", {})
    if not isinstance(found, dict) or found.get("use") != "bus-servo":
        raise ConfigError(f'{sources("$.body.use")}: must be "bus-servo"')
    body = {key: value for key, value in found.items() if key not in _OF_ALL_BODIES}
    if "joints" not in body:
        body["joints"] = _joints(body.get("ids"), raw.get("description"), path.parent)
    return body, sources


def _joints(ids: object, description: object, folder: Path) -> int:
    if isinstance(ids, list):
        return len(ids)
    return load_snake(folder / description if isinstance(description, str) else REFERENCE).joints


def joint_tables(servos: Sequence[int], joints: Sequence[Joint]) -> str:
    """The tables of the joints, for a robot file."""
    lines = [_REMARK]
    for i, (servo, joint) in enumerate(zip(servos, joints, strict=True)):
        lines += [
            f"[[body.joint]]  # {i}: servo {servo}",
            f"zero = {joint.zero}",
            f"direction = {joint.direction}",
            f"low_deg = {joint.low_deg:g}",
            f"high_deg = {joint.high_deg:g}",
        ]
    return "\n".join(lines) + "\n"


def may_be_printed(robot: Path) -> None:
    """Raise `ConfigError` if what is printed goes to the end of a robot file that has joints already."""
    same = False
    with contextlib.suppress(OSError, ValueError):  # there may be no such file, and stdout may be none
        same = os.path.samestat(os.fstat(sys.stdout.fileno()), robot.stat())
    if same and any(_JOINT.match(line) for line in _text(robot).splitlines()):
        raise ConfigError(f"{robot}: has its joints already: let `--write` put others in their place")


def write_joints(robot: Path, tables: str) -> None:
    """Put the tables at the end of the robot file, in place of those it has. After a `ConfigError` it is as it was."""
    old = _text(robot)
    try:
        wanted = tomllib.loads(old)
        wanted.setdefault("body", {})["joint"] = tomllib.loads(tables)["body"]["joint"]
        new = f"{_without_joints(old)}\n{tables}"
        good = tomllib.loads(new) == wanted
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        good = False
    if not good:
        raise ConfigError(f"{robot}: its joints cannot be replaced: take them out by hand, then again")
    file = robot.resolve()
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.write_text(new, encoding="utf-8")
        beside.chmod(file.stat().st_mode)
        os.replace(beside, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ConfigError(f"{robot}: cannot be written: {error.strerror}") from None


def _text(robot: Path) -> str:
    try:
        return robot.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{robot}: cannot be read: name a robot file of your own ({error})") from None


def _without_joints(text: str) -> str:
    """All but the joints' tables. Comments of a person stay, wherever they stand."""
    kept, inside = [], False
    for line in text.splitlines():
        if _TABLE.match(line):
            inside = _JOINT.match(line) is not None
            if inside:
                continue
        if line != _REMARK and not (inside and _OF_A_JOINT.match(line)):
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"
