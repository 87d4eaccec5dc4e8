"""A bus to try the commands on without a servo: what `wormctl servo fake` does."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wormctl.config import ConfigError
from wormctl_bus_servo.config import BusServoConfig
from wormctl_bus_servo.fake import FakeServo, fake_bus


def _hot(servo: FakeServo) -> None:
    servo["present_temperature"] = 80


def _low(servo: FakeServo) -> None:
    servo["present_voltage"] = 31


def _model(servo: FakeServo) -> None:
    servo["model_number"] = 1


def _silent(servo: FakeServo) -> None:
    servo.silent = True


def _garbled(servo: FakeServo) -> None:
    servo.garbled = True


def _overload(servo: FakeServo) -> None:
    servo["status"] = 0x20


TROUBLES = {
    "hot": _hot,
    "low": _low,
    "model": _model,
    "silent": _silent,
    "garbled": _garbled,
    "overload": _overload,
}


def fake(config: BusServoConfig, servos: int, troubles: Sequence[str]) -> int:
    """Play a bus until Ctrl-C; the exit status."""
    from wormctl.testing import FakePort

    if not 1 <= servos <= 64:
        raise ConfigError(f"--servos = {servos}: must be 1 to 64")
    bus = fake_bus(config.kind, range(1, servos + 1))
    for trouble in troubles:
        what, _, servo = trouble.partition(":")
        if what not in TROUBLES or not servo.isdecimal() or int(servo) not in bus.servos:
            raise ConfigError(
                f"--trouble = {trouble}: must be {'|'.join(TROUBLES)}, a colon and an id from 1 to {servos}"
            )
        TROUBLES[what](bus[int(servo)])
    with FakePort(bus.answer) as port:
        print(f"{servos} fake {config.kind} on {port.path}; Ctrl-C ends them", flush=True)
        try:
            while True:
                time.sleep(1.0)
        except KeyboardInterrupt:
            print()
    return 0
