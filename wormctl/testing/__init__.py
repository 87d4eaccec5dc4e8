"""The conformance kit for plugins: run it in your tests, and what passes here works in the loop.

    from wormctl.testing import check_plugin
    import wormctl_mine.plugin

    def test_conformance():
        check_plugin(wormctl_mine.plugin)

A check that fails raises `ConformanceError`, an `AssertionError` whose message says which rule was broken.
The kit needs no test runner. `IdealBody`, `FixedSensor` and `StillController` stand in for what a test leaves
out.
"""

from wormctl.testing.contract import Rule
from wormctl.testing.failure import ConformanceError, UncheckedError
from wormctl.testing.fake_bus import BusDevice, BusFault, FakeBus, RegisterDevice
from wormctl.testing.fake_clock import FakeClock
from wormctl.testing.fake_port import FakePort
from wormctl.testing.fakes import FixedSensor, IdealBody, StillController, bare_context
from wormctl.testing.kit import (
    check_actuator,
    check_body,
    check_plugin,
    check_policy,
    check_sensor,
    check_world,
)

__all__ = [
    "BusDevice",
    "BusFault",
    "ConformanceError",
    "FakeBus",
    "FakeClock",
    "FakePort",
    "FixedSensor",
    "IdealBody",
    "RegisterDevice",
    "Rule",
    "StillController",
    "UncheckedError",
    "bare_context",
    "check_actuator",
    "check_body",
    "check_plugin",
    "check_policy",
    "check_sensor",
    "check_world",
]
