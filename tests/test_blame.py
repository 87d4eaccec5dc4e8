"""Where in a device's own code something went wrong."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from wormctl.blame import line_of
from wormctl.device import DeviceError, said
from wormctl.hanging import attempt

GAS = """
import json
import helper; from wormctl.channel import Samples

def direct():
    return 1 / 0

def deeper():
    return helper.parse("x")

def library():
    return json.loads("{")

def misspelt():
    Samples([]).put("gas.levle", 1.0, 0.0)
"""
HELPER = """

def parse(text):
    return int(text)
"""


@pytest.fixture
def gas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "gas.py").write_text(GAS)
    (tmp_path / "helper.py").write_text(HELPER)
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = importlib.util.spec_from_file_location("gas", tmp_path / "gas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("direct", "gas.py, line 6"),
        ("deeper", "helper.py, line 4"),
        ("library", "gas.py, line 12"),
        ("misspelt", "gas.py, line 15"),
    ],
)
def test_it_is_the_deepest_line_of_the_devices_own(gas: ModuleType, what: str, line: str) -> None:
    failed = attempt(getattr(gas, what))
    assert failed is not None
    assert line_of(failed) == f" ({line})"


def test_without_a_place_there_is_no_line() -> None:
    assert line_of(KeyError("never raised")) == ""


def test_what_is_said() -> None:
    class RudeError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert said(DeviceError("unplugged: plug it in")) == "unplugged: plug it in"
    assert said(OSError("short read")) == "OSError: short read"
    assert said(OSError()) == "OSError"
    assert said(RudeError()) == "RudeError: (an error that cannot be shown)"
