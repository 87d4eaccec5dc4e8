"""Where training begins: where the blueprint does, amid its bounds, or with the genes that a policy keeps or shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.neural.checks import InputError
from wormctl.policy import Kind, Policy, find_policy, load_policy
from wormctl.worm.model import WormModel
from wormctl_train.express import Expression
from wormctl_train.read_back import missed, read_back, unlike
from wormctl_train.recipe import MIDDLE, Task


class Beginning(NamedTuple):
    """Where the first stage starts from."""

    genome: NDArray[np.float64]
    """(genes,)."""
    told: str
    """A sentence: how much of the policy it is; empty without one."""


def beginning(task: Task, express: Expression) -> Beginning:
    """Where the first stage of `task` starts from, `express` being that of its blueprint on its body.

    That is the blueprint's own start, the middle of its bounds, or a policy. Genes that the policy keeps are taken as
    they are, others read off its arrays; what lies outside bounds is brought to them, and what the arrays do not tell
    is where the blueprint starts. Raises `ConfigError` for a policy of which there is nothing to begin with.
    """
    blueprint, start = express.blueprint, task.recipe.start
    if start is None:
        return Beginning(np.zeros(len(blueprint.genes)), "")
    if start == MIDDLE:
        low, high = blueprint.bounds()
        return Beginning((low + high) / 2.0, "starts in the middle of the bounds of every gene")
    policy = load_policy(find_policy(task.find(start)))
    model = _worm(policy, express, f"start = {start!r}")
    kept = {name: value for name, value in policy.meta.made.genes.items() if name in blueprint.genes}
    other = unlike(express, model)
    if other is None:
        missing = len(blueprint.genes) - len(kept)
        values = read_back(express, model, kept) if missing else kept
        genome = blueprint.genome(values)
        read = f" (genes read off its arrays: {missing} of {len(blueprint.genes)})" if missing else ""
        return Beginning(
            genome, f"starts from {start}{read}, {_share(missed(express, blueprint.values(genome), model))}"
        )
    if not kept:
        raise ConfigError(
            f"start = {start!r}: this policy keeps no genes, and they cannot be read off its arrays: "
            f"{other} is not as the worm has it that this recipe trains"
        )
    return Beginning(
        blueprint.genome(kept),
        f"starts from the {len(kept)} genes that {start} keeps; it is another body, with another {other}",
    )


def _worm(policy: Policy, express: Expression, at: str) -> WormModel:
    """The worm in a policy. Raises `ConfigError`, beginning with `at`, for what is none, or has other neurons."""
    meta, names = policy.meta, express.body.connectome.names
    if meta.kind is not Kind.WORM:
        raise ConfigError(
            f"{at}: is a policy of kind {meta.kind}, and training starts from one of kind {Kind.WORM}: "
            f"{len(names)} neurons wired as in the animal"
        )
    if len(meta.neurons) != len(names):
        raise ConfigError(f"{at}: is a worm of {len(meta.neurons)} neurons, and must be one of {len(names)}")
    for mine, other in zip(names, meta.neurons, strict=True):
        if mine != other:
            raise ConfigError(f"{at}: has a neuron {other!r} where {mine} must be")
    try:
        return WormModel.from_tensors(policy.tensors)
    except InputError as error:
        raise ConfigError(f"{at}: {error}") from None


def _share(lacking: dict[str, float]) -> str:
    """What the blueprint can say of a policy, given the share of each array that it cannot."""
    if not lacking:
        return "all of which the blueprint can express"
    most = sorted(lacking, key=lambda name: -lacking[name])
    parts = [f"{100.0 * lacking[name]:.2g} % of {name}" for name in most]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"of which the blueprint can express all but {listed}"
