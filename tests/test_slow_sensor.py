"""Sensors that measure in a thread of their own: the tick never waits, old samples look old."""

from __future__ import annotations

import threading
import time

import pytest

from wormctl.channel import Channel, Quality, Samples
from wormctl.device import Context, DeviceError, DeviceSpec
from wormctl.hookspecs import Offer
from wormctl.slow import SlowSensor
from wormctl.testing import bare_context, check_sensor

CHANNEL = Channel(name="range.front", unit="m", low=0.0, high=4.0, rate_hz=200.0, max_age_s=0.1)


class Stepped(SlowSensor):
    """Measures once each time it is let."""

    def __init__(self) -> None:
        super().__init__(DeviceSpec(name="stepped", channels=(CHANNEL,), simulated=True))
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.value, self.failing, self.log = 1.0, False, list[str]()

    def open(self, context: Context) -> None:
        self.log.append("open")

    def measure(self, now_s: float, out: Samples) -> None:
        self.done.release()
        self.go.acquire(timeout=5.0)
        if self.failing:
            raise DeviceError("unplugged: plug it in")
        out.put("range.front", self.value, now_s)

    def shut(self) -> None:
        self.log.append("shut")
        raise OSError("already gone")

    def step(self) -> None:
        """One measurement, taken and put into the slot."""
        self.go.release()
        self.done.acquire(timeout=5.0)


@pytest.fixture
def sensor() -> Stepped:
    sensor = Stepped()
    sensor.configure(bare_context())
    sensor.done.acquire(timeout=5.0)
    return sensor


def end(sensor: Stepped) -> None:
    sensor._closing.set()
    sensor.go.release(1000)
    sensor.close()


def test_the_latest_value_is_there_and_its_age_is_real(sensor: Stepped) -> None:
    out = Samples(sensor.spec.channels)
    sensor.read(7.0, out)
    assert out.quality[0] == Quality.STALE
    before_s = time.monotonic()
    sensor.value = 2.5
    sensor.step()
    time.sleep(0.02)
    sensor.read(100.0, out)
    age_s = 100.0 - out.time_s[0]
    assert out.values[0] == 2.5
    assert out.quality[0] == Quality.GOOD
    assert age_s >= 0.02
    assert out.time_s[0] <= 100.0
    sensor.read(200.0, out)
    assert 200.0 - out.time_s[0] >= age_s, "a sample that is not renewed grows old"
    assert before_s > 0.0
    end(sensor)


def test_reading_never_waits_for_a_measurement(sensor: Stepped) -> None:
    out = Samples(sensor.spec.channels)
    sensor.step()
    for n in range(100):  # the thread hangs in `measure` all the while
        sensor.read(float(n), out)
    assert out.values[0] == 1.0
    end(sensor)


