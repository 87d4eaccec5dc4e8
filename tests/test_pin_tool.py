"""`.ci/pin` with a uv that only pretends: all pins are rewritten, or none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PIN = Path(__file__).parents[1] / ".ci" / "pin"

BEFORE = """\
[tool.uv]
build-constraint-dependencies = ["setuptools==1"]
constraint-dependencies = [
    "numpy==1",
]
"""

UV = """\
#!/bin/sh
[ "$1" = {fails} ] && exit 1
case "$1" in
export) printf 'numpy==2 ; python_version < "4"\\nmsgspec==3\\n' ;;
pip) echo setuptools==4 ;;
esac
"""


def pin(folder: Path, fails: str) -> tuple[int, str]:
    """Run it in `folder`, with a uv whose subcommand `fails`; its status, and what became of the pins."""
    for name in (".ci", "bin"):
        (folder / name).mkdir()
    shutil.copy(PIN, folder / ".ci")
    project, uv = folder / "pyproject.toml", folder / "bin" / "uv"
    project.write_text(BEFORE)
    uv.write_text(UV.format(fails=fails))
    uv.chmod(0o755)
    environment = os.environ | {"PATH": f"{uv.parent}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, folder / ".ci" / "pin"], env=environment, capture_output=True)
    return done.returncode, project.read_text()


def test_every_pin_is_rewritten(tmp_path: Path) -> None:
    status, after = pin(tmp_path, "nothing")
    assert status == 0
    assert after == BEFORE.replace("setuptools==1", "setuptools==4").replace(
        '    "numpy==1",\n', '    "msgspec==3",\n    "numpy==2 ; python_version < \'4\'",\n'
    )


@pytest.mark.parametrize("fails", ["lock", "export", "pip"])
def test_whatever_fails_the_pins_stay(tmp_path: Path, fails: str) -> None:
    assert pin(tmp_path, fails) == (1, BEFORE)
