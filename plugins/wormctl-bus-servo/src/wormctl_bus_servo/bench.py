"""What `wormctl servo` does: look, and find zeros. Nothing here switches a torque on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from wormctl.device import DeviceError
from wormctl_bus_servo.bus import PATIENT_S, RustypotBus, Values
from wormctl_bus_servo.config import BusServoConfig, Joint, bauds_of
from wormctl_bus_servo.joints import joint_map, reach_deg
from wormctl_bus_servo.kinds import TICKS, Kind
from wormctl_bus_servo.robot_file import joint_tables, may_be_printed, write_joints


def scan(config: BusServoConfig, *, expected: Sequence[int] = (), everywhere: bool = False) -> int:
    """List who answers; the exit status.

    A broadcast's answers may collide, so those who are `expected` are asked by name as well. `everywhere`: at other
    baud rates, too, if nobody answers.
    """
    kind = config.what
    others = [baud for baud in reversed(bauds_of(kind.name)) if everywhere and baud != config.baud]
    bauds = [config.baud, *others]
    for baud in bauds:
        bus = RustypotBus(kind, config.port, baud, PATIENT_S)
        try:
            found = bus.scan()
            for servo in expected:
                if servo not in found and (values := bus.ask(servo, ("model_number",))) is not None:
                    found[servo] = values["model_number"]
            if found:
                print(f"{bus.name} at {baud} baud:")
                for servo in sorted(found):
                    print(_line(kind, servo, found[servo], bus))
                return 0
        finally:
            bus.close()
    print(
        f"no {kind.name} answers at {', '.join(map(str, bauds))} baud: is their supply on? is it the right --kind?",
        file=sys.stderr,
    )
    return 1


def zero(config: BusServoConfig, robot: Path | None = None, *, write: bool = False) -> int:
    """Take the pose for the straight one: tables on stdout or, to `write`, in the file `robot`; remarks on stderr.

    Raises `DeviceError` or `ConfigError` before anything is printed or written.
    """
    kind = config.what
    bus = RustypotBus(kind, config.port, config.baud, PATIENT_S)
    try:
        answers = {servo: bus.ask(servo, (*kind.motion, *kind.state)) for servo in config.servos}
    finally:
        bus.close()
    missing = [str(servo) for servo, values in answers.items() if values is None]
    if missing:
        raise DeviceError(f"no answer of servo {', '.join(missing)}: look with `wormctl servo scan`")
    joints = [
        msgspec.structs.replace(table, zero=_straight(servo, answers[servo] or {}))
        for servo, table in zip(config.servos, config.table, strict=True)
    ]
    tables = joint_tables(config.servos, joints)
    if write and robot is not None:
        write_joints(robot, tables)
        print(f"{len(joints)} zeros written to {robot}")
    else:
        if robot is not None:
            may_be_printed(robot)
        print(f"\n{tables}", end="")
    for servo, joint in zip(config.servos, joints, strict=True):
        _remark(servo, joint, stiff=bool((answers[servo] or {})["torque_enable"]))
    return 0


def _straight(servo: int, values: Values) -> int:
    here = values["present_position"]
    if not 0 < here < TICKS - 1:
        raise DeviceError(
            f"servo {servo} stands at tick {here}, at the end of its turn: mount its horn half a turn further"
        )
    return here


def _remark(servo: int, joint: Joint, *, stiff: bool) -> None:
    if stiff:
        print(f"servo {servo} is stiff: `wormctl servo off`, straighten it, then again", file=sys.stderr)
    whole = msgspec.structs.replace(joint, low_deg=-60.0, high_deg=60.0)
    low, high = reach_deg(joint_map(servo, whole, 0, TICKS - 1))
    if low > max(joint.low_deg, -60.0) + 0.1 or high < min(joint.high_deg, 60.0) - 0.1:
        print(
            f"servo {servo} can bend from {low:.0f} to {high:+.0f} degrees only: mount its horn so that it is "
            "straight near tick 2048",
            file=sys.stderr,
        )


def _line(kind: Kind, servo: int, model: int, bus: RustypotBus) -> str:
    name = kind.models.get(model, f"model {model}, no {kind.name}")
    start = f"  id {servo:3}  {name:11}"
    values = bus.ask(servo, (*kind.motion, *kind.state)) if model in kind.models else None
    if values is None:
        return start
    torque = "ON" if values["torque_enable"] else "off"
    alarm = kind.alarm(values[kind.status])
    return (
        f"{start}  tick {values['present_position']:4}  {values['present_temperature']:3} degC  "
        f"{values[kind.voltage] / 10.0:4.1f} V  torque {torque}{f'  {alarm}' if alarm else ''}"
    )
