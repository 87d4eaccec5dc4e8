"""The wire: whole answers in bounded time, and the faces that drivers see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wormctl_i2c.trouble import ShortReadError
from wormctl_i2c.wire import CircuitPythonI2C, Smbus, Wire

from wormctl.device import DeviceError
from wormctl.testing import BusFault, FakeBus, FakeClock, RegisterDevice

ADDRESS = 0x29
slices = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(sorted)


def memory() -> tuple[FakeBus, Wire]:
    """A chip whose registers count down from 255, and begin anew after 0."""
    bus = FakeBus({ADDRESS: RegisterDevice({i: 255 - i % 256 for i in range(512)})})
    return bus, Wire(bus, ADDRESS)


def test_a_short_read_is_an_error_never_a_value() -> None:
    bus, wire = memory()
    bus.fault = BusFault.SHORT
    with pytest.raises(ShortReadError, match="only 1 of 2 bytes came"):
        wire.ask(b"\x00", 2)
    with pytest.raises(ShortReadError, match="only 0 of 1 bytes came"):
        wire.receive(1)
    with pytest.raises(ShortReadError):
        CircuitPythonI2C(wire).readfrom_into(ADDRESS, bytearray(3))
    with pytest.raises(ShortReadError):
        Smbus(wire).read_byte_data(ADDRESS, 1)


def test_a_driver_that_waits_for_ever_is_ended(
    fake_bus: Callable[..., FakeBus], fake_clock: FakeClock
) -> None:
    wire = Wire(fake_bus({ADDRESS: RegisterDevice()}), ADDRESS, fake_clock)
    wire.allow(1.5)

    def wait() -> None:
        for _ in range(100):
            assert wire.ask(b"\x00", 1) == b"\x00"
            fake_clock.advance(0.1)

    with pytest.raises(DeviceError, match="never gets ready: take its power off"):
        wait()
    assert fake_clock() == pytest.approx(1.6)
    wire.allow(1.5)
    wire.send(b"\x00")


@settings(deadline=None)
@example(data=b"\xfc", written=[0, 1], filled=[0, 5])
@given(data=st.binary(min_size=1, max_size=8), written=slices, filled=slices)
def test_buffers_are_cut_as_drivers_ask(data: bytes, written: list[int], filled: list[int]) -> None:
    bus, wire = memory()
    face = CircuitPythonI2C(wire)
    (start, end), (first, last) = written, filled
    into = bytearray(8)
    face.writeto_then_readfrom(ADDRESS, data, into, out_start=start, out_end=end, in_start=first, in_end=last)
    assert bus.log == [(ADDRESS, data[start:end], last - first)]
    assert into[:first] == bytes(first)
    assert into[last:] == bytes(8 - last)
    if len(data[start:end]) <= 1:
        register = int.from_bytes(data[start:end], "big")
        assert into[first:last] == bytes((255 - register - i) % 256 for i in range(last - first))


def test_the_faces_read_and_write_registers() -> None:
    bus, wire = memory()
    smbus, face = Smbus(wire), CircuitPythonI2C(wire)
    smbus.write_byte_data(ADDRESS, 4, 7)
    assert smbus.read_byte_data(ADDRESS, 4) == 7
    assert smbus.read_i2c_block_data(ADDRESS, 3, 3) == [252, 7, 250]
    assert face.try_lock()
    face.writeto(ADDRESS, b"\x00\x03\x09", start=1, end=3)
    into = bytearray(3)
    face.writeto(ADDRESS, b"\x03")
    face.readfrom_into(ADDRESS, into, start=1)
    assert bytes(into) == b"\x00\x09\x07"
    before = len(bus.log)
    face.writeto(ADDRESS, b"")
    assert len(bus.log) == before, "not every adapter can write nothing"
