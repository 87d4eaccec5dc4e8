"""Who scores: whoever it is, and whoever of them dies, the run is the one that a single process makes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from wormctl_train import executors
from wormctl_train.evolve import Journal, evolve
from wormctl_train.executors import Crew, Workers, workers
from wormctl_train.sphere import Sphere
from wormctl_train.strategy import make_strategy

from wormctl.config import ConfigError
from wormctl.device import DeviceError

START_S = 180.0
GENERATIONS, POPULATION = 8, 12
HALF_WAY = 4
SPHERE = Sphere(cost_s=0.01)


class Deadly(Sphere):
    """Ends whatever process it is sent to."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)


def search(
    path: Path, crew: Crew | None, then: Callable[[], None] = lambda: None, evaluate: Sphere = SPHERE
) -> bytes:
    """The journal of a run; `then` is called while the generation after `HALF_WAY` is scored."""
    strategy = make_strategy("cma", np.zeros(5), population=POPULATION, sigma=0.5, seed=3)
    for done, _ in evolve(
        evaluate, strategy, stage="sphere", generations=GENERATIONS, journal=Journal(path, {}), crew=crew
    ):
        if done.generation == HALF_WAY:
            threading.Timer(0.03, then).start()
    return path.read_bytes()


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return search(tmp_path_factory.mktemp("serial") / "j.jsonl", None)


@pytest.mark.parametrize(
    ("text", "count", "dask"),
    [
        ("serial", 1, ""),
        ("1", 1, ""),
        ("local:3", 3, ""),
        ("3", 3, ""),
        ("dask:tcp://127.0.0.1:8786", os.cpu_count(), "tcp://127.0.0.1:8786"),
        ("dask:tls://a-host.lan:1", os.cpu_count(), "tls://a-host.lan:1"),
        ("dask:tcp://[::1]:8786", os.cpu_count(), "tcp://[::1]:8786"),
    ],
)
def test_workers_are_named(text: str, count: int, dask: str) -> None:
    assert workers(text) == Workers(count, dask)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1025", "local:0", "local:", "dask:", "dask:host", "dask:tcp://h", "ray:1"]
)
def test_workers_that_make_no_sense_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match=r"must be serial, .* from 1 to 1024 .*, or dask:tcp://HOST:PORT"
    ):
        workers(text)


def test_a_local_worker_that_is_killed_changes_nothing(tmp_path: Path, serial: bytes) -> None:
    killed = []

    def kill() -> None:
        killed.append(local_workers()[0])
        killed[0].kill()

    with workers("local:2").hire() as crew:
        assert search(tmp_path / "j.jsonl", crew, kill) == serial
        assert len(local_workers()) == 2
        assert crew.lanes == 2
    assert killed
    assert not local_workers()


def test_candidates_that_kill_their_worker_again_and_again_end_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "RETRIES", 1)
    with (
        workers("local:2").hire() as crew,
        pytest.raises(
            DeviceError, match=r"^a worker process died 2 times in a generation: out of memory\? try fewer"
        ),
    ):
        search(tmp_path / "j.jsonl", crew, evaluate=Deadly())
    assert Journal(tmp_path / "j.jsonl", {}).generations == 0


def test_a_worker_with_other_sources_is_told_from_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "sources", lambda: "others")
    with workers("local:2").hire() as crew, pytest.raises(ConfigError, match="another version of wormctl"):
        search(tmp_path / "j.jsonl", crew)


def test_processor_time_is_counted(tmp_path: Path) -> None:
    crew = Crew()
    search(tmp_path / "j.jsonl", crew)
    spent_s = GENERATIONS * POPULATION * 0.01
    assert spent_s <= crew.busy_s <= 1.5 * spent_s
    assert crew.busy_s <= crew.held_s + 0.01


def test_without_dask_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        workers("dask:tcp://127.0.0.1:1").hire() as crew,
        pytest.raises(
            ConfigError, match=r"^--workers dask:tcp://127\.0\.0\.1:1: .* install wormctl-train\[dask\]$"
        ),
    ):
        search(tmp_path / "j.jsonl", crew)


def test_a_cluster_that_is_not_there_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(executors, "CONNECT_S", 0.5)
    with (
        workers("dask:tcp://127.0.0.1:1").hire() as crew,
        pytest.raises(DeviceError, match=r"^dask:tcp://127\.0\.0\.1:1: no scheduler answers there"),
    ):
        search(tmp_path / "j.jsonl", crew)


def test_a_dask_cluster_gives_what_one_process_gives_and_may_lose_a_worker_then_all_then_its_scheduler(
    tmp_path: Path, serial: bytes, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workers(f"dask:{cluster.address}").hire() as crew:
        assert search(tmp_path / "one_less.jsonl", crew, cluster.workers[0].kill) == serial
        assert crew.lanes == 1

    # Nobody is left: what was scored is kept, and goes on elsewhere.
    monkeypatch.setattr(executors, "LOOK_S", 0.1)
    monkeypatch.setattr(executors, "ALONE_S", 0.3)
    with (
        workers(f"dask:{cluster.address}").hire() as crew,
        pytest.raises(
            DeviceError, match=r"^no worker has been there for 0\.3 s: .*dask:tcp://127\.0\.0\.1:\d+$"
        ),
    ):
        search(tmp_path / "cut.jsonl", crew, cluster.workers[1].kill)
    assert HALF_WAY <= Journal(tmp_path / "cut.jsonl", {}).generations < GENERATIONS
    assert search(tmp_path / "cut.jsonl", None) == serial

    # Now the scheduler goes as well, while candidates wait for a worker.
    monkeypatch.setattr(executors, "ALONE_S", 60.0)
    monkeypatch.setattr(executors, "CONNECT_S", 1.0)
    threading.Timer(1.0, cluster.scheduler.kill).start()
    with (
        workers(f"dask:{cluster.address}").hire() as crew,
        pytest.raises(DeviceError, match=r"^dask:tcp://127\.0\.0\.1:\d+: no scheduler answers there"),
    ):
        search(tmp_path / "none.jsonl", crew)


class Cluster:
    """A Dask scheduler and two workers, each a process of its own, on loopback."""

    def __init__(self, folder: Path) -> None:
        told = folder / "scheduler.json"
        self.scheduler = dask(folder, "scheduler", "--port", "0", "--scheduler-file", str(told))
        deadline_s = time.monotonic() + START_S
        while not (told.exists() and told.stat().st_size):
            assert time.monotonic() < deadline_s, (folder / "scheduler.log").read_text()
            time.sleep(0.05)
        self.address = str(json.loads(told.read_text())["address"])
        self.workers = [
            dask(folder, "worker", self.address, "--no-nanny", "--nthreads", "1", "--name", str(i))
            for i in range(2)
        ]

    def wait(self) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(2, timeout=START_S)

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        made.wait()
        yield made
    finally:
        made.end()


def dask(folder: Path, what: str, *options: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        f"distributed.cli.dask_{what}",
        *options,
        "--host",
        "127.0.0.1",
        "--no-dashboard",
    ]
    with (folder / f"{what}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def local_workers() -> list[psutil.Process]:
    """The processes that the fork server of this process has made."""
    servers = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [
        worker
        for server in servers
        for worker in server.children()
        if worker.status() != psutil.STATUS_ZOMBIE
    ]
