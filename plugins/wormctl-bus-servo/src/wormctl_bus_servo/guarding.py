"""The guardian itself, run as `python -m wormctl_bus_servo.guarding`: torque off when its parent dies, hangs, or asks.

It has a hold of its own on the port, so it need not wait until its parent lets go. Imports next to nothing: it is there
for as long as the snake is, on a small computer.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import termios
import time
from typing import Any

BEAT, LIMP, HELP, QUIT = b"b", b"l", b"h", b"q"
"""What it is told: the torque is on and all is well; the torque is off; switch it off; go."""
READY, ACTED = b"r", b"a"
"""What it says: it is on guard; it has switched the torque off because nothing came."""

TIMES = 3
PAUSE_S = 0.02
"""Between two packets: a servo that was answering has finished by then."""
BLOCKED_S = 0.2
AGAIN_S = 5.0
"""A port that has gone may come back, as a USB adapter does that was disturbed: so long it is tried again."""


def main() -> int:
    """Guard; the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    duty = json.loads(sys.argv[1])
    _say(READY)
    heard_s: float | None = None
    done: bool | None = None  # not tried since the last beat
    while True:
        left_s = None if heard_s is None else max(0.0, heard_s + duty["limit_s"] - time.monotonic())
        if not select.select([sys.stdin], [], [], left_s)[0]:
            done, heard_s = _let_go(duty, "wormctl hangs or is suspended"), None
            _say(ACTED)
            continue
        data = os.read(sys.stdin.fileno(), 4096)
        if QUIT in data:
            return 0  # sent away: all is well
        if not data:
            done = _let_go(duty, "wormctl has died") if done is None else done
            return 0 if done else 1
        if HELP in data:
            done, heard_s = _let_go(duty, "wormctl cannot switch the torque off itself"), None
        elif data.endswith(BEAT):
            done, heard_s = None, time.monotonic()
        else:
            heard_s = None


def _let_go(duty: dict[str, Any], why: str) -> bool:
    """Torque off for every servo on the bus; whether it went out."""
    error = ""
    try:
        for _ in range(TIMES):
            _write(duty["hold"], bytes.fromhex(duty["limp"]))
            time.sleep(PAUSE_S)
    except OSError as failed:
        error = str(failed)
    if error:
        _tell(f"{why} and the servos cannot be reached ({error}): CUT THEIR SUPPLY")
        if not _try_again(duty):
            return False
    _tell(f"{why}; all servos were told to switch their torque off")
    return True


def _write(fd: int, packet: bytes) -> None:
    """All of `packet`. Raises `OSError`; what others have left in a port that takes no more is thrown away."""
    end_s = time.monotonic() + BLOCKED_S
    while packet:
        try:
            packet = packet[os.write(fd, packet) :]
        except BlockingIOError:
            if time.monotonic() > end_s:
                raise
            with contextlib.suppress(termios.error):
                termios.tcflush(fd, termios.TCOFLUSH)
            time.sleep(0.001)


def _try_again(duty: dict[str, Any]) -> bool:
    """Open the port anew, as soon as it is there; whether torque off went out."""
    import rustypot

    with contextlib.suppress(OSError):
        os.close(duty["hold"])
    make, ids = getattr(rustypot, duty["controller"]), duty["ids"]
    end_s = time.monotonic() + AGAIN_S
    while time.monotonic() < end_s:
        try:
            motors = make(duty["port"], duty["baud"], 0.04)
            for _ in range(TIMES):
                motors.sync_write_register(ids, "torque_enable", [0] * len(ids))
                time.sleep(PAUSE_S)
            motors.close()
            return True
        except (OSError, RuntimeError):
            time.sleep(PAUSE_S)
    return False


def _say(what: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), what)


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"bus-servo: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
