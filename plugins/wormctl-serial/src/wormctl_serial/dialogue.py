"""What a person is asked about one joint, and what the answers come to. It moves by `Jog`, and by nothing else.

Whatever ends it early, Ctrl-C too, the joint's line in the firmware is then what it was before.
"""

from __future__ import annotations

import contextlib
import math
import select
import sys
from collections.abc import Iterator, Sequence

import msgspec

from wormctl.device import DeviceError
from wormctl_serial.config import JointTable, unused_line
from wormctl_serial.jog import Jog, jog
from wormctl_serial.messages import ANGLE_PER_RAD, SAFETY
from wormctl_serial.talk import RefusedError, Talk

NUDGE_DEG = 1.0
MOST_NUDGE_DEG = 10.0
SHOW_DEG = 10.0
SEARCH_DEG = 40.0
"""How far from its present middle a joint may be moved while its middle is looked for."""


def calibrate_joint(talk: Talk, joint: int, known: JointTable | None) -> JointTable:
    """Find the middle, the direction and the limits of one joint with a person's help. Returns its new line.

    `known` is its line in the firmware so far, which stays there if this raises.
    """
    start = known or JointTable()
    ask(
        f"\njoint {joint} will be switched on, and goes to its middle from wherever it stands: straighten it by hand, "
        "keep fingers away. Enter switches it on: ",
        [""],
    )
    with _put_back(talk, joint, known):
        found = _middle_and_direction(talk, joint, start)
        set_line(talk, joint, found)
        found = _limits(talk, joint, found)
        set_line(talk, joint, found)
    return found


@contextlib.contextmanager
def _put_back(talk: Talk, joint: int, known: JointTable | None) -> Iterator[None]:
    try:
        yield
    except BaseException:
        try:
            set_line(talk, joint, known)
        except RefusedError:
            # It stands outside the old limits. Out of the table it cannot move; kept over a power cut is the old line.
            set_line(talk, joint, None)
        except DeviceError:
            pass  # the line has gone: what is kept over a start anew is the old line
        raise


def _middle_and_direction(talk: Talk, joint: int, start: JointTable) -> JointTable:
    """The joint with the middle and the direction that the person has found."""
    room = _within(msgspec.structs.replace(start, low_deg=-SEARCH_DEG, high_deg=SEARCH_DEG))
    set_line(talk, joint, room)
    with jog(talk, joint) as one:
        one.move_to(0)
        _nudge(
            one,
            f"joint {joint}: is it straight? +, - or a number moves it, Enter takes it: ",
            room.low_deg,
            room.high_deg,
        )
        middle = one.angle
        _answer(
            one,
            f"joint {joint}: now the part ahead turns {SHOW_DEG:g} degrees to the right, seen from above: Enter: ",
            [""],
        )
        one.move_to(middle + _angle(SHOW_DEG))
        bent = _answer(one, f"joint {joint}: did it turn to the right? y or n: ", ["y", "n"])
        one.move_to(middle)
        one.settle()
    centre_us = round(room.pulse_us(middle / ANGLE_PER_RAD))
    scale = start.us_per_rad if bent == "y" else -start.us_per_rad
    return _within(msgspec.structs.replace(start, centre_us=centre_us, us_per_rad=scale))


def _limits(talk: Talk, joint: int, found: JointTable) -> JointTable:
    """The joint with the limits that the person has found."""
    ends = []
    with jog(talk, joint) as one:
        for side, least_deg, most_deg in (("right", 0.0, found.high_deg), ("left", found.low_deg, 0.0)):
            if one.angle:
                print(f"joint {joint} goes back to straight")
            one.move_to(0)
            one.settle()
            far_deg = most_deg or least_deg
            text = (
                f"joint {joint}: how far may the part ahead turn to the {side}? "
                f"{'+' if most_deg else '-'} moves it there; Enter takes "
                f"where it is, or {abs(far_deg):g} degrees, untried, if it was not moved: "
            )
            moved = _nudge(one, text, least_deg, most_deg, zero=False)
            ends.append(round(math.degrees(one.angle / ANGLE_PER_RAD), 1) if moved else far_deg)
        print(f"joint {joint} goes back to straight")
        one.move_to(0)
        one.settle()
    return msgspec.structs.replace(found, high_deg=ends[0], low_deg=ends[1])


