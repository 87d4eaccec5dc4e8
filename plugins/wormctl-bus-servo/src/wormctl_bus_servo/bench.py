"""What `wormctl servo` does: look, number, find zeros, switch torque off. Nothing here switches a torque on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from wormctl.device import DeviceError
from wormctl_bus_servo.bus import PATIENT_S, RustypotBus
from wormctl_bus_servo.checks import torque_off
from wormctl_bus_servo.config import DYNAMIXEL_BAUDS, FEETECH_BAUDS, BusServoConfig
from wormctl_bus_servo.joints import joint_map, reach_deg
from wormctl_bus_servo.kinds import TICKS, Kind


def scan(config: BusServoConfig, *, expected: Sequence[int] = (), everywhere: bool = False) -> int:
    """List who answers; the exit status.

    A broadcast's answers may collide, so those who are `expected` are asked by name as well. `everywhere`: at other
    baud rates, too, if nobody answers.
    """
    kind = config.what
    others = FEETECH_BAUDS if kind.name == "sts3215" else DYNAMIXEL_BAUDS
    bauds = [config.baud, *(baud for baud in reversed(others) if everywhere and baud != config.baud)]
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


def zero(config: BusServoConfig) -> int:
    """Print the pose as the straight one: lines on stdout, remarks on stderr. Raises `DeviceError`."""
    kind = config.what
    bus = RustypotBus(kind, config.port, config.baud, PATIENT_S)
    try:
        answers = {servo: bus.ask(servo, (*kind.motion, *kind.state)) for servo in config.servos}
    finally:
        bus.close()
    missing = [str(servo) for servo, values in answers.items() if values is None]
    if missing:
        raise DeviceError(f"no answer of servo {', '.join(missing)}: look with `wormctl servo scan`")
    print("\n# The joints, head first, as `wormctl servo zero` found them in the straight snake.")
    for joint, (servo, table) in enumerate(zip(config.servos, config.table, strict=True)):
        values = answers[servo] or {}
        here = values["present_position"]
        if values["torque_enable"]:
            print(f"servo {servo} is stiff: `wormctl servo off`, straighten it, then again", file=sys.stderr)
        if not 0 < here < TICKS - 1:
            raise DeviceError(
                f"servo {servo} stands at tick {here}, at the end of its turn: mount its horn half a turn further"
            )
        print(f"[[body.joint]]  # {joint}: servo {servo}")
        print(f"zero = {here}\ndirection = {table.direction}")
        print(f"low_deg = {table.low_deg:g}\nhigh_deg = {table.high_deg:g}")
        low, high = reach_deg(
            joint_map(servo, type(table)(zero=here, direction=table.direction), 0, TICKS - 1)
        )
        if low > max(table.low_deg, -60.0) + 0.1 or high < min(table.high_deg, 60.0) - 0.1:
            print(
                f"servo {servo} can bend from {low:.0f} to {high:+.0f} degrees only: mount its horn so that it is "
                "straight near tick 2048",
                file=sys.stderr,
            )
    return 0


def off(config: BusServoConfig) -> int:
    """Switch every torque off, whatever the ids; the exit status."""
    bus = RustypotBus(config.what, config.port, config.baud, PATIENT_S)
    try:
        bus.broadcast("torque_enable", 0)
        torque_off(bus, config.servos)
        held = {servo: bus.ask(servo, ("torque_enable",)) for servo in config.servos}
    finally:
        bus.close()
    limp = [servo for servo, values in held.items() if values is not None and not values["torque_enable"]]
    stiff = [str(servo) for servo, values in held.items() if values is not None and values["torque_enable"]]
    print(f"torque off sent to all; {len(limp)} of {len(held)} servos say that it is off")
    if stiff:
        print(f"still on: {', '.join(stiff)}: CUT THEIR SUPPLY", file=sys.stderr)
    return 0 if len(limp) == len(held) else 1


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
