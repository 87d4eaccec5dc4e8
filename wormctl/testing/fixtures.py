"""The kit's stand-ins as pytest fixtures, there in every test as soon as wormctl is installed.

Nothing of wormctl is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from wormctl.testing.fake_bus import BusDevice, FakeBus
    from wormctl.testing.fake_clock import FakeClock
    from wormctl.testing.fake_port import Answer, FakePort
    from wormctl.testing.recorded import RecordedLife


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock whose time passes when the test says so."""
    from wormctl.testing.fake_clock import FakeClock

    return FakeClock()


@pytest.fixture
def fake_bus() -> Callable[[Mapping[int, BusDevice]], FakeBus]:
    """Makes an I2C bus of devices by their addresses: `fake_bus({0x29: RegisterDevice()})`."""
    from wormctl.testing.fake_bus import FakeBus

    return FakeBus


@pytest.fixture
def fake_port() -> Iterator[Callable[[Answer | None], FakePort]]:
    """Opens serial ports: `fake_port(None)`, or with a function that answers. They are unplugged afterwards."""
    from wormctl.testing.fake_port import FakePort

    with ExitStack() as closing:

        def open_one(answer: Answer | None = None) -> FakePort:
            return closing.enter_context(FakePort(answer))

        yield open_one


@pytest.fixture
def recorded_world() -> RecordedLife:
    """Eight seconds of a worm on its way to food: `recorded_world.context()` for a sensor, then `play` it."""
    from wormctl.testing.recorded import RecordedLife

    return RecordedLife()
