"""The joint table on its ways: to and from the firmware, into and out of a robot file."""

from __future__ import annotations

import math
import re
from pathlib import Path

from wormctl.config import ConfigError, convert
from wormctl.device import DeviceError
from wormctl.files import whole_file
from wormctl.robot import load_robot
from wormctl_serial.codec import number
from wormctl_serial.config import JointTable, SerialConfig, table_crc, table_lines
from wormctl_serial.messages import ANGLE_PER_RAD, JOINTS
from wormctl_serial.talk import SAVE_S, Talk, Values

BEGIN = "# ---- Joints, head first, as `wormctl calibrate` found them. It writes anew what stands from here"
END = "# ---- to here."
_BLOCK = re.compile(rf"\n*{re.escape(BEGIN)}.*?{re.escape(END)}\n", re.DOTALL)


def fetch(talk: Talk) -> list[JointTable | None]:
    """The firmware's table; None for a joint that is not set up. Raises `DeviceError` if it cannot be had whole."""
    lines = [talk.ask("GET_JOINT", {"joint": j}, "JOINT", about={"joint": j}) for j in range(JOINTS)]
    if table_crc(lines) != number(talk.hello(), "table_crc"):
        raise DeviceError(f"{talk.line.name}: the joint table came over damaged: try again")
    return [_joint(line) for line in lines]


def _joint(line: Values) -> JointTable | None:
    if not line["configured"]:
        return None
    return JointTable(
        centre_us=number(line, "centre_us"),
        us_per_rad=number(line, "us_per_rad"),
        low_deg=_deg(number(line, "low")),
        high_deg=_deg(number(line, "high")),
    )


def _deg(angle: int) -> float:
    """So many decimals that the way back gives the same angle."""
    return round(math.degrees(angle / ANGLE_PER_RAD), 3)


def send(talk: Talk, joints: tuple[JointTable, ...]) -> None:
    """Give the firmware a whole table, and have it kept over a power cut."""
    for line in table_lines(joints):
        talk.command("SET_JOINT", {"session": talk.session, **line})
    keep(talk)


def keep(talk: Talk) -> None:
    """Have the firmware keep its table over a power cut. Takes half a second."""
    talk.command("SAVE_JOINTS", {"session": talk.session}, SAVE_S)


NEW = """\
# This robot: what differs from serial-snake, which comes with wormctl-serial. `wormctl robot check` shows all of it.
extends = "serial-snake"
"""


def check_file(path: Path, *, new: bool) -> None:
    """Whether a joint table may stand in that file, or in a `new` one of that name. Raises `ConfigError`."""
    if path.exists() or not new:
        _settings(path)
    elif not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}")


def _settings(path: Path) -> SerialConfig:
    """The settings of the body in a robot file. Raises `ConfigError` if it is another body."""
    robot = load_robot(path)
    if robot.body.use != "serial":
        raise ConfigError(
            f'{robot.body.at(".use")} = {robot.body.use!r}: must be "serial", for a file that holds a joint table'
        )
    return convert(robot.body.settings, SerialConfig, where=robot.body.where, under="$.body")


def read_file(path: Path) -> tuple[JointTable, ...]:
    """The table in a robot file. Raises `ConfigError` if there is none."""
    joints = _settings(path).joint
    if not joints:
        raise ConfigError(f"{path}: holds no joint table: `wormctl calibrate --robot {path}` makes one")
    return joints


def write_file(path: Path, joints: tuple[JointTable, ...]) -> None:
    """Put the table into a robot file, in place of the one there; nothing else of it changes. It may be a new file."""
    text = path.read_text(encoding="utf-8") if path.exists() else NEW
    rest = _BLOCK.sub("\n", text)
    if re.search(r"^\s*\[\[\s*body\.joint\s*\]\]", rest, re.MULTILINE):
        raise ConfigError(
            f"{path}: $.body.joint: was written by hand, and is left alone: take those tables out, then do it again"
        )
    blocks = [
        f"[[body.joint]]  # {j}\ncentre_us = {joint.centre_us}\nus_per_rad = {joint.us_per_rad}\n"
        f"low_deg = {joint.low_deg:.7g}\nhigh_deg = {joint.high_deg:.7g}\n"
        for j, joint in enumerate(joints)
    ]
    with whole_file(path) as partial:
        partial.write_text("\n".join([rest.rstrip("\n"), "", BEGIN, *blocks, END, ""]), encoding="utf-8")
