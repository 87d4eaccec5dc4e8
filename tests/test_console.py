"""What reaches a terminal: how wide, and never a control character from a file."""

import io
import sys

import pytest

from wormctl.console import PIPE_WIDTH, make_console
from wormctl.printable import one_line, printable


@pytest.mark.parametrize("stderr", [False, True])
def test_a_pipe_is_as_wide_for_every_command(stderr: bool) -> None:
    assert make_console(stderr=stderr).width == PIPE_WIDTH


def test_a_terminal_keeps_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "70")
    assert make_console().width == 70


def test_control_characters_are_written_out() -> None:
    assert printable("plain [b] é 神\nline") == "plain [b] é 神\nline"
    assert printable("\x1b[2J\x07\x9b\u202e\ud800\t") == r"\x1b[2J\x07\x9b\u202e\ud800\t"
    assert one_line(" two\n lines\x00 ") == r"two lines\x00"
