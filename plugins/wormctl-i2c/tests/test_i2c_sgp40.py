"""The SGP40: the datasheet's examples, its checksums, and a chip that is not well."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_i2c.gas import Gas, GasConfig
from wormctl_i2c.models import Sgp40Model
from wormctl_i2c.models.bench import Bench, read_until
from wormctl_i2c.sgp40 import Sgp40, crc8, pack, probe, unpack
from wormctl_i2c.wire import Wire

from wormctl.channel import Quality
from wormctl.device import DeviceError
from wormctl.testing import FakeBus, bare_context

words = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4)
CONFIG = GasConfig(warm_up_s=0.0, rate_hz=4.0)


@pytest.mark.parametrize(
    ("data", "crc"), [("beef", 0x92), ("8000", 0xA2), ("6666", 0x93), ("0000", 0x81), ("ffff", 0xAC)]
)
def test_the_datasheets_checksums(data: str, crc: int) -> None:
    assert crc8(bytes.fromhex(data)) == crc


@settings(deadline=None)
@given(words)
def test_words_travel_there_and_back(values: list[int]) -> None:
    assert unpack(pack(*values)) == tuple(values)


@settings(deadline=None)
@given(words, st.integers(0, 11), st.integers(0, 7))
def test_a_flipped_bit_is_never_believed(values: list[int], at: int, bit: int) -> None:
    data = bytearray(pack(*values))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(DeviceError, match="wrong checksum"):
        unpack(bytes(data))


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=20))
def test_noise_is_words_with_their_checksums_or_an_error(data: bytes) -> None:
    with contextlib.suppress(DeviceError):
        assert pack(*unpack(data)) == data


def test_it_is_told_what_the_datasheet_says() -> None:
    model = Sgp40Model()
    sensor = Gas(CONFIG, Bench({0x59: model}).buses)
    sensor.configure(bare_context())
    out = read_until(sensor, Quality.GOOD)
    assert model.heating
    sensor.close()
    assert not model.heating, "the hot plate is switched off"
    assert model.commands[:4] == [bytes.fromhex(c) for c in ("3682", "202f", "280e", "260f8000a2666693")]
    assert out.vector("gas")[0] == 1.0
    assert out.vector("gas.raw")[0] == 30000.0


def test_the_first_signal_of_a_cold_plate_is_thrown_away() -> None:
    model = Sgp40Model()
    chip = Sgp40(Wire(FakeBus({0x59: model}), 0x59))
    assert chip.ticks() == 30000
    chip.heater_off()
    assert chip.ticks() != 30000, "the model tells the first one from the others"


def test_a_broken_one_is_refused() -> None:
    model = Sgp40Model()
    model.healthy = False
    sensor = Gas(CONFIG, Bench({0x59: model}).buses)
    with pytest.raises(DeviceError, match=r"^gas: SGP40 at 0x59 on I2C bus 1: fails its own test: .*replace"):
        sensor.configure(bare_context())
    sensor.close()


def test_an_sgp41_is_known_and_refused() -> None:
    assert probe(Wire(FakeBus({0x59: Sgp40Model(features=0x3240)}), 0x59)) == "SGP41"
    sensor = Gas(CONFIG, Bench({0x59: Sgp40Model(features=0x3240)}).buses)
    with pytest.raises(DeviceError, match=r"0x59 is a SGP41; these answer: 0x59 \(SGP41\)"):
        sensor.configure(bare_context())


def test_a_wrong_checksum_fails_the_channels_until_there_is_a_right_one() -> None:
    model = Sgp40Model()
    sensor = Gas(CONFIG, Bench({0x59: model}).buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.GOOD)
        model.spoilt = True
        read_until(sensor, Quality.FAILED)
        assert "sent a wrong checksum" in str(sensor.last_error)
        model.spoilt = False
        assert read_until(sensor, Quality.GOOD).vector("gas.raw")[0] == 30000.0
    finally:
        sensor.close()


@pytest.mark.parametrize("ticks", [0, 65535])
def test_a_signal_at_its_end_is_no_smell(ticks: int) -> None:
    sensor = Gas(CONFIG, Bench({0x59: Sgp40Model(ticks)}).buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.FAILED)
    finally:
        sensor.close()
