"""A policy whose inputs a robot file decides, checked without one: the kit gives it what it asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.testing.sound import offer
from wormctl.controller import Port
from wormctl.device import Config
from wormctl.testing import ConformanceError, Rule, UncheckedError, check_policy


class Policy:
    """A sound policy that takes no inputs; the others differ from it in `answer`."""

    def __init__(self, config: Config) -> None: ...

    def reset(self) -> None: ...

    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        outputs[:] = np.nan_to_num(self.answer(inputs))

    def answer(self, inputs: Any) -> Any:
        return 0.1


class Bending(Policy):
    def answer(self, inputs: Any) -> Any:
        return -0.5 * inputs["bend"] + 0.1 * inputs["smell"][0]


class Single(Policy):
    def answer(self, inputs: Any) -> Any:
        return inputs["smell"].item()


class Careful(Policy):
    def answer(self, inputs: Any) -> Any:
        bend = inputs.get("bend")
        return bend[0] if bend is not None and "smell" in inputs else 0.0


class Declaring(Bending):
    inputs = (Port(name="bend", size=12), Port(name="smell"))


@pytest.mark.parametrize("sound", [Policy, Bending, Single, Careful, Declaring])
def test_a_sound_policy_passes_without_its_inputs(sound: type[Policy]) -> None:
    check_policy(offer(sound))


class Seven(Policy):
    """Its input has a size that nobody guesses."""

    def answer(self, inputs: Any) -> Any:
        return inputs["touch"].reshape(7).mean()


def test_a_policy_whose_inputs_cannot_be_guessed_is_not_checked() -> None:
    says = r"what a robot file binds decides its inputs \(touch\): give them.*with guessed ones step raises ValueError"
    with pytest.raises(UncheckedError, match=says):
        check_policy(offer(Seven))
    check_policy(offer(Seven), inputs=[Port(name="touch", size=7)])


class Dividing(Policy):
    def answer(self, inputs: Any) -> Any:
        return inputs["smell"][0] + 1 // 0


class Believing(Policy):
    def step(self, inputs: Any, dt: float, outputs: NDArray[np.float64]) -> None:
        outputs[:] = inputs["smell"][0]


class Misspelling(Declaring):
    def answer(self, inputs: Any) -> Any:
        return inputs["bent"]


class Timeless(Policy):
    dt_s = 0.0


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (Dividing, "step raises ZeroDivisionError"),
        (Believing, "not finite"),
        (Misspelling, "step raises KeyError: 'bent'"),
        (Timeless, "dt_s"),
    ],
)
def test_a_broken_policy_is_caught_all_the_same(broken: type[Policy], says: str) -> None:
    with pytest.raises(ConformanceError, match=says) as caught:
        check_policy(offer(broken))
    assert caught.value.rule is Rule.POLICY
    assert not isinstance(caught.value, UncheckedError)
