"""What evolution is paid for: scripted lives, whose scores must tell good from bad; and which worm it hands on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.evolve import Journal, evolve
from wormctl_train.genome import CRAWL_GENES, GENES, express
from wormctl_train.measure import DISTANCE, HEADING, JOINTS, X
from wormctl_train.recipe import Stage
from wormctl_train.score import WORST, Crawl, Food, Forage, Steer, Wave, chance_of_food, misconduct
from wormctl_train.scoring import SCORES, Scorer
from wormctl_train.strategy import make_strategy
from wormctl_train.trial import Bench, Trial

from wormctl.worm.model import WormModel
from wormctl.worm.parts import CHEMICAL, Packed

FloatArray = NDArray[np.float64]
Score = Callable[[Bench, FloatArray, int], float]
Life = Callable[[Trial, WormModel | None], FloatArray]

GENOME = np.zeros(len(GENES))
FOOD = Food(seconds=20.0, bearings=4)
FORAGE = Forage(food=Food(seconds=20.0, bearings=2), seconds=40.0)
STAGES: list[Score] = [Wave(), Crawl(), Steer(), FOOD, FORAGE]
FAR_M = 1000.0


class ScriptedBench(Bench):
    """A bench whose worms live as `life` says; it keeps what was asked of it."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self.life_of = life
        self.trials: list[Trial] = []
        self.models: list[WormModel] = []

    def run(self, model: WormModel, trial: Trial) -> FloatArray:
        self.trials.append(trial)
        self.models.append(model)
        return self.life_of(trial, model)

    def run_packed(self, worm: Packed, trial: Trial) -> FloatArray:
        self.trials.append(trial)
        return self.life_of(trial, None)


def crawl(seconds: float, from_m: float = FAR_M, metres: float = 2.0, yaw_rate: float = 0.0) -> FloatArray:
    """Along x with a wave from head to tail; food is always a metre away."""
    t = np.arange(0.0, seconds, 0.02)
    path = np.zeros((t.size, 16))
    path[:, X] = from_m + metres * t / seconds
    path[:, HEADING] = yaw_rate * t
    path[:, DISTANCE] = 1.0
    path[:, JOINTS:] = 0.25 * np.sin(2 * np.pi * 0.4 * t[:, None] - 0.7 * np.arange(12))
    return path


def always(change: Callable[[FloatArray], None] | None = None) -> ScriptedBench:
    def life(trial: Trial, model: WormModel | None) -> FloatArray:
        path = crawl(trial.seconds)
        if change is not None:
            change(path)
        return path

    return ScriptedBench(life)


@cache
def honest(score: Score) -> float:
    """What plain crawling scores."""
    return score(always(), GENOME, 1)


def burst(path: FloatArray) -> None:
    """Away and back again within the first seconds: the gait over the whole is what it was."""
    path[100:250, X] += 5.0


def lose_track(path: FloatArray) -> None:
    path[-1, X] = np.nan


def overbend(path: FloatArray) -> None:
    path[50, JOINTS + 4] = 1.5


@pytest.mark.parametrize("score", STAGES, ids=lambda score: type(score).__name__)
@pytest.mark.parametrize("cheat", [lose_track, overbend])
def test_a_life_that_cannot_be_scores_worst(score: Score, cheat: Callable[[FloatArray], None]) -> None:
    assert score(always(cheat), GENOME, 1) == WORST
    assert honest(score) > WORST


@pytest.mark.parametrize("score", STAGES, ids=lambda score: type(score).__name__)
def test_misconduct_costs_in_every_stage(score: Score) -> None:
    assert score(always(burst), GENOME, 1) < honest(score) - 0.01


def test_misconduct_of_the_blind_worm_costs() -> None:
    def life(trial: Trial, model: WormModel | None) -> FloatArray:
        path = crawl(trial.seconds)
        if not trial.smell:
            burst(path)
        return path

    assert FORAGE(ScriptedBench(life), GENOME, 1) < honest(FORAGE) - 0.01


def test_bursts_knots_and_overloaded_servos_are_misconduct() -> None:
    bench = Bench()
    t = np.arange(0.0, 10.0, 0.02)
    still = np.zeros((t.size, 16))
    dash, knot, flail = still.copy(), still.copy(), still.copy()
    dash[:, X] = 0.5 * bench.length_m * t
    knot[:, JOINTS:] = 0.9
    flail[:, JOINTS:] = 0.3 * np.sin(2 * np.pi * 8.0 * t[:, None])
    assert misconduct(bench, still) == 0.0
    for path in (dash, knot, flail):
        assert misconduct(bench, path) > 0.1


def test_bearings_change_every_generation() -> None:
    asked: dict[int, list[Trial]] = {}
    for generation in (1, 2, 3):
        bench = always()
        FOOD(bench, GENOME, generation)
        asked[generation] = bench.trials
    bearings = {trial.bearing_rad for trials in asked.values() for trial in trials}
    assert len(bearings) == sum(map(len, asked.values()))


def test_a_generation_has_the_same_trials_for_every_genome() -> None:
    one, other = always(), always()
    FOOD(one, GENOME, 5)
    FOOD(other, GENOME + 0.1, 5)
    assert one.trials == other.trials


def test_food_lies_all_around_and_smells() -> None:
    bench = always()
    FOOD(bench, GENOME, 1)
    bearings = np.sort([trial.bearing_rad % (2 * np.pi) for trial in bench.trials])
    np.testing.assert_allclose(np.diff(bearings), 2 * np.pi / len(bearings))
    assert all(trial.smell and 1.0 <= trial.distance_m <= 2.0 for trial in bench.trials)
    assert len({trial.heading_rad for trial in bench.trials}) == len(bearings)


