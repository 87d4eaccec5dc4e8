"""The safety room of the firmware, line by line: the dead-man, the e-stop, voltages, stop, and latched faults."""

from __future__ import annotations

import pytest
from wormctl_serial import messages as m

from tests.firmware.core import OK, REFUSED, Room, S, armed_room, ready_room

# ---- The dead-man


def test_the_deadman() -> None:
    room = armed_room()
    room.stream(-9000, 201, 30)
    room.setpoint(9000, 240)
    moved = []
    for _ in range(S["SILENT_TICKS"]):
        room.tick()
        moved.append((room.s.state, room.s.angle[0], bool(room.pulses()[0])))
    hold, ramp = S["HOLD_TICKS"], S["RAMP_TICKS"]
    assert [state for state, _, _ in moved] == (
        [m.State.ARMED] * (hold - 1)
        + [m.State.HOLD] * (ramp - hold)
        + [m.State.RAMP] * (S["SILENT_TICKS"] - ramp)
    ) + [m.State.SILENT]
    held = moved[hold - 1][1]
    assert {angle for _, angle, _ in moved[hold - 1 : ramp - 1]} == {held}
    ramped = [angle for _, angle, _ in moved[ramp - 1 : -1]]
    assert held == -9000 + (hold - 1) * S["SLEW_STEP"], "it was still on its way"
    assert ramped[:2] == [held + S["SLOW_STEP"], held + 2 * S["SLOW_STEP"]]
    assert [alive for _, _, alive in moved] == [True] * (S["SILENT_TICKS"] - 1) + [False]
    assert room.s.fault == m.Fault.DEADMAN
    # What is said of it: within 200 ms, and 2 s, one more frame of pulses included.
    assert (hold + 1) * S["TICK_MS"] <= 200 < (hold + 2) * S["TICK_MS"]
    assert (S["SILENT_TICKS"] + 1) * S["TICK_MS"] <= 2000


def test_the_ramp_ends_straight_from_either_side() -> None:
    for angle in (1000, -1000):
        room = armed_room()
        room.stream(angle, 201, 20)
        room.tick(count=S["SILENT_TICKS"] - 2)
        assert list(room.s.angle) == [0] * 12
        assert room.s.state == m.State.RAMP


def test_nothing_revives_a_deadman() -> None:
    room = armed_room()
    room.stream(1000, 201, 20)
    room.tick(count=S["HOLD_TICKS"])
    assert room.s.state == m.State.HOLD
    assert room.setpoint(1000, 300) == REFUSED
    room.tick(count=200)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, m.Fault.DEADMAN)
    assert room.pulses() == [0] * 12
    assert room.arm() is m.Result.FAULTED
    assert room.hello() is OK
    assert room.setpoint(0, 1) == REFUSED
    room.tick(count=200)
    assert room.s.fault == m.Fault.DEADMAN


def test_a_setpoint_in_time_keeps_it_alive() -> None:
    room = armed_room()
    for k in range(201, 260):
        room.setpoint(0, k)
        room.tick(count=S["HOLD_TICKS"] - 1)
        assert room.s.state == m.State.ARMED
    assert room.s.fault == m.Fault.NONE


# ---- E-stop and voltages


def test_the_emergency_stop() -> None:
    room = armed_room()
    room.setpoint(0, 201)
    room.tick(estop=True)
    assert (room.s.state, room.s.fault, room.pulses()) == (m.State.SILENT, m.Fault.ESTOP, [0] * 12)
    room.tick(count=10)
    assert room.arm() is m.Result.FAULTED, "to release it is not to go on"
    room = ready_room()
    room.tick(estop=True)
    assert room.s.fault == m.Fault.NONE, "while nothing moves there is nothing to stop"


@pytest.mark.parametrize(
    ("inputs", "fault", "ticks"),
    [
        ({"logic_mv": S["LOGIC_STOP_MV"] - 1}, m.Fault.LOGIC_VOLTAGE, S["LOGIC_TICKS"]),
        ({"servo_mv": S["SERVO_STOP_MV"] - 1}, m.Fault.SERVO_VOLTAGE, S["SERVO_TICKS"]),
    ],
)
def test_voltages(inputs: dict[str, int], fault: m.Fault, ticks: int) -> None:
    def low(room: Room, number: int, count: int) -> int:
        for k in range(number, number + count):
            room.setpoint(0, k)
            room.tick(**inputs)  # type: ignore[arg-type]
        return number + count

    room = armed_room()
    number = low(room, 201, ticks - 1)
    assert room.s.state == m.State.ARMED
    number = room.stream(0, number, 1)
    number = low(room, number, ticks - 1)
    assert room.s.state == m.State.ARMED, "it has to be low without a break"
    low(room, number, 1)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, fault)
    assert room.pulses() == [0] * 12


def test_a_voltage_at_its_bound_is_enough() -> None:
    room = armed_room()
    for k in range(201, 260):
        room.setpoint(0, k)
        room.tick(logic_mv=S["LOGIC_STOP_MV"], servo_mv=S["SERVO_STOP_MV"])
    assert room.s.state == m.State.ARMED


def test_arming_again_counts_low_voltage_anew() -> None:
    room = armed_room()
    for k in range(201, 201 + S["SERVO_TICKS"] - 1):
        room.setpoint(0, k)
        room.tick(servo_mv=0, logic_mv=S["LOGIC_STOP_MV"] - 1)
    room.stop()
    room.stream(0, 300, 10)
    assert room.arm() is OK
    assert (room.s.logic_low, room.s.servo_low) == (0, 0)


def test_the_first_fault_is_the_one_that_is_told() -> None:
    room = armed_room()
    room.tick(count=S["HOLD_TICKS"])
    room.tick(estop=True)
    assert (room.s.state, room.s.fault) == (m.State.SILENT, m.Fault.DEADMAN)


# ---- Stop, and clearing a fault


def test_stop() -> None:
    room = armed_room()
    room.stop()
    assert (room.s.state, room.s.fault, room.s.ready) == (m.State.SILENT, m.Fault.NONE, 0)
    assert room.pulses() == [0] * 12
    room.stream(0, 300, 5)
    assert room.arm() is m.Result.NOT_READY
    room.stream(0, 305, 5)
    assert room.arm() is OK
    room.setpoint(0, 320)
    room.tick()
    assert [j for j, us in enumerate(room.pulses()) if us] == [0], "one after another, as the first time"


def test_clearing_a_fault() -> None:
    room = armed_room()
    room.tick(estop=True)
    assert room.clear(m.Fault.ESTOP, session=6) is m.Result.NO_SESSION
    assert room.clear(m.Fault.ESTOP, boot_id=8) is m.Result.WRONG_BOOT
    assert room.clear(m.Fault.DEADMAN) is m.Result.BAD_VALUE
    assert room.clear(m.Fault.ESTOP) is m.Result.ESTOP_OPEN
    assert room.s.fault == m.Fault.ESTOP
    room.tick()
    assert room.clear(m.Fault.ESTOP) is OK
    assert (room.s.fault, room.s.ready) == (m.Fault.NONE, 0)
    assert room.clear(m.Fault.ESTOP) is OK, "the answer may have been lost"
    assert room.clear(m.Fault.ESTOP, boot_id=8) is m.Result.WRONG_BOOT
    assert room.arm() is m.Result.NOT_READY


def test_a_fault_is_not_cleared_while_joints_still_move() -> None:
    room = armed_room()
    room.tick(count=S["RAMP_TICKS"])
    assert room.s.state == m.State.RAMP
    assert room.clear(m.Fault.DEADMAN) is m.Result.BUSY
