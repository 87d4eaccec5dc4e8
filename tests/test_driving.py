"""Who drives a robot says so where `wormctl stop` looks, and does not drive where that cannot be said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wormctl import driving
from wormctl.cli import main
from wormctl.device import DeviceError

NOBODY = 65534
PORT = "/dev/ttyTEST"


@pytest.fixture(params=["proc", "ps"])
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """One's own folder of claims, and the only one, on a machine with /proc or one with `ps`."""
    if request.param == "ps":
        if shutil.which("ps") is None:
            pytest.skip("needs ps")
        monkeypatch.setattr(driving, "PROC", tmp_path / "none")
    mine = tmp_path / "claims"
    mine.mkdir()
    monkeypatch.setattr(driving, "claims", lambda: mine)
    monkeypatch.setattr(driving, "folders", lambda: {mine: os.getuid()})
    return mine


def claimed(folder: Path, pid: int, robot: str = PORT) -> Path:
    file = folder / str(pid)
    file.write_text(f"{robot}\n{driving.born(pid)}\n")
    return file


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process of one's own, which Ctrl-C ends."""
    with subprocess.Popen(
        ["sleep", "60"], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    ) as child:
        yield child
        child.kill()


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that is not one's own."""
    if os.getuid() != 0:
        yield 1
        return
    with subprocess.Popen(["sleep", "60"], user=NOBODY) as child:
        yield child.pid
        child.kill()


def test_a_claim_is_found_whatever_the_shells_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    file = driving.claim(PORT)
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    try:
        assert (os.getpid(), PORT) in {(one.pid, one.robot) for one in driving.drivers()}
    finally:
        file.unlink()
    assert os.getpid() not in {one.pid for one in driving.drivers()}


def test_nothing_is_driven_where_processes_cannot_be_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "PROC", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="neither /proc nor ps tells of processes"):
        driving.claim(PORT)


def test_what_the_dead_left_behind_is_taken_away(folder: Path) -> None:
    (folder / "999999").write_text(f"{PORT}\n1\n")
    (folder / str(os.getpid())).write_text(f"{PORT}\n1\n")
    assert driving.drivers() == []
    assert list(folder.iterdir()) == []


def test_nothing_is_driven_that_could_not_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setattr(driving, "claims", lambda: file)
    with pytest.raises(DeviceError, match="`wormctl stop` would find nothing"):
        driving.claim(PORT)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setattr(driving, "claims", lambda: link)
    with pytest.raises(DeviceError, match="belongs to somebody else"):
        driving.claim(PORT)


def test_what_is_no_claim_is_passed_over(
    folder: Path, sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    good = claimed(folder, sleeper.pid)
    (folder / "12x").write_text(f"{PORT}\n1\n")
    (folder / "٣").write_text(f"{PORT}\n1\n")
    (folder / "99999999999999999999").write_text(f"{PORT}\n1\n")
    (folder / "2").mkdir()
    os.mkfifo(folder / "3")
    (folder / "4").write_bytes(b"\xff" * 100_000)
    (folder / "5").write_text("")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"{PORT}\n{driving.born(os.getpid())}\n")
    (folder / str(os.getpid())).symlink_to(elsewhere)
    began_s = time.monotonic()
    assert [(one.pid, one.robot) for one in driving.drivers()] == [(sleeper.pid, PORT)]
    assert time.monotonic() - began_s < 5.0
    assert good.exists()


def test_a_process_that_calls_itself_what_is_no_text_is_found(folder: Path) -> None:
    code = (
        "import time; open('/proc/self/comm', 'wb').write(b'\\xff) R 1'); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        claimed(folder, child.pid)
        found = driving.drivers()
        child.kill()
    assert [one.pid for one in found] == [child.pid]


def test_a_claim_about_a_process_of_somebody_else_is_not_believed(
    folder: Path, stranger: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = claimed(folder, stranger)
    assert driving.drivers() == []
    assert main(["stop"]) == 1
    assert driving.born(stranger), "it was left alone"
    assert file.exists(), "and so was the file: its process lives"
    assert "no robot is being driven" in capsys.readouterr().out


def test_a_folder_that_is_not_its_owners_is_nobodys(
    folder: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    claimed(folder, sleeper.pid)
    monkeypatch.setattr(driving, "folders", lambda: {folder: os.getuid() + 1})
    assert driving.drivers() == []
    link = tmp_path / "link"
    link.symlink_to(folder)
    monkeypatch.setattr(driving, "folders", lambda: {link: os.getuid()})
    assert driving.drivers() == []


def test_only_folders_named_for_a_person_are_looked_into() -> None:
    assert next(iter(driving.folders().items())) == (driving.claims(), os.getuid())
    assert all(path.name == f"wormctl-{owner}" for path, owner in driving.folders().items())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_put_there_is_not_believed(
    folder: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    os.chown(claimed(folder, sleeper.pid), NOBODY, NOBODY)
    assert driving.drivers() == []


def test_stop_prints_no_control_characters_of_a_strangers(
    folder: Path, sleeper: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    claimed(folder, sleeper.pid, "\x1b]0;pwn\x07")
    assert main(["stop"]) == 0
    assert sleeper.wait(10) == -signal.SIGINT
    assert capsys.readouterr().out == f"stopped the run on \\x1b]0;pwn\\x07 (process {sleeper.pid})\n"


def test_whose_run_may_not_be_stopped_keeps_nobody_from_stopping_the_others(
    folder: Path,
    sleeper: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    claimed(folder, sleeper.pid)
    monkeypatch.setattr(driving.Driver, "runs", lambda self: True)
    theirs = driving.Driver(os.getpid(), "/dev/ttyTHEIRS", driving.born(os.getpid()), NOBODY)
    mine = driving.Driver(sleeper.pid, PORT, driving.born(sleeper.pid), os.getuid())
    real = os.kill

    def kill(pid: int, number: int) -> None:
        if pid == theirs.pid:
            raise PermissionError
        real(pid, number)

    monkeypatch.setattr("os.kill", kill)
    monkeypatch.setattr(
        "wormctl.commands.stop.drivers", lambda: [theirs, *([mine] if sleeper.poll() is None else [])]
    )
    assert main(["stop"]) == 0
    shown = capsys.readouterr()
    assert f"stopped the run on {PORT}" in shown.out
    assert shown.err == (
        f"wormctl: the run on /dev/ttyTHEIRS (process {theirs.pid}) belongs to somebody else: "
        f"sudo kill -INT {theirs.pid}\n"
    )
    assert main(["stop"]) == 2, "nothing else is left"


def test_all_are_asked_before_any_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wormctl.commands.stop.PATIENCE_S", 0.8)
    deaf = ["sh", "-c", "trap '' INT; echo; exec sleep 60"]
    children = [subprocess.Popen(deaf, stdout=subprocess.PIPE) for _ in range(4)]
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
            claimed(folder, child.pid)
        began_s = time.monotonic()
        assert main(["stop"]) == 0
        took_s = time.monotonic() - began_s
        assert took_s < 3.0 or not driving.PROC.exists(), "not one after another"  # ps takes its own time
        assert [child.wait(10) for child in children] == [-signal.SIGKILL] * 4
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert capsys.readouterr().out.count("which did not listen") == 4
