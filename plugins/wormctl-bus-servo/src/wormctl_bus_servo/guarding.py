"""The guardian itself, run as `python -m wormctl_bus_servo.guarding`: waits for its parent to die, then torque off.

Imports next to nothing: it is there for as long as the snake is, on a small computer.
"""

from __future__ import annotations

import json
import signal
import sys
import time

TRIES = 100
PAUSE_S = 0.02
"""The dead process's hold on the port ends a moment after it."""


def main() -> int:
    """Guard; the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    import rustypot

    duty = json.loads(sys.argv[1])
    make = getattr(rustypot, duty["controller"])
    print("on guard", flush=True)
    if sys.stdin.buffer.read():
        return 0  # sent away: all is well
    ids = duty["ids"]
    why = ""
    for _ in range(TRIES):
        try:
            motors = make(duty["port"], duty["baud"], 0.04)
            for _ in range(3):
                motors.sync_write_register(ids, "torque_enable", [0] * len(ids))
                time.sleep(PAUSE_S)
            motors.close()
        except (OSError, RuntimeError) as error:
            why = str(error)
            time.sleep(PAUSE_S)
        else:
            print("bus-servo: wormctl has died; the torque of all servos is off", file=sys.stderr)
            return 0
    print(
        f"bus-servo: wormctl has died and the servos cannot be reached ({why}): CUT THEIR SUPPLY",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
