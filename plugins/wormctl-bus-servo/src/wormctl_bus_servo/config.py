"""The settings of the body `bus-servo`: the table [body] of a robot file. No I/O."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from wormctl.device import Config
from wormctl_bus_servo.kinds import HIGHEST_ID, KINDS, Kind, KindName

AUTO = "auto"
FEETECH_BAUDS = (57_600, 115_200, 500_000, 1_000_000)
DYNAMIXEL_BAUDS = (57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)


def bauds_of(kind: KindName) -> tuple[int, ...]:
    """The baud rates that a kind of servo may be set to, slowest first."""
    return FEETECH_BAUDS if kind == "sts3215" else DYNAMIXEL_BAUDS


Baud = Literal[57_600, 115_200, 500_000, 1_000_000, 2_000_000, 3_000_000, 4_000_000]
Id = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_ID)]
Volt = Annotated[float, msgspec.Meta(ge=3.0, le=16.0)]


class Joint(Config, frozen=True, kw_only=True):
    """How one servo sits in its joint, and how far that may bend."""

    zero: Annotated[int, msgspec.Meta(ge=0, le=4095)] = 2048
    """The tick at which the joint is straight."""
    direction: Literal[1, -1] = 1
    """-1 for a servo whose ticks fall while the part ahead of the joint turns to the right, seen from above."""
    low_deg: Annotated[float, msgspec.Meta(ge=-150.0, le=0.0)] = -60.0
    high_deg: Annotated[float, msgspec.Meta(ge=0.0, le=150.0)] = 60.0


class BusServoConfig(Config, frozen=True, kw_only=True):
    """Settings of the body `bus-servo`."""

    kind: KindName = "sts3215"
    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = AUTO
    """The adapter's serial port, or "auto": the only USB serial port there is."""
    baud: Baud = 1_000_000
    joints: Annotated[int, msgspec.Meta(ge=2, le=64)] = 12
    ids: tuple[Id, ...] = ()
    """Of the servos, head first; 1, 2, 3, ... if left out."""
    joint: tuple[Joint, ...] = ()
    """One for each servo, head first, as `wormctl servo zero` prints them."""
    torque_limit: Annotated[float, msgspec.Meta(ge=0.05, le=1.0)] = 0.6
    """Share of the torque that a servo has."""
    max_temperature_c: Annotated[float, msgspec.Meta(ge=30.0, le=80.0)] = 65.0
    min_voltage_v: Volt | None = None
    """What the kind of servo stands, if left out: 6 V, 4 V for an XL330, 6.5 V for an XL430."""
    max_voltage_v: Volt | None = None
    """What the kind of servo stands, if left out: 14 V, 6 V for an XL330, 13 V for an XL430."""
    silence_s: Annotated[float, msgspec.Meta(ge=0.1, le=2.5)] = 0.5
    """Without a setpoint for so long the motors are switched off; a Dynamixel's own watchdog has it, too."""

    def __post_init__(self) -> None:
        if self.ids and len(self.ids) != self.joints:
            raise ValueError(f"ids: has {len(self.ids)} entries, must have {self.joints}, one a joint")
        if len(set(self.ids)) != len(self.ids):
            raise ValueError(f"ids: {next(i for i in self.ids if self.ids.count(i) > 1)} is there twice")
        if self.joint and len(self.joint) != self.joints:
            raise ValueError(f"joint: has {len(self.joint)} entries, must have {self.joints}, one a joint")
        bauds = bauds_of(self.kind)
        if self.baud not in bauds:
            raise ValueError(f"baud = {self.baud}: a {self.kind} has {', '.join(map(str, bauds))}")
        if self.lowest_v >= self.highest_v:
            raise ValueError(
                f"min_voltage_v = {self.lowest_v:g}: must be less than max_voltage_v = {self.highest_v:g}"
            )

    @property
    def what(self) -> Kind:
        """What is known of the kind."""
        return KINDS[self.kind]

    @property
    def servos(self) -> tuple[int, ...]:
        """The ids, head first."""
        return self.ids or tuple(range(1, self.joints + 1))

    @property
    def table(self) -> tuple[Joint, ...]:
        """The joints, head first."""
        return self.joint or (Joint(),) * self.joints

    @property
    def lowest_v(self) -> float:
        """Below it a servo's supply is a fault."""
        return self.what.lowest_v if self.min_voltage_v is None else self.min_voltage_v

    @property
    def highest_v(self) -> float:
        """Above it, too."""
        return self.what.highest_v if self.max_voltage_v is None else self.max_voltage_v
