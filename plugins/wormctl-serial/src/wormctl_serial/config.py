"""The settings of the serial body: the table [body] of a robot file. No I/O."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from wormctl.device import Config
from wormctl_serial.codec import Value, crc16, pack
from wormctl_serial.messages import ANGLE_PER_RAD, BY_NAME, JOINTS, SAFETY

AUTO = "auto"


def _limit(name: str) -> int:
    return SAFETY[name][0]


class JointTable(Config, frozen=True, kw_only=True):
    """How one servo is told an angle, and how far it may go: a line of the firmware's joint table."""

    centre_us: Annotated[int, msgspec.Meta(ge=_limit("CENTRE_MIN_US"), le=_limit("CENTRE_MAX_US"))] = 1500
    """The pulse of the straight joint."""
    us_per_rad: Annotated[int, msgspec.Meta(ge=-_limit("SCALE_MAX"), le=_limit("SCALE_MAX"))] = 600
    """How the pulse grows with the angle; negative for a servo that turns the other way."""
    low_deg: Annotated[float, msgspec.Meta(ge=-90.0, le=0.0)] = -60.0
    high_deg: Annotated[float, msgspec.Meta(ge=0.0, le=90.0)] = 60.0

    def __post_init__(self) -> None:
        least = _limit("SCALE_MIN")
        if abs(self.us_per_rad) < least:
            raise ValueError(f"us_per_rad = {self.us_per_rad}: must be at least {least}, or at most -{least}")
        shortest, longest = _limit("PULSE_MIN_US"), _limit("PULSE_MAX_US")
        for name, deg in (("low_deg", self.low_deg), ("high_deg", self.high_deg)):
            us = self.pulse_us(math.radians(deg))
            if not shortest <= us <= longest:
                raise ValueError(
                    f"{name} = {deg:g}: needs a pulse of {us:.0f} us, and pulses must be {shortest} to {longest} us"
                )

    def pulse_us(self, angle_rad: float) -> float:
        """The pulse of an angle."""
        return self.centre_us + self.us_per_rad * angle_rad

    def line(self, index: int) -> dict[str, Value]:
        """As it travels: the fields of JOINT."""
        low, high = (round(math.radians(deg) * ANGLE_PER_RAD) for deg in (self.low_deg, self.high_deg))
        return {
            "joint": index,
            "configured": 1,
            "centre_us": self.centre_us,
            "us_per_rad": self.us_per_rad,
            "low": low,
            "high": high,
        }


def unused_line(index: int) -> dict[str, Value]:
    """The line of an output without a joint, as it travels."""
    return {"joint": index, "configured": 0, "centre_us": 0, "us_per_rad": 0, "low": 0, "high": 0}


def table_lines(joints: tuple[JointTable, ...]) -> list[dict[str, Value]]:
    """The whole table of the firmware, as it travels, for the joints of a robot file."""
    return [joints[i].line(i) if i < len(joints) else unused_line(i) for i in range(JOINTS)]


def table_crc(lines: list[dict[str, Value]]) -> int:
    """The CRC that the firmware tells of such a table."""
    return crc16(b"".join(pack(BY_NAME["JOINT"], line) for line in lines))


class Nose(Config, frozen=True, kw_only=True):
    """What the two analogue noses' voltages mean: a concentration, in whatever unit the sensor has."""

    scale: Literal["linear", "log"] = "log"
    """`linear`: (volt - zero_v) * per_volt. `log`: 10 ** ((volt - zero_v) * per_volt), decades for a volt."""
    zero_v: Annotated[float, msgspec.Meta(ge=0.0, le=5.0)] = 4.5
    per_volt: Annotated[float, msgspec.Meta(ge=-1000.0, le=1000.0)] = 0.4

    def concentration(self, volt: float) -> float:
        """What the sensor smells; never less than nothing."""
        grown = (volt - self.zero_v) * self.per_volt
        if self.scale == "log":
            return float(10.0 ** min(max(grown, -30.0), 30.0))
        return max(0.0, grown)

    def volt(self, concentration: float) -> float:
        """The inverse, within 0 and 5 V: what such a sensor gives."""
        if self.scale == "log":
            grown = math.log10(max(concentration, 1e-30))
        else:
            grown = concentration
        return min(max(self.zero_v + grown / self.per_volt, 0.0), 5.0)

    def __post_init__(self) -> None:
        if self.per_volt == 0.0:
            raise ValueError("per_volt = 0: must not be 0")


class SerialConfig(Config, frozen=True, kw_only=True):
    """Settings of the serial body."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = AUTO
    """A serial port, or "auto": whichever answers as our firmware does."""
    baud: Literal[500_000, 250_000, 115_200] = 500_000
    joints: Annotated[int, msgspec.Meta(ge=2, le=JOINTS)] = JOINTS
    joint: tuple[JointTable, ...] = ()
    """As `wormctl calibrate` wrote it. Without it the firmware's own table counts."""
    nose: Nose = Nose()
    press_n: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)] = 2.0
    """The force that a closed contact stands for."""

    def __post_init__(self) -> None:
        if self.joint and len(self.joint) != self.joints:
            raise ValueError(f"joint: has {len(self.joint)} entries, must have {self.joints}, one a joint")
