"""What is at the chip's pins is what telemetry tells, before and after a reset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wormctl_emulator.for_tests import need_firmware
from wormctl_emulator.lockstep import LockstepLine, ready_rig
from wormctl_emulator.rig import PACK_V, RAIL_V, Rig
from wormctl_serial.messages import NOSE_FULL, Input
from wormctl_serial.talk import Talk

need_firmware()


@pytest.fixture(params=[False, True], ids=["switched on", "after a reset"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = ready_rig(None)
    if request.param:
        rig.head_pressed = rig.tail_pressed = True
        rig.advance(0.1)
        rig.head_pressed = rig.tail_pressed = False
        rig.press_reset()
    rig.advance(0.2)
    yield rig
    rig.close()


def seen(rig: Rig) -> Talk:
    rig.advance(0.1)
    talk = Talk(LockstepLine(rig))
    talk.look()
    return talk


def test_at_rest_nothing_is_pressed(rig: Rig) -> None:
    telemetry = seen(rig).telemetry
    assert Input(telemetry.number("inputs")) == Input(0)
    assert telemetry.number("servo_mv") == pytest.approx(RAIL_V * 1000, abs=30)
    assert telemetry.number("logic_mv") == pytest.approx(PACK_V * 1000, abs=30)


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        ("head_pressed", Input.CONTACT_HEAD),
        ("tail_pressed", Input.CONTACT_TAIL),
        ("estop_open", Input.ESTOP_OPEN),
    ],
)
def test_each_switch_shows_and_goes_again(rig: Rig, switch: str, told: Input) -> None:
    setattr(rig, switch, True)
    assert Input(seen(rig).telemetry.number("inputs")) == told
    setattr(rig, switch, False)
    assert Input(seen(rig).telemetry.number("inputs")) == Input(0)


def test_noses_tell_their_voltages(rig: Rig) -> None:
    rig.nose_v = [1.0, 4.0]
    left, right = seen(rig).telemetry.numbers("nose")
    assert left / NOSE_FULL * 5.0 == pytest.approx(1.0, abs=0.006)
    assert right / NOSE_FULL * 5.0 == pytest.approx(4.0, abs=0.006)
