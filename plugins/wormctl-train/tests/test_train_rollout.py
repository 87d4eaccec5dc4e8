"""The compiled rollout that evolution uses is the real loop: same worm, same world, same path."""

from __future__ import annotations

import numpy as np
import pytest
from wormctl_sim.arena import Arena
from wormctl_sim.field_kernel import X_M, Y_M
from wormctl_sim.rollout import closed_loop
from wormctl_train.anatomy import anatomy
from wormctl_train.genome import GENES, express, values
from wormctl_train.measure import gait, self_contact
from wormctl_train.trial import DT_S, UNFOLDS, Bench, Trial

from wormctl.assembly import assemble
from wormctl.loop import TickView
from wormctl.plugins import load_plugins
from wormctl.robot import load_robot
from wormctl.worm.controller import WormController


@pytest.mark.parametrize("seed", [3, 4])
def test_the_rollout_is_the_loop(seed: int) -> None:
    genome = np.random.default_rng(seed).normal(0.0, 0.2, len(GENES))
    model = express(genome, anatomy())
    robot = load_robot().replace(body="planar", world="food")
    seconds = 12.0
    noses: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def watch(view: TickView) -> None:
        assert view.truth is not None
        noses.append(view.truth.nose.copy())

    with assemble(
        robot, load_plugins(), seed=seed, controller=WormController(model, DT_S, UNFOLDS)
    ) as assembly:
        assert assembly.world is not None
        assert assembly.truth is not None
        heading = float(assembly.truth.pose[0, 2])
        assert isinstance(assembly.world, Arena)
        food = assembly.world.field("odour", "food")[0, [X_M, Y_M]]
        assembly.loop(observers=[watch]).run(seconds)

    bench = Bench()
    packed = bench.pack(model)
    path = np.empty((round(seconds / DT_S), 4 + bench.snake.joints))
    closed_loop(*bench.life(packed), heading, np.asarray(food, dtype=np.float64), bench.smelling(True), path)
    np.testing.assert_allclose(np.array(noses)[:-1], path[1:, :2], rtol=0, atol=1e-9)


def test_every_gene_stays_in_its_bounds_and_does_something() -> None:
    body = anatomy()
    start = express(np.zeros(len(GENES)), body).tensors()
    for i, gene in enumerate(GENES):
        for x in (-100.0, 100.0):
            value = gene.value(x)
            assert np.isfinite(value)
        moved = np.zeros(len(GENES))
        moved[i] = 0.3 if gene.value(0.3) != gene.value(0.0) else -0.3
        changed = express(moved, body).tensors()
        assert any(not np.array_equal(changed[name], start[name]) for name in start), gene.name


def test_forward_motor_neurons_feel_the_joints_ahead_of_those_they_move() -> None:
    body = anatomy()
    c = body.connectome
    felt = list(
        zip(body.stretch_neuron, body.stretch_joint, body.stretch_unit, body.stretch_ahead, strict=True)
    )
    for index in np.flatnonzero(body.mask("DB", "VB")):
        own = c.nmj_neuron == index
        moved = np.average(body.muscle_joint[c.nmj_muscle[own]], weights=body.nmj_strength[own])
        ahead = [joint for i, joint, _, is_ahead in felt if i == index and is_ahead]
        assert ahead == [round(moved) - 2, round(moved) - 1], c.names[index]
        # The side that is bent ahead is the side that contracts next.
        units = {np.sign(unit) for i, _, unit, is_ahead in felt if i == index and is_ahead}
        assert units == {1.0 if c.names[index].startswith("DB") else -1.0}


def test_the_connectome_cannot_be_switched_off() -> None:
    lowest = values(np.full(len(GENES), -100.0))
    assert lowest["synapse.all"] > 0.0
    assert lowest["gap.all"] > 0.0


def test_neurons_rest_where_they_can_answer() -> None:
    bench = Bench()
    model = express(np.zeros(len(GENES)), bench.anatomy)
    controller = WormController(model, DT_S, UNFOLDS, np.float64)
    n = sum(port.size for port in controller.inputs)
    for _ in range(5000):
        controller.step(np.zeros(n), np.zeros(n, bool), np.zeros(controller.joints))
    # A cell with a gene of its own rests there; bistable motor neurons may have left.
    for name, p in (("AVA", -2.0), ("AIY", 0.0), ("RIA", 0.0)):
        cells = bench.anatomy.mask(name)
        expected = 1.0 / (1.0 + np.exp(-p))
        assert np.abs(controller.activity[cells] - expected).max() < 0.25, name


def test_gait_of_a_made_up_wave() -> None:
    t = np.arange(0.0, 20.0, 0.02)
    path = np.zeros((t.size, 16))
    path[:, 0] = 0.2 * 0.975 * t
    path[:, 4:] = 0.4 * np.sin(2 * np.pi * 0.5 * t[:, None] - 0.7 * np.arange(12))
    g = gait(path, 0.02, 0.975)
    assert g.forward == pytest.approx(0.2, rel=1e-6)
    assert g.frequency_hz == pytest.approx(0.5, abs=0.03)
    assert g.lag == pytest.approx(0.7, abs=0.02)
    assert g.coherence == pytest.approx(1.0, abs=0.01)
    assert g.swing == pytest.approx(np.full(12, 0.4 / np.sqrt(2)), rel=0.02)


def test_self_contact_tells_a_knot_from_a_wave() -> None:
    knot, wave = np.zeros((50, 16)), np.zeros((50, 16))
    knot[:, 4:] = 0.9
    wave[:, 4:] = 0.4 * np.sin(0.7 * np.arange(12))
    assert self_contact(knot, 0.075, 0.025) == 1.0
    assert self_contact(wave, 0.075, 0.025) == 0.0


def test_a_trial_repeats_bit_for_bit() -> None:
    bench = Bench()
    model = express(np.zeros(len(GENES)), bench.anatomy)
    trial = Trial(seconds=5.0, bearing_rad=1.0, distance_m=1.5, smell=True)
    np.testing.assert_array_equal(bench.run(model, trial), Bench().run(model, trial))
