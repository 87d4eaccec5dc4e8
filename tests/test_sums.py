"""Inputs of several channels: who checks a robot is told that they add up, and what takes them away."""

from __future__ import annotations

import numpy as np
import pytest

from wormctl.binding import Bind, Binding
from wormctl.channel import Channel
from wormctl.controller import Port
from wormctl.device import DeviceSpec
from wormctl.sums import notes_on_sums

INPUTS = [Port(name="AWCL"), Port(name="AWCR"), Port(name="ASEL"), Port(name="stretch", size=2)]
SPEC = DeviceSpec(
    name="dev",
    simulated=True,
    channels=(
        *(Channel(name=name, unit="1", low=0.0, high=1.0) for name in ("a.a", "b.b", "c.c")),
        Channel(name="v.v", unit="1", low=0.0, high=1.0, size=2),
    ),
)


def bound(*binds: Bind) -> Binding:
    return Binding([SPEC], INPUTS, binds)


def bind(channel: str, *to: str, optional: bool = False, element: int | None = None) -> Bind:
    return Bind(channel=channel, to=list(to), optional=optional, element=element)


@pytest.mark.parametrize(
    ("binds", "notes"),
    [
        ([bind("a.a", "AWCL", "AWCR"), bind("b.b", "ASEL")], []),
        (
            [bind("v.v", "ASEL", element=0), bind("v.v", "ASEL", element=1)],
            [],  # one channel, which fails as a whole
        ),
        (
            [bind("a.a", "AWCL", "AWCR"), bind("b.b", "AWCL", "AWCR")],
            ["AWCL, AWCR get the sum of a.a and b.b, and nothing while one of them fails"],
        ),
        (
            [bind("a.a", "ASEL"), bind("b.b", "ASEL", optional=True)],
            [
                "ASEL gets the sum of a.a and b.b, without b.b (optional) while it fails, and nothing while a.a fails"
            ],
        ),
        (
            [bind("c.c", "ASEL", optional=True), bind("a.a", "ASEL"), bind("b.b", "ASEL")],
            [
                "ASEL gets the sum of a.a, b.b and c.c, without c.c (optional) while it fails, "
                "and nothing while one of a.a and b.b fails"
            ],
        ),
        (
            [bind("a.a", "ASEL", optional=True), bind("b.b", "ASEL", optional=True)],
            ["ASEL gets the sum of a.a and b.b, without those that fail (all are optional)"],
        ),
        (
            [
                bind("v.v", "stretch"),
                bind("v.v", "ASEL", element=0),
                bind("a.a", "AWCL", "ASEL"),
                bind("b.b", "AWCL"),
            ],
            [
                "ASEL gets the sum of v.v and a.a, and nothing while one of them fails",
                "AWCL gets the sum of a.a and b.b, and nothing while one of them fails",
            ],
        ),
    ],
)
def test_what_is_said_of_inputs_of_several_channels(binds: list[Bind], notes: list[str]) -> None:
    assert notes_on_sums(bound(*binds)) == notes


@pytest.mark.parametrize("optional", [False, True])
def test_what_is_said_is_what_happens(optional: bool) -> None:
    binding = bound(bind("a.a", "ASEL"), bind("b.b", "ASEL", optional=optional))
    (note,) = notes_on_sums(binding)
    at = 2
    (samples,) = binding.samples
    samples.put("a.a", 0.25, 0.0)
    binding.run(0.0)
    assert binding.good[at] == optional == ("and nothing while a.a fails" in note)
    samples.put("b.b", 0.5, 0.0)
    binding.run(0.0)
    np.testing.assert_array_equal(binding.x[at], 0.75)
    assert binding.good[at]
