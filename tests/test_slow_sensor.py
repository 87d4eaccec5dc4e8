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


def test_closing_ends_the_thread_shuts_once_and_never_raises(sensor: Stepped) -> None:
    thread = sensor._thread
    end(sensor)
    sensor.close()
    assert thread is not None
    assert not thread.is_alive()
    assert sensor.log == ["open", "shut"]
    assert sensor.last_error == "already gone"


def test_a_slow_sensor_passes_the_kit() -> None:
    from wormctl.device import Config

    class Quick(SlowSensor):
        def __init__(self, config: Config) -> None:
            super().__init__(DeviceSpec(name="quick", channels=(CHANNEL,), simulated=True))

        def measure(self, now_s: float, out: Samples) -> None:
            out.put("range.front", 1.0, now_s)

    check_sensor(Offer(name="quick", summary="measures 1 m", config=Config, make=Quick))
