"""A whole plugin against the contract: an installed one by name, a single file, or the folder of a package.

Its code runs in a process of its own (`wormctl.testing.alone`): one that exits, crashes or hangs is a finding too, and
what else it offers is examined all the same.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from wormctl.config import ConfigError, read_toml
from wormctl.layers import Settings
from wormctl.names import unknown
from wormctl.plugins import GROUP, load_plugins
from wormctl.testing.alone import CRASH, ORDER, REPORT, Order
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError

HANG_S = 60.0
"""How long a plugin may take over one thing, such as its import: it may have to compile."""

_POLL_S = 0.02
_GRACE_S = 10.0
"""The process ends itself when something hangs; if it cannot, it is ended so much later."""


class Finding(NamedTuple):
    """What came of one thing that a plugin offers."""

    kind: str
    name: str
    rule: Rule | None
    """The line that it breaks."""
    told: str
    """How it breaks it; or why it could not be checked here; empty if it passes."""


class Target(NamedTuple):
    """Where the code of a plugin is."""

    value: str
    """Of its entry point: a module, or `module:object`; of a single file its name."""
    file: Path | None = None
    """Of a single-file plugin."""
    folder: Path | None = None
    """To be looked for modules in, of a package that is not installed."""

    @property
    def name(self) -> str:
        """The module, for people."""
        return self.value.partition(":")[0].strip()


def find_target(what: str) -> list[Target]:
    """The plugins called `what`, or at that path. Raises `ConfigError` if there is none."""
    path = Path(what)
    if path.suffix == ".py":
        if not path.is_file():
            raise ConfigError(f"{what}: no such file")
        return [Target(path.stem, file=path)]
    if path.is_dir():
        return _package(path)
    entries = list(entry_points(group=GROUP))
    found = [entry for entry in entries if _is_called(entry, what)]
    if not found:
        offers = {
            thing.thing.name: thing.origin
            for table in load_plugins(warn=lambda line: None).tables.values()
            for thing in table.values()
        }
        if (origin := offers.get(what)) is not None:
            found = [e for e in entries if (e.name, _distribution(e)) == (origin.plugin, origin.distribution)]
        else:
            known = {entry.name for entry in entries} | set(offers)
            raise ConfigError(
                f"{what}: {unknown('plugin', what, known)}, or name a .py file or the folder of a package"
            )
    return [Target(entry.value) for entry in found]


def _is_called(entry: EntryPoint, what: str) -> bool:
    """By its own name, with - or _, or that of its distribution: also where it is broken, and offers nothing."""
    word = what.replace("-", "_")
    return word == entry.name.replace("-", "_") or what == _distribution(entry)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else ""


def _package(folder: Path) -> list[Target]:
    project = read_toml(folder / "pyproject.toml").get("project", {})
    entries = project.get("entry-points", {}).get(GROUP, {}) if isinstance(project, dict) else {}
    if not entries:
        raise ConfigError(f"{folder / 'pyproject.toml'}: $.project.entry-points.{GROUP}: names no plugin")
    source = folder / "src" if (folder / "src").is_dir() else folder
    return [Target(str(value), folder=source) for value in entries.values()]


def examine(target: Target, settings: Settings | None = None) -> Iterator[Finding]:
    """What comes of each thing it offers, its import first. `settings`: for what has a setting of that name.

    Raises `ConfigError` for a setting that nothing has.
    """
    begin = 0
    while True:
        story = _examined_from(begin, target, settings or {})
        yield from story.findings(begin)
        if story.finished or story.number == 0:
            return
        # It ended over one thing: the next process goes on with the one after that.
        begin = story.number + 1
        if begin >= len(story.plan):
            return


class _Story:
    """What a process has told, message by message; see `wormctl.testing.alone`."""

    def __init__(self, target: Target) -> None:
        self.plan = [("plugin", target.name)]
        self.number, self.rule, self.what = 0, Rule.IMPORT, "importing it"
        self.finished = False
        self._own: list[str] = []
        self._found: dict[int, Finding] = {}

    def hear(self, message: dict[str, Any]) -> None:
        """One message."""
        match message:
            case {"says": "own", "paths": paths}:
                self._own = paths
            case {"says": "plan", "things": things}:
                self.plan += [(kind, name) for kind, name in things]
            case {"says": "at", "number": number, "rule": rule, "what": what}:
                self.number, self.rule, self.what = number, Rule[rule], what
            case {"says": "found", "number": number, "rule": rule, "told": told}:
                self._add(number, Rule[rule] if rule else None, told)
            case {"says": "refused", "told": told}:
                raise ConfigError(told)
            case {"says": "finished"}:
                self.finished = True

    def ended(self, status: int, last_words: str) -> None:
        """The process has ended before its time. `last_words`: what Python wrote about a crash or a hang."""
        where = place_of(last_words, self._own)
        if last_words.startswith("Timeout"):
            how = f"{self.what} has not returned after {HANG_S:g} s{where}: give what it waits for a timeout"
        elif status < 0:
            how = f"{self.what} ends the program by {_signal(-status)}{where}"
        else:
            how = f"{self.what} ends the program, with exit status {status}"
        self._add(self.number, self.rule, str(ConformanceError(self.plan[self.number][1], self.rule, how)))

    def findings(self, begin: int) -> list[Finding]:
        """Of the things from number `begin` on."""
        return [finding for number, finding in sorted(self._found.items()) if number >= begin]

    def _add(self, number: int, rule: Rule | None, told: str) -> None:
        known = self._found.get(number)
        if known is None or known.rule is None:  # what is broken stays so
            self._found[number] = Finding(*self.plan[number], rule, told)


def _examined_from(begin: int, target: Target, settings: Settings) -> _Story:
    """What a process of its own tells of what the plugin offers, from number `begin` on."""
    story = _Story(target)
    with tempfile.TemporaryDirectory(prefix="wormctl-check-") as name:
        folder = Path(name)
        order = Order(target.value, target.file, target.folder, dict(settings), begin, HANG_S)
        (folder / ORDER).write_bytes(pickle.dumps(order))
        (folder / REPORT).touch()
        code = f"import sys; sys.path[:] = {sys.path!r}; from wormctl.testing.alone import main; main()"
        # What the plugin prints goes to stderr.
        process = subprocess.Popen([sys.executable, "-c", code, name], stdout=2)
        with (folder / REPORT).open("rb") as report:
            try:
                status = _listen(process, report, story)
            except BaseException:
                _end(process)
                raise
        if not story.finished:
            crash = folder / CRASH
            story.ended(status, crash.read_text(errors="replace") if crash.exists() else "")
    return story


def _listen(process: subprocess.Popen[bytes], report: BinaryIO, story: _Story) -> int:
    """Hear the process until it has ended; its exit status."""
    heard_s, unfinished = time.monotonic(), b""
    while True:
        status = process.poll()
        *lines, unfinished = (unfinished + report.read()).split(b"\n")
        for line in lines:
            story.hear(json.loads(line))
        if status is not None:
            return status
        if lines:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > HANG_S + _GRACE_S:
            _end(process)
        time.sleep(_POLL_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C reaches the process too, and it may have a robot to make safe: first it is given time."""
    for end in (None, process.terminate, process.kill):
        if end is not None:
            end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5.0)
            return


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in ', re.MULTILINE)


def place_of(last_words: str, own: list[str]) -> str:
    """` (sensor.py, line 12)`: where below the folders `own` the main thread, or the one that crashed, was."""
    threads = re.split(r"^(?=Thread|Current thread)", last_words, flags=re.MULTILINE)[1:]
    crashed = [thread for thread in threads if thread.startswith("Current thread")]
    for frame in _FRAME.finditer(
        (crashed or threads or [""])[-1]
    ):  # the innermost comes first, the main thread last
        if any(Path(frame["file"]).is_relative_to(root) for root in own):
            return f" ({Path(frame['file']).name}, line {frame['line']})"
    return ""
