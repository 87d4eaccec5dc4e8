"""A device that hangs in a tick: it is interrupted and named, and the run goes on or ends in order."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.test_loop import ODOUR, Rig
from wormctl.channel import Samples
from wormctl.hanging import HangWatch, HungError, attempt
from wormctl.lifecycle import State
from wormctl.testing import FixedSensor, IdealBody

SOON_S = 0.2


@pytest.fixture(autouse=True)
def nobody_traces() -> Iterator[None]:
    """As in a run: a debugger or a tracer would make the watch hold still."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


def waits() -> None:
    threading.Event().wait(30.0)


def goes_round() -> None:
    end_s = time.monotonic() + 30.0
    while time.monotonic() < end_s:
        pass


def swallows() -> None:
    for _ in range(3):
        try:
            time.sleep(10.0)
        except Exception:
            continue


class HangingSensor(FixedSensor):
    """Hangs at its third read."""

    def __init__(self, hang: Any) -> None:
        super().__init__([ODOUR], name="odour")
        self.hang, self.reads = hang, 0

    def read(self, now_s: float, out: Samples) -> None:
        self.reads += 1
        if self.reads == 3:
            self.hang()
        super().read(now_s, out)


def rig(**parts: Any) -> Rig:
    rig = Rig(**parts)
    rig.loop._watch = HangWatch(SOON_S, SOON_S)
    return rig


@pytest.mark.parametrize("hang", [waits, goes_round, swallows])
def test_a_sensor_that_hangs_is_given_up_and_the_run_goes_on(hang: Any) -> None:
    sensor = HangingSensor(hang)
    here = rig(sensor=sensor)
    before = signal.getsignal(signal.SIGRTMIN + 7)
    began_s = time.monotonic()
    result = here.loop.run(1.0)
    assert time.monotonic() - began_s < 10.0
    assert (result.reason, result.ticks) == ("time", 50)
    assert sensor.reads == 3, "it is not read again"
    assert result.bad_samples["odour.food"] >= 40, "and its neurons are told"
    said = result.sensor_errors["odour"]
    assert said.startswith("had not returned after 0.2 s (test_hanging.py, line ")
    assert said.endswith("); it is not read again")
    assert signal.getsignal(signal.SIGRTMIN + 7) == before


def test_a_body_that_hangs_ends_the_run_and_is_stopped() -> None:
    class Stuck(IdealBody):
        def write(self, setpoint_rad: Any, now_s: float) -> None:
            super().write(setpoint_rad, now_s)
            if self.writes == 5:
                waits()

    body = Stuck()
    here = rig(body=body)
    result = here.loop.run(1.0)
    assert result.reason.startswith(f"fault: {body.spec.name} cannot be moved: had not returned after 0.2 s")
    assert here.guarded.state is State.FAULT
    assert body.log[-1] == "stop"


def test_a_stop_that_hangs_or_exits_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.hanging.END_S", SOON_S)
    assert attempt(lambda: None) is None
    assert isinstance(attempt(waits), HungError)
    assert isinstance(attempt(sys.exit), SystemExit)
    with pytest.raises(KeyboardInterrupt):
        attempt(lambda: signal.raise_signal(signal.SIGINT))


@pytest.mark.parametrize("where", ["read", "write"])
def test_a_body_that_exits_has_a_fault_and_is_stopped(where: str) -> None:
    class Leaving(IdealBody):
        def write(self, setpoint_rad: Any, now_s: float) -> None:
            if where == "write":
                sys.exit(0)

        def read(self, now_s: float, out: Samples) -> None:
            super().read(now_s, out)
            if where == "read" and now_s > 0.1:
                sys.exit(0)

    body = Leaving()
    result = rig(body=body).loop.run(1.0)
    assert result.reason.startswith("fault: ideal cannot be ")
    assert "SystemExit: 0" in result.reason
    assert body.log[-1] == "stop"


def test_a_sensor_that_exits_has_failed() -> None:
    result = rig(sensor=HangingSensor(sys.exit)).loop.run(0.2)
    assert result.reason == "time"
    assert result.sensor_errors["odour"].startswith("SystemExit (test_hanging.py, line ")


def test_the_first_call_may_take_longer() -> None:
    watch = HangWatch(0.1, 30.0)
    with watch.watching():
        watch.begin()
        time.sleep(0.4)
        watch.end()
        watch.warm()
        watch.begin()
        with pytest.raises(HungError):
            time.sleep(10.0)
        watch.end()


def test_many_short_calls_are_no_long_one_and_between_calls_nothing_is_raised() -> None:
    watch = HangWatch(0.1, 0.1)
    with watch.watching():
        for _ in range(20):
            watch.begin()
            time.sleep(0.02)
        watch.end()
        time.sleep(0.3)


def test_who_sits_in_a_debugger_is_left_alone() -> None:
    watch = HangWatch(0.1, 0.1)
    sys.settrace(lambda *_: None)
    try:
        with watch.watching():
            watch.begin()
            time.sleep(0.4)
            watch.end()
    finally:
        sys.settrace(None)


def test_a_paused_process_has_not_hung() -> None:
    pid = os.fork()
    if pid == 0:
        try:
            watch = HangWatch(0.4, 0.4)
            with watch.watching():
                watch.begin()
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGSTOP)
                watch.end()
            os._exit(7)
        finally:
            os._exit(1)
    os.waitpid(pid, os.WUNTRACED)
    time.sleep(1.0)
    os.kill(pid, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_in_another_thread_nobody_watches_and_nothing_breaks() -> None:
    results = []
    thread = threading.Thread(target=lambda: results.append(rig().loop.run(0.2)))
    thread.start()
    thread.join()
    assert results[0].reason == "time"
