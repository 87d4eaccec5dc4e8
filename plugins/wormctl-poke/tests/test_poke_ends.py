"""However a process with a keyboard ends, its terminal is as it was: each end in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import IO

import pytest

LEADER = """
import os, signal, subprocess, sys
os.open(sys.argv[1], os.O_RDWR)  # the first terminal that a session opens is its own
signal.signal(signal.SIGINT, lambda *_: None)
group = 0 if sys.argv[2] == "background" else None
child = subprocess.Popen([sys.executable, *sys.argv[3:]], process_group=group)
print("pid", child.pid, flush=True)
print("ended", child.wait(), flush=True)
sys.stdin.read()
"""
"""A shell of sorts: it keeps the terminal when its child has ended, as closing one for good resets it."""

CHILD = """
import contextlib, sys, time
from wormctl.channel import Samples
from wormctl.device import Context
from wormctl.signals import stop_on_signals
from wormctl.snake import load_snake
from wormctl_poke.keyboard import KeyboardConfig, make_keyboard

sensor = make_keyboard(KeyboardConfig())
sensor.configure(Context(snake=load_snake(), period_s=0.02, seed=1))
print("ready", flush=True)
out = Samples(sensor.spec.channels)

def loop(until):
    began_s, poked = time.monotonic(), False
    orderly = stop_on_signals(lambda: print("asked to stop", flush=True))
    with orderly if until == "orderly" else contextlib.nullcontext():
        while time.monotonic() - began_s < 20.0:
            sensor.read(time.monotonic() - began_s, out)
            if out.values[0] > 0.0 and not poked:
                poked = True
                print("poked", flush=True)
                if until == "poked":
                    return
            time.sleep(0.005)

how = sys.argv[1]
if how == "close":
    loop("poked")
    sensor.close()
elif how == "raise":
    loop("poked")
    raise RuntimeError("something broke")
else:
    loop(how)
"""


class Session:
    """A terminal, and a process that reads its keys."""

    def __init__(self, child: Path, how: str, place: str = "front") -> None:
        self._ours, theirs = os.openpty()
        self.before = termios.tcgetattr(self._ours)
        self._leader = subprocess.Popen(
            [sys.executable, "-c", LEADER, os.ttyname(theirs), place, str(child), how],
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(theirs)
        self.pid = int(self.hears("pid").split()[1])

    def hears(self, word: str) -> str:
        """The next line that begins with `word`."""
        lines = []
        for line in _file(self._leader.stdout):
            if line.startswith(word):
                return line
            lines.append(line)
        raise AssertionError(f"never said {word}: {lines}, {_file(self._leader.stderr).read()}")

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def modes(self) -> list[object]:
        return termios.tcgetattr(self._ours)

    def ends(self) -> int:
        """Its exit status, negative for a signal."""
        return int(self.hears("ended").split()[1])

    def errors(self) -> str:
        _file(self._leader.stdin).close()
        return _file(self._leader.stderr).read()

    def close(self) -> None:
        self._leader.kill()
        self._leader.wait()
        for stream in (self._leader.stdin, self._leader.stdout, self._leader.stderr):
            _file(stream).close()
        os.close(self._ours)


def _file(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def child(tmp_path: Path) -> Path:
    path = tmp_path / "child.py"
    path.write_text(CHILD, encoding="utf-8")
    return path


def ready(child: Path, how: str) -> Session:
    session = Session(child, how)
    session.hears("ready")
    assert session.modes() != session.before, "it reads single keys"
    return session


@pytest.mark.parametrize(("how", "status"), [("close", 0), ("raise", 1)])
def test_closed_or_broken_the_terminal_is_as_it_was(child: Path, how: str, status: int) -> None:
    session = ready(child, how)
    try:
        session.types("n")
        session.hears("poked")
        assert session.ends() == status
        assert session.modes() == session.before
    finally:
        session.close()


def test_ctrl_c_is_no_key_but_ends_it(child: Path) -> None:
    session = ready(child, "for ever")
    try:
        session.types("\x03")
        assert session.ends() == -signal.SIGINT
        assert session.modes() == session.before
        assert "KeyboardInterrupt" in session.errors()
    finally:
        session.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_ended_by_a_signal_it_is_as_it_was(child: Path, number: signal.Signals) -> None:
    session = ready(child, "for ever")
    try:
        os.kill(session.pid, number)
        assert session.ends() == -number
        assert session.modes() == session.before
    finally:
        session.close()


def test_the_loop_is_asked_to_stop_first_and_a_second_signal_ends_it(child: Path) -> None:
    session = ready(child, "orderly")
    try:
        session.types("n")
        session.hears("poked")
        os.kill(session.pid, signal.SIGTERM)
        session.hears("asked to stop")
        assert session.modes() != session.before, "it goes on until the loop has stopped"
        os.kill(session.pid, signal.SIGTERM)
        assert session.ends() == -signal.SIGTERM
        assert session.modes() == session.before
    finally:
        session.close()


def test_in_the_background_it_says_so_and_touches_nothing(child: Path) -> None:
    session = Session(child, "for ever", "background")
    try:
        assert session.ends() == 1
        assert session.modes() == session.before
        assert "a run in the background gets no keys: start it without &" in session.errors()
    finally:
        session.close()
