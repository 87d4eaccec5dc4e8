"""The strategies: both find what is there to be found, within bounds, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from wormctl_train.sphere import Sphere
from wormctl_train.strategy import Es, Strategy, centred_ranks, make_strategy

QUICK = Es(learning_rate=0.05, momentum=0.8, weight_decay=0.0)


def strategy(name: str, genes: int = 5, es: Es = QUICK, **more: object) -> Strategy:
    assert name == "cma" or name == "es"
    settings = {"population": 16, "sigma": 0.3, "seed": 3, **more}
    return make_strategy(name, np.zeros(genes), es=es, **settings)  # type: ignore[arg-type]


def climb(search: Strategy, generations: int) -> NDArray[np.float64]:
    sphere = Sphere()
    for generation in range(generations):
        search.tell(sphere(search.ask(), generation))
    return search.mean


@pytest.mark.parametrize("optimizer", ["cma", "adam", "momentum"])
def test_the_best_genome_is_found(optimizer: str) -> None:
    if optimizer == "cma":
        search = strategy("cma")
    elif optimizer == "adam":
        search = strategy("es")
    else:
        search = strategy("es", es=Es(optimizer="momentum", learning_rate=0.3, weight_decay=0.0))
    assert np.abs(climb(search, 150) - 1.0).max() < 0.1


def test_the_large_scale_strategy_climbs_among_many_genes() -> None:
    found = climb(strategy("es", 300, population=200), 80)
    assert np.square(found - 1.0).mean() < 0.1


@pytest.mark.parametrize("name", ["cma", "es"])
def test_no_genome_leaves_its_bounds(name: str) -> None:
    low, high = np.full(5, -0.4), np.array([0.5, 0.5, 0.5, 3.0, 3.0])
    search = strategy(name, bounds=(low, high))
    sphere = Sphere()
    for generation in range(100):
        genomes = search.ask()
        assert all((low <= genome).all() and (genome <= high).all() for genome in genomes)
        search.tell(sphere(genomes, generation))
    np.testing.assert_allclose(search.mean, [0.5, 0.5, 0.5, 1.0, 1.0], atol=0.1)


@pytest.mark.parametrize("name", ["cma", "es"])
def test_a_seed_gives_one_search_whatever_else_draws_numbers(name: str) -> None:
    one, two, other = strategy(name), strategy(name), strategy(name, seed=4)
    sphere = Sphere()
    for generation in range(12):
        np.random.seed(generation)
        first = one.ask()
        np.random.random(generation)
        second = two.ask()
        np.testing.assert_array_equal(first, second)
        assert not np.array_equal(first, other.ask())
        one.tell(sphere(first, generation))
        two.tell(sphere(second, generation))
        other.tell([0.0] * 15 + [1.0])


def test_candidates_come_in_opposite_pairs() -> None:
    genomes = np.array(strategy("es").ask())
    np.testing.assert_allclose(genomes[:8], -genomes[8:])
    assert 0.2 < genomes.std() < 0.4


def test_weight_decay_pulls_to_zero_where_nothing_is_better() -> None:
    search = make_strategy(
        "es", np.full(3, 2.0), population=4, sigma=0.1, seed=1,
        es=Es(optimizer="momentum", learning_rate=1.0, momentum=0.0, weight_decay=0.25),
    )  # fmt: skip
    search.ask()
    search.tell([7.0] * 4)
    np.testing.assert_allclose(search.mean, 1.5)


def test_only_the_order_of_scores_counts_and_equal_ones_are_equal() -> None:
    np.testing.assert_allclose(centred_ranks([3.0, -1.0, 10.0]), [0.0, -0.5, 0.5])
    np.testing.assert_allclose(centred_ranks([3.0, -1.0, 1e9]), [0.0, -0.5, 0.5])
    np.testing.assert_allclose(
        centred_ranks([-10.0, -10.0, 5.0, -10.0, 6.0]), [-0.25, -0.25, 0.25, -0.25, 0.5]
    )
    np.testing.assert_allclose(centred_ranks([4.0, 4.0]), [0.0, 0.0])
    np.testing.assert_allclose(centred_ranks([4.0]), [0.0])


def test_pairs_cannot_be_made_of_an_odd_number() -> None:
    with pytest.raises(ValueError, match="population = 7: must be even"):
        strategy("es", population=7)