def _nudge(one: Jog, text: str, least_deg: float, most_deg: float, *, zero: bool = True) -> bool:
    """Move by what is typed until it is right; whether it was moved. `zero`: whether straight may be right."""
    moved = False
    while True:
        answer = _answer(one, text)
        here_deg = math.degrees(one.angle / ANGLE_PER_RAD)
        if not answer:
            if moved and not zero and abs(here_deg) < 0.5 * NUDGE_DEG:
                print("a joint that does not bend to this side cannot crawl: move it, or stop with Ctrl-C")
                continue
            return moved
        deg = _nudged(answer)
        if deg is None:
            print(
                f"{answer}: must be +, -, or a number of degrees from -{MOST_NUDGE_DEG:g} to +{MOST_NUDGE_DEG:g}"
            )
        elif not least_deg - 0.05 <= here_deg + deg <= most_deg + 0.05:
            print(
                f"{answer}: would be {here_deg + deg:+.1f} degrees, beyond {least_deg:+g} to {most_deg:+g}: it stays"
            )
        else:
            one.move_to(_angle(here_deg + deg))
            moved = True
            print(f"  to {here_deg + deg:+.1f} degrees")


def _nudged(answer: str) -> float | None:
    """Degrees, from what was typed."""
    if answer in ("+", "-"):
        return NUDGE_DEG if answer == "+" else -NUDGE_DEG
    try:
        deg = float(answer)
    except ValueError:
        return None
    return deg if abs(deg) <= MOST_NUDGE_DEG else None


def _answer(one: Jog, text: str, allowed: Sequence[str] | None = None) -> str:
    """Ask while the joint is kept alive, until the answer is one of those allowed (default: any)."""
    while True:
        print(text, end="", flush=True)
        while not select.select([sys.stdin], [], [], 0.0)[0]:
            one.feed()
        answer = _typed()
        if allowed is None or answer in allowed:
            return answer
        _complain(answer, allowed)


def ask(text: str, allowed: Sequence[str]) -> str:
    """Ask while nothing moves, until the answer is one of those allowed; "" is Enter alone."""
    while True:
        print(text, end="", flush=True)
        answer = _typed()
        if answer in allowed:
            return answer
        _complain(answer, allowed)


def _typed() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.strip().lower()


def _complain(answer: str, allowed: Sequence[str]) -> None:
    print(
        f"{answer or 'Enter'}: must be {' or '.join(one or 'Enter alone' for one in allowed)}, or Ctrl-C to stop"
    )


def set_line(talk: Talk, joint: int, table: JointTable | None) -> None:
    """Give the firmware one line of its table; None takes the joint out. Raises `DeviceError`."""
    line = unused_line(joint) if table is None else table.line(joint)
    talk.command("SET_JOINT", {"session": talk.session, **line})


def _within(joint: JointTable) -> JointTable:
    """The same with limits drawn in to what its pulses allow."""
    shortest, longest = SAFETY["PULSE_MIN_US"][0], SAFETY["PULSE_MAX_US"][0]
    ends = sorted(math.degrees((us - joint.centre_us) / joint.us_per_rad) for us in (shortest, longest))
    low = max(joint.low_deg, math.ceil(ends[0] * 10.0) / 10.0)
    high = min(joint.high_deg, math.floor(ends[1] * 10.0) / 10.0)
    if low > 0.0 or high < 0.0:
        raise DeviceError(
            f"a middle at {joint.centre_us} us leaves no room to bend: turn the servo's horn by a tooth"
        )
    return msgspec.structs.replace(joint, low_deg=low, high_deg=high)


def _angle(deg: float) -> int:
    return round(math.radians(deg) * ANGLE_PER_RAD)
