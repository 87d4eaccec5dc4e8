"""`wormctl bench firmware`: how long its interrupts and main loop take, and how quick and how sure the line is."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

SUMMARY = "The firmware in the emulator: interrupts, main loop, round trip, setpoints at 100 Hz"

DRIVEN_S = 20.0
PINGS = 1000
MOST_PING_MS, MOST_SHARE = 2.0, 0.15
LOST = ("damaged", "old", "refused", "lost")
"""What may become of a setpoint that is not taken, as the firmware counts it; of `lost`, bytes."""

EPILOG = """\
Its bounds: a ping's round trip under 2 ms (median), no setpoint lost, late or refused of those sent at 100 Hz to an
armed robot, and the host's share of a core under 15 %. Exit status 1 if one is broken: on a machine that is busy with
other things that need not mean much.

First a wave runs through the servos in simulated time, which is exact: how long each interrupt ran at most, and how
long one was kept waiting. Then the firmware runs by the wall behind a pseudo-terminal: round trips, and setpoints at
100 Hz with every answer counted. The emulator takes part of a core meanwhile; the host's share is its own thread's.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="how long at 100 Hz (default: %(default)g)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Measure, and tell; the exit status."""
    simulated, wall = _simulated(), _wall(args.seconds)
    broken = _broken(wall)
    if args.json:
        print(json.dumps({"simulated": simulated, "wall": wall, "broken": broken}))
        return int(bool(broken))
    print(f"in {DRIVEN_S:g} s of simulated time, a wave at 50 Hz:")
    for name, (running_us, waiting_us) in simulated.items():
        kept = "" if waiting_us is None else f", kept waiting {waiting_us:6.1f} us at most"
        print(f"  {name:24} ran {running_us:7.1f} us at most{kept}")
    print("by the wall:")
    for name, key in (("ping, round trip", "ping"), ("setpoint to telemetry", "setpoint")):
        print(f"  {name:24} {wall[f'{key}_ms_median']:.2f} ms median, {wall[f'{key}_ms_p99']:.2f} ms p99")
    counts = ", ".join(f"{wall[name]:.0f} {name}" for name in ("sent", "answered", *LOST))
    print(f"  {'setpoints at 100 Hz':24} {counts}")
    print(f"  {'host, link only':24} {100.0 * wall['host_share']:.1f} % of a core")
    for what in broken:
        print(f"BROKEN: {what}")
    return int(bool(broken))


def _broken(wall: dict[str, float]) -> list[str]:
    """The bounds that do not hold."""
    lost = sum(wall[name] for name in LOST)
    bounds = {
        f"a ping takes {MOST_PING_MS:g} ms or more": wall["ping_ms_median"] >= MOST_PING_MS,
        "setpoints were lost": lost > 0 or wall["answered"] < wall["sent"],
        f"the host takes {MOST_SHARE:.0%} of a core or more": wall["host_share"] >= MOST_SHARE,
        "the robot did not stay armed": not wall["armed"],
    }
    return [what for what, holds in bounds.items() if holds]


def _simulated() -> dict[str, tuple[float, float | None]]:
    from wormctl_emulator.drive import Driver

    driver = Driver()
    driver.arm()
    driver.rig.chip.forget_worst()
    driver.run(DRIVEN_S)
    worst = driver.rig.chip.worst_s()
    driver.close()
    # What is asked for and not yet allowed is not kept waiting: nothing to send, a tick that is not due.
    free = {"byte to send", "safety tick", "main loop"}
    return {name: (w.running * 1e6, None if name in free else w.waiting * 1e6) for name, w in worst.items()}


def _wall(seconds: float) -> dict[str, float]:
    from wormctl_serial.config import JointTable
    from wormctl_serial.find import connect
    from wormctl_serial.messages import JOINTS, State

    from wormctl_emulator.lockstep import ready_rig
    from wormctl_emulator.terminal import in_background

    rig = ready_rig((JointTable(),) * JOINTS)
    with tempfile.TemporaryDirectory() as folder, in_background(rig, Path(folder) / "robot"):
        talk = connect(str(Path(folder) / "robot"), 500_000)
        pings = sorted(talk.ping_s() for _ in range(PINGS))
        times_s: list[float] = []
        talk.arm((0,) * JOINTS, (1 << JOINTS) - 1)
        first = talk.counters()
        talk.answered = talk.sent = 0
        due_s = time.monotonic()
        busy_s = time.thread_time()
        for _ in range(round(100.0 * seconds)):
            began_s = time.monotonic()
            answered = talk.answered
            talk.send_setpoint((0,) * JOINTS)
            due_s += 0.01
            while (left_s := due_s - time.monotonic()) > 0.0:
                talk.line.wait(left_s)
                talk.listen()
                if talk.answered > answered:
                    times_s.append(time.monotonic() - began_s)
                    answered = talk.answered + 1_000_000_000
        busy_s = time.thread_time() - busy_s
        talk.listen_for(0.1)
        answered, sent = talk.answered, talk.sent
        last = talk.counters()
        armed = talk.telemetry.number("state") == State.ARMED
        talk.command("STOP", {})
        talk.line.close()
    rig.close()
    times_s.sort()
    return {
        "ping_ms_median": statistics.median(pings) * 1e3,
        "ping_ms_p99": pings[int(0.99 * len(pings))] * 1e3,
        "setpoint_ms_median": statistics.median(times_s) * 1e3,
        "setpoint_ms_p99": times_s[int(0.99 * len(times_s))] * 1e3,
        "sent": float(sent),
        "answered": float(answered),
        "damaged": float(
            last.damaged_there + last.damaged_here - first.damaged_there - first.damaged_here + last.unsent
        ),
        "old": float(last.old - first.old),
        "refused": float(last.refused - first.refused),
        "lost": float(last.lost - first.lost),
        "armed": float(armed),
        "host_share": busy_s / seconds,
    }
