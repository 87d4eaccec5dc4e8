"""Atlas files: what is written is read, and what is none is refused with its name and what it must be."""

from __future__ import annotations

import hashlib
import io
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wormctl.config import ConfigError
from wormctl.propagation.atlas import read_atlas

NAMES = ["AVAL", "AWCOF", "VB5"]
Q = np.array([[0.5, 0.01, np.nan], [1.0, 0.0, 0.2], [np.nan, 0.3, 0.04]])


def save(path: Path, **changes: Any) -> Path:
    arrays = {"neurons": np.array(NAMES), "q": Q, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize("kind", ["U", "S"])
def test_an_archive_of_arrays_is_read(tmp_path: Path, kind: str) -> None:
    path = save(tmp_path / "a.npz", neurons=np.array(NAMES, kind), q=Q.astype(np.float32), q_eq=1.0 - Q)
    atlas = read_atlas(path)
    assert atlas.neurons == ("AVAL", "AWCL", "VB5")
    assert atlas.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    np.testing.assert_allclose(atlas.q, Q, rtol=1e-6)
    assert atlas.q_eq is not None
    np.testing.assert_array_equal(atlas.q_eq, 1.0 - Q)
    assert read_atlas(save(tmp_path / "b.npz")).q_eq is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"q": None}, "there is no q, which must be (3, 3) reals, [responding, stimulated], for 3 neurons; it holds "
                      "neurons"),
        ({"neurons": None}, "there is no neurons, which must be (n,) names of neurons; it holds q"),
        ({"q": Q[:2]}, "q is float64 of shape (2, 3), must be (3, 3) reals"),
        ({"q": Q[:2, :2]}, "q is float64 of shape (2, 2), must be (3, 3) reals"),
        ({"q": np.zeros((3, 3), int)}, "q is int64 of shape (3, 3), must be (3, 3) reals"),
        ({"q": Q * 2}, "q[1, 0] = 2, must be 0..1, or NaN where not measured"),
        ({"q_eq": -Q}, "q_eq[0, 0] = -0.5, must be 0..1"),
        ({"q_eq": Q[0]}, "q_eq is float64 of shape (3,), must be (3, 3) reals"),
        ({"q": np.full((3, 3), np.inf)}, "q[0, 0] = inf, must be 0..1"),
        ({"neurons": np.arange(3)}, "neurons is int64 of shape (3,), must be (n,) names"),
        ({"neurons": np.array([NAMES])}, "neurons is <U5 of shape (1, 3), must be (n,) names"),
        ({"neurons": np.array([], "U4")}, "neurons is <U4 of shape (0,), must be (n,) names"),
        ({"neurons": np.array([b"\xff", b"A", b"B"])}, "neurons has a name that is no text"),
        ({"neurons": np.array(["AVAL", "VB5", "AVAL"])}, "neurons[2] = 'AVAL' stands there twice"),
        ({"neurons": np.array(NAMES, object)}, "is damaged, or no npz archive without pickles"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = save(tmp_path / "wrong.npz", **changes)
    with pytest.raises(ConfigError) as told:
        read_atlas(path)
    assert str(told.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no signal-propagation atlas, must be"),
        (
            b"q,0.1\n",
            "is no signal-propagation atlas, must be funatlas.h5 or an .npz file with q and neurons",
        ),
        (b"PK\x03\x04", "is damaged"),
        (b"\x93NUMPY\x01\x00", "is a single array, which has no neuron names"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        read_atlas(path)
    with pytest.raises(ConfigError, match="none: no such file"):
        read_atlas(tmp_path / "none")


@pytest.fixture
def hdf5(tmp_path: Path) -> Path:
    path = tmp_path / "funatlas.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    return path


def stand_in(monkeypatch: pytest.MonkeyPatch, datasets: dict[str, Any]) -> None:
    """An h5py with one file, which holds `datasets`: the real one is no dependency."""

    class File(dict[str, Any]):
        def __init__(self, data: io.BytesIO, mode: str) -> None:
            super().__init__(datasets)
            assert (data.read(4), mode) == (b"\x89HDF", "r")

        def __enter__(self) -> File:
            return self

        def __exit__(self, *error: object) -> None:
            pass

    module = types.ModuleType("h5py")
    vars(module)["File"] = File
    monkeypatch.setitem(sys.modules, "h5py", module)


def test_the_wild_type_of_the_published_file_is_read(hdf5: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(
        monkeypatch,
        {"neuron_ids": np.array(NAMES, "S"), "wt/q": Q, "wt/q_eq": 1.0 - Q, "unc31/q": Q / 2, "unc31/q_eq": Q},
    )  # fmt: skip
    atlas = read_atlas(hdf5)
    assert atlas.neurons == ("AVAL", "AWCL", "VB5")
    assert atlas.q_eq is not None
    np.testing.assert_array_equal(atlas.q, Q)
    np.testing.assert_array_equal(atlas.q_eq, 1.0 - Q)


def test_another_hdf5_file_is_refused(hdf5: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"neuron_ids": np.array(NAMES, "S")})
    with pytest.raises(ConfigError, match=r"there is no wt/q: this is no funatlas\.h5"):
        read_atlas(hdf5)


def test_without_h5py_the_way_to_it_is_told(hdf5: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ConfigError, match=r"needs h5py: `uv run --with h5py wormctl \.\.\.`"):
        read_atlas(hdf5)
