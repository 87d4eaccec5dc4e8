"""The motion sensor: units, ranges, tilt, and a chip that sleeps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_i2c.icm20948 import ACCELERATION_M_S2, G_M_S2, RATE_RAD_S, Icm20948, Motion, Vector
from wormctl_i2c.imu import Imu, ImuConfig
from wormctl_i2c.models import Icm20948Model
from wormctl_i2c.models.bench import Bench, read_until
from wormctl_i2c.scan import Found, scan
from wormctl_i2c.tilt import Tilt
from wormctl_i2c.wire import Wire

from wormctl.channel import Quality
from wormctl.device import DeviceError
from wormctl.testing import FakeBus, RegisterDevice, bare_context

angle = st.floats(-1.4, 1.4)


def lying(roll: float, pitch: float) -> Vector:
    """What the accelerometer feels at rest."""
    return (
        G_M_S2 * math.sin(pitch),
        G_M_S2 * math.cos(pitch) * math.sin(roll),
        G_M_S2 * math.cos(pitch) * math.cos(roll),
    )


@pytest.fixture(scope="module")
def awake() -> tuple[Icm20948Model, Icm20948]:
    model = Icm20948Model()
    return model, Icm20948(Wire(FakeBus({0x68: model}), 0x68))


@settings(deadline=None)
@given(st.tuples(*[st.floats(-100.0, 100.0)] * 3), st.tuples(*[st.floats(-30.0, 30.0)] * 3))
def test_units_and_ends_of_range(
    awake: tuple[Icm20948Model, Icm20948], acceleration: Vector, rate: Vector
) -> None:
    model, chip = awake
    model.acceleration_m_s2, model.rate_rad_s = acceleration, rate
    if not any(round(value, 2) for value in (*acceleration, *rate)):
        return
    motion = chip.motion()
    for felt, told, most in (
        *((a, b, ACCELERATION_M_S2) for a, b in zip(motion.acceleration_m_s2, acceleration, strict=True)),
        *((a, b, RATE_RAD_S) for a, b in zip(motion.rate_rad_s, rate, strict=True)),
    ):
        assert felt == pytest.approx(min(max(told, -most), most), rel=2e-3, abs=2e-3)


@settings(deadline=None)
@given(roll=angle, pitch=angle)
def test_at_rest_it_lies_as_gravity_says(roll: float, pitch: float) -> None:
    tilt = Tilt()
    for _ in range(3):
        tilt.update(Motion(lying(roll, pitch), (0.0, 0.0, 0.0)), 0.01)
    assert tilt.roll_rad == pytest.approx(roll, abs=1e-6)
    assert tilt.pitch_rad == pytest.approx(pitch, abs=1e-6)
    assert tilt.bump_m_s2 == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("axis", "sign"), [(0, 1.0), (1, -1.0)], ids=["about x, the left side rises", "about y, the front sinks"]
)
def test_a_turn_is_followed_by_the_gyroscope_at_once(axis: int, sign: float) -> None:
    tilt, rate = Tilt(), [0.0, 0.0, 0.0]
    rate[axis] = 2.0
    tilt.update(Motion(lying(0.0, 0.0), (0.0, 0.0, 0.0)), 0.01)
    for i in range(1, 31):
        angle_rad = sign * 2.0 * 0.01 * i
        felt = lying(angle_rad, 0.0) if axis == 0 else lying(0.0, angle_rad)
        tilt.update(Motion(felt, (rate[0], rate[1], rate[2])), 0.01)
    turned = tilt.roll_rad if axis == 0 else tilt.pitch_rad
    assert turned == pytest.approx(sign * 0.6, abs=0.01)
    assert tilt.bump_m_s2 < 0.3


def test_a_bump_is_no_tilt_and_a_tilt_no_bump() -> None:
    tilt, still = Tilt(), (0.0, 0.0, 0.0)
    for _ in range(10):
        tilt.update(Motion(lying(0.0, 0.0), still), 0.01)
    for _ in range(2):
        tilt.update(Motion((30.0, 0.0, G_M_S2), still), 0.01)
    assert tilt.bump_m_s2 == pytest.approx(30.0, abs=1.0)
    assert abs(tilt.pitch_rad) < 0.13
    for _ in range(500):
        tilt.update(Motion(lying(0.5, 0.0), still), 0.01)
    assert tilt.bump_m_s2 < 0.01
    assert tilt.roll_rad == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("step_s", [math.inf, math.nan, 5.0, -1.0])
def test_after_a_pause_it_begins_anew(step_s: float) -> None:
    tilt = Tilt()
    tilt.update(Motion(lying(0.0, 0.0), (9.0, 9.0, 9.0)), math.inf)
    tilt.update(Motion(lying(1.0, 0.0), (9.0, 9.0, 9.0)), step_s)
    assert tilt.roll_rad == pytest.approx(1.0)
    assert tilt.bump_m_s2 == 0.0


def test_the_sensor_tells_how_it_lies() -> None:
    model = Icm20948Model()
    model.acceleration_m_s2, model.rate_rad_s = lying(0.3, 0.0), (0.0, 0.0, 1.0)
    sensor = Imu(ImuConfig(address=0x68), Bench({0x68: model}).buses)
    sensor.configure(bare_context())
    try:
        out = read_until(sensor, Quality.GOOD)
        assert out.vector("imu.acceleration").tolist() == pytest.approx(list(lying(0.3, 0.0)), abs=0.01)
        assert out.vector("imu.rate").tolist() == pytest.approx([0.0, 0.0, 1.0], abs=0.01)
        assert out.vector("imu.roll")[0] == pytest.approx(0.3, abs=0.02)
    finally:
        sensor.close()
    assert model.registers[0, 0x06] & 0x40, "it is put to sleep"


def test_it_is_set_as_the_datasheet_has_it(awake: tuple[Icm20948Model, Icm20948]) -> None:
    """A low pass below half of the rate, so that the servos' hum does not come back as something slow."""
    gyroscope, accelerometer = awake[0].gyroscope, awake[0].accelerometer
    assert gyroscope == (220.0, 51.2, 1000.0)
    assert accelerometer == (225.0, 50.4, 8.0)
    assert awake[0].registers[0, 0x06] == 0x01, "awake, on its best clock"


