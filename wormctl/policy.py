"""The policy file: wiring, parameters, the dt they were made for, bindings, and how it all came about.

One safetensors file with one metadata entry. Loading it executes nothing, and checks everything it can.
"""

from __future__ import annotations

import enum
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from wormctl import __version__
from wormctl.config import ConfigError, convert
from wormctl.controller import Controller, Port
from wormctl.files import whole_file
from wormctl.names import unknown
from wormctl.neural.tensors import TensorFileError, Tensors, check_finite, parse_safetensors, read_bytes

FORMAT = 1
"""The version of this file format. A file of another version is refused."""
SHIPPED = Path(__file__).parent / "policies"
SUFFIX = ".safetensors"
_ENTRY = "wormctl"


class PolicyError(ConfigError):
    """A policy file cannot be used. The message is one line: the file, what is wrong, what is allowed."""


class Kind(enum.StrEnum):
    """Which controller runs a policy."""

    LTC = "ltc"
    CFC = "cfc"
    WORM = "worm"


class Origin(enum.StrEnum):
    """Where numbers come from."""

    CONNECTOME = "connectome"
    """Published wiring."""
    ASSUMED = "assumed"
    """Chosen by a person."""
    EVOLVED = "evolved"
    TRAINED = "trained"
    """By gradient descent."""
    RANDOM = "random"


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Parameters(_Table, frozen=True, kw_only=True):
    """Tensors that have one origin."""

    tensors: tuple[str, ...]
    origin: Origin
    doc: str = ""


class Output(_Table, frozen=True, kw_only=True):
    """What an output of the network does: it adds gain_rad * output + bias_rad to the setpoint of `joint`."""

    joint: Annotated[int, msgspec.Meta(ge=0, le=1000)]
    """0 at the head."""
    gain_rad: float = 1.0
    bias_rad: float = 0.0


class Made(_Table, frozen=True, kw_only=True):
    """How a policy was made, in enough detail to make it again."""

    command: str
    seed: int | None = None
    evaluations: int = 0
    scores: dict[str, float] = {}
    """Name -> value, as measured when it was made."""
    by: str = ""
    """Who made it."""
    data: tuple[str, ...] = ()
    """Where data came from: title, licence."""
    genes: dict[str, float] = {}
    """What evolution found, by name: training can begin with it."""
    wormctl: str = __version__
    notes: str = ""


class Cell(_Table, frozen=True, kw_only=True):
    """What a cell needs to know besides its tensors. Each kind reads its own."""

    epsilon: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1e-8
    """ltc: added to every denominator."""
    elapsed: Annotated[float, msgspec.Meta(ge=1e-4, le=1e3)] = 1.0
    """ltc, cfc: the time that the cell is told a tick takes. The reference library trains with 1.0."""
    activation: str = "lecun_tanh"
    """cfc: of the backbone."""
    gate: bool = True
    """cfc: False leaves out the factor (1 - t)."""


class PolicyMeta(_Table, frozen=True, kw_only=True):
    """Everything in a policy file but the arrays. `neurons` are in the order of the state."""

    kind: Kind
    dt_s: Annotated[float, msgspec.Meta(ge=1e-4, le=10.0)]
    """The period of a tick, which the policy must be run at."""
    neurons: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    inputs: tuple[Port, ...]
    joints: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    made: Made
    parameters: tuple[Parameters, ...]
    """Every tensor stands in exactly one of these."""
    unfolds: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    """Solver steps in a tick."""
    outputs: tuple[Output, ...] = ()
    """ltc, cfc: one for each output of the network. A worm has muscles instead."""
    cell: Cell = Cell()
    version: int = FORMAT


class _Envelope(msgspec.Struct):
    sha256: str
    policy: msgspec.Raw


