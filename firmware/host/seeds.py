"""Writes the beginnings of the fuzz corpus: a session from hello to moving joints, framed and raw. `make corpus`."""

from __future__ import annotations

import sys
from pathlib import Path

from wormctl_serial import messages as m
from wormctl_serial.codec import encode, pack
from wormctl_serial.config import JointTable, table_crc, table_lines

SESSION = 5


def session() -> list[tuple[int, bytes]]:
    """What a host says, as message numbers and payloads."""
    said: list[tuple[str, dict[str, int | tuple[int, ...]]]] = [
        ("HELLO", {"session": SESSION, "schema": m.SCHEMA})
    ]
    lines = table_lines((JointTable(low_deg=-50.0, high_deg=50.0),) * m.JOINTS)
    said += [("SET_JOINT", {"session": SESSION, **line}) for line in lines]
    said += [("GET_JOINT", {"joint": 3}), ("SAVE_JOINTS", {"session": SESSION}), ("PING", {}), ("POLL", {})]
    said += [("SETPOINT", {"session": SESSION, "angle": (0,) * m.JOINTS})] * 10
    said += [("ARM", {"session": SESSION, "boot_id": 1, "table_crc": table_crc(lines), "joints": 0xFFF})]
    said += [("SETPOINT", {"session": SESSION, "angle": (4000,) * m.JOINTS})] * 10
    said += [("CLEAR", {"session": SESSION, "boot_id": 1, "fault": 0}), ("STOP", {})]
    return [(m.BY_NAME[name].number, pack(m.BY_NAME[name], values)) for name, values in said]


def _setpoint(angle: int) -> bytes:
    """A record that asks all joints for one angle."""
    payload = pack(m.BY_NAME["SETPOINT"], {"session": SESSION, "angle": (angle,) * m.JOINTS})
    return bytes([m.BY_NAME["SETPOINT"].number, 1, len(payload)]) + payload


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [bytes([number, 1, len(payload)]) + payload for number, payload in session()]
    frames = b"".join(encode(number, i, payload) for i, (number, payload) in enumerate(session()))
    armed = records[:-2]
    second, stop, end = b"\xfe\x32\x00", b"\xff\x01\x00", b"\xff\x00\x00"  # see fuzz.c
    there, back = (_setpoint(angle) + b"\xfd\x78\x00" for angle in (9000, -9000))  # and 120 times more
    for name, parts in {
        "framed": records,
        "moving": [*armed, there, back, there],
        "silent": [*armed, there, *[second] * 3, *records[-2:]],
        "stopped": [*armed, there, stop, back, end, *armed, back],
    }.items():
        (folder / f"session-{name}").write_bytes(b"\x01" + b"".join(parts))
    (folder / "session-raw").write_bytes(b"\x00" + frames)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