def test_a_chip_that_sleeps_feels_nothing_rather_than_zero() -> None:
    wire = Wire(FakeBus({0x68: Icm20948Model()}), 0x68)
    chip = Icm20948(wire)
    chip.sleep()
    wire.send(bytes([0x2D] + [0] * 12))
    with pytest.raises(DeviceError, match="sends nothing but 0x00: its power has failed"):
        chip.motion()


@pytest.mark.parametrize("bank", [1, 2, 3])
@pytest.mark.parametrize("config", [ImuConfig(), ImuConfig(address=0x68)])
def test_a_chip_that_was_left_in_another_bank_is_found(config: ImuConfig, bank: int) -> None:
    model = Icm20948Model()
    model.bank = bank
    sensor = Imu(config, Bench({0x68: model}).buses)
    sensor.configure(bare_context())
    try:
        read_until(sensor, Quality.GOOD)
    finally:
        sensor.close()


def test_a_scan_knows_a_chip_that_was_left_in_another_bank() -> None:
    model = Icm20948Model()
    model.bank = 2
    lease = Bench({0x69: model}).buses.take(1)
    assert scan(lease) == [Found(0x69, "icm20948")]
    lease.close()


@pytest.mark.parametrize("at_bank", [0x00, 0x5A, 0x70])
def test_a_stranger_is_told_nothing(at_bank: int) -> None:
    """A clock of the Raspberry Pi's often lives at 0x68."""
    bench = Bench({0x68: RegisterDevice({0x00: 0x29, 0x7F: at_bank})})
    sensor = Imu(ImuConfig(), bench.buses)
    with pytest.raises(
        DeviceError, match=r"0x68 is something else; .*if it is the ICM-20948.*address = 0x68$"
    ):
        sensor.configure(bare_context())
    assert {len(written) for address, written, _ in bench.bus.log if address == 0x68} <= {0, 1}


class Forgetful(Icm20948Model):
    """Takes no setting of the second bank."""

    def write(self, data: bytes) -> None:
        if self.bank != 2 or len(data) == 1 or data[0] == 0x7F:
            super().write(data)


def test_a_range_that_was_not_set_is_not_reckoned_with() -> None:
    sensor = Imu(ImuConfig(), Bench({0x69: Forgetful()}).buses)
    with pytest.raises(DeviceError, match="imu: ICM-20948 at 0x69 on I2C bus 1: does not keep its settings"):
        sensor.configure(bare_context())


def test_a_stuck_reset_is_ended() -> None:
    sensor = Imu(ImuConfig(address=0x69), Bench({0x69: RegisterDevice({0x00: 0xEA})}).buses)
    with pytest.raises(DeviceError, match="never gets ready"):
        sensor.configure(bare_context())


def test_another_maker_at_its_address() -> None:
    sensor = Imu(ImuConfig(), Bench({0x68: RegisterDevice({0x00: 0x71})}).buses)
    with pytest.raises(DeviceError, match="nobody answers at 0x69, 0x68 is a MPU-9250; these answer"):
        sensor.configure(bare_context())
