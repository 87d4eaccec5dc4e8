"""Writes the beginnings of the fuzz corpus: a session from hello to moving joints, framed and raw. `make corpus`."""

from __future__ import annotations

import sys
from pathlib import Path

from wormctl_serial import messages as m
from wormctl_serial.codec import encode, pack

SESSION = 5


def session() -> list[tuple[int, bytes]]:
    """What a host says, as message numbers and payloads."""
    said: list[tuple[str, dict[str, int | tuple[int, ...]]]] = [
        ("HELLO", {"session": SESSION, "schema": m.SCHEMA})
    ]
    for joint in range(m.JOINTS):
        line = {
            "joint": joint,
            "configured": 1,
            "centre_us": 1500,
            "us_per_rad": 600,
            "low": -9000,
            "high": 9000,
        }
        said.append(("SET_JOINT", {"session": SESSION, **line}))
    said += [("GET_JOINT", {"joint": 3}), ("SAVE_JOINTS", {"session": SESSION}), ("PING", {}), ("POLL", {})]
    said += [("SETPOINT", {"session": SESSION, "angle": (0,) * m.JOINTS})] * 10
    said += [("ARM", {"session": SESSION, "boot_id": 1, "table_crc": 0, "joints": 0xFFF})]
    said += [("SETPOINT", {"session": SESSION, "angle": (4000,) * m.JOINTS})] * 10
    said += [("CLEAR", {"session": SESSION, "boot_id": 1, "fault": 0}), ("STOP", {})]
    return [(m.BY_NAME[name].number, pack(m.BY_NAME[name], values)) for name, values in said]


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    records = b"".join(bytes([number, 1, len(payload)]) + payload for number, payload in session())
    frames = b"".join(encode(number, i, payload) for i, (number, payload) in enumerate(session()))
    (folder / "session-framed").write_bytes(b"\x01" + records)
    (folder / "session-raw").write_bytes(b"\x00" + frames)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
