"""Settings that contradict each other are refused in a line; angles become ticks within every limit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wormctl_bus_servo.config import BusServoConfig, Joint
from wormctl_bus_servo.joints import joint_map, reach_deg
from wormctl_bus_servo.kinds import KINDS, RAD_PER_TICK, watchdog_units

from wormctl.config import ConfigError, convert

joints = st.builds(
    Joint,
    zero=st.integers(0, 4095),
    direction=st.sampled_from([1, -1]),
    low_deg=st.floats(-150.0, 0.0),
    high_deg=st.floats(0.0, 150.0),
)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ids": [1, 2]}, "ids: has 2 entries, must have 12"),
        ({"ids": [1, 1, *range(3, 13)]}, "ids: 1 is there twice"),
        ({"joint": [{}]}, "joint: has 1 entries, must have 12"),
        ({"baud": 2_000_000}, "baud = 2000000: a sts3215 has 57600, 115200, 500000, 1000000"),
        ({"kind": "xl330", "baud": 500_000}, "baud = 500000: a xl330 has"),
        (
            {"min_voltage_v": 12.0, "max_voltage_v": 9.0},
            "min_voltage_v = 12: must be less than max_voltage_v",
        ),
        ({"kind": "xl320"}, "did you mean"),
        ({"joint": [{"zero": 5000}] * 12}, r"\$.joint\[.*\].zero = 5000"),
        ({"torque_limit": 0.0}, r"\$.torque_limit = 0"),
        ({"ids": [254, *range(2, 13)]}, r"\$.ids\[.*\] = 254"),
        ({"ports": "auto"}, "ports"),
    ],
)
def test_a_wrong_setting_is_one_line(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        convert(settings, BusServoConfig, where="test")
    assert "\n" not in str(caught.value)


def test_without_settings_it_is_twelve_feetech_servos() -> None:
    config = convert({}, BusServoConfig, where="test")
    assert (config.kind, config.baud, config.servos) == ("sts3215", 1_000_000, tuple(range(1, 13)))


@given(
    joint=joints, angle_rad=st.floats(-math.pi, math.pi), low=st.integers(0, 2000), size=st.integers(1, 2095)
)
def test_ticks_never_leave_either_limit(joint: Joint, angle_rad: float, low: int, size: int) -> None:
    one = joint_map(3, joint, low, low + size)
    if not low < joint.zero < low + size:
        return
    ticks = one.ticks(angle_rad)
    assert low <= ticks <= low + size
    reach = sorted((joint.low_deg, joint.high_deg))
    assert reach[0] - 0.1 <= math.degrees(one.angle_rad(ticks)) <= reach[1] + 0.1
    least, most = reach_deg(one)
    assert least - 0.1 <= math.degrees(one.angle_rad(ticks)) <= most + 0.1


@given(joint=joints, angle_rad=st.floats(-0.5, 0.5))
def test_an_angle_comes_back_within_a_tick(joint: Joint, angle_rad: float) -> None:
    one = joint_map(3, joint, -10_000, 10_000)
    wanted = min(max(angle_rad, math.radians(joint.low_deg)), math.radians(joint.high_deg))
    assert one.angle_rad(one.ticks(angle_rad)) == pytest.approx(wanted, abs=1.01 * RAD_PER_TICK)


def test_a_reversed_servo_turns_the_other_way() -> None:
    assert joint_map(1, Joint(), 0, 4095).ticks(0.5) == 2048 + 326
    assert joint_map(1, Joint(direction=-1), 0, 4095).ticks(0.5) == 2048 - 326


@pytest.mark.parametrize("angle_rad", [math.nan, math.inf, -math.inf, 3.2, -3.2, 1e300])
def test_what_is_no_angle_has_no_ticks(angle_rad: float) -> None:
    with pytest.raises(ValueError, match="is no angle"):
        joint_map(1, Joint(), 0, 4095).ticks(angle_rad)


@given(silence_s=st.floats(0.1, 2.5))
def test_a_watchdog_is_never_set_to_off(silence_s: float) -> None:
    assert 1 <= watchdog_units(silence_s) <= 127


@given(kind=st.sampled_from(sorted(KINDS)), bits=st.integers(1, 255))
def test_every_alarm_has_a_text(kind: str, bits: int) -> None:
    assert KINDS[kind].alarm(bits)
    assert KINDS[kind].alarm(0) == ""
