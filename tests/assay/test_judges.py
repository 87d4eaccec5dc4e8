"""Judges say of planned lives what was planned."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from wormctl_sim.world_files import load_world

from tests.assay.lives import PlainWorld, seen
from tests.motion.kinematics import plan
from wormctl.assay.judges import JUDGES
from wormctl.assay.judging import Judged
from wormctl.assay.life import Life

STRAIGHT = plan((0.2, 60.0))


def judged(judge: str, life: Life, **settings: float) -> Judged:
    found = JUDGES[judge]
    return found.judge(life, found.settings(**settings))


def test_reaching_food_and_missing_it() -> None:
    there = judged("reach", seen(PlainWorld(((2.0, 0.0, 1.0),)), STRAIGHT))
    assert (there.verdict, there.good) == ("reached", True)
    # 2 m less the nose's start and what counts as reached, at 0.2 body lengths/s.
    assert there.numbers["time_to_food_s"][0] == pytest.approx((2.0 - 0.43 - 0.2925) / 0.195, abs=1.0)
    assert there.numbers["approach"] == [1.0]
    away = judged("reach", seen(PlainWorld(((-3.0, 0.0, 1.0),)), STRAIGHT))
    assert (away.good, away.numbers["reached"], away.numbers["time_to_food_s"]) == (False, [0.0], [])
    assert away.numbers["approach"][0] == -1.0
    with pytest.raises(ValueError, match="no food"):
        judged("reach", seen(PlainWorld(), STRAIGHT))


@pytest.mark.parametrize(("peak", "good"), [(1.0, True), (0.3, False)])
def test_which_food_was_first(peak: float, good: bool) -> None:
    found = judged("richer", seen(PlainWorld(((2.0, 0.0, peak), (-9.0, 0.0, 0.5))), STRAIGHT))
    assert found.numbers["richer_first"] == [float(good)]
    lost = judged("richer", seen(PlainWorld(((0.0, 9.0, 1.0), (0.0, -9.0, 0.5))), STRAIGHT))
    assert lost.numbers["richer_first"] == [0.0]


@pytest.mark.parametrize(("aside_m", "touched"), [(0.2, True), (0.3, False)])
def test_the_core_of_a_poison_is_touched_or_not(aside_m: float, touched: bool) -> None:
    life = seen(PlainWorld(((3.0, 0.0, 1.0),), ((1.5, aside_m, 2.0),)), STRAIGHT)
    found = judged("poison", life, core=0.6)
    assert found.numbers["touched"] == [float(touched)]
    assert found.numbers["reached"] == [1.0]
    assert found.numbers["poison_share"][0] == pytest.approx(math.exp(-(aside_m**2) / 0.125), rel=0.08)
    assert found.samples["core"][0, 2] == pytest.approx(0.25 * math.sqrt(-2 * math.log(0.6)), abs=0.006)


POKE = (1.0, 20.0, 20.5, 0.5)
BACK = plan((0.2, 20.8), (-0.2, 2.5), (0.2, 20.0))
TURN = plan((0.0, 23.3), (1.0, 1.5), (0.0, 18.5))


@pytest.mark.parametrize(
    ("speed", "yaw", "reversal", "withdrawal"),
    [
        (BACK, TURN, True, True),
        (BACK, None, True, False),
        (plan((0.2, 22.0), (-0.2, 2.5), (0.2, 18.8)), TURN, False, False),  # too late
        (plan((0.2, 20.8), (-0.2, 1.0), (0.2, 21.5)), TURN, False, False),  # too short
        (plan((0.2, 20.8), (-0.2, 2.5), (0.0, 20.0)), TURN, True, False),  # stays where it is
        (plan((0.2, 43.3)), TURN, False, False),
    ],
)
def test_backing_off_from_a_poke(
    speed: np.ndarray, yaw: np.ndarray | None, reversal: bool, withdrawal: bool
) -> None:
    found = judged("withdrawal", seen(PlainWorld(pokes=(POKE,)), speed, yaw))
    assert found.numbers["reversal"] == [float(reversal)]
    assert found.numbers["withdrawal"] == [float(withdrawal)]
    assert found.good is withdrawal


def test_the_pokes_of_a_shipped_world_are_seen() -> None:
    world = load_world("touch_front")
    world.reset(3)
    start_s = float(world.pokes[0, 1])
    speed = plan((0.2, start_s + 0.8), (-0.2, 2.5), (0.2, 15.0))
    yaw = plan((0.0, start_s + 3.3), (1.0, 1.5), (0.0, 13.5))
    found = judged("withdrawal", seen(world, speed, yaw))
    assert found.numbers["withdrawal"] == [1.0]
    assert found.numbers["latency_s"][0] == pytest.approx(0.8, abs=0.1)


def test_what_was_measured_of_a_withdrawal() -> None:
    numbers = judged("withdrawal", seen(PlainWorld(pokes=(POKE,)), BACK, TURN)).numbers
    assert numbers["reversal_body_lengths"][0] == pytest.approx(0.5, abs=0.02)
    assert numbers["latency_s"][0] == pytest.approx(0.8, abs=0.1)
    assert numbers["turn_deg"][0] == pytest.approx(math.degrees(1.5), abs=3.0)


def test_a_poke_in_a_reversal_or_at_the_end_is_not_counted() -> None:
    pokes = ((0.0, 22.0, 22.2, 1.0), (0.0, 42.5, 42.7, 1.0))
    found = judged("withdrawal", seen(PlainWorld(pokes=pokes), BACK, TURN))
    assert (found.verdict, found.numbers["reversal"]) == ("no poke to judge", [])
    with pytest.raises(ValueError, match="no pokes"):
        judged("withdrawal", seen(PlainWorld(), BACK))


@pytest.mark.parametrize(
    ("speed", "response"),
    [
        (plan((0.1, 20.0), (0.15, 20.0)), True),
        (plan((0.1, 20.0), (0.105, 20.0)), False),
        (plan((0.1, 40.0)), False),
        (plan((0.1, 17.0), (-0.2, 5.0), (0.1, 18.0)), True),  # a reversal ends 2 s later
        (plan((0.1, 17.0), (-0.2, 8.0), (0.1, 15.0)), False),
    ],
)
def test_hurrying_away_from_a_poke_behind(speed: np.ndarray, response: bool) -> None:
    found = judged("acceleration", seen(PlainWorld(pokes=((3.0, 20.0, 20.5, 0.5),)), speed))
    assert found.numbers["response"] == [float(response)]


def test_several_pokes_are_several_observations() -> None:
    pokes = ((3.0, 10.0, 10.5, 1.0), (3.0, 20.0, 20.5, 1.0))
    found = judged("acceleration", seen(PlainWorld(pokes=pokes), plan((0.1, 10.0), (0.2, 30.0))))
    assert found.numbers["response"] == [1.0, 0.0]
    assert found.good is False


def test_the_gait_of_a_planned_wave() -> None:
    found = judged("gait", seen(PlainWorld(), plan((0.16, 40.0)), hz=0.6, wavelength=0.7))
    assert found.verdict == "crawls"
    assert found.numbers["frequency_hz"][0] == pytest.approx(0.6, rel=0.02)
    assert found.numbers["wavelength_body_lengths"][0] == pytest.approx(0.7, rel=0.03)
    assert found.numbers["speed_body_lengths_s"][0] == pytest.approx(0.16, rel=1e-3)
    back = judged("gait", seen(PlainWorld(), plan((-0.1, 40.0)), hz=-0.6))
    assert (back.verdict, back.good) == ("backwards", False)
    assert back.numbers["speed_body_lengths_s"][0] == pytest.approx(-0.1, rel=1e-3)
    assert judged("gait", seen(PlainWorld(), plan((0.1, 5.0)))).numbers == {}


def test_reversals_and_sharp_turns_a_minute() -> None:
    speed = plan((0.2, 30.0), (-0.2, 3.0), (0.2, 37.0))
    yaw = plan((0.0, 15.0), (1.5, 2.0), (0.0, 16.0), (1.5, 2.0), (0.0, 15.0), (-1.5, 2.0), (0.0, 18.0))
    numbers = judged("turning", seen(PlainWorld(), speed, yaw)).numbers
    # The one right after the reversal belongs to it.
    assert numbers["reversals_per_min"][0] == pytest.approx(1.0, abs=0.01)
    assert numbers["sharp_turns_per_min"][0] == pytest.approx(2.0, abs=0.01)


def test_steering_up_the_gradient_has_the_sign_of_klinotaxis() -> None:
    food = (0.0, 3.0, 1.0)

    def towards(sign: float):  # type: ignore[no-untyped-def]
        def yaw(x: float, y: float, heading: float) -> float:
            bearing = math.remainder(math.atan2(food[1] - y, food[0] - x) - heading, 2 * math.pi)
            wander = 0.3 * math.sin(x * 7.0 + y * 5.0)
            return sign * 0.3 * math.sin(bearing) + wander

        return yaw

    world = PlainWorld((food,))
    up = judged("steering", seen(world, plan((0.15, 60.0)), towards(1.0)), settle_s=4.0)
    down = judged("steering", seen(world, plan((0.15, 60.0)), towards(-1.0)), settle_s=4.0)
    assert up.numbers["klinotaxis_slope"][0] > 0.5
    assert down.numbers["klinotaxis_slope"][0] < -0.5
    assert up.samples["steering"].shape[1] == 4


@pytest.mark.parametrize("name", sorted(JUDGES))
def test_what_a_judge_measures_can_be_written_as_json(name: str) -> None:
    world = PlainWorld(((9.0, 0.0, 1.0),), ((1.5, 0.4, 1.0),), (POKE,))
    found = judged(name, seen(world, BACK, TURN))
    assert msgspec.json.decode(msgspec.json.encode(found.numbers)) == found.numbers
    assert any(found.numbers.values())
