"""Who drives a robot: every process that does says so in a file, where `wormctl stop` looks. Stops nothing."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from wormctl.device import DeviceError


def claims() -> Path:
    """Where those who drive a robot leave their number: one folder for each person, whatever the shell's variables."""
    return Path(f"/tmp/wormctl-{os.getuid()}")


def claim(robot: str) -> Path:
    """Say that this process drives `robot`: its port, or what else tells it from others. Returns the file.

    `release` takes it away. Raises `DeviceError` where that cannot be said: then `wormctl stop` would not find it, and
    nothing should move.
    """
    folder = claims()
    file = folder / str(os.getpid())
    try:
        folder.mkdir(exist_ok=True, mode=0o755)  # others may look: they are told whose run it is
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise DeviceError(f"{folder}: belongs to somebody else, so `wormctl stop` cannot work: remove it")
        file.write_text(f"{_whole(robot)}\n{born(os.getpid())}\n")
    except OSError as error:
        raise DeviceError(
            f"{file}: cannot be written ({error.strerror}), so `wormctl stop` would find nothing: mend that first"
        ) from None
    return file


def release(file: Path | None) -> None:
    """Take a claim away. Never raises; may be called twice."""
    if file is not None:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def drivers() -> list[tuple[int, str]]:
    """Every process that drives a robot, which one, and whoever's it is. What the dead left is taken away."""
    found = []
    for file in sorted(file for folder in {claims(), *folders()} for file in folder.glob("[0-9]*")):
        pid = int(file.name)
        try:
            robot, began = file.read_text().split("\n")[:2]
        except (OSError, ValueError):
            continue
        if born(pid) == began:  # the number may have gone to another process since
            found.append((pid, robot))
        else:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
    return found


def folders() -> list[Path]:
    """The folders of claims of all people here; one that is not its owner's is nobody's."""
    found = []
    for folder in Path("/tmp").glob("wormctl-[0-9]*"):
        with contextlib.suppress(OSError):
            if (
                folder.is_dir()
                and not folder.is_symlink()
                and folder.name == f"wormctl-{folder.stat().st_uid}"
            ):
                found.append(folder)
    return found


def _whole(robot: str) -> str:
    """A path as it is seen from anywhere."""
    return os.path.abspath(robot) if os.path.lexists(robot) else robot


def born(pid: int) -> str:
    """When a process started, by the kernel's clock; empty if there is none, or none that still runs."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]
