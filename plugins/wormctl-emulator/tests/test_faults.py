"""Every fault that the robot must survive, on the real firmware: no bound is broken, and the judge would notice."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from wormctl_emulator.chip import HZ, PULSE, Chip
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
    told = json.loads(json.dumps(outcome.as_json(), allow_nan=False))
    assert told["name"] == name
    assert told["fine"] is True


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


def test_a_pin_that_stays_high_is_seen(tmp_path: Path) -> None:
    source, elf = tmp_path / "high.c", tmp_path / "high.elf"
    source.write_text("#include <avr/io.h>\nint main(void) { DDRC = 32; PORTC = 32; for (;;) {} }\n")
    subprocess.run(["avr-gcc", "-mmcu=atmega328p", "-Os", str(source), "-o", str(elf)], check=True)
    chip = Chip(elf)
    for _ in range(4):
        chip.run(0.005)
    seen = judge(chip.pulses(), JOINTS)
    chip.close()
    assert seen.beyond_deg > 90.0
    assert seen.last_s > 0.01


def test_the_judge_sees_a_jump() -> None:
    assert judge(pulses([1500.0, 1537.0, 1574.0]), JOINTS).slew_deg_s < 180.0
    assert judge(pulses([1500.0, 1600.0]), JOINTS).slew_deg_s > 180.0
    steps = np.arange(12.0)
    assert judge(pulses(list(1500.0 + 37.0 * steps)), JOINTS).slew_deg_s < 180.0, (
        "176 degrees/s, as the firmware does"
    )
    assert judge(pulses(list(1500.0 + 41.0 * steps)), JOINTS).slew_deg_s > 180.0, "196 degrees/s, for a while"
    paused = pulses([1500.0, 1600.0])
    paused["rise"][1] += 5 * HZ
    assert judge(paused, JOINTS).slew_deg_s > 180.0, "a pause takes the servo nowhere"
    seen = judge(np.concatenate([pulses([1500.0]), pulses([1900.0], servo=1)]), JOINTS)
    assert seen.slew_deg_s == 0.0, "two joints may stand apart"


def test_the_judge_sees_movement() -> None:
    assert moves_between(pulses([1500.0, 1515.0]), JOINTS, 0.0, 2.0) <= 0.0
    assert moves_between(pulses([1500.0, 1600.0]), JOINTS, 0.0, 2.0) > 5.0
    assert moves_between(pulses([1500.0, 1600.0]), JOINTS, 1.01, 2.0) <= 0.0
