"""`wormctl bench`: an option that cannot be used is an error, not a missing line."""

from pathlib import Path

import pytest

from wormctl.cli import main


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "No such file or directory"),
        ("echo 'ModuleNotFoundError: no ncps' >&2; exit 1", "ModuleNotFoundError: no ncps"),
        ("exit 3", "exits with 3"),
    ],
)
def test_an_interpreter_without_ncps_is_refused_when_it_was_asked_for(
    script: str | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    assert main(["bench", "neural", "--ncps", str(python)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"wormctl: --ncps = {python}: must be an interpreter that has ncps and torch: {why}\n"
    )


def test_an_empty_name_is_no_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "neural", "--ncps", ""]) == 2
    assert capsys.readouterr().err.startswith("wormctl: --ncps = : must be an interpreter")
