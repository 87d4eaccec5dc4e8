"""The C side of the message table is written from the Python side, and `make` notices when it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wormctl_serial.header import header

from tests.firmware.core import FIRMWARE

HEADER = FIRMWARE / "include" / "wormctl_messages.h"


def check(file: Path) -> subprocess.CompletedProcess[str]:
    """Run the check that `make` runs."""
    command = [sys.executable, "-m", "wormctl_serial.header", str(file), "--check"]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_header_is_what_the_table_says() -> None:
    assert HEADER.read_text() == header()
    assert check(HEADER).returncode == 0


def test_a_header_that_differs_fails(tmp_path: Path) -> None:
    other = tmp_path / "other.h"
    other.write_text(header().replace("#define HOLD_TICKS 9", "#define HOLD_TICKS 90"))
    done = check(other)
    assert done.returncode == 1
    assert "make header" in done.stderr
    assert check(tmp_path / "none.h").returncode == 1
