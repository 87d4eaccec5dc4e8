"""What `wormctl servo off` does: torque off for whoever is on the bus. Told to all first; then they are asked."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence

from wormctl.device import DeviceError
from wormctl_bus_servo.bus import PATIENT_S, BusError, RustypotBus
from wormctl_bus_servo.config import BusServoConfig, bauds_of
from wormctl_bus_servo.kinds import KINDS, Kind

ONE_OF_EACH = ("sts3215", "xl330")
"""A kind for each of the two protocols: torque off is the same packet for all that speak one."""
TELL_S = 0.02
"""What nobody answers is waited for no longer than its bytes take."""

Way = tuple[Kind, int]
"""Of speaking to servos: a protocol, and a baud rate."""


def off(config: BusServoConfig, *, expected: Sequence[int], any_kind: bool, any_baud: bool) -> int:
    """Switch every torque off, whatever the ids; the exit status. `expected` must say that theirs is.

    `any_kind`, `any_baud`: in both protocols, at every baud rate, because nobody has said which is theirs.
    """
    ways = list(_ways(config, any_kind, any_baud))
    for way in ways:
        _tell_all(config, way, first=way == ways[0])
    print("torque off sent to all; ", end="", flush=True)
    held: dict[int, bool | None] = {}
    for way in ways:
        held = _ask_all(config, way, expected)
        if any(stiff is not None for stiff in held.values()):
            break
    limp = [servo for servo, stiff in held.items() if stiff is False]
    stiff = [str(servo) for servo, stiff in held.items() if stiff]
    silent = [str(servo) for servo, stiff in held.items() if stiff is None]
    print(f"{len(limp)} of {len(held)} servos say that it is off")
    if stiff:
        print(f"still on: {', '.join(stiff)}: CUT THEIR SUPPLY", file=sys.stderr)
    if not limp and not stiff:
        print(
            "no servo answers: is their supply on? other --kind, --baud or --robot? CUT THEIR SUPPLY if they are stiff",
            file=sys.stderr,
        )
    elif silent:
        print(f"no answer of servo {', '.join(silent)}: CUT THEIR SUPPLY if they are stiff", file=sys.stderr)
    return 0 if held and len(limp) == len(held) else 1


def _ways(config: BusServoConfig, any_kind: bool, any_baud: bool) -> Iterator[Way]:
    """The likeliest first."""
    kinds = [KINDS[name] for name in ONE_OF_EACH] if any_kind else [config.what]
    for kind in kinds:
        yield kind, config.baud
    for kind in kinds:
        for baud in reversed(bauds_of(kind.name)):
            if any_baud and baud != config.baud:
                yield kind, baud


def _tell_all(config: BusServoConfig, way: Way, *, first: bool) -> None:
    kind, baud = way
    try:
        bus = RustypotBus(kind, config.port, baud, TELL_S)
    except DeviceError:
        if first:
            raise
        return  # an adapter that is not as quick as that
    try:
        bus.broadcast("torque_enable", 0)
    finally:
        bus.close()


def _ask_all(config: BusServoConfig, way: Way, expected: Sequence[int]) -> dict[int, bool | None]:
    """Whether the torque of each is on, None if it does not answer."""
    kind, baud = way
    try:
        bus = RustypotBus(kind, config.port, baud, PATIENT_S)
    except DeviceError:
        return {}
    try:
        held: dict[int, bool | None] = {}
        found: Iterable[int] = ()
        with contextlib.suppress(BusError):  # their answers may have collided
            found = bus.scan()
        for servo in sorted({*expected, *found}):
            values = bus.ask(servo, ("torque_enable",))
            held[servo] = None if values is None else bool(values["torque_enable"])
        return held
    finally:
        bus.close()
