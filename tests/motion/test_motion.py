"""Speed, curving, reversals, turns and waves of lives whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.motion.kinematics import LENGTH_M, PERIOD_S, bends, life, plan, times
from wormctl.motion.events import inside, reversals, sharp_turns_s, turn_rad
from wormctl.motion.path import (
    advance_body_lengths,
    axis,
    centre_m,
    curving_rad_body_length,
    curving_rad_s,
    heading_rad,
    running_mean,
    speed_body_lengths_s,
)
from wormctl.motion.wave import wave


@pytest.mark.parametrize(("hz", "wavelength"), [(0.5, 0.65), (0.31, 0.9), (1.7, 1.5)])
def test_a_wave_forwards_and_the_same_backwards(hz: float, wavelength: float) -> None:
    there, back = (wave(bends(20.0, sign * hz, wavelength), PERIOD_S) for sign in (1.0, -1.0))
    assert there.frequency_hz == pytest.approx(hz, rel=0.02)
    assert there.wavelength_body_lengths == pytest.approx(wavelength, rel=0.02)
    assert back.wavelength_body_lengths == pytest.approx(wavelength, rel=0.02)
    assert (there.backwards, back.backwards) == (False, True)
    assert there.coherence == pytest.approx(1.0, abs=1e-3)
    assert there.swing_rad == pytest.approx(0.3 / math.sqrt(2), rel=0.05)


def test_what_stands_or_lies_still_has_no_wavelength() -> None:
    standing = wave(bends(20.0, 0.5, standing=True), PERIOD_S)
    assert standing.frequency_hz == pytest.approx(0.5, rel=0.02)
    assert standing.wavelength_body_lengths is None
    still = wave(bends(20.0, amplitude_rad=1e-4), PERIOD_S)
    assert (still.frequency_hz, still.wavelength_body_lengths) == (0.0, None)


def test_speed_is_signed_and_a_bent_body_has_one_axis() -> None:
    speed = plan((0.2, 10.0), (-0.1, 10.0))
    pose = life(speed, joints=bends(20.0))
    found = speed_body_lengths_s(advance_body_lengths(pose, LENGTH_M), PERIOD_S, 2.0)
    assert found[250] == pytest.approx(0.2, rel=1e-3)
    assert found[750] == pytest.approx(-0.1, rel=1e-3)
    assert found[500] == pytest.approx(0.05, abs=0.01)
    np.testing.assert_allclose(axis(pose), [[1.0, 0.0]] * len(pose), atol=1e-9)
    assert centre_m(pose)[-1, 0] == pytest.approx(1.0 * LENGTH_M, rel=0.01)


def test_sliding_sideways_is_no_advance() -> None:
    pose = life(plan((0.0, 5.0)))
    pose[:, :, 1] += np.linspace(0.0, 1.0, len(pose))[:, None]
    np.testing.assert_allclose(advance_body_lengths(pose, LENGTH_M), 0.0, atol=1e-9)


def test_the_way_curves_as_planned_past_a_full_turn() -> None:
    yaw = plan((0.0, 5.0), (0.4, 20.0), (-0.2, 5.0))
    pose = life(np.full(len(yaw), 0.2), yaw, bends(30.0))
    heading = heading_rad(pose)
    assert heading[-1] == pytest.approx(0.4 * 20.0 - 0.2 * 5.0, abs=0.02)
    curving = curving_rad_s(heading, PERIOD_S, 2.0)
    assert curving[100] == pytest.approx(0.0, abs=0.01)
    assert curving[700] == pytest.approx(0.4, abs=0.01)
    per_length = curving_rad_body_length(curving, np.full(len(yaw), 0.2))
    assert per_length[700] == pytest.approx(2.0, abs=0.05)
    assert np.isnan(curving_rad_body_length(curving, np.zeros(len(yaw)))).all()


THREE = ((0.2, 10.0), (-0.2, 3.0), (0.2, 6.0), (-0.1, 2.0), (0.2, 8.0), (-0.3, 4.0), (0.2, 5.0))


def test_three_planned_reversals_are_found() -> None:
    speed = plan(*THREE)
    time_s = times(speed)
    found = reversals(advance_body_lengths(life(speed), LENGTH_M), time_s)
    assert [r.onset_s for r in found] == pytest.approx([10.0, 19.0, 29.0], abs=0.15)
    assert [r.end_s for r in found] == pytest.approx([13.0, 21.0, 33.0], abs=0.15)
    assert [r.length_body_lengths for r in found] == pytest.approx([0.6, 0.2, 1.2], rel=0.01)
    assert all(r.ended for r in found)
    assert inside(time_s, found).sum() * PERIOD_S == pytest.approx(9.0, abs=0.4)


def test_jitter_neither_makes_nor_breaks_a_reversal() -> None:
    speed = plan(*THREE)
    advance = advance_body_lengths(life(speed), LENGTH_M)
    rng = np.random.default_rng(5)
    shaken = advance + rng.uniform(-0.012, 0.012, len(advance))
    assert len(reversals(shaken, times(speed))) == 3
    still = rng.uniform(-0.012, 0.012, len(advance))
    assert reversals(still, times(speed)) == []
    wiggle = 0.2 * times(speed) + 0.09 * np.sin(3.0 * times(speed))  # backs up by 0.02 in every swing
    assert np.diff(wiggle).min() < 0.0
    assert reversals(wiggle, times(speed)) == []


def test_a_pause_belongs_to_no_reversal_and_one_that_goes_on_has_not_ended() -> None:
    speed = plan((0.2, 5.0), (0.0, 4.0), (-0.2, 3.0), (0.0, 2.0))
    (found,) = reversals(advance_body_lengths(life(speed), LENGTH_M), times(speed))
    assert found.onset_s == pytest.approx(9.0, abs=0.15)
    assert found.end_s == pytest.approx(12.0, abs=0.15)
    assert not found.ended


@pytest.mark.parametrize("turn", [2.0, -1.2, 0.0])
def test_the_turn_after_a_reversal(turn: float) -> None:
    speed = plan((0.2, 10.0), (-0.2, 3.0), (0.2, 10.0))
    yaw = plan((0.0, 13.0), (turn / 1.5, 1.5), (0.0, 8.5))
    pose = life(speed, yaw, bends(23.0))
    (reversal,) = reversals(advance_body_lengths(pose, LENGTH_M), times(speed))
    heading = heading_rad(pose)
    assert turn_rad(heading, times(speed), reversal, 2.0, 5.0) == pytest.approx(turn, abs=0.03)
    assert turn_rad(heading, times(speed), reversal, 2.0, 15.0) is None


def test_sharp_turns_are_told_from_wide_ones() -> None:
    yaw = plan((0.0, 5.0), (0.5, 6.0), (0.0, 3.0), (1.5, 2.0), (0.0, 4.0), (-1.5, 2.0), (0.0, 4.0))
    pose = life(np.full(len(yaw), 0.2), yaw, bends(26.0))
    curving = curving_rad_s(heading_rad(pose), PERIOD_S, 2.0)
    assert sharp_turns_s(curving, times(yaw)) == pytest.approx([14.3, 20.3], abs=0.6)


def test_a_running_mean_over_a_cycle_leaves_no_cycle() -> None:
    values = 3.0 + np.sin(2 * np.pi * 0.5 * np.arange(1000) * PERIOD_S)
    np.testing.assert_allclose(running_mean(values, PERIOD_S, 2.0)[60:-60], 3.0, atol=0.02)
