"""The process in which `wormctl.testing.examine` runs a plugin's code, and what it reports while it does.

The report is a file with a JSON object a line, which nothing that the plugin prints can spoil. What is about to be
called is told before: should the call never return, its reader knows which line of the contract that was.
"""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import sys
import threading
import time
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl.plugins import GROUP, load_file
from wormctl.testing import opened
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, UncheckedError, came_of, observe, told
from wormctl.testing.kit import Check, checks_of

ORDER, REPORT, CRASH = "order", "report", "crash"
"""Files in the folder that the process is given: what to do, what came of it, and Python's last words."""

_COPIES_S = 0.5
"""How long a copy of this process has to come back to the kit, and to be told of."""


class Order(NamedTuple):
    """What to examine."""

    value: str
    """Of an entry point."""
    file: Path | None
    folder: Path | None
    settings: dict[str, Any]
    begin: int
    """The first thing to examine; 0 is the plugin as such, its import."""
    hang_s: float


class _Report:
    """Messages: `{"says": "plan" | "own" | "at" | "found" | "refused" | "finished", ...}`."""

    def __init__(self, folder: Path, hang_s: float) -> None:
        self._to = os.open(folder / REPORT, os.O_WRONLY | os.O_APPEND)
        self._crash = (folder / CRASH).open("w", encoding="utf-8")
        self._hang_s = hang_s
        self._pid, self._parent = os.getpid(), os.getppid()
        self._at: tuple[Rule, str] = (Rule.IMPORT, "importing it")
        self._copies = self._copies_seen = 0
        self.number = 0
        faulthandler.enable(self._crash)
        if hasattr(os, "register_at_fork"):  # Windows copies no process
            os.register_at_fork(before=self._will_be_copied)

    def say(self, says: str, **words: Any) -> None:
        """One message, in one write."""
        os.write(self._to, (json.dumps({"says": says, **words}) + "\n").encode())

    def at(self, rule: Rule, what: str) -> None:
        """What comes next; it has `hang_s` from now on."""
        self.only_one()
        if os.getppid() != self._parent:
            os._exit(1)  # nobody listens any more
        self._at = rule, what
        self.say("at", number=self.number, rule=rule.name, what=what)
        faulthandler.dump_traceback_later(self._hang_s, exit=True, file=self._crash)

    def only_one(self) -> None:
        """A copy of this process, which a plugin made, ends here instead of doing everything once more."""
        if os.getpid() != self._pid:
            how = f"{self._at[1]} copies the program by os.fork, and the copy goes on: use subprocess"
            self.found(ConformanceError("plugin", Rule.THREADS, how))
            os._exit(0)

    def found(self, error: BaseException | None) -> None:
        """What came of the thing that was examined."""
        rule, how = None, ""
        if isinstance(error, UncheckedError):
            how = f"not checked: {error.why}"
        elif isinstance(error, ConformanceError):
            rule, how = error.rule.name, str(error)
        elif isinstance(error, DeviceError | ConfigError):
            how = f"not checked: {error}"
        elif error is not None:
            rule, how = self._at[0].name, f"{self._at[1]} {came_of(error)}"
        self.say("found", number=self.number, rule=rule, told=how)

    def wait_for_copies(self) -> None:
        """Copies that were made since the last time may have something to tell."""
        if self._copies != self._copies_seen:
            self._copies_seen = self._copies
            time.sleep(_COPIES_S)

    def _will_be_copied(self) -> None:
        self._copies += 1


def main() -> None:
    """Do what the order in the folder says, which is the first argument."""
    folder = Path(sys.argv.pop())
    order: Order = pickle.loads((folder / ORDER).read_bytes())
    report = _Report(folder, order.hang_s)
    try:
        for number, check in enumerate(_begun(order, report), start=1):
            if number >= order.begin:
                _examine(number, check, report)
    except KeyboardInterrupt:
        os._exit(130)
    report.say("finished")
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # whatever threads it has left


def _begun(order: Order, report: _Report) -> list[Check]:
    """Load the plugin; the checks of what it offers."""
    report.say("own", paths=_own_paths(order))
    with opened.seen() as did:
        report.at(Rule.IMPORT, "importing it")
        try:
            plugin = _loaded(order)
        except (Exception, SystemExit) as error:
            report.only_one()
            exits = isinstance(error, SystemExit)
            how = f"importing it {came_of(error)}" if exits else f"it cannot be imported: {told(error)}"
            report.found(ConformanceError(order.value, Rule.IMPORT, how))
            return []
        report.only_one()
    observe(report.at)
    try:
        report.at(Rule.OFFER, "one of its hooks")
        checks = checks_of(plugin, settings=order.settings)
    except ConfigError as error:
        report.say("refused", told=str(error))
        return []
    except ConformanceError as error:
        report.found(error)
        return []
    report.only_one()
    report.say("plan", things=[(check.kind, check.name) for check in checks])
    report.found(_of_import(order.value, did()))
    return checks


def _loaded(order: Order) -> object:
    if order.file is not None:
        return load_file(order.file)
    if order.folder is not None:
        sys.path.insert(0, str(order.folder.resolve()))
    return EntryPoint(order.value, order.value, GROUP).load()


def _own_paths(order: Order) -> list[str]:
    """Where the plugin's own code lies."""
    if order.file is not None:
        return [str(order.file.absolute())]
    if order.folder is not None:
        return [str(order.folder.resolve())]
    try:
        spec = find_spec(order.value.partition(":")[0].partition(".")[0])
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    return list(spec.submodule_search_locations or [spec.origin or ""])


def _of_import(name: str, did: list[str]) -> ConformanceError | None:
    """What importing it has done that it may not."""
    if did:
        return ConformanceError(name, Rule.IMPORT, f"importing it does I/O: {', '.join(did)}")
    threads = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if threads:
        names = ", ".join(thread.name for thread in threads)
        return ConformanceError(
            name, Rule.THREADS, f"importing it starts a thread, which lets no program end: {names}"
        )
    return None


def _examine(number: int, check: Check, report: _Report) -> None:
    report.number = number
    error: BaseException | None = None
    try:
        check.run()
    except (Exception, SystemExit) as raised:
        error = raised
    report.only_one()
    report.wait_for_copies()
    report.found(error)
