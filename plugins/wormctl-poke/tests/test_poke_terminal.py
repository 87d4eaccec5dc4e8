"""A terminal's modes: single keys while it is open, and afterwards as it was."""

from __future__ import annotations

import os
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest
from wormctl_poke.terminal import Terminal

from wormctl.device import DeviceError


class Person:
    """One who sits at a terminal: what they type, and the modes they would find."""

    def __init__(self) -> None:
        self._ours, self._theirs = os.openpty()
        self.path = os.ttyname(self._theirs)

    def types(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def is_shown(self, text: str) -> None:
        os.write(self._theirs, text.encode())

    def sees(self) -> bytes:
        """What the terminal has shown. Only after something was."""
        return os.read(self._ours, 1024)

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)

    def set(self, modes: list[Any]) -> None:
        termios.tcsetattr(self._theirs, termios.TCSANOW, modes)

    def leaves(self) -> None:
        for name in ("_ours", "_theirs"):
            if getattr(self, name) >= 0:
                os.close(getattr(self, name))
                setattr(self, name, -1)


@pytest.fixture
def person() -> Iterator[Person]:
    person = Person()
    yield person
    person.leaves()


def typed(terminal: Terminal) -> bytes:
    """The next bytes that come."""
    deadline_s = time.monotonic() + 5.0
    while not (data := terminal.read()):
        assert time.monotonic() < deadline_s, "nothing came"
        time.sleep(0.001)
    return data


def test_single_keys_come_unseen_and_ctrl_c_stays_what_it_is(person: Person) -> None:
    terminal = Terminal(person.path)
    terminal.open()
    try:
        assert terminal.read() == b""
        person.types("n")
        assert typed(terminal) == b"n"
        local = person.modes()[3]
        assert not local & (termios.ICANON | termios.ECHO)
        assert local & termios.ISIG
        person.is_shown("!")
        assert person.sees() == b"!", "the n was not shown"
    finally:
        terminal.close()


def test_closed_it_is_as_it_was_and_twice_does_no_harm(person: Person) -> None:
    modes = person.modes()
    modes[3] &= ~termios.ECHOE  # something that is nobody's default
    person.set(modes)
    before = person.modes()
    terminal = Terminal(person.path)
    terminal.open()
    assert person.modes() != before
    terminal.close()
    terminal.close()
    assert person.modes() == before


def test_what_is_typed_before_and_after_is_no_poke_and_no_command(person: Person) -> None:
    person.types("early\n")
    terminal = Terminal(person.path)
    terminal.open()
    time.sleep(0.05)
    assert terminal.read() == b""
    person.types("nnn\n")
    terminal.close()
    shell = os.open(person.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with pytest.raises(BlockingIOError):
        os.read(shell, 100)
    os.close(shell)


def test_after_a_stop_and_a_continue_keys_come_again(person: Person) -> None:
    before = person.modes()
    terminal = Terminal(person.path)
    terminal.open()
    person.set(before)  # as a shell does after Ctrl-Z
    assert terminal.read() == b""
    person.types("t")
    assert typed(terminal) == b"t"
    terminal.close()
    assert person.modes() == before


def test_restored_it_stays_so_while_it_is_still_read(person: Person) -> None:
    before = person.modes()
    terminal = Terminal(person.path)
    terminal.open()
    terminal.restore()
    assert terminal.read() == b""
    assert person.modes() == before
    terminal.close()


def test_one_terminal_is_for_one_reader(person: Person) -> None:
    first, second = Terminal(person.path), Terminal(person.path)
    first.open()
    with pytest.raises(DeviceError, match="another program reads this terminal's keys already") as caught:
        second.open()
    assert "\n" not in str(caught.value)
    second.close()
    person.types("f")
    assert typed(first) == b"f"
    first.close()


def test_a_terminal_that_goes_away_is_said_to(person: Person) -> None:
    terminal = Terminal(person.path)
    terminal.open()
    person.leaves()
    with pytest.raises(DeviceError, match="the terminal is gone"):
        terminal.read()
    terminal.close()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/dev/null", r"\$\.terminal = '/dev/null': is not a terminal"),
        (
            "/dev/no-such-terminal",
            "there is no terminal to read keys from .*start the run by hand in a terminal",
        ),
    ],
)
def test_without_a_terminal_there_is_a_remedy(path: str, said: str) -> None:
    open_files = len(os.listdir("/dev/fd"))
    terminal = Terminal(path)
    with pytest.raises(DeviceError, match=said) as caught:
        terminal.open()
    assert "\n" not in str(caught.value)
    assert "give the sensor a script" in str(caught.value)
    assert len(os.listdir("/dev/fd")) == open_files
    terminal.close()
