"""The folder that assays and ablations leave: one JSON file of results, and a file of scenes for each assay to draw.

Written and read here only; what is drawn from it is the affair of artists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from wormctl.assay.lives import Outcome
from wormctl.config import ConfigError, convert
from wormctl.files import whole_file
from wormctl.motion.path import FloatArray

ASSAYS = "assays.json"
ABLATIONS = "ablations.json"
_SCENES = ".scenes.npz"

FileT = TypeVar("FileT")


def make_folder(text: str) -> Path:
    """The folder for `--out`, made if need be. Raises `ConfigError`."""
    if not text:
        raise ConfigError("--out is empty: name a folder, or leave it out")
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out = {path}: cannot be made: {error.strerror}") from None
    return path


def write_results(path: Path, content: object) -> None:
    """Write a JSON file, whole or not at all. Raises `ConfigError`."""
    try:
        with whole_file(path) as partial:
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def read_results(path: Path, kind: type[FileT]) -> FileT:
    """The JSON file at `path` as a `kind`. Raises `ConfigError`."""
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: not valid JSON: {error}") from None
    return convert(raw, kind, where=str(path))


def write_scenes(folder: Path, assay: str, outcomes: Sequence[Outcome]) -> None:
    """Keep what pictures need of the lives of an assay. Raises `ConfigError`."""
    arrays = {
        f"{life.seed}/{name}": array
        for life in outcomes
        for name, array in {
            **life.scene,
            **{k: v for k, v in life.samples.items() if k != "steering"},
        }.items()
    }
    path = folder / f"{assay}{_SCENES}"
    try:
        with whole_file(path) as partial:
            np.savez(partial, allow_pickle=False, **arrays)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def read_scenes(folder: Path, assay: str) -> dict[int, dict[str, FloatArray]]:
    """What `write_scenes` kept, by seed. Raises `ConfigError`."""
    path = folder / f"{assay}{_SCENES}"
    scenes: dict[int, dict[str, FloatArray]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for key in file.files:
                seed, _, name = key.partition("/")
                scenes.setdefault(int(seed), {})[name] = file[key]
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not a file of scenes: {error}") from None
    return scenes
