"""`wormctl plugin check` outlives a plugin: what exits, crashes or hangs is named, the rest checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wormctl.cli import main
from wormctl.testing.examine import Finding, Target, examine

MANY = """
import ctypes, os, sys, time

from wormctl.channel import Channel
from wormctl.device import Config, DeviceError, DeviceSpec
from wormctl.hookspecs import Offer, hookimpl


class Sensor:
    does = staticmethod(lambda: None)

    def __init__(self, config):
        channel = Channel(name="eye.light", unit="1", low=0.0, high=1.0)
        self.spec = DeviceSpec(name="eye", channels=(channel,), simulated=True)

    def configure(self, context):
        self.does()

    def read(self, now_s, out):
        out.put("eye.light", 0.5, now_s)

    def close(self): ...


def refuse():
    raise DeviceError("plug it in")


@hookimpl
def wormctl_register_sensors(register):
    for name, does in {
        "exits": lambda: sys.exit(0),
        "vanishes": lambda: os._exit(0),
        "crashes": lambda: ctypes.string_at(0),
        "mistaken": lambda: {}["port"],
        "copies": lambda: os.fork(),
        "refuses": refuse,
        "hangs": lambda: time.sleep(1000),
        "sound": lambda: None,
    }.items():
        made = type("Sensor", (Sensor,), {"does": staticmethod(does)})
        register(Offer(name=name, summary="sees", config=Config, make=made))
"""


def found(file: Path) -> list[Finding]:
    return list(examine(Target(file.stem, file=file)))


def test_what_ends_the_program_is_named_and_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wormctl.testing.examine.HANG_S", 4.0)
    file = tmp_path / "many.py"
    file.write_text(MANY)
    findings = found(file)
    assert [finding.kind for finding in findings] == ["plugin"] + 8 * ["sensor"], "each of them once"
    told = {finding.name: finding.told for finding in findings}
    rules = {finding.name: finding.rule and finding.rule.name for finding in findings}
    line = {
        name: MANY.splitlines().index(next(row for row in MANY.splitlines() if f'"{name}"' in row)) + 1
        for name in ("exits", "crashes", "mistaken", "hangs")
    }
    assert f"configure calls sys.exit(0) (many.py, line {line['exits']})" in told["exits"]
    assert "configure ends the program, with exit status 0 (line 7 of the contract" in told["vanishes"]
    assert f"configure ends the program by SIGSEGV (many.py, line {line['crashes']})" in told["crashes"]
    assert f"configure raises KeyError: 'port' (many.py, line {line['mistaken']})" in told["mistaken"]
    assert "configure copies the program by os.fork" in told["copies"]
    assert f"configure has not returned after 4 s (many.py, line {line['hangs']})" in told["hangs"]
    assert told["refuses"] == "not checked: plug it in"
    assert told["sound"] == told["many"] == ""
    assert rules == {
        **dict.fromkeys(("exits", "vanishes", "crashes", "mistaken", "hangs"), "OPEN"),
        **dict.fromkeys(("many", "refuses", "sound"), None),
        "copies": "THREADS",
    }


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os._exit(0)", "importing it ends the program, with exit status 0"),
        ("import sys; sys.exit(0)", "importing it calls sys.exit(0) (eye.py, line 1)"),
        ("x = 1\ny = (", "SyntaxError: '(' was never closed (eye.py, line 2)"),
        ("x = 1\nx.port", "AttributeError: 'int' object has no attribute 'port' (eye.py, line 2)"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path: Path, code: str, told: str) -> None:
    file = tmp_path / "eye.py"
    file.write_text(code)
    (only,) = found(file)
    assert told in only.told
    assert only.rule is not None
    assert only.rule.name == "IMPORT"


def test_an_import_that_changes_things_without_a_word_or_amid_words(tmp_path: Path) -> None:
    file = tmp_path / "eye.py"
    code = f"""
import os, socket, sys, threading, time
os.chdir({str(tmp_path)!r})
sys.stdout.write("no end of line")
os.mkdir("made")
open("made/file", "w").close()
os.rename("made/file", "made/other")
os.remove("made/other")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
os.fork() or os._exit(0)
threading.Thread(target=time.sleep, args=(1000,)).start()
"""
    file.write_text(code + MANY)
    first = next(examine(Target("eye", file=file)))
    assert first.rule is not None
    assert first.rule.name == "IMPORT"
    did = "os.mkdir made, write made/file, os.rename made/other, os.remove made/other, socket.sendto, os.fork"
    assert f"importing it does I/O: {did}" in first.told


def test_an_entry_point_may_name_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "src" / "wormctl_objects_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text("""
from wormctl.hookspecs import Artist, hookimpl


class Plugin:
    @hookimpl
    def wormctl_register_artists(self, register):
        register(Artist(name="brush", summary="draws", draw=lambda folder, share: []))


PLUGIN = Plugin()
""")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.entry-points.wormctl]\nx = "wormctl_objects_test.plugin:PLUGIN"\n'
    )
    assert main(["plugin", "check", str(tmp_path), "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert [finding["name"] for finding in findings] == ["wormctl_objects_test.plugin", "brush"]
