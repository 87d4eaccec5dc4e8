"""A robot that starts anew in the middle of a word is heard to have done so."""

from __future__ import annotations

import pytest
from wormctl_emulator.drive import Driver
from wormctl_emulator.for_tests import need_firmware
from wormctl_serial.messages import JOINTS

need_firmware()


@pytest.mark.parametrize("after_ms", [0.8, 1.0, 1.3, 1.6, 1.9, 2.2])
def test_a_reset_while_telemetry_is_on_its_way_is_heard(after_ms: float) -> None:
    driver = Driver()
    driver.talk.hello()
    driver.talk.send_setpoint((0,) * JOINTS)
    driver.rig.advance(after_ms * 1e-3)
    driver.rig.press_reset()
    driver.talk.listen_for(0.5)
    assert driver.talk.restarted == "its reset pin or button"
