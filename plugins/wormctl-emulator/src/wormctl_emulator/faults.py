"""`wormctl faults`: everything that can go wrong between host and servos, done to the real firmware in the emulator.

Each fault is judged by the pulses at the servo pins, by nothing that the firmware says of itself.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable

import numpy as np
from wormctl_serial.codec import Value, frame
from wormctl_serial.messages import JOINTS, NO_ANGLE, SCHEMA, Result
from wormctl_serial.talk import RefusedError, Talk

from wormctl.console import make_console
from wormctl_emulator.chip import HZ
from wormctl_emulator.drive import AMPLITUDE_RAD, TICK_S, Driver, doubles, drops, flips
from wormctl_emulator.frozen import run_frozen
from wormctl_emulator.judge import angles_deg
from wormctl_emulator.lockstep import LockstepLine
from wormctl_emulator.must import at_once, goes_on, moving_robot, outcome_of, silence, still_latched
from wormctl_emulator.outcome import CONTINUES, Outcome, table
from wormctl_emulator.process_faults import killed, suspended, unplugged

WATCHDOG_S = 0.25 + 0.02
"""The watchdog's time, from the last tick on."""

EPILOG = """\
examples:
  wormctl faults                    all of them: a table of bounds and the worst that was seen
  wormctl faults --only e-stop      one of them
  wormctl faults --json

For each fault a wave runs through the snake's twelve servos; then it happens. Bounds: no pulse outside a joint's
limits, no joint quicker than 180 degrees/s, joints still by 0.2 s and no pulse later than 2 s after the last good
setpoint, nothing before arming, and no way back without a person. A pulse may be 10 us off, as interrupts wait for one
another; that is counted out. Exit status 1 if a bound was broken.
"""


# ---- The faults


def _for_three_seconds(d: Driver, say: Callable[[int], object]) -> Callable[[], None]:
    """Says something in every tick, and listens."""

    def then() -> None:
        for k in range(round(3.0 / TICK_S)):
            say(k)
            d.talk.listen_for(TICK_S)

    return then


def host_falls_silent(name: str) -> Outcome:
    """No more setpoints."""
    d = moving_robot()
    return silence(d, name, lambda: d.wait(3.0))


