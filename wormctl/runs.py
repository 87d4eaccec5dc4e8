"""The folder of one run: what is in it, how it is written so that a kill leaves it readable, how it is read.

`record.npy` the ticks, `run.json` all that is needed to repeat and to draw the run, `summary.txt` for people;
plugins add pictures. What the numbers mean stands in `wormctl.recorder` and `wormctl.summary`.
"""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError, convert
from wormctl.files import whole_file
from wormctl.recorder import read_record
from wormctl.snake import Snake
from wormctl.summary import Summary

RECORD = "record.npy"
INFO = "run.json"
SUMMARY = "summary.txt"
FORMAT = 1

UNFINISHED = (
    "This run has not ended in order: it is still going on, or its process was killed.\n"
    f"{RECORD} holds every tick up to that moment, {INFO} says what was run.\n"
)

State = Literal["unfinished", "complete", "interrupted", "fault"]


class PolicyUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Which policy file moved the worm."""

    name: str
    sha256: str


class WorldUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Which world it lived in: with these settings and `seed`, it can be made again."""

    name: str
    kind: str
    seed: int
    config: dict[str, Any]


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of `run.json`."""

    format: int = FORMAT
    state: State = "unfinished"
    """`unfinished` while it runs, and for ever if it was killed."""
    started: str
    """Local time, ISO 8601."""
    command: list[str]
    versions: dict[str, str]
    seed: int
    seconds: float
    """The longest it was allowed to run."""
    period_s: float
    body: str
    simulated: bool
    realtime: bool = False
    """Whether ticks had deadlines: at life speed, as on hardware."""
    snake: Snake
    world: WorldUsed | None
    policy: PolicyUsed
    ablated: list[str]
    robot: str
    """The robot file, whole."""
    neurons: list[str]
    """Names for the columns of `activity`."""
    channels: list[str]
    """Names for the columns of `quality`."""
    told: list[str] = []
    """Names for the columns of `told`."""
    summary: Summary | None = None


class RunFolder:
    """A folder being written."""

    def __init__(self, path: Path, info: RunInfo) -> None:
        """Make the folder and say in it that the run is not finished. Raises `ConfigError`."""
        self.path, self.info = path, info
        try:
            path.mkdir(parents=True, exist_ok=True)
            _replace(path / SUMMARY, UNFINISHED.encode())
            self._write()
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None

    @property
    def record(self) -> Path:
        """Where the ticks go."""
        return self.path / RECORD

    def finish(self, state: State, summary: Summary, text: str) -> None:
        """Complete `run.json` and `summary.txt`."""
        self.info = msgspec.structs.replace(self.info, state=state, summary=summary)
        self._write()
        _replace(self.path / SUMMARY, text.encode())

    def _write(self) -> None:
        _replace(self.path / INFO, msgspec.json.format(msgspec.json.encode(self.info), indent=1) + b"\n")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that was read. `record` is (ticks,), see `wormctl.recorder.record_dtype`."""

    path: Path
    info: RunInfo
    record: NDArray[np.void]


def read_run(path: Path) -> Run:
    """The run in folder `path`, finished or killed. Raises `ConfigError`, in one line."""
    file = path / INFO
    try:
        raw = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        raise ConfigError(f"{path}: not the folder of a run: it has no {INFO}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid JSON: {error}") from None
    if isinstance(raw, dict) and raw.get("format", FORMAT) != FORMAT:
        raise ConfigError(f"{file}: $.format = {raw['format']!r}: this wormctl reads format {FORMAT}")
    info = convert(raw, RunInfo, where=str(file))
    return Run(path=path, info=info, record=read_record(path / RECORD))


def new_folder(root: Path, robot: str, seed: int, now: datetime.datetime) -> Path:
    """A path in `root` that does not exist yet: `<timestamp>-<robot>-<seed>`, with a number if need be."""
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", robot).strip("-.") or "robot"
    first = root / f"{now:%Y%m%d-%H%M%S}-{safe}-{seed}"
    path, n = first, 2
    while path.exists():
        path, n = first.with_name(f"{first.name}-{n}"), n + 1
    return path


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is either the old one or the whole new one, even after a kill."""
    with whole_file(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
