"""Faults of a whole `wormctl run`: a real process on a real port, by the wall; its robot is the emulator."""

from __future__ import annotations

import contextlib
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wormctl_emulator.chip import HZ
from wormctl_emulator.drive import Driver
from wormctl_emulator.must import SILENT_S, outcome_of
from wormctl_emulator.outcome import Outcome
from wormctl_emulator.terminal import Terminal

TRIES = 3


def killed(name: str) -> Outcome:
    """SIGKILL to `wormctl run`."""
    return _process(name, lambda process, terminal: process.send_signal(signal.SIGKILL))


def suspended(name: str) -> Outcome:
    """SIGSTOP to `wormctl run`; a second and a half later SIGCONT."""
    return _process(name, lambda process, terminal: process.send_signal(signal.SIGSTOP), resume=True)


def unplugged(name: str) -> Outcome:
    """The port goes away under `wormctl run`."""
    return _process(name, lambda process, terminal: terminal.unplug())


def _process(
    name: str, harm: Callable[[subprocess.Popen[bytes], Terminal], None], *, resume: bool = False
) -> Outcome:
    """On a busy machine the run may have ended before: then it is done again."""
    for _ in range(TRIES):
        outcome = _once(name, harm, resume=resume)
        if outcome.tried:
            break
    return outcome


def _once(
    name: str, harm: Callable[[subprocess.Popen[bytes], Terminal], None], *, resume: bool = False
) -> Outcome:
    d = Driver()
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(d.rig, Path(folder) / "robot")
        command = [sys.executable, "-m", "wormctl", "run", "--body", "serial", "--port", str(terminal.link)]
        command += ["--no-media", "--seconds", "60", "--out", str(Path(folder) / "run"), "--json"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                end_s = time.monotonic() + 60.0
                while not d.rig.width_us.all() and time.monotonic() < end_s:
                    terminal.run(0.02)
                d.armed_s = float(d.rig.pulses()["rise"].min()) / HZ if len(d.rig.pulses()) else math.inf
                terminal.run(3.0)
                since_s = d.rig.chip.now_s
                harm(process, terminal)
                terminal.run(1.5)
                if resume:
                    process.send_signal(signal.SIGCONT)
                terminal.run(3.0)
                before = len(d.rig.pulses())
                terminal.run(1.0)
                latched = len(d.rig.pulses()) == before and before > 0
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        terminal.unplug()
        terminal.let_go()
    return outcome_of(name, d, since_s, SILENT_S, held=True, latched=latched)