@dataclass(frozen=True)
class Policy:
    """A loaded policy file: what it says about itself, and its arrays."""

    path: Path
    sha256: str
    """Of the whole file."""
    meta: PolicyMeta
    tensors: Tensors

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.name.removesuffix(SUFFIX)

    def controller(self) -> Controller:
        """The policy, ready to run. Raises `PolicyError` when its parts do not fit together."""
        try:
            if self.meta.kind is Kind.WORM:
                # Imported here: a robot that runs somebody's small network needs no worm.
                from wormctl.worm.controller import WormController

                return WormController.from_policy(self)
            from wormctl.neural.controller import NetworkController

            return NetworkController.from_policy(self)
        except ValueError as error:
            raise PolicyError(f"{self.path}: {error}") from None


def save_policy(path: Path, meta: PolicyMeta, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    """Write a policy file. The same arguments give the same bytes.

    Raises `PolicyError` if `meta.parameters` does not name every tensor once, or a value is not finite.
    """
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    try:
        _check(meta, arrays)
    except (TensorFileError, ConfigError) as error:
        raise PolicyError(f"{path}: {error}") from None
    text = msgspec.json.encode(meta)
    entry = msgspec.json.encode({"sha256": _digest(text, arrays), "policy": msgspec.Raw(text)})
    data = safetensors.numpy.save(arrays, {_ENTRY: entry.decode()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be written: {error.strerror}") from None


def load_policy(path: Path) -> Policy:
    """The policy file at `path`. Raises `PolicyError` for one that is damaged, foreign or inconsistent."""
    try:
        data = read_bytes(path)
        tensors, metadata = parse_safetensors(data)
        if _ENTRY not in metadata:
            raise TensorFileError("is a safetensors file, but no wormctl policy")
        entry = _decode(metadata[_ENTRY].encode(), _Envelope)
        raw = _decode(bytes(entry.policy), dict[str, Any])
        if raw.get("version", FORMAT) != FORMAT:
            raise TensorFileError(f"is of policy format {raw['version']!r}, this wormctl reads {FORMAT}")
        if entry.sha256 != _digest(bytes(entry.policy), tensors):
            raise TensorFileError("is damaged: its checksum does not match its contents")
        meta = convert(raw, PolicyMeta, where="policy")
        _check(meta, tensors)
    except (TensorFileError, ConfigError) as error:
        raise PolicyError(f"{path}: {error}") from None
    return Policy(path=path, sha256=hashlib.sha256(data).hexdigest(), meta=meta, tensors=tensors)


def shipped_policies() -> dict[str, Path]:
    """The policies that come with wormctl, by name."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(SHIPPED.glob(f"*{SUFFIX}"))}


def find_policy(name: str) -> Path:
    """The file of the shipped policy called `name`, or `name` as a path.

    Raises `PolicyError`, listing the shipped ones, when it is neither.
    """
    shipped = shipped_policies()
    if name in shipped:
        return shipped[name]
    path = Path(name)
    if os.path.isfile(path) or path.name != name or name.endswith(SUFFIX):
        return path
    raise PolicyError(f"{name}: {unknown('policy', name, shipped)}")


def _check(meta: PolicyMeta, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    check_finite(tensors)
    check_finite({f"score {name}": np.float64(score) for name, score in meta.made.scores.items()})
    named = [name for group in meta.parameters for name in group.tensors]
    for name in named:
        if name not in tensors:
            raise TensorFileError(f"parameters names {name}, which is not in the file")
    for name in tensors:
        if named.count(name) != 1:
            raise TensorFileError(
                f"tensor {name} stands {named.count(name)} times in parameters, must be once"
            )
    if len(set(meta.neurons)) != len(meta.neurons):
        raise TensorFileError("two neurons have one name")
    if len({port.name for port in meta.inputs}) != len(meta.inputs):
        raise TensorFileError("two inputs have one name")
    for port in meta.inputs:
        if not 1 <= port.size <= 100_000:
            raise TensorFileError(f"input {port.name} has size {port.size}, must be 1..100000")
    for output in meta.outputs:
        if output.joint >= meta.joints:
            raise TensorFileError(f"an output moves joint {output.joint}, must be 0..{meta.joints - 1}")


def _digest(text: bytes, tensors: Mapping[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256(text)
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _decode(text: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TensorFileError("is damaged: its description cannot be read") from None
