"""Who drives a robot: every process that does says so in a file, where `wormctl stop` looks. Stops nothing.

Anybody may write below /tmp, and whoever stops may be root: of what stands there only that is believed which its owner
alone can have written, and only about processes of his own.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from wormctl.device import DeviceError
from wormctl.files import whole_file

MOST_CLAIMS, MOST_BYTES = 1000, 8192
"""Of a folder, and of a file: nobody's files keep `wormctl stop` busy."""

PROC = Path("/proc")

_FOLDER = re.compile(r"wormctl-(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")


class Driver(NamedTuple):
    """A process that drives a robot."""

    pid: int
    robot: str
    """Its port, or what else tells it from others. Whoever started the process chose it: print it with care."""
    began: str
    owner: int

    def runs(self) -> bool:
        """Whether it still does, and the number has not gone to another process since."""
        return born(self.pid) == self.began and _owned(self.pid, self.owner)


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
        if not (began := born(os.getpid())):
            raise DeviceError("neither /proc nor ps tells of processes, so `wormctl stop` could end none")
        with whole_file(file) as partial:  # whoever stops finds the last one, or this one
            partial.write_bytes(os.fsencode(f"{_whole(robot)}\n{began}\n"))
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


def drivers() -> list[Driver]:
    """Every process that drives a robot, one's own first. What the dead left is taken away."""
    return [driver for folder, owner in folders().items() for driver in _drivers_in(folder, owner)]


def folders() -> dict[Path, int]:
    """The folders of claims of all people here, and by their names whose they should be; one's own first."""
    found = {claims(): os.getuid()}
    for folder in sorted(Path("/tmp").glob("wormctl-[0-9]*")):
        if (named := _FOLDER.fullmatch(folder.name)) is not None:
            found.setdefault(folder, int(named[1]))
    return found


def _drivers_in(folder: Path, owner: int) -> Iterator[Driver]:
    """Those that `folder` tells of; none if it is not its owner's. It is opened once: nobody can swap it meanwhile."""
    with contextlib.suppress(OSError), _opened(folder, os.O_DIRECTORY) as here:
        if os.fstat(here).st_uid != owner:
            return
        with os.scandir(here) as entries:
            names = [entry.name for entry in islice(entries, MOST_CLAIMS)]
        for name in sorted(name for name in names if _NUMBER.fullmatch(name)):
            robot, line, began = _read(name, here, owner).rpartition("\n")
            if not line:
                continue  # no claim, or one that is being written
            driver = Driver(int(name), robot, began, owner)
            if driver.runs():
                yield driver
            elif born(driver.pid) != began:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=here)


def _read(name: str, folder: int, owner: int) -> str:
    """What a claim says, without its last line break; empty for what is no whole claim of `owner`."""
    with contextlib.suppress(OSError), _opened(name, os.O_NONBLOCK, folder) as file:
        found = os.fstat(file)
        text = os.read(file, MOST_BYTES) if stat.S_ISREG(found.st_mode) and found.st_uid == owner else b""
        return os.fsdecode(text[:-1]) if text.endswith(b"\n") else ""
    return ""


@contextlib.contextmanager
def _opened(path: str | Path, flags: int, folder: int | None = None) -> Iterator[int]:
    """A descriptor for reading what is no link."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=folder)
    try:
        yield opened
    finally:
        os.close(opened)


def _whole(robot: str) -> str:
    """A path as it is seen from anywhere."""
    return os.path.abspath(robot) if os.path.lexists(robot) else robot


def _owned(pid: int, owner: int) -> bool:
    """Whether a process is `owner`'s, whoever it acts for."""
    if not PROC.exists():
        return _ps(pid, "ruid") == _ps(pid, "uid") == str(owner)
    try:
        lines = (PROC / str(pid) / "status").read_bytes().splitlines()
    except OSError:
        return False
    uids = next((line.split()[1:3] for line in lines if line.startswith(b"Uid:")), [])
    return uids == [str(owner).encode()] * 2


def born(pid: int) -> str:
    """When a process started, by the kernel's clock; empty if there is none, or none that still runs."""
    if not PROC.exists():
        return "" if _ps(pid, "stat").startswith("Z") else _ps(pid, "lstart")
    try:
        text = (PROC / str(pid) / "stat").read_bytes()  # a process may call itself what is no text
    except OSError:
        return ""
    state, *rest = text.rpartition(b")")[2].split()
    return "" if state == b"Z" else rest[18].decode()


def _ps(pid: int, what: str) -> str:
    """A fact about a process where there is no /proc, as on a Mac; empty if there is no such process.

    The same for whoever asks: neither language nor time zone of the shell matters.
    """
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        done = subprocess.run(
            ["ps", "-o", f"{what}=", "-p", str(pid)], capture_output=True, env=environment, check=False
        )
    except OSError:
        return ""
    return " ".join(done.stdout.decode(errors="replace").split())
