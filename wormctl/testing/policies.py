"""The kit for policies of one's own: finite setpoints whatever they are given, and the same after reset."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wormctl.config import ConfigError
from wormctl.controller import OwnPolicy, Port
from wormctl.device import Config
from wormctl.hookspecs import Offer
from wormctl.own_policy import OwnController
from wormctl.testing import checks
from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, UncheckedError, brief, calling, require

PERIOD_S = 0.02
_STEPS = 200
_OF_A_GUESS = (LookupError, TypeError, ValueError)
"""What a policy may raise because an input has another size than it counts on."""


@brief
def check_policy(
    offer: Offer[OwnPolicy],
    *,
    config: Config | None = None,
    inputs: Sequence[Port] | None = None,
    joints: int = 12,
) -> None:
    """A policy of one's own. `inputs`: what a robot file would bind, for one that does not declare its own.

    Without them it is given whatever it asks for, once as vectors with a value a joint, once as single values: it has
    to stand one of them. Raises `UncheckedError` if it stands neither.
    """
    checks.is_declared(offer)
    policy: OwnPolicy = checks.made(offer, config or checks.default_config(offer))
    if inputs is not None or hasattr(policy, "inputs"):
        _is_sound(offer.name, policy, inputs or (), joints)
        return
    for method in ("reset", "step"):
        if not callable(getattr(policy, method, None)):
            _is_sound(offer.name, policy, (), joints)  # which says so
    why, asked = "", list[str]()
    for size in (joints, 1):
        asked = _asked_for(policy, size, joints)
        try:
            _is_sound(offer.name, policy, [Port(name=name, size=size) for name in asked], joints)
        except ConformanceError as error:
            if not (asked and isinstance(error.__cause__, _OF_A_GUESS)):
                raise
            why = why or error.how
        else:
            return
    wants = f"what a robot file binds decides its inputs ({', '.join(asked)})"
    raise UncheckedError(
        offer.name,
        Rule.POLICY,
        f"{wants}: give them, check_policy(offer, inputs=[Port(...)]); with guessed ones {why}",
        f"{wants}: give them in its own test, check_policy(offer, inputs=[Port(...)]); with guessed ones {why}",
    )


class _Asking(Mapping[str, NDArray[np.float64]]):
    """Inputs that are there as soon as somebody asks for them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.asked: dict[str, NDArray[np.float64]] = {}

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        if not isinstance(name, str):
            raise KeyError(name)
        return self.asked.setdefault(name, np.zeros(self._size))

    def __iter__(self) -> Iterator[str]:
        return iter(self.asked)

    def __len__(self) -> int:
        return len(self.asked)


def _asked_for(policy: OwnPolicy, size: int, joints: int) -> list[str]:
    """The names of the inputs it asks for. Whatever it raises here it will raise again when it is judged."""
    inputs, out = _Asking(size), np.zeros(joints)
    with contextlib.suppress(Exception, SystemExit):
        policy.reset()
        for k in range(_STEPS):
            for values in inputs.asked.values():
                values[:] = np.nan if k % 2 else 0.5
            policy.step(inputs, PERIOD_S, out)
    return list(inputs.asked)


def _is_sound(name: str, policy: OwnPolicy, inputs: Sequence[Port], joints: int) -> None:
    try:
        with calling(name, Rule.POLICY, "the policy", let=(ConfigError,)):
            controller = OwnController(name, policy, inputs, joints, PERIOD_S)
            size = sum(port.size for port in controller.inputs)
    except ConfigError as error:
        raise ConformanceError(name, Rule.POLICY, str(error).removeprefix(f"{name}: ")) from None
    good_period = math.isfinite(controller.dt_s) and controller.dt_s > 0.0
    require(good_period, name, Rule.POLICY, f"dt_s {controller.dt_s:g}: must be greater than 0 s")
    rng = np.random.default_rng(1)
    x, good = rng.normal(size=(_STEPS, size)), rng.random((_STEPS, size)) < 0.8
    good[:5] = False
    first, second = (_steps(name, controller, x, good) for _ in range(2))
    require(np.array_equal(first, second), name, Rule.POLICY, "does something else after reset")


def _steps(
    name: str, controller: OwnController, x: NDArray[np.float64], good: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What a policy asks for, (steps, joints)."""
    out = np.zeros((len(x), controller.joints))
    with calling(name, Rule.POLICY, "reset"):
        controller.reset()
    with calling(name, Rule.POLICY, "step"):
        for k in range(len(x)):
            controller.step(x[k], good[k], out[k])
    require(np.isfinite(out).all(), name, Rule.POLICY, "asks for a setpoint that is not finite")
    return out
