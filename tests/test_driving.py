"""Who drives a robot says so where `wormctl stop` looks, and does not drive where that cannot be said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wormctl import driving
from wormctl.device import DeviceError


def test_a_claim_is_found_whatever_the_shells_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    file = driving.claim("/dev/ttyTEST")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    try:
        assert (os.getpid(), "/dev/ttyTEST") in driving.drivers()
    finally:
        file.unlink()
    assert os.getpid() not in {pid for pid, _ in driving.drivers()}


def test_what_the_dead_left_behind_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "claims", lambda: tmp_path)
    monkeypatch.setattr(driving, "folders", list)
    (tmp_path / "999999").write_text("/dev/ttyTEST\n1\n")
    (tmp_path / str(os.getpid())).write_text("/dev/ttyTEST\n1\n")
    assert driving.drivers() == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_driven_that_could_not_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setattr(driving, "claims", lambda: file)
    with pytest.raises(DeviceError, match="`wormctl stop` would find nothing"):
        driving.claim("/dev/ttyTEST")
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setattr(driving, "claims", lambda: link)
    with pytest.raises(DeviceError, match="belongs to somebody else"):
        driving.claim("/dev/ttyTEST")
