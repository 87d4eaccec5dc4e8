"""The ranger: its frames whatever the line does to them, the sensor on a pseudo terminal, and the kit."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import wormctl_range.plugin
from hypothesis import given
from hypothesis import strategies as st
from wormctl_range.frame import FRAME_BYTES, FrameReader, Reading, encode
from wormctl_range.sensor import DISTANCE, NEARNESS, RangeConfig, SerialRange, SimulatedRange, make_range

from wormctl.channel import Quality, Samples
from wormctl.device import DeviceError
from wormctl.testing import FakePort, IdealBody, bare_context, check_plugin

frames = st.tuples(st.integers(0, 1200), st.integers(0, 0xFFFF))


def test_it_passes_the_kit() -> None:
    check_plugin(wormctl_range.plugin)


def test_a_frame_as_the_maker_writes_it() -> None:
    assert FrameReader().feed(bytes.fromhex("59592b019b0a40083c")[:8] + b"\x00") is None
    body = bytes.fromhex("59592b019b0a4008")
    reading = FrameReader().feed(body + bytes([sum(body) & 0xFF]))
    assert reading == Reading(2.99, 0x0A9B)


@given(values=st.lists(frames, min_size=1, max_size=5), cuts=st.lists(st.integers(0, 45), max_size=6))
def test_frames_are_found_however_the_stream_is_cut(values: list[tuple[int, int]], cuts: list[int]) -> None:
    stream = b"".join(encode(cm / 100.0, strength) for cm, strength in values)
    reader, newest, start = FrameReader(), None, 0
    for end in [*sorted(cuts), len(stream)]:
        newest = reader.feed(stream[start : max(start, end)]) or newest
        start = max(start, end)
    assert newest == Reading(values[-1][0] / 100.0, values[-1][1])
    assert reader.rejected == 0


@given(noise=st.binary(max_size=60), value=frames)
def test_noise_delays_a_frame_by_no_more_than_itself(noise: bytes, value: tuple[int, int]) -> None:
    reader = FrameReader()
    reader.feed(noise)
    frame = encode(value[0] / 100.0, value[1])
    found = [reader.feed(frame) for _ in range(3)]
    assert Reading(value[0] / 100.0, value[1]) in found
    assert len(reader._buffer) < FRAME_BYTES


@given(value=frames, at=st.integers(0, FRAME_BYTES - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_believed(value: tuple[int, int], at: int, bit: int) -> None:
    frame = bytearray(encode(value[0] / 100.0, value[1]))
    frame[at] ^= 1 << bit
    assert FrameReader().feed(bytes(frame)) is None


def read_until(sensor: SerialRange, quality: Quality, port: FakePort, frame: bytes) -> Samples:
    """Send `frame` until the slot has that quality."""
    out = Samples(sensor.spec.channels)
    deadline_s = time.monotonic() + 5.0
    while time.monotonic() < deadline_s:
        port.write(frame)
        time.sleep(0.005)
        sensor.read(10.0, out)
        if out.quality[0] == quality:
            return out
    raise AssertionError(f"never {quality.name}: {sensor.last_error}")


def test_distances_come_through_a_serial_line(fake_port: Callable[..., FakePort]) -> None:
    port = fake_port()
    sensor = make_range(RangeConfig(port=port.path, reach_m=0.5))
    assert isinstance(sensor, SerialRange)
    assert not sensor.spec.simulated
    sensor.configure(bare_context())
    try:
        out = read_until(sensor, Quality.GOOD, port, encode(0.1, 500))
        assert out.vector(DISTANCE)[0] == 0.1
        assert out.vector(NEARNESS)[0] == pytest.approx(0.8)
        read_until(sensor, Quality.FAILED, port, encode(0.1, 20))
        read_until(sensor, Quality.GOOD, port, b"\x59" + encode(3.0, 500))
    finally:
        sensor.close()
    sensor.close()


def test_a_port_that_is_not_there_is_one_line_with_a_remedy() -> None:
    sensor = make_range(RangeConfig(port="/dev/no-such-port"))
    with pytest.raises(DeviceError, match=r"cannot open /dev/no-such-port: .*check the cable") as caught:
        sensor.configure(bare_context())
    assert "\n" not in str(caught.value)
    sensor.close()


@pytest.mark.parametrize(
    ("nose_x_m", "heading_rad", "distance_m"),
    [(0.0, 0.0, 2.0), (1.9, 0.0, 0.1), (1.0, 1.0471975512, 2.0), (3.0, 3.14159265359, 1.0)],
)
def test_the_simulated_one_sees_the_wall(nose_x_m: float, heading_rad: float, distance_m: float) -> None:
    body = IdealBody()
    body.truth.nose[0], body.truth.pose[0, 2] = nose_x_m, heading_rad
    sensor = SimulatedRange(RangeConfig())
    sensor.configure(bare_context(body=body))
    out = Samples(sensor.spec.channels)
    sensor.read(0.0, out)
    assert out.vector(DISTANCE)[0] == pytest.approx(distance_m)
    assert out.quality[0] == Quality.GOOD


@pytest.mark.parametrize(("nose_x_m", "heading_rad"), [(0.0, 3.14159), (3.0, 0.0), (-9.0, 0.0)])
def test_where_there_is_no_echo_there_is_no_value(nose_x_m: float, heading_rad: float) -> None:
    body = IdealBody()
    body.truth.nose[0], body.truth.pose[0, 2] = nose_x_m, heading_rad
    sensor = SimulatedRange(RangeConfig())
    sensor.configure(bare_context(body=body))
    out = Samples(sensor.spec.channels)
    sensor.read(0.0, out)
    assert out.quality.tolist() == [Quality.FAILED, Quality.FAILED]


def test_in_a_real_body_it_needs_a_port() -> None:
    with pytest.raises(DeviceError, match="name the sensor's port"):
        SimulatedRange(RangeConfig()).configure(bare_context(body=object()))
