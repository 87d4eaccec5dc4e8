"""The firmware at every baud rate that can be built: the host hears it, and it hears the host, 100 times a second."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from wormctl_emulator.for_tests import FIRMWARE, need_firmware
from wormctl_emulator.lockstep import LockstepLine
from wormctl_emulator.rig import Rig
from wormctl_serial.line import BAUDS
from wormctl_serial.messages import JOINTS
from wormctl_serial.talk import Talk

need_firmware()


@pytest.mark.parametrize("baud", BAUDS)
def test_a_hundred_setpoints_a_second_are_all_answered(baud: int, tmp_path: Path) -> None:
    command = ["make", "-s", "-C", str(FIRMWARE), f"BAUD={baud}", f"BUILD={tmp_path}"]
    subprocess.run(command, check=True, capture_output=True)
    rig = Rig(tmp_path / f"wormctl-atmega328p-{baud}.elf")
    rig.advance(0.2)
    talk = Talk(LockstepLine(rig))
    talk.hello()
    began_s = rig.chip.now_s
    for _ in range(300):
        talk.send_setpoint((0,) * JOINTS)
        talk.listen_for(0.01)
    talk.listen_for(0.05)
    counters = talk.counters()
    assert (counters.sent, counters.answered) == (300, 300)
    assert counters.damaged_here == counters.damaged_there == counters.lost == rig.chip.overruns == 0
    assert rig.chip.now_s - began_s < 3.2
    rig.close()


def test_another_rate_is_refused() -> None:
    done = subprocess.run(["make", "-C", str(FIRMWARE), "BAUD=9600"], capture_output=True, text=True)
    assert done.returncode != 0
    assert "must be 500000, 250000 or 115200" in done.stderr
