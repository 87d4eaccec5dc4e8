"""The fakes of the kit do what the real things do."""

from __future__ import annotations

import errno
import os

import pytest

from wormctl.clock import MonotonicClock
from wormctl.testing import BusFault, FakeBus, FakeClock, FakePort, RegisterDevice


def test_a_register_is_read_as_it_was_written() -> None:
    device = RegisterDevice({0x10: 7})
    bus = FakeBus({0x29: device})
    assert bus.transfer(0x29, b"\x0f", 3) == bytes([0, 7, 0])
    assert bus.transfer(0x29, bytes([0x20, 1, 2]), 0) == b""
    assert (device.registers[0x20], device.registers[0x21]) == (1, 2)
    assert bus.transfer(0x29, b"\x20", 2) == b"\x01\x02"
    assert bus.log[0] == (0x29, b"\x0f", 3)


def test_a_bus_fails_as_linux_fails() -> None:
    bus = FakeBus({0x29: RegisterDevice()})
    with pytest.raises(OSError, match="Remote") as caught:
        bus.transfer(0x30, b"\x00", 1)
    assert caught.value.errno == errno.EREMOTEIO
    bus.faults[0x29] = BusFault.STUCK
    with pytest.raises(TimeoutError):
        bus.transfer(0x29, b"\x00", 1)
    bus.faults[0x29] = BusFault.SHORT
    assert len(bus.transfer(0x29, b"\x00", 4)) == 3
    bus.faults.clear()
    bus.fault = BusFault.NACK
    with pytest.raises(OSError, match="Remote"):
        bus.transfer(0x29, b"\x00", 1)
    bus.fault = None
    assert len(bus.transfer(0x29, b"\x00", 4)) == 4
    bus.close()
    with pytest.raises(OSError, match="closed"):
        bus.transfer(0x29, b"\x00", 1)


def test_no_device_has_a_reserved_address() -> None:
    with pytest.raises(ValueError, match="0x78"):
        FakeBus({0x78: RegisterDevice()})


def test_a_port_that_the_test_plays() -> None:
    with FakePort() as port:
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, b"hello\x00\xff")
        assert port.read(7) == b"hello\x00\xff"
        assert port.read(1, timeout_s=0.01) == b""
        port.write(b"\x11\x13\n")
        assert os.read(host, 10) == b"\x11\x13\n"
        os.close(host)


def test_a_port_that_answers_until_it_is_unplugged() -> None:
    with FakePort(lambda data: data[::-1]) as port:
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, b"abc")
        assert port.wait_for(b"abc")
        assert os.read(host, 3) == b"cba"
        assert not port.wait_for(b"xyz", timeout_s=0.01)
        with pytest.raises(RuntimeError, match="heard"):
            port.read(1)
        port.unplug()
        port.unplug()
        with pytest.raises(OSError, match="Input/output error"):
            os.write(host, b"more")
        os.close(host)
        assert not os.path.exists(port.path)
        with pytest.raises(OSError, match="plug_in"):
            port.write(b"x")
        port.plug_in()
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        os.write(host, b"back")
        assert port.wait_for(b"back")
        assert os.read(host, 4) == b"kcab"
        os.close(host)
    assert not os.path.exists(port.path)


def test_a_port_that_speaks_by_itself_until_it_is_unplugged() -> None:
    with FakePort() as port:
        port.repeat(b"G 412\n", every_s=0.001)
        host = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        heard = b""
        while heard.count(b"\n") < 5:
            heard += os.read(host, 100)
        assert heard.startswith(b"G 412\nG 412\n")
        port.repeat(b"x", every_s=0.001)
        while not heard.endswith(b"xxx"):
            heard += os.read(host, 10)
        os.close(host)
        port.unplug()
        port.plug_in()


def test_time_passes_when_the_test_says_so() -> None:
    fake = FakeClock(5.0)
    clock = MonotonicClock(now_ns=fake.now_ns, sleep=fake.sleep)
    clock.start(0.02)
    assert clock.wait() == 0
    assert fake() == pytest.approx(5.02)
    fake.advance(0.11)
    assert clock.wait() == 5
    assert fake.slept == pytest.approx([0.02, 0.01])
    with pytest.raises(ValueError, match="backwards"):
        fake.advance(-1.0)
