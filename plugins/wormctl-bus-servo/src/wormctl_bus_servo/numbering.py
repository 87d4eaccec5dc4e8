"""Ids and baud rates: what `wormctl servo set-id` and `set-baud` do. One servo at a time, its torque off."""

from __future__ import annotations

import time

from wormctl.config import ConfigError
from wormctl.device import DeviceError
from wormctl_bus_servo.bus import PATIENT_S, RustypotBus
from wormctl_bus_servo.checks import torque_off
from wormctl_bus_servo.config import DYNAMIXEL_BAUDS, BusServoConfig
from wormctl_bus_servo.kinds import Kind

EEPROM_S = 0.1
"""How long a servo may take to keep something."""
CERTAIN_FEETECH_BAUDS = (115_200, 500_000, 1_000_000)
"""Of the slower ones, sources differ on the numbers."""


def set_id(config: BusServoConfig, old: int, new: int) -> int:
    """Give one servo another id. Raises `DeviceError` or `ConfigError`."""
    if old == new:
        raise ConfigError(f"set-id: {old} is its id already")
    bus = RustypotBus(config.what, config.port, config.baud, PATIENT_S)
    try:
        if not bus.empty(new):
            raise DeviceError(
                f"servo {new} is there already: unplug it, or give it another id first; nothing changed"
            )
        _prepare(bus, config, old)
        bus.write_all([old], "id", [new])
        time.sleep(EEPROM_S)
        if bus.ask(new, ("model_number",)) is None:
            raise DeviceError(f"servo {old} does not answer to {new} now: look with `wormctl servo scan`")
        _lock(bus, config.what, new)
    finally:
        bus.close()
    print(f"servo {old} is servo {new} now")
    return 0


def set_baud(config: BusServoConfig, servo: int, baud: int) -> int:
    """Have one servo speak at another rate. Raises `DeviceError` or `ConfigError`."""
    kind = config.what
    allowed = CERTAIN_FEETECH_BAUDS if kind.name == "sts3215" else DYNAMIXEL_BAUDS
    if baud not in allowed:
        raise ConfigError(f"set-baud: a {kind.name} takes {', '.join(map(str, allowed))}, not {baud}")
    bus = RustypotBus(kind, config.port, config.baud, PATIENT_S)
    try:
        _prepare(bus, config, servo)
        bus.write_all([servo], "baud_rate", [bus.baud_number(baud)])
        time.sleep(EEPROM_S)
    finally:
        bus.close()
    bus = RustypotBus(kind, config.port, baud, PATIENT_S)
    try:
        if bus.ask(servo, ("model_number",)) is None:
            raise DeviceError(f"servo {servo} does not answer at {baud} baud: look with `wormctl servo scan`")
        _lock(bus, kind, servo)
    finally:
        bus.close()
    print(f"servo {servo} speaks at {baud} baud now")
    return 0


def _prepare(bus: RustypotBus, config: BusServoConfig, servo: int) -> None:
    """Torque off, EEPROM open. Raises `DeviceError` if it is not there, or not of the kind."""
    kind = config.what
    values = bus.ask(servo, ("model_number",))
    if values is None and bus.empty(servo):
        raise DeviceError(
            f"servo {servo} does not answer at {config.baud} baud: look with `wormctl servo scan`"
        )
    if values is None:
        raise DeviceError(
            f"servo {servo} gives damaged answers: a bad cable, or two servos with that id? plug in one at a time"
        )
    if values["model_number"] not in kind.models:
        raise DeviceError(
            f"servo {servo} is of model {values['model_number']}, no {kind.name}: name its --kind"
        )
    torque_off(bus, [servo])
    if (bus.ask(servo, ("torque_enable",)) or {"torque_enable": 1})["torque_enable"]:
        raise DeviceError(f"servo {servo} does not switch its torque off: cut its supply, then again")
    if kind.lock is not None:
        bus.write_all([servo], kind.lock, [0])


def _lock(bus: RustypotBus, kind: Kind, servo: int) -> None:
    if kind.lock is not None:
        bus.write_all([servo], kind.lock, [1])