def test_the_blind_worm_lacks_its_smelling_cells_and_nothing_else() -> None:
    bench = Bench()
    seeing = express(GENOME, bench.anatomy)
    blind = bench.blind(seeing)
    chemical = seeing.receptor_kind == CHEMICAL
    assert (seeing.receptor_gain != 0.0).all()
    np.testing.assert_array_equal(blind.receptor_gain == 0.0, chemical)
    cut = np.isin(seeing.chem_pre, seeing.receptor_neuron[chemical])
    cut |= np.isin(seeing.chem_post, seeing.receptor_neuron[chemical])
    np.testing.assert_array_equal(blind.chem_w == 0.0, cut)


def test_where_food_lies_is_nothing_to_the_blind_worm() -> None:
    bench = Bench()
    seeing = express(GENOME, bench.anatomy)

    def moves(model: WormModel, bearing_rad: float) -> FloatArray:
        trial = Trial(20.0, bearing_rad=bearing_rad, distance_m=0.6, smell=True)
        return np.delete(bench.run(model, trial), DISTANCE, axis=1)

    blind = bench.blind(seeing)
    assert not np.array_equal(moves(seeing, 0.0), moves(seeing, 2.5))
    np.testing.assert_array_equal(moves(blind, 0.0), moves(blind, 2.5))


def test_forage_lets_a_blind_worm_look_for_food_by_chance() -> None:
    bench = always()
    FORAGE(bench, GENOME, 1)
    (model,) = bench.models
    assert (model.receptor_gain[model.receptor_kind == CHEMICAL] == 0.0).all()


def test_chance_is_the_share_of_places_that_a_path_passes() -> None:
    assert chance_of_food(np.zeros((1000, 16)), 0.3) == 0.0
    straight = crawl(100.0, from_m=0.0)
    # All five distances straight ahead, and the nearest one on either side.
    assert chance_of_food(straight, 0.3) == pytest.approx(7 / 120)
    assert chance_of_food(straight, 5.0) == 1.0


def test_food_found_by_chance_is_taken_off() -> None:
    def near(trial: Trial, model: WormModel | None) -> FloatArray:
        return crawl(trial.seconds, from_m=FAR_M if trial.smell else 0.0)

    passed = FORAGE(ScriptedBench(near), GENOME, 1)
    assert honest(FORAGE) - passed == pytest.approx(FORAGE.cost * 7 / 120)
    assert FORAGE.cost >= 1.0


def excited_cells(bench: Bench, model: WormModel) -> set[str]:
    names = bench.anatomy.connectome.names
    assert (model.neuron_bias >= 0.0).all()
    return {names[i] for i in np.flatnonzero(model.neuron_bias)}


def test_steer_excites_the_salt_cells_one_at_a_time() -> None:
    bench = always()
    Steer()(bench, GENOME, 1)
    lives = sorted(sorted(excited_cells(bench, model)) for model in bench.models)
    assert lives == [[], ["ASEL"], ["ASER"]]


def test_turning_opposite_ways_for_rise_and_fall_pays_best() -> None:
    def steering(rise: float, fall: float) -> float:
        def life(trial: Trial, model: WormModel | None) -> FloatArray:
            assert model is not None
            turning = {"ASEL": rise, "ASER": fall}
            return crawl(
                trial.seconds, yaw_rate=sum(turning.get(cell, 0.0) for cell in excited_cells(bench, model))
            )

        bench = ScriptedBench(life)
        return Steer()(bench, GENOME, 1)

    assert min(steering(0.2, -0.2), steering(-0.2, 0.2)) > steering(0.2, 0.0) > steering(0.2, 0.2)


def stage(score: str, genes: str = "all") -> Stage:
    return Stage(name="s", score=score, genes=genes, generations=1, population=4, sigma=0.1)  # type: ignore[arg-type]


def test_a_stage_is_scored_anew_every_generation() -> None:
    scorer = Scorer(stage("food"), tuple(GENOME))
    first, second = (scorer([GENOME], generation) for generation in (1, 2))
    assert first != second
    assert first == [Food()(Bench(), GENOME, 1)]


def test_every_score_of_a_recipe_is_what_its_name_says() -> None:
    named = {"wave": Wave, "crawl": Crawl, "steer": Steer, "food": Food, "forage": Forage}
    assert named == SCORES


def test_genes_that_may_not_move_stay_where_they_are() -> None:
    base = np.linspace(-0.5, 0.5, len(GENES))
    free = np.full(len(CRAWL_GENES), 0.1)
    whole = Scorer(stage("crawl", "crawl"), tuple(base)).whole(free)
    np.testing.assert_array_equal(whole[: len(free)], free)
    np.testing.assert_array_equal(whole[len(free) :], base[len(free) :])


def test_what_evolution_hands_on_is_its_mean_and_not_its_luckiest_candidate(tmp_path: Path) -> None:
    seen: list[FloatArray] = []

    def lucky_once(genomes: Sequence[FloatArray], generation: int) -> list[float]:
        scores = [-float(np.square(g - 1.0).sum()) for g in genomes]
        if generation == 0:
            scores[0] += 100.0
        seen.extend(g.copy() for g in genomes)
        return scores

    search = evolve(
        lucky_once, make_strategy("cma", np.zeros(5), population=8, sigma=0.5, seed=3),
        stage="luck", generations=45, journal=Journal(tmp_path / "j.jsonl", {}),
    )  # fmt: skip
    means = [mean for _, mean in search]
    assert not any(np.array_equal(mean, candidate) for mean in means for candidate in seen)
    assert np.abs(means[-1] - 1.0).max() < 0.05 < np.abs(seen[0] - 1.0).max()
