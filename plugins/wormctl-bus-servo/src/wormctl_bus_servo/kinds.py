"""What the kinds of servo are: which registers mean what, in which units, and what each must be set to. No I/O.

Registers go by the names that rustypot gives them; where they lie is for rustypot to know.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

KindName = Literal["sts3215", "xl330", "xl430"]

TICKS = 4096
"""A turn. All three kinds count so many."""
RAD_PER_TICK = 2.0 * math.pi / TICKS
HIGHEST_ID = 252
"""253 is another broadcast in one of the two protocols, 254 in both."""
WATCHDOG_UNIT_S = 0.02
WATCHDOG_ERROR = 255


class Must(msgspec.Struct, frozen=True):
    """What a register must hold, or some of its bits, before a servo may be driven."""

    register: str
    mask: int
    value: int
    why: str


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of servo."""

    name: KindName
    controller: str
    """The class in rustypot."""
    models: dict[int, str]
    """Model numbers that are of this kind."""
    lowest_v: float
    highest_v: float
    temperature_limit: str
    limp: bytes
    """The packet that switches the torque of every servo on the bus off, for whoever has no library."""
    torque_limit: str
    """The register in RAM that limits the torque."""
    torque_most: str
    """The register in EEPROM that says what that may be at most."""
    torque_full: int
    load: str
    load_full: float
    voltage: str
    status: str
    alarms: dict[int, str]
    """What the bits of `status` mean."""
    alarm_bits: int
    """Which bits of the error byte in an answer say that there is an alarm."""
    musts: tuple[Must, ...]
    setup: dict[str, int]
    """Written when armed. A servo may make less of it by a limit of its own, but of 0 nothing else than 0."""
    marks: tuple[str, ...]
    """Registers that arming writes and a restart of the servo forgets."""
    watchdog: str | None = None
    lock: str | None = None
    """The register that must be 0 for EEPROM to keep what is written."""

    @property
    def limits(self) -> tuple[str, ...]:
        """What is read once, from EEPROM."""
        return (
            "model_number",
            "min_position_limit",
            "max_position_limit",
            self.temperature_limit,
            "min_voltage_limit",
            "max_voltage_limit",
            self.torque_most,
            *(must.register for must in self.musts),
        )

    @property
    def state(self) -> tuple[str, ...]:
        """What is read of one servo a tick."""
        return (
            "torque_enable",
            "goal_position",
            self.torque_limit,
            self.voltage,
            "present_temperature",
            self.status,
            *self.marks,
        )

    @property
    def motion(self) -> tuple[str, ...]:
        """What is read of all servos every tick."""
        return ("present_position", self.load)

    def alarm(self, bits: int) -> str:
        """The bits of `status` in words; empty if there is no alarm."""
        known = [text for bit, text in self.alarms.items() if bits & bit]
        unknown = bits & ~sum(self.alarms)
        return ", ".join([*known, *([f"alarm {unknown:#04x}"] if unknown else [])])


STS3215 = Kind(
    name="sts3215",
    controller="Sts3215PyController",
    models={777: "STS3215"},
    lowest_v=6.0,
    highest_v=14.0,
    limp=bytes.fromhex("FF FF FE 04 03 28 00 D2"),
    temperature_limit="max_temperature_limit",
    torque_limit="torque_limit",
    torque_most="max_torque_limit",
    torque_full=1000,
    load="present_load",
    load_full=1000.0,
    voltage="present_voltage",
    status="status",
    alarms={
        0x01: "its supply is out of its range",
        0x02: "its encoder does not work",
        0x04: "it is too hot",
        0x08: "it draws too much current",
        0x20: "it is overloaded",
    },
    alarm_bits=0xFF,
    musts=(
        Must("operating_mode", 0xFF, 0, "position mode"),
        Must("angular_resolution", 0xFF, 1, "one tick for 1/4096 turn"),
    ),
    # 25400 ticks/s^2: quick, and not what a servo starts with. Another tool may have left it a goal time or speed.
    setup={"acceleration": 254, "goal_time": 0, "goal_velocity": 0},
    marks=("torque_enable", "acceleration", "torque_limit"),
    lock="lock",
)

_DYNAMIXEL = Kind(
    name="xl330",
    controller="Xl330PyController",
    models={1190: "XL330-M077", 1200: "XL330-M288"},
    lowest_v=4.0,
    highest_v=6.0,
    limp=bytes.fromhex("FF FF FD 00 FE 06 00 03 40 00 00 2E 16"),
    temperature_limit="temperature_limit",
    torque_limit="goal_pwm",
    torque_most="pwm_limit",
    torque_full=885,
    load="present_current",
    load_full=1750.0,
    voltage="present_input_voltage",
    status="hardware_error_status",
    alarms={
        0x01: "its supply is out of its range",
        0x04: "it is too hot",
        0x08: "its encoder does not work",
        0x10: "it has had an electrical shock",
        0x20: "it is overloaded",
    },
    alarm_bits=0x80,
    musts=(
        Must("operating_mode", 0xFF, 3, "position mode"),
        Must("drive_mode", 0x08, 0, "a goal alone must not switch the torque on"),
    ),
    setup={"profile_acceleration": 0, "profile_velocity": 0},
    marks=("torque_enable", "bus_watchdog", "goal_pwm"),
    watchdog="bus_watchdog",
)

KINDS: dict[str, Kind] = {
    "sts3215": STS3215,
    "xl330": _DYNAMIXEL,
    "xl430": msgspec.structs.replace(
        _DYNAMIXEL,
        name="xl430",
        controller="Xl430PyController",
        models={1060: "XL430-W250", 1070: "XC430-W150", 1080: "XC430-W240"},
        lowest_v=6.5,
        highest_v=13.0,
        load_full=1000.0,  # at the address of the XL330's current it has its load, in 0.1 %
    ),
}


def watchdog_units(silence_s: float) -> int:
    """The value for a Dynamixel's bus watchdog; never 0, which would switch it off."""
    return min(max(round(silence_s / WATCHDOG_UNIT_S), 1), 127)
