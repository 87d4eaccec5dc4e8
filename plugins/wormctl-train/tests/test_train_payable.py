"""What can be paid for: made-up lives with known answers, told from those that only look like it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_sim.ground import Ground
from wormctl_train.payable import NEEDS, NUMBERS, Shown
from wormctl_train.torque import joint_torques, self_contact

from tests.assay.lives import REACH_M, PlainWorld, seen
from tests.motion.kinematics import LENGTH_M, LINK_M, PERIOD_S, bends, life, plan
from wormctl.snake import load_snake

FloatArray = NDArray[np.float64]

POKE_S = 12.0
POKED = PlainWorld(pokes=((1.0, POKE_S, POKE_S + 0.5, 1.0),))


def shown(
    speed: FloatArray,
    world: PlainWorld | None = None,
    yaw_rate: FloatArray | None = None,
    joints: FloatArray | None = None,
    ground: Ground | None = None,
) -> Shown:
    """A life at `speed`, body lengths/s, that turns as told; it goes on where food was reached."""
    made = seen(PlainWorld(), speed, yaw_rate)
    joints = bends(len(speed) * PERIOD_S, 0.4) if joints is None else joints
    rows, world = made.record, world or PlainWorld()
    rows["pose"] = life(speed, yaw_rate, joints)
    rows["joint.position"] = joints
    rows["nose"] = rows["pose"][:, 0, :2]
    rows["goal_distance_m"] = [world.goal_distance_m(x, y) for x, y in rows["nose"].tolist()]
    near = np.flatnonzero(rows["goal_distance_m"] <= REACH_M)
    fields = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)} | {
        "record": rows,
        "world": world,
        "reached_s": (near[0] + 1) * PERIOD_S if near.size else None,
        "start_distance_m": float(rows["goal_distance_m"][0]),
        "ground": ground or Ground(),
    }
    return Shown(**fields)


def number(name: str, of: Shown) -> float:
    return NUMBERS[name](of)


def ticks(seconds: float) -> int:
    return round(seconds / PERIOD_S)


FORWARD = shown(plan((0.15, 30.0)))
BACKWARD = shown(plan((-0.12, 30.0)), joints=bends(30.0, -0.4))
AT_REST = shown(plan((0.0, 30.0)), joints=np.zeros((ticks(30.0), 12)))


def test_the_gait_of_a_made_up_wave() -> None:
    gait = FORWARD.gait
    assert gait.forward == pytest.approx(0.15, rel=1e-3)
    assert gait.frequency_hz == pytest.approx(0.4, abs=0.03)
    assert gait.wavelength == pytest.approx(0.65, abs=0.02)
    assert gait.coherence == pytest.approx(1.0, abs=0.01)
    assert gait.swing == pytest.approx(np.full(12, 0.3 / math.sqrt(2)), rel=0.05)
    assert gait.yaw_rate == pytest.approx(0.0, abs=1e-3)
    assert BACKWARD.gait.wavelength == pytest.approx(-0.65, abs=0.02)
    turning = shown(plan((0.15, 30.0)), yaw_rate=plan((0.2, 30.0)))
    assert turning.gait.yaw_rate == pytest.approx(0.2, abs=0.01)
    assert number("speed", FORWARD) == gait.forward
    assert number("frequency_hz", FORWARD) == gait.frequency_hz
    assert number("wavelength", BACKWARD) == BACKWARD.gait.wavelength


def test_crawling_is_paid_step_by_step() -> None:
    standing = shown(plan((0.0, 30.0)), joints=bends(30.0, 0.4, standing=True))
    waving = shown(plan((0.0, 30.0)))
    slow = shown(plan((0.05, 30.0)))
    steps = [number("crawl", one) for one in (AT_REST, standing, waving, slow, FORWARD)]
    assert steps[0] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < steps[1] < 0.1 * steps[2]
    assert (np.diff(steps[1:]) > 0.1).all()
    assert steps[-1] < 2.5


def test_the_wrong_wave_haste_circles_and_racing_cost() -> None:
    best = number("crawl", FORWARD)
    assert number("crawl", BACKWARD) < 0.4 * best
    assert number("crawl", shown(plan((0.15, 30.0)), joints=bends(30.0, 1.5))) < 0.5 * best
    assert number("crawl", shown(plan((0.15, 30.0)), joints=bends(30.0, 0.4, 1.2))) < 0.8 * best
    assert number("crawl", shown(plan((0.15, 30.0)), yaw_rate=plan((0.3, 30.0)))) < 0.7 * best
    racing = shown(plan((0.15, 10.0), (1.0, 4.0), (0.15, 16.0)))
    assert racing.misconduct > FORWARD.misconduct + 0.5
    assert AT_REST.misconduct == 0.0
    assert number("crawl", racing) < 0.6 * best


def test_a_gait_that_overloads_the_servos_on_one_ground_may_not_on_another() -> None:
    lives = [shown(plan((0.15, 30.0)), ground=Ground(across=across)) for across in (0.6, 6.0, 12.0)]
    costs = [life.misconduct for life in lives]
    assert costs[0] == 0.0 < costs[1] < costs[2]


def test_retreat_is_the_reverse() -> None:
    wave_alone = shown(plan((0.0, 30.0)), joints=bends(30.0, -0.4))
    steps = [number("retreat", one) for one in (AT_REST, FORWARD, wave_alone, BACKWARD)]
    assert steps[0] == pytest.approx(0.0, abs=1e-6)
    assert steps == sorted(steps)
    assert steps[1] < 0.3
    assert steps[-1] > steps[-2] + 0.2
    assert steps[-1] <= 1.0


def poked(
    *after: tuple[float, float], yaw_rate: FloatArray | None = None, world: PlainWorld = POKED
) -> Shown:
    """Crawling at 0.14 body lengths/s until the poke, then as told."""
    return shown(plan((0.14, POKE_S), *after), world, yaw_rate)


AWAY = poked((-0.15, 3.5), (0.14, 8.5))
HALTED = poked((0.0, 3.5), (0.14, 8.5))
UNMOVED = poked((0.14, 12.0))


def test_a_withdrawal_is_slowing_and_backing_up_soon() -> None:
    late = poked((0.0, 1.8), (-0.15, 3.5), (0.14, 6.7))
    steps = [number("withdraw", one) for one in (UNMOVED, HALTED, late, AWAY)]
    assert steps[0] == pytest.approx(0.0, abs=0.02)
    assert (np.diff(steps) > 0.05).all()
    assert steps[-1] > 0.9


def test_backing_up_is_counted_in_body_lengths_and_only_after_the_poke() -> None:
    assert number("backed_up", AWAY) == pytest.approx(0.15 * 3.5, abs=0.02)
    assert number("backed_up", HALTED) == 0.0
    before = shown(plan((0.14, 4.0), (-0.15, 3.0), (0.14, 17.0)), POKED)
    assert number("backed_up", before) == 0.0
    assert number("backs", before) == 0.0  # before it counts, too
    assert number("backs", AWAY) == 1.0
    assert (
        number("backs", shown(plan((0.14, 8.0), (-0.15, 3.0), (0.14, 4.0), (-0.15, 3.0), (0.14, 6.0)))) == 2.0
    )
    assert number("backs", UNMOVED) == 0.0


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_turn_counts_to_either_side(side: float) -> None:
    yaw = plan((0.0, POKE_S + 3.0), (side * 0.5, 3.0), (0.0, 6.0))
    turned = poked((-0.15, 3.5), (0.14, 8.5), yaw_rate=yaw)
    assert number("turned", turned) == pytest.approx(1.5, abs=0.05)
    assert number("turned", AWAY) == pytest.approx(0.0, abs=0.05)
    assert number("turned", shown(plan((0.14, POKE_S + 4.0)), POKED)) == 0.0


def test_going_on_and_hurrying_are_speeds_after_the_poke() -> None:
    stays = poked((-0.15, 3.5), (0.0, 8.5))
    assert number("went_on", AWAY) == pytest.approx(0.14, abs=0.01)
    assert number("went_on", stays) == pytest.approx(0.0, abs=0.01)
    assert number("went_on", poked((-0.1, 12.0))) == pytest.approx(-0.1, abs=0.01)
    assert number("sped_up", poked((0.21, 12.0))) == pytest.approx(0.5, abs=0.05)
    assert number("sped_up", UNMOVED) == pytest.approx(0.0, abs=0.03)
    assert number("sped_up", AWAY) < -1.5


def test_the_lowest_speed_shows_slowing_down_before_there_is_a_reversal() -> None:
    slows, backs = (shown(plan((0.14, 12.0), (low, 3.0), (0.14, 9.0))) for low in (0.05, -0.1))
    steps = [number("slowest", one) for one in (FORWARD, slows, backs)]
    assert steps == pytest.approx([0.15, 0.05, -0.1], abs=0.01)


def test_turning_to_one_side_is_counted_whichever_it_is() -> None:
    for rate in (0.2, -0.2):
        assert number("yaw", shown(plan((0.15, 30.0)), yaw_rate=plan((rate, 30.0)))) == pytest.approx(
            0.2, abs=0.01
        )


def test_klinotaxis_is_curving_towards_food_abeam() -> None:
    left, right, ahead = (
        PlainWorld(foods=((x, y, 1.0),)) for x, y in ((0.0, 90.0), (0.0, -90.0), (90.0, 0.0))
    )
    yaw = plan((0.02, 30.0))
    for world, expected in ((left, 0.02 / 0.15), (right, -0.02 / 0.15)):
        found = number("klinotaxis", shown(plan((0.15, 30.0)), world, yaw))
        assert found == pytest.approx(expected, abs=0.03)
        assert number("klinotaxis", shown(plan((0.15, 30.0)), world)) == pytest.approx(0.0, abs=0.01)
    # Away from food ahead: worth less than nothing.
    assert number("klinotaxis", shown(plan((0.15, 30.0)), ahead, yaw)) < 0.0


def test_climbing_is_speed_towards_the_food_until_it_is_reached() -> None:
    ahead, behind, near = (PlainWorld(foods=((x, 0.0, 1.0),)) for x in (50.0, -50.0, 1.2))
    assert number("climb", shown(plan((0.1, 20.0)), ahead)) == pytest.approx(0.1, abs=0.01)
    assert number("climb", shown(plan((0.1, 20.0)), behind)) == pytest.approx(-0.1, abs=0.01)
    past = shown(plan((0.1, 30.0)), near)
    assert past.reached_s is not None
    assert number("climb", past) == pytest.approx(0.1, abs=0.02)


def test_food_is_worth_more_the_sooner_and_some_for_coming_near() -> None:
    def found(x_m: float, y_m: float = 0.0) -> float:
        return number("food", shown(plan((0.15, 20.0)), PlainWorld(foods=((x_m, y_m, 1.0),))))

    at_once, late, never, beside, behind = found(0.7), found(3.0), found(50.0), found(1.5, 0.8), found(-5.0)
    assert 0.95 < at_once <= 1.0
    assert 0.7 <= late < at_once
    assert late > 0.5 > beside > never > behind == 0.0
    assert never == pytest.approx(0.5 * 0.15 * 20.0 * LENGTH_M / 50.0, rel=0.2)


def test_poison_is_as_near_as_the_nose_came_before_it_ate() -> None:
    poisons = ((2.0, 0.4, 1.0), (9.0, 9.0, 1.0))
    speed = plan((0.15, 20.0))
    assert number("poison_m", shown(speed, PlainWorld(poisons=poisons))) == pytest.approx(0.4, abs=0.03)
    ate = PlainWorld(poisons=poisons, foods=((1.0, 0.0, 1.0),))
    assert number("poison_m", shown(speed, ate)) > 0.9
    assert number("poison_m", shown(speed)) == math.inf


def test_what_a_number_needs_is_what_it_cannot_do_without() -> None:
    needs_pokes = {name for name, what in NEEDS.items() if what == "pokes"}
    for name in NUMBERS:
        if name in needs_pokes:
            with pytest.raises(ValueError, match="world plain has no pokes"):
                number(name, FORWARD)
        elif name not in NEEDS:
            assert math.isfinite(number(name, FORWARD)), name
    with np.errstate(invalid="ignore"):
        assert not any(math.isfinite(number(name, FORWARD)) for name in set(NEEDS) - needs_pokes)


def test_a_short_life_has_every_number_that_a_long_one_has() -> None:
    world = PlainWorld(foods=((5.0, 0.0, 1.0),), poisons=((1.0, 1.0, 1.0),), pokes=((0.0, 0.5, 0.7, 1.0),))
    for speed in (plan((0.1, 1.0)), plan((0.0, 1.0))):
        short = shown(speed, world)
        assert all(math.isfinite(number(name, short)) for name in NUMBERS)


def test_links_that_run_through_one_another_are_told_from_a_wave() -> None:
    knot = np.full((50, 12), 0.9)
    assert self_contact(knot, LINK_M, 0.025) == 1.0
    assert self_contact(bends(1.0, 0.5), LINK_M, 0.025) == 0.0


def test_torque_is_what_the_drag_ahead_of_a_joint_asks_of_it() -> None:
    # A straight body that slides sideways at 0.1 m/s: each joint holds the links ahead against the drag across.
    pose = np.zeros((6, 13, 3))
    pose[:, :, 0] = -LINK_M * np.arange(13)
    pose[:, :, 1] = 0.1 * PERIOD_S * np.arange(6)[:, None]
    torque = joint_torques(pose, load_snake(), Ground(across=6.0), PERIOD_S)
    ahead = np.arange(1, 13)
    expected = 6.0 * 0.1 * LINK_M * ahead**2 / 2
    np.testing.assert_allclose(np.abs(torque[0]), expected, rtol=1e-9)


def test_dry_friction_asks_the_same_of_a_joint_however_fast_the_body_slides() -> None:
    dry = Ground(law="coulomb", along=0.1, across=0.5, creep_speed_m_s=1e-6)
    ahead = np.arange(1, 13)
    for speed_m_s in (0.05, 0.5):
        pose = np.zeros((6, 13, 3))
        pose[:, :, 0] = -LINK_M * np.arange(13)
        pose[:, :, 1] = speed_m_s * PERIOD_S * np.arange(6)[:, None]
        torque = joint_torques(pose, load_snake(), dry, PERIOD_S)
        np.testing.assert_allclose(np.abs(torque[0]), 0.5 * LINK_M * ahead**2 / 2, rtol=1e-6)
        pose[:, :, 1] = 0.0
        pose[:, :, 0] += speed_m_s * PERIOD_S * np.arange(6)[:, None]
        np.testing.assert_allclose(joint_torques(pose, load_snake(), dry, PERIOD_S), 0.0, atol=1e-12)
