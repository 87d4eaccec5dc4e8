"""Samples in shared memory: whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from wormctl.channel import Channel, Quality, Samples
from wormctl.shared import SharedSamples

CHANNELS = [
    Channel(name="eye.light", unit="1", low=0.0, high=1.0, size=5),
    Channel(name="eye.warmth", unit="K", low=0.0, high=400.0),
]


@pytest.fixture
def ends() -> Iterator[tuple[SharedSamples, SharedSamples]]:
    """Who reads and who writes."""
    reader = SharedSamples.create(CHANNELS)
    yield reader, SharedSamples.attach(reader.path, CHANNELS)
    reader.close()


def measured(value: float) -> Samples:
    samples = Samples(CHANNELS)
    samples.vector("eye.light")[:] = value
    samples.stamp("eye.light", value)
    samples.put("eye.warmth", 300.0 + value, value)
    return samples


def test_before_anything_was_measured_there_is_nothing(ends: tuple[SharedSamples, SharedSamples]) -> None:
    out = measured(0.5)
    ends[0].copy(out, 0.0)
    assert out.quality.tolist() == [Quality.STALE, Quality.STALE]
    assert not ends[0].has_said


def test_what_is_written_arrives_with_its_times_moved(ends: tuple[SharedSamples, SharedSamples]) -> None:
    reader, writer = ends
    out = Samples(CHANNELS)
    for value in (0.25, 0.5):
        writer.write(measured(value))
        reader.copy(out, 100.0)
        assert out.vector("eye.light").tolist() == [value] * 5
        assert out.values[5] == 300.0 + value
        assert out.time_s.tolist() == [100.0 + value] * 2
        assert out.quality.tolist() == [Quality.GOOD] * 2


def test_what_changes_while_it_is_read_is_left_alone(ends: tuple[SharedSamples, SharedSamples]) -> None:
    reader, writer = ends
    out = Samples(CHANNELS)
    writer.write(measured(0.25))
    reader.copy(out, 0.0)
    old = reader._block.copy()
    writer.write(measured(0.75))
    new = reader._block.copy()
    for cut in range(1, old.size):
        reader._block[:cut], reader._block[cut:] = new[:cut], old[cut:]
        reader.copy(out, 0.0)
        seen = set(out.vector("eye.light").tolist()) | {out.values[5] - 300.0, *out.time_s.tolist()}
        assert seen in ({0.25}, {0.75}), f"half of each, cut after {cut} bytes"


def test_that_nothing_new_comes_shows(ends: tuple[SharedSamples, SharedSamples]) -> None:
    reader, writer = ends
    out = Samples(CHANNELS)
    writer.write(measured(0.5))
    reader.copy(out, 0.0)
    before_s = reader.renewed_s
    reader.copy(out, 0.0)
    assert reader.renewed_s == before_s
    writer.write(measured(0.5))
    reader.copy(out, 0.0)
    assert reader.renewed_s > before_s


@pytest.mark.parametrize("text", ["short read", "é" * 300, "", "bad \udcff bytes"])
def test_what_went_wrong_first_is_told(ends: tuple[SharedSamples, SharedSamples], text: str) -> None:
    reader, writer = ends
    writer.say(text)
    writer.say("later")
    assert reader.has_said
    assert reader.said in (text or "?", "é" * 127, "bad ? bytes")


def test_no_name_is_left_behind(ends: tuple[SharedSamples, SharedSamples]) -> None:
    reader, writer = ends
    reader.forget_path()
    reader.forget_path()
    assert not reader.path.exists()
    writer.write(measured(0.5))
    out = Samples(CHANNELS)
    reader.copy(out, 0.0)
    assert np.all(out.vector("eye.light") == 0.5)
