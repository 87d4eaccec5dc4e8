"""Two sensors of a kind in one robot: each under a name of its own, with all that it has to tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wormctl.assembly import assemble
from wormctl.channel import Channel, Quality, Samples
from wormctl.config import ConfigError
from wormctl.device import DeviceError, Noted, Waiting
from wormctl.episode import Episode
from wormctl.layers import Settings
from wormctl.plugins import load_plugins
from wormctl.renamed import RenamedSensor
from wormctl.robot import parse_robot
from wormctl.slow import ThreadedSensor
from wormctl.testing import FixedSensor, bare_context

LIGHT = Channel(name="eye.light", unit="1", low=0.0, high=1.0)
PAIR = Channel(name="eye.pair.of", unit="1", low=0.0, high=1.0, size=2)
BARE = Channel(name="gas", unit="1", low=0.0, high=1.0)


def test_it_fills_the_same_arrays_under_other_names() -> None:
    class Eye(FixedSensor):
        def read(self, now_s: float, out: Samples) -> None:
            super().read(now_s, out)
            out.vector("eye.pair.of")[:] = 0.5, 0.75

    sensor = Eye([LIGHT, PAIR, BARE], name="eye")
    sensor.values.update({"eye.light": 0.25, "gas": 0.75})
    left = RenamedSensor(sensor, "left")
    assert left.spec.name == "left"
    assert [channel.name for channel in left.spec.channels] == ["left.light", "left.pair.of", "left"]
    out = Samples(left.spec.channels)
    left.configure(bare_context())
    for now_s in (0.1, 0.2):
        left.read(now_s, out)
        assert out.vector("left.light")[0] == 0.25
        assert out.vector("left.pair.of").tolist() == [0.5, 0.75]
        assert out.time_s.tolist() == [now_s] * 3
        assert out.quality.tolist() == [Quality.GOOD] * 3
    left.close()


def test_what_was_there_before_the_first_read_is_not_lost() -> None:
    class Waits(FixedSensor):
        def read(self, now_s: float, out: Samples) -> None: ...

    out = Samples(RenamedSensor(Waits([LIGHT]), "left").spec.channels)
    out.put("left.light", 0.5, 1.0)
    RenamedSensor(Waits([LIGHT]), "left").read(2.0, out)
    assert (out.values[0], out.time_s[0], out.quality[0]) == (0.5, 1.0, Quality.GOOD)


def test_its_other_faces_show() -> None:
    class Told(FixedSensor):
        notes = ("eye: look here",)

        def read(self, now_s: float, out: Samples) -> None:
            raise DeviceError("unplugged")

    left = RenamedSensor(ThreadedSensor(Told([LIGHT])), "left")
    assert isinstance(left, Waiting)
    assert isinstance(left, Noted)
    assert tuple(left.notes) == ("eye: look here",)
    left.configure(bare_context())
    while left.last_error is None:
        pass
    left.end_soon()
    left.close()
    assert left.first_error == "unplugged"
    assert not isinstance(RenamedSensor(FixedSensor([LIGHT]), "left"), Waiting)


def robot(*sensors: Settings) -> Settings:
    return {
        "policy": "worm302",
        "body": {"use": "planar"},
        "world": {"use": "food_ahead"},
        "sensor": [{"use": "odour", "names": ["food"], **words} for words in sensors],
        "bind": [
            {"channel": "joint.position", "to": ["stretch"]},
            {"channel": "left.food", "to": ["ASEL"]},
            {"channel": "right.food", "to": ["ASER"]},
        ],
    }


def test_two_of_a_kind_in_a_robot() -> None:
    raw = robot({"as": "left"}, {"as": "right"})
    made = parse_robot(raw, where="robot.toml", folder=Path())
    with assemble(made, load_plugins(), seed=1) as assembly:
        episode = Episode(assembly, seconds=0.2)
        episode.live()
        rows = episode.recorder.rows()
    assert (rows["left.food"] > 0.0).all()
    np.testing.assert_array_equal(rows["left.food"], rows["right.food"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([{"as": "left"}, {"as": "left"}], r'\$\.sensor\[1\]: left offers the channel .*; as = "other" in'),
        ([{}, {}], r'\$\.sensor\[1\]: odour offers the channel .*; as = "other" in'),
        ([{"as": "Left Eye"}], r"\$\.sensor\[0\]\.as = 'Left Eye'"),
    ],
)
def test_names_that_cannot_be(words: list[Settings], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        assemble(parse_robot(robot(*words), where="robot.toml", folder=Path()), load_plugins(), seed=1)