def test_reading_never_waits_for_the_thread_that_fills_the_slot(
    sensor: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Taken:
        def acquire(self, blocking: bool = True, timeout: float = -1.0) -> bool:
            assert not blocking, "it would wait"
            return False

    out = Samples(sensor.spec.channels)
    sensor.step()
    sensor.read(0.0, out)
    out.values[0] = 9.0
    with monkeypatch.context() as patch:
        patch.setattr(sensor, "_lock", Taken())
        sensor.read(0.0, out)
    assert out.values[0] == 9.0
    end(sensor)


def test_a_measurement_that_fails_says_so_and_is_tried_again(
    sensor: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wormctl.slow._RETRY_S", 0.001)
    out = Samples(sensor.spec.channels)
    sensor.failing = True
    sensor.step()
    sensor.read(0.0, out)
    assert out.quality[0] == Quality.FAILED
    assert sensor.last_error == "unplugged: plug it in"
    sensor.failing = False
    sensor.step()
    sensor.read(0.0, out)
    assert out.quality[0] == Quality.GOOD
    end(sensor)


def test_a_measurement_that_does_not_return_is_told_of(sensor: Stepped) -> None:
    out = Samples(sensor.spec.channels)
    sensor.read(0.0, out)
    assert sensor.last_error is None
    time.sleep(2.1)
    sensor.read(0.0, out)
    assert sensor.last_error == "a measurement had not returned after 2 s"
    end(sensor)


def test_what_was_unplugged_is_opened_anew_and_what_went_wrong_first_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wormctl.slow._RETRY_S", 0.001)
    plugged = threading.Event()
    plugged.set()

    class Plug(SlowSensor):
        def __init__(self) -> None:
            super().__init__(DeviceSpec(name="plug", channels=(CHANNEL,), simulated=False))
            self.alive, self.log = False, list[str]()

        def open(self, context: Context) -> None:
            self.log.append("open")
            if not plugged.is_set():
                raise DeviceError("no such port: plug it in")
            self.alive = True

        def measure(self, now_s: float, out: Samples) -> None:
            if not (self.alive and plugged.is_set()):
                self.alive = False
                raise DeviceError("went away")
            out.put("range.front", 1.0, now_s)

        def shut(self) -> None:
            self.log.append("shut")

    sensor = Plug()
    out = Samples(sensor.spec.channels)

    def becomes(quality: Quality) -> bool:
        end_s = time.monotonic() + 5.0
        while time.monotonic() < end_s:
            sensor.read(0.0, out)
            if out.quality[0] == quality:
                return True
            time.sleep(0.002)
        return False

    sensor.configure(bare_context())
    assert becomes(Quality.GOOD)
    plugged.clear()
    assert becomes(Quality.FAILED)
    while sensor.last_error != "no such port: plug it in":
        time.sleep(0.002)
    plugged.set()
    assert becomes(Quality.GOOD)
    sensor.close()
    assert sensor.first_error == "went away"
    assert sensor.log[:3] == ["open", "shut", "open"]
    assert sensor.log.count("shut") == 2, "only what was open is shut"


def test_hardware_that_a_measurement_holds_is_not_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wormctl.slow.JOIN_S", 0.05)
    lock, go = threading.Lock(), threading.Event()

    class Stuck(SlowSensor):
        def __init__(self) -> None:
            super().__init__(DeviceSpec(name="stuck", channels=(CHANNEL,), simulated=False))

        def measure(self, now_s: float, out: Samples) -> None:
            with lock:
                go.wait()

        def shut(self) -> None:
            lock.acquire()

    sensors = [Stuck() for _ in range(3)]
    for sensor in sensors:
        sensor.configure(bare_context())
    began_s = time.monotonic()
    for sensor in sensors:
        sensor.end_soon()
    for sensor in sensors:
        sensor.close()
    assert time.monotonic() - began_s < 1.0
    assert "its hardware stays open" in str(sensors[0].last_error)
    go.set()


def test_a_sensor_that_forgot_its_base_is_told() -> None:
    class Hasty(SlowSensor):
        def __init__(self) -> None:
            self.spec = DeviceSpec(name="hasty", channels=(CHANNEL,), simulated=False)

        def measure(self, now_s: float, out: Samples) -> None: ...

    with pytest.raises(DeviceError, match=r"Hasty.__init__ must call super\(\).__init__\(spec\)"):
        Hasty().configure(bare_context())


def test_closing_ends_the_thread_shuts_once_and_never_raises(sensor: Stepped) -> None:
    thread = sensor._thread
    end(sensor)
    sensor.close()
    assert thread is not None
    assert not thread.is_alive()
    assert sensor.log == ["open", "shut"]
    assert str(sensor.last_error).startswith("OSError: already gone (test_slow_sensor.py, line ")


def test_a_slow_sensor_passes_the_kit() -> None:
    from wormctl.device import Config

    class Quick(SlowSensor):
        def __init__(self, config: Config) -> None:
            super().__init__(DeviceSpec(name="quick", channels=(CHANNEL,), simulated=True))

        def measure(self, now_s: float, out: Samples) -> None:
            out.put("range.front", 1.0, now_s)

    check_sensor(Offer(name="quick", summary="measures 1 m", config=Config, make=Quick))
