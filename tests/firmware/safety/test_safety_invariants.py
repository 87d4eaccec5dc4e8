"""The safety room of the firmware, line by line: what holds whatever happens."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from wormctl_serial import messages as m

from tests.firmware.core import OK, TAKEN, S, armed_room, plain_joint, ready_room

step = st.one_of(
    st.tuples(
        st.just("setpoint"), st.integers(-32_768, 32_767), st.integers(0, 3), st.sampled_from([5, 5, 5, 6])
    ),
    st.tuples(st.just("tick"), st.integers(1, 12)),
    st.tuples(
        st.just("inputs"),
        st.booleans(),
        st.sampled_from([0, 6599, 6600, 7600]),
        st.sampled_from([0, 4799, 5500]),
    ),
    st.tuples(st.just("arm"), st.integers(0, 0xFFFF)),
    st.tuples(st.just("stop")),
    st.tuples(st.just("hello"), st.sampled_from([5, 6])),
    st.tuples(st.just("clear"), st.sampled_from(list(m.Fault))),
    st.tuples(st.just("ready")),
)
new_line = st.tuples(
    st.just("joint"),
    st.integers(0, m.JOINTS - 1),
    st.integers(-9000, 0),
    st.integers(0, 9000),
    st.integers(1200, 1800),
    st.sampled_from([-600, 300, 600]),
)
# What `wormctl calibrate` does: a new line, and on it goes.
again = new_line.map(lambda line: [("stop",), line, ("ready",), ("arm", 0xFFF), ("tick", 12)])
session = st.lists(st.one_of(step.map(lambda one: [one]), again), max_size=40).map(
    lambda steps: list(itertools.chain.from_iterable(steps))
)


@settings(max_examples=300, deadline=None)
@given(st.booleans(), session)
def test_invariants(armed: bool, steps: list[tuple[object, ...]]) -> None:
    """No pulse outside a joint's limits, none but by arming, no jump, and no fault that heals by itself.

    A jump is one over a pause as well: the first pulse after it is where the last one before it was.
    """
    room = armed_room() if armed else ready_room()
    number = 300
    inputs: dict[str, object] = {}
    allowed = armed
    since = 0
    last = room.pulses()
    for kind, *values in steps:
        fault = room.s.fault
        ticks = 0
        if kind == "setpoint":
            angle, ahead, session = values
            number += int(ahead)  # type: ignore[call-overload]
            if room.setpoint(int(angle), number, session=int(session)) == TAKEN:  # type: ignore[call-overload]
                since = 0
        elif kind == "tick":
            ticks = int(values[0])  # type: ignore[call-overload]
        elif kind == "inputs":
            inputs = dict(zip(("estop", "logic_mv", "servo_mv"), values, strict=True))
        elif kind == "arm":
            allowed = room.arm(joints=int(values[0])) is OK or allowed  # type: ignore[call-overload]
        elif kind == "stop":
            room.stop()
        elif kind == "hello":
            room.hello(int(values[0]))  # type: ignore[call-overload]
        elif kind == "clear":
            assert isinstance(values[0], m.Fault)
            if room.clear(values[0]) is OK:
                fault = m.Fault.NONE
        elif kind == "joint":
            index, low, high, centre_us, scale = (int(value) for value in values)  # type: ignore[call-overload]
            room.set_joint(index, plain_joint(low, high, centre_us, scale))
        else:
            for _ in range(10):
                number += 1
                if room.setpoint(list(room.s.angle), number) == TAKEN:
                    since = 0
        for _ in range(ticks):
            room.tick(**inputs)  # type: ignore[arg-type]
            since += 1
            now = room.pulses()
            for j in range(m.JOINTS):
                if not now[j]:
                    continue
                joint = room.s.joint[j]
                ends = [
                    joint.centre_us + angle * joint.us_per_rad / 10_000 for angle in (joint.low, joint.high)
                ]
                assert min(ends) - 1 < now[j] < max(ends) + 1
                if last[j]:
                    assert abs(now[j] - last[j]) <= S["SLEW_STEP"] * abs(joint.us_per_rad) / 10_000 + 1
                last[j] = now[j]
            assert allowed or not any(now)
            assert not (since >= S["SILENT_TICKS"] and any(now))
        if room.s.state == m.State.SILENT:
            allowed = False
        assert fault == m.Fault.NONE or room.s.fault == fault
