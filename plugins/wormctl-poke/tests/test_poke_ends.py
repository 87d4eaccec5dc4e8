"""However a process with a keyboard ends or stops, its terminal is as it was: each time in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import IO

import pytest

LEADER = """
import os, signal, subprocess, sys
terminal = os.open(sys.argv[1], os.O_RDWR)  # the first terminal that a session opens is its own
signal.signal(signal.SIGINT, lambda *_: None)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
place = sys.argv[2]
child = subprocess.Popen([sys.executable, *sys.argv[3:]], process_group=None if place == "front" else 0)
if place == "job":
    os.tcsetpgrp(terminal, child.pid)
print("pid", child.pid, flush=True)
while True:
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    if place == "job":
        os.tcsetpgrp(terminal, os.getpid())
    if not os.WIFSTOPPED(status):
        break
    print("stopped", flush=True)
    if sys.stdin.readline() == "fg\\n":
        os.tcsetpgrp(terminal, child.pid)
    os.killpg(child.pid, signal.SIGCONT)
child.returncode = os.waitstatus_to_exitcode(status)
print("ended", child.returncode, flush=True)
sys.stdin.read()
"""
"""A shell of sorts, which leaves a terminal's modes alone, as dash does. It keeps the terminal when its child has
ended, as closing one for good resets it. In the place `job` its child can be stopped."""

CHILD = """
import contextlib, os, signal, sys, time
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
elif how == "fork":
    fork = os.fork()
    if fork == 0:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(20.0)
    assert os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]) == -signal.SIGUSR1
    print("the fork has ended", flush=True)
    loop("for ever")
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

    def says(self, command: str) -> None:
        """To the shell, while its child is stopped: `fg` or `bg`."""
        stdin = _file(self._leader.stdin)
        stdin.write(f"{command}\n")
        stdin.flush()

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def modes(self) -> list[object]:
        return termios.tcgetattr(self._ours)

    def comes_to(self, before: bool) -> bool:
        """Whether the modes become as they were, or others, in time."""
        deadline_s = time.monotonic() + 5.0
        while (self.modes() == self.before) is not before and time.monotonic() < deadline_s:
            time.sleep(0.01)
        return (self.modes() == self.before) is before

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


def ready(child: Path, how: str, place: str = "front") -> Session:
    session = Session(child, how, place)
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


ENDS = (
    *("TERM", "HUP", "QUIT", "ABRT", "ALRM", "USR1", "USR2", "VTALRM", "PROF", "XCPU", "TRAP", "SYS"),
    *("POLL", "PWR", "STKFLT", "RTMIN"),  # Linux only
)


@pytest.mark.parametrize(
    "number", [getattr(signal, f"SIG{name}") for name in ENDS if hasattr(signal, f"SIG{name}")]
)
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


@pytest.mark.parametrize("key", [True, False])
def test_stopped_the_terminal_is_as_it_was_and_continued_it_is_ours_again(child: Path, key: bool) -> None:
    session = ready(child, "poked", "job")
    try:
        for _ in range(2):
            if key:
                session.types("\x1a")
            else:
                os.kill(session.pid, signal.SIGTSTP)
            session.hears("stopped")
            assert session.modes() == session.before
            session.says("fg")
            assert session.comes_to(before=False)
        session.types("n")
        session.hears("poked")
        assert session.ends() == 0
        assert session.modes() == session.before
    finally:
        session.close()


def test_stopped_it_can_be_ended(child: Path) -> None:
    session = ready(child, "for ever", "job")
    try:
        session.types("\x1a")
        session.hears("stopped")
        os.kill(session.pid, signal.SIGTERM)
        session.says("bg")
        assert session.ends() == -signal.SIGTERM
        assert session.modes() == session.before
    finally:
        session.close()


def test_stopped_so_that_it_cannot_know_it_puts_the_terminal_back_when_it_goes_on(child: Path) -> None:
    session = ready(child, "for ever", "job")
    try:
        os.kill(session.pid, signal.SIGSTOP)
        session.hears("stopped")
        assert session.modes() != session.before
        session.says("bg")
        assert session.comes_to(before=True)
    finally:
        os.kill(session.pid, signal.SIGKILL)
        session.close()


def test_a_fork_that_ends_leaves_the_terminal_to_the_run(child: Path) -> None:
    session = ready(child, "fork")
    try:
        session.hears("the fork has ended")
        assert session.modes() != session.before
        session.types("n")
        session.hears("poked")
    finally:
        os.kill(session.pid, signal.SIGKILL)
        session.close()
