"""From a genome to a policy file, with the origin of every array told."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wormctl.policy import Kind, Made, Origin, Parameters, PolicyMeta
from wormctl.worm.controller import WormController
from wormctl_train.anatomy import anatomy
from wormctl_train.blueprint import load_blueprint
from wormctl_train.course import DT_S, UNFOLDS
from wormctl_train.express import Expression
from wormctl_train.recipe import Recipe, Task

DATA = (
    "Wiring: Cook et al. 2019, Nature 571:63-71, adult hermaphrodite (see wormctl/connectome/PROVENANCE.md)",
    "Signs: Fenyves et al. 2020, PLOS Comput Biol 16:e1007974; transmitters: Wang et al. 2024",
)

ORIGINS: tuple[tuple[Origin, str, str], ...] = (
    (
        Origin.CONNECTOME,
        "chem.pre chem.post gap.a gap.b nmj.neuron nmj.muscle muscle.side",
        "who connects to whom: every published chemical synapse, gap junction and neuromuscular junction",
    ),
    (
        Origin.ASSUMED,
        "neuron.gleak receptor.neuron receptor.kind receptor.top stretch.neuron stretch.joint muscle.joint",
        "chosen by a person: passive membranes, which cells sense what, which muscles move which joint",
    ),
    (
        Origin.ASSUMED,
        "chem.erev",
        "the signs that the blueprint assumes, class by class and with a reason; else GABA inhibits, also in the nine "
        "pairs predicted otherwise; else the published sign, and where there is none it excites",
    ),
    (
        Origin.EVOLVED,
        "chem.w gap.g nmj.weight",
        "root of the section count, times evolved strengths shared by classes or by all",
    ),
    (
        Origin.EVOLVED,
        "neuron.cm neuron.gself neuron.sigma neuron.vleak neuron.bias receptor.tau_fast_s receptor.tau_slow_s "
        "receptor.floor muscle.tau_s joint.amplitude_rad",
        "evolved or assumed, shared by a class or by all: the blueprint says which",
    ),
    (
        Origin.EVOLVED,
        "receptor.gain stretch.gain",
        "evolved sizes; which receptors answer to more and which to less, and which way a bend is felt, is assumed",
    ),
    (
        Origin.EVOLVED,
        "neuron.mu",
        "placed so that each neuron rests at an activity that is evolved for its class or for all; cells with "
        "receptors are assumed to be nearly silent",
    ),
)

SHUFFLED: tuple[tuple[Origin, str, str], ...] = (
    (
        Origin.CONNECTOME,
        "chem.pre nmj.neuron nmj.muscle muscle.side",
        "how many contacts each neuron has, and every neuromuscular junction, as published",
    ),
    (
        Origin.RANDOM,
        "chem.post gap.a gap.b",
        "a control: whom each contact ends on was shuffled, every neuron keeping its number of them",
    ),
    *ORIGINS[1:],
)
"""The same of a shuffled wiring."""


def _methods(recipe: Recipe) -> str:
    names = {"cma": "CMA-ES", "es": "an evolution strategy"}
    return " and ".join(dict.fromkeys(names[stage.strategy] for stage in recipe.stage))


def make_policy(
    task: Task,
    genome: NDArray[np.float64],
    command: str,
    evaluations: int,
    scores: Mapping[str, float] | None = None,
) -> tuple[PolicyMeta, dict[str, NDArray[np.generic]]]:
    """What `wormctl.policy.save_policy` takes: the policy that `genome` makes, with how it came about."""
    recipe, blueprint = task.recipe, load_blueprint(task.recipe.blueprint, task.folder)
    values = blueprint.values(genome)
    shuffle = recipe.wiring.shuffle
    model = Expression(blueprint, anatomy(shuffle=shuffle))(values)
    controller = WormController(model, DT_S, UNFOLDS)
    meta = PolicyMeta(
        kind=Kind.WORM,
        dt_s=DT_S,
        unfolds=UNFOLDS,
        neurons=controller.neurons,
        inputs=controller.inputs,
        joints=controller.joints,
        made=Made(
            command=command,
            seed=recipe.seed,
            evaluations=evaluations,
            scores=dict(scores or {}),
            by=recipe.by,
            data=DATA,
            genes={name: values[name] for name in blueprint.genes},
            notes=(
                f"{len(blueprint.genes)} class-tied numbers evolved by {_methods(recipe)} on the planar body, in "
                f"{len(recipe.stage)} stages: "
                + ", ".join(stage.name for stage in recipe.stage)
                + ("" if shuffle is None else f"; a control, its wiring shuffled with seed {shuffle}")
            ),
        ),
        parameters=tuple(
            Parameters(tensors=tuple(names.split()), origin=origin, doc=doc)
            for origin, names, doc in (ORIGINS if shuffle is None else SHUFFLED)
        ),
    )
    return meta, model.tensors()
