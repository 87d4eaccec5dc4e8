"""Every fault that the robot must survive, on the real firmware: no bound is broken, and the judge would notice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from wormctl_emulator.chip import HZ, PULSE
from wormctl_emulator.faults import FAULTS
from wormctl_emulator.for_tests import need_firmware
from wormctl_emulator.judge import judge, moves_between
from wormctl_emulator.outcome import table
from wormctl_serial.config import JointTable

need_firmware()

JOINTS = (JointTable(),) * 12


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_breaks_a_bound(name: str) -> None:
    outcome = FAULTS[name](name)
    assert outcome.fine, table([outcome])


def pulses(widths_us: list[float], servo: int = 0, cut: int = 0) -> np.ndarray:
    out = np.zeros(len(widths_us), dtype=PULSE)
    out["rise"] = (np.arange(len(widths_us)) * 0.02 + 1.0) * HZ
    out["width"] = np.array(widths_us) * HZ / 1e6
    out["servo"], out["cut"] = servo, cut
    return out


def test_the_judge_sees_a_pulse_beyond_the_limits() -> None:
    edge_us = JointTable().pulse_us(math.radians(60.0))
    assert judge(pulses([edge_us + 9.0]), JOINTS).beyond_deg == 0.0
    assert judge(pulses([edge_us + 25.0]), JOINTS).beyond_deg > 1.0
    assert judge(pulses([1500.0, 400.0], cut=1), JOINTS) == (math.inf, -math.inf, 0.0, 0.0, 2)


def test_the_judge_sees_a_jump() -> None:
    assert judge(pulses([1500.0, 1537.0, 1574.0]), JOINTS).slew_deg_s < 180.0
    assert judge(pulses([1500.0, 1600.0]), JOINTS).slew_deg_s > 180.0
    steps = np.arange(12.0)
    assert judge(pulses(list(1500.0 + 37.0 * steps)), JOINTS).slew_deg_s < 180.0, (
        "176 degrees/s, as the firmware does"
    )
    assert judge(pulses(list(1500.0 + 41.0 * steps)), JOINTS).slew_deg_s > 180.0, "196 degrees/s, for a while"
    seen = judge(np.concatenate([pulses([1500.0]), pulses([1900.0], servo=1)]), JOINTS)
    assert seen.slew_deg_s == 0.0, "two joints may stand apart"


def test_the_judge_sees_movement() -> None:
    assert moves_between(pulses([1500.0, 1515.0]), JOINTS, 0.0, 2.0) <= 0.0
    assert moves_between(pulses([1500.0, 1600.0]), JOINTS, 0.0, 2.0) > 5.0
    assert moves_between(pulses([1500.0, 1600.0]), JOINTS, 1.01, 2.0) <= 0.0