def half_a_frame(name: str) -> Outcome:
    """The last thing the host says is half a setpoint."""
    d = moving_robot()
    d.send((9000,) * JOINTS, lambda data: data[: len(data) // 2])
    return silence(d, name, lambda: d.wait(3.0))


def host_pauses(name: str) -> Outcome:
    """The host stops for a second, then goes on as if nothing had been."""
    d = moving_robot()

    def then() -> None:
        d.wait(1.0)
        d.run(2.0)

    return silence(d, name, then)


def only_pings(name: str) -> Outcome:
    """Pings and polls go on, setpoints do not: they feed nothing."""
    d = moving_robot()

    def say(k: int) -> None:
        d.talk.poll()
        d.line.write(frame("PING", k, {}))

    return silence(d, name, _for_three_seconds(d, say))


def bit_flips(name: str) -> Outcome:
    """One byte in a hundred has a wrong bit."""
    d = moving_robot()
    d.run(10.0, flips(0.01, np.random.default_rng(1)))
    return goes_on(d, name)


def dropped_bytes(name: str) -> Outcome:
    """One byte in a hundred is lost."""
    d = moving_robot()
    d.run(10.0, drops(0.01, np.random.default_rng(2)))
    return goes_on(d, name)


def doubled_bytes(name: str) -> Outcome:
    """One byte in a hundred comes twice."""
    d = moving_robot()
    d.run(10.0, doubles(0.01, np.random.default_rng(3)))
    return goes_on(d, name)


def noise(name: str) -> Outcome:
    """The line says nothing but noise."""
    d = moving_robot()
    rng = np.random.default_rng(4)
    return silence(d, name, _for_three_seconds(d, lambda _: d.line.write(rng.bytes(40))))


def replayed(name: str) -> Outcome:
    """Old setpoints, far from where the joints are, come again and again; the new ones have stopped."""
    d = moving_robot()
    values: dict[str, Value] = {"session": d.talk.session, "angle": (9000,) * JOINTS}
    old = [frame("SETPOINT", (d.talk.sequence - k) & 0xFFFF, values) for k in range(50)]
    return silence(d, name, _for_three_seconds(d, lambda k: d.line.write(old[k % len(old)])))


def no_numbers(name: str) -> Outcome:
    """Setpoints in which one angle is none."""
    d = moving_robot()
    values: dict[str, Value] = {"session": d.talk.session, "angle": (*(9000,) * (JOINTS - 1), NO_ANGLE)}
    newest = d.talk.sequence

    def say(k: int) -> None:
        d.line.write(frame("SETPOINT", (newest + 1 + k) & 0xFFFF, values))

    return silence(d, name, _for_three_seconds(d, say))


def out_of_range(name: str) -> Outcome:
    """Setpoints far beyond every limit, back and forth."""
    d = moving_robot()
    turn = iter(range(1_000_000))
    d.run(6.0, wave=lambda: (32_767 if next(turn) // 75 % 2 else -32_767,) * JOINTS)
    return goes_on(d, name)


def reset(name: str) -> Outcome:
    """The microcontroller starts anew in mid-wave; the host goes on talking."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.press_reset()
    return at_once(d, name, since_s, 0.0)


def brown_out(name: str) -> Outcome:
    """Its supply breaks down for a moment: it starts anew."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.chip.reset(brown_out=True)
    return at_once(d, name, since_s, 0.0)


def hang(name: str) -> Outcome:
    """The main loop stands still: the watchdog starts the firmware anew."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.chip.hang()
    return at_once(d, name, since_s, WATCHDOG_S)


def no_ticks(name: str) -> Outcome:
    """The clock dies, and with it every check; the pulses and the main loop go on: the watchdog ends that."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.chip.stop_ticks()
    return at_once(d, name, since_s, WATCHDOG_S)


def estop(name: str) -> Outcome:
    """The emergency stop is pressed, and released a second later."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.estop_open = True
    d.run(1.0)
    d.rig.estop_open = False
    return at_once(d, name, since_s, 0.06)


def estop_bounce(name: str) -> Outcome:
    """The emergency stop opens for 10 ms only."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.estop_open = True
    d.rig.advance(0.010)
    d.rig.estop_open = False
    return at_once(d, name, since_s, 0.06)


def servo_rail(name: str) -> Outcome:
    """The servo rail sinks to 4.5 V."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.rail_v = 4.5
    return at_once(d, name, since_s, 0.2)


def empty_pack(name: str) -> Outcome:
    """The pack sinks to 6.4 V."""
    d = moving_robot()
    since_s = d.line.now_s()
    d.rig.pack_v = 6.4
    return at_once(d, name, since_s, 0.62)


def wrong_schema(name: str) -> Outcome:
    """A host of another schema says hello, sends setpoints and wants to arm; all else is right."""
    d = Driver()
    values = {"session": d.talk.session, "schema": SCHEMA ^ 1}
    d.talk.ask("HELLO", {**values}, "WELCOME")
    d.run(0.4, wave=_straight)
    return _refused(d, name, Result.NO_SESSION)


def wrong_boot(name: str) -> Outcome:
    """A host wants to arm with the number of another start; all else is right."""
    d = Driver()
    d.talk.hello()
    d.run(0.4, wave=_straight)
    return _refused(d, name, Result.WRONG_BOOT, boots=1)


def no_hello(name: str) -> Outcome:
    """A host that never said hello sends setpoints and wants to arm; all else is right."""
    d = Driver()
    d.run(0.4, wave=_straight)
    return _refused(d, name, Result.NO_SESSION)


def _straight() -> tuple[int, ...]:
    return (0,) * JOINTS


def _arm(d: Driver, talk: Talk, boots: int = 0) -> Result:
    """What a host gets that wants to arm, with the right number of this start (or of another) and the right table."""
    session = talk.session
    boot_id = d.boot_id + boots
    values = {"session": session, "boot_id": boot_id, "table_crc": d.table_crc, "joints": 0xFFF}
    try:
        talk.command("ARM", {**values})
    except RefusedError as error:
        return error.result
    return Result.OK


def _refused(d: Driver, name: str, why: Result, boots: int = 0) -> Outcome:
    refused = _arm(d, d.talk, boots) is why
    d.run(2.0)
    return outcome_of(
        name, d, 0.0, CONTINUES, held=False, latched=refused and not len(d.rig.pulses()), moving=False
    )


def two_hosts(name: str) -> Outcome:
    """A second host says hello on the same line, sends setpoints far off and wants to arm: the first one goes on."""
    d = moving_robot()
    other = Talk(LockstepLine(d.rig), 0x52)
    since_s = d.line.now_s()
    for k in range(200):
        values = {"session": other.session, "schema": SCHEMA}
        other.line.write(frame("HELLO", k, values))
        ahead = (d.talk.sequence + 1000 + k) & 0xFFFF
        other.line.write(frame("SETPOINT", ahead, {"session": other.session, "angle": (9000,) * JOINTS}))
        d.run(TICK_S)
    refused = _arm(d, other) is Result.NO_SESSION
    d.run(0.5)
    pulses = d.rig.pulses()
    farthest = np.abs(angles_deg(pulses[pulses["rise"] / HZ > since_s], d.joints)).max()
    stays = bool(d.rig.width_us.all()) and farthest < math.degrees(AMPLITUDE_RAD) + 2.0
    return outcome_of(name, d, since_s, CONTINUES, held=False, latched=refused and stays)


def frozen_telemetry(name: str) -> Outcome:
    """The robot hears, but is not heard any more: the host must give up, and stop it."""
    d = Driver()
    froze_s = run_frozen(d)
    d.wait(3.0)
    latched = still_latched(d)
    return outcome_of(name, d, froze_s, 1.2, held=False, latched=latched)


FAULTS: dict[str, Callable[[str], Outcome]] = {
    "host falls silent": host_falls_silent,
    "half a frame": half_a_frame,
    "host pauses 1 s": host_pauses,
    "pings, no setpoints": only_pings,
    "1 % bit flips": bit_flips,
    "1 % bytes dropped": dropped_bytes,
    "1 % bytes doubled": doubled_bytes,
    "noise only": noise,
    "old setpoints replayed": replayed,
    "no numbers": no_numbers,
    "out of range": out_of_range,
    "reset in mid-gait": reset,
    "brown-out": brown_out,
    "main loop hangs": hang,
    "clock dies": no_ticks,
    "e-stop": estop,
    "e-stop bounces": estop_bounce,
    "servo rail at 4.5 V": servo_rail,
    "pack at 6.4 V": empty_pack,
    "wrong schema": wrong_schema,
    "wrong boot id": wrong_boot,
    "no hello": no_hello,
    "two hosts": two_hosts,
    "frozen telemetry": frozen_telemetry,
    "SIGKILL": killed,
    "SIGSTOP": suspended,
    "port unplugged": unplugged,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--only", metavar="NAME", choices=FAULTS, help="one fault: " + ", ".join(FAULTS).replace("%", "%%")
    )
    parser.add_argument("--json", action="store_true", help="as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Do them, and tell; the exit status."""
    console = make_console(stderr=True)
    outcomes = []
    for name in FAULTS if args.only is None else [args.only]:
        if console.is_terminal:
            print(f"\r{name} ...\x1b[K", end="", file=sys.stderr, flush=True)
        outcomes.append(FAULTS[name](name))
    if console.is_terminal:
        print("\r\x1b[K", end="", file=sys.stderr)
    broken = [outcome for outcome in outcomes if not outcome.fine]
    if args.json:
        print(json.dumps([outcome.as_json() for outcome in outcomes], allow_nan=False))
    else:
        print(table(outcomes))
    return int(bool(broken))
