"""Whether every line and every branch of the safety room runs in its tests: `make coverage`. Exit status 1 if not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "firmware" / "src" / "safety.c"
TESTS = "tests/firmware/safety"


def main() -> int:
    """Run the tests on an instrumented build, then read what ran; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "WORMCTL_CORE_FLAGS": "--coverage -O0", "WORMCTL_CORE_FOLDER": folder}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS]
        subprocess.run(command, cwd=ROOT, env=env, check=True)
        notes = [str(note) for note in Path(folder).glob("*safety.gcda")]
        read = ["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes]
        told = json.loads(subprocess.run(read, cwd=folder, check=True, capture_output=True).stdout)
    file = next(f for f in told["files"] if Path(f["file"]).name == SOURCE.name)
    lines = file["lines"]
    idle = [line["line_number"] for line in lines if line["count"] == 0]
    branches = [(line["line_number"], branch["count"]) for line in lines for branch in line["branches"]]
    untaken = [number for number, count in branches if count == 0]
    print(f"{SOURCE.name}: {len(lines) - len(idle)} of {len(lines)} lines, "
          f"{len(branches) - len(untaken)} of {len(branches)} branches run")  # fmt: skip
    for number in sorted({*idle, *untaken}):
        print(f"  line {number}: {SOURCE.read_text().splitlines()[number - 1].strip()}")
    return int(bool(idle or untaken))


if __name__ == "__main__":
    sys.exit(main())
