import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wormctl.assembly import assemble
from wormctl.episode import Episode
from wormctl.plugins import load_plugins
from wormctl.robot import load_robot
from wormctl.summary import Summary, crawl_speed_m_s, first_within, loudest, undulation_hz, wilson_interval

PERIOD_S = 0.02


def _time(seconds: float) -> np.ndarray:
    return np.arange(0.0, seconds, PERIOD_S)


def test_a_straight_even_path_has_its_speed() -> None:
    t = _time(10)
    centre = np.stack([0.2 * t * math.cos(1), 0.2 * t * math.sin(1)], axis=1)
    assert crawl_speed_m_s(centre, PERIOD_S) == pytest.approx(0.2)


def test_wiggling_on_the_spot_and_sideways_is_not_speed() -> None:
    t = _time(20)
    wiggle = 0.02 * np.sin(2 * math.pi * 1.0 * t)
    assert crawl_speed_m_s(np.stack([0 * t, wiggle], axis=1), PERIOD_S) < 1e-6
    along = np.stack([0.1 * t, wiggle], axis=1)
    length_of_path = np.hypot(*np.diff(along, axis=0).T).sum() / 20
    assert length_of_path > 0.12
    assert crawl_speed_m_s(along, PERIOD_S) == pytest.approx(0.1, rel=1e-3)


def test_a_circle_counts_as_path_not_as_displacement() -> None:
    t = _time(60)
    angle = 2 * math.pi * t / 30
    centre = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert crawl_speed_m_s(centre, PERIOD_S) == pytest.approx(2 * math.pi / 30, rel=0.01)


def test_speed_of_a_run_shorter_than_the_window() -> None:
    t = _time(0.5)
    assert crawl_speed_m_s(np.stack([0.3 * t, 0 * t], axis=1), PERIOD_S) == pytest.approx(0.3)
    assert crawl_speed_m_s(np.zeros((1, 2)), PERIOD_S) == 0.0
    assert crawl_speed_m_s(np.zeros((0, 2)), PERIOD_S) == 0.0


@given(hz=st.floats(0.3, 3.0), phase=st.floats(-2.0, 2.0), bias=st.floats(-0.5, 0.5))
def test_the_frequency_of_a_travelling_wave_is_found(hz: float, phase: float, bias: float) -> None:
    t = _time(20)[:, None]
    joints = bias + 0.4 * np.sin(2 * math.pi * hz * t - phase * np.arange(12))
    assert undulation_hz(joints, PERIOD_S) == pytest.approx(hz, abs=0.02)


def test_a_still_or_broken_or_short_record_has_no_frequency() -> None:
    rng = np.random.default_rng(0)
    assert undulation_hz(0.3 + 1e-4 * rng.standard_normal((500, 12)), PERIOD_S) == 0.0
    assert undulation_hz(np.full((500, 12), np.nan), PERIOD_S) == 0.0
    assert undulation_hz(rng.standard_normal((5, 12)), PERIOD_S) == 0.0


def test_slow_turning_is_not_mistaken_for_the_wave() -> None:
    t = _time(60)[:, None]
    joints = 0.8 * np.sin(2 * math.pi * 0.03 * t) + 0.3 * np.sin(2 * math.pi * 0.7 * t + np.arange(12))
    assert undulation_hz(joints, PERIOD_S) == pytest.approx(0.7, abs=0.02)


def test_loud_means_changing_not_merely_active() -> None:
    activity = np.zeros((100, 3), dtype=np.float32)
    activity[:, 0] = 1.0
    activity[::2, 2] = 1.0
    first, *rest = loudest(activity, ["steady", "silent", "busy"], {}, count=2)
    assert (first.name, first.swing, first.mean) == ("busy", 0.5, 0.5)
    assert len(rest) == 1
    assert loudest(activity[:0], ["a", "b", "c"], {}) == []


def test_the_loud_are_one_of_each_class() -> None:
    activity = np.zeros((100, 3), dtype=np.float32)
    activity[::2] = 1.0, 0.9, 0.1
    found = loudest(activity, ["VB2", "VB1", "AIYL"], {"VB1": "VB", "VB2": "VB", "AIYL": "AIY"})
    assert [neuron.name for neuron in found] == ["VB2", "AIYL"]


def test_first_within() -> None:
    time_s = np.array([0.0, 1.0, 2.0])
    assert first_within(np.array([3.0, 0.5, 0.1]), time_s, 0.5) == 1.0
    assert first_within(np.array([3.0, np.inf, np.nan]), time_s, 0.5) is None


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Values from the closed form, computed by hand with z = 1.959964.
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (95, 100, 0.8882, 0.9785), (50, 100, 0.4038, 0.5962)],
)
def test_wilson_interval(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_interval_holds_the_rate(hits: int, misses: int) -> None:
    low, high = wilson_interval(hits, hits + misses)
    rate = hits / (hits + misses) if hits + misses else 0.5
    assert 0.0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1.0


def test_guarded_ticks_are_part_of_a_summary_and_of_old_ones() -> None:
    robot = load_robot("worm").replace(body="planar", world="empty")
    with assemble(robot, load_plugins(), seed=1) as assembly:
        episode = Episode(assembly, seconds=0.2)
        result = episode.live()
        assert result.guarded_ticks == 0, "a healthy worm, whose other receptors nothing is bound to"
        summary = episode.summary(msgspec.structs.replace(result, guarded_ticks=4), (), "worm302")
    written: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(summary))
    assert written.pop("guarded_ticks") == 4
    assert msgspec.convert(written, Summary).guarded_ticks == 0
