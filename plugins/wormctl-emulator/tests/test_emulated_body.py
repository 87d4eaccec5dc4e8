"""The serial body on the real firmware passes the suite that simulated bodies pass, by the wall.

In lock-step it does so where every body does: tests/test_conformance_of_builtins.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from wormctl_emulator.for_tests import need_firmware
from wormctl_emulator.lockstep import ready_rig
from wormctl_emulator.terminal import in_background
from wormctl_serial.body import SerialBody
from wormctl_serial.config import JointTable, SerialConfig

from wormctl.hookspecs import Offer
from wormctl.testing import check_body

need_firmware()


def test_by_the_wall(tmp_path: Path) -> None:
    rig = ready_rig((JointTable(),) * 12)
    rig.keep = True
    with in_background(rig, tmp_path / "robot") as terminal:
        offer = Offer(name="serial", summary="test", config=SerialConfig, make=SerialBody)
        check_body(offer, config=SerialConfig(port=str(tmp_path / "robot")))
        assert terminal.plugged
    seen = rig.pulses()
    assert len(np.unique(seen["servo"])) == 12
