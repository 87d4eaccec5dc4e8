"""What tests on the real firmware begin with. Needs pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from wormctl.device import DeviceError
from wormctl_emulator.chip import NEEDED, library

FIRMWARE = Path(__file__).parents[4] / "firmware"


def need_firmware() -> None:
    """Call it at the top of a test file: builds the firmware, or skips the file where the tools for it are missing.

    With WORMCTL_NEEDS_FIRMWARE set, as in CI, missing tools are an error.
    """
    missing = _build()
    if missing is None:
        return
    if os.environ.get("WORMCTL_NEEDS_FIRMWARE"):
        raise RuntimeError(missing)
    pytest.skip(missing, allow_module_level=True)


@cache
def _build() -> str | None:
    """What is missing; None if all is there, and built."""
    if not (shutil.which("avr-gcc") and shutil.which("make")):
        return f"no avr-gcc, or no make: {NEEDED}"
    try:
        library()
    except DeviceError as error:
        return str(error)
    done = subprocess.run(["make", "-s", "-C", str(FIRMWARE)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return None
