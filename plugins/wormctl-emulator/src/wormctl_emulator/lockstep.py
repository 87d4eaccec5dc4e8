"""The body `emulated`: the serial body, its line ending in an emulated chip, in lock-step.

Deterministic, without a wall clock.

Every byte passes the real firmware, and every bend of the snake is a pulse that came out of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wormctl_serial.body import SerialBody
from wormctl_serial.config import JointTable, SerialConfig
from wormctl_serial.joint_table import send
from wormctl_serial.talk import Talk

from wormctl.channel import Samples
from wormctl.device import Context, Truth
from wormctl_emulator.chip import HZ
from wormctl_emulator.rig import Rig, SnakeOnRig

SESSION = 0xE301
"""Drawn at random on a real line; here a run must be the same every time."""


class LockstepLine:
    """A line whose clock is the chip's: waiting lets simulated time pass."""

    resets = False

    def __init__(self, rig: Rig, name: str = "emulator") -> None:
        self.name = name
        self.rig = rig

    def read(self) -> bytes:
        """See `wormctl_serial.line.Line`."""
        return self.rig.chip.take()

    def write(self, data: bytes) -> bool:
        """See `wormctl_serial.line.Line`."""
        return self.rig.chip.feed(data) == len(data)

    def wait(self, seconds: float) -> None:
        """See `wormctl_serial.line.Line`."""
        # A cycle or two at least: who waits for the rest of nothing would wait for ever.
        self.rig.advance(max(seconds, 2.0 / HZ), until_byte=True)

    def now_s(self) -> float:
        """See `wormctl_serial.line.Line`."""
        return self.rig.chip.now_s

    def close(self) -> None:
        """See `wormctl_serial.line.Line`."""


class EmulatedConfig(SerialConfig, frozen=True, kw_only=True):
    """Settings of the emulated body: those of the serial one, and which firmware."""

    firmware: str | None = None
    """An ELF; without it that of the source tree, as `make` builds it."""


class EmulatedBody(SerialBody):
    """A planar snake whose servos hang on the emulated chip."""

    def __init__(self, config: EmulatedConfig | None = None) -> None:
        config = config or EmulatedConfig()
        super().__init__(config, "emulated", simulated=True)
        self.truth = Truth(config.joints + 1)
        self.rig: Rig | None = None
        self._firmware = config.firmware
        self._read_s = 0.0

    def configure(self, context: Context) -> None:
        """Switch the chip on, with the joint table in it that a calibration would have left there."""
        self.close()
        joints = self.config.joint or (JointTable(),) * self.config.joints
        firmware = None if self._firmware is None else Path(self._firmware)
        rig = self.rig = ready_rig(joints, firmware=firmware, seed=context.seed)
        rig.snake = SnakeOnRig(context, joints, self.config.nose)
        self.truth = rig.snake.body.truth
        self._read_s = 0.0
        super().configure(context)

    def read(self, now_s: float, out: Samples) -> None:
        """As the serial body does; while it is not armed, time passes here."""
        if self.rig is not None and not self._armed and now_s > self._read_s:
            self.rig.advance(now_s - self._read_s)
        self._read_s = now_s
        super().read(now_s, out)

    def write(self, setpoint_rad: NDArray[np.float64], now_s: float) -> None:
        """Send the setpoints, and let a period pass."""
        super().write(setpoint_rad, now_s)
        assert self.rig is not None
        self.rig.advance(self._period_s)

    def close(self) -> None:
        """Switch the chip off."""
        super().close()
        rig, self.rig = self.rig, None
        if rig is not None:
            rig.close()

    def _connect(self) -> Talk:
        assert self.rig is not None
        talk = Talk(LockstepLine(self.rig), SESSION)
        talk.hello()
        return talk


def ready_rig(
    joints: tuple[JointTable, ...] | None,
    *,
    firmware: Path | None = None,
    eeprom: bytes | None = None,
    seed: int = 0,
) -> Rig:
    """A rig that has just been switched on, with `joints` in its memory as a calibration leaves them.

    None leaves what is there: nothing in a new chip, or what `eeprom` says.
    """
    rig = Rig(firmware, eeprom, seed=seed)
    rig.advance(0.2)
    if joints is not None:
        talk = Talk(LockstepLine(rig), SESSION)
        talk.hello()
        send(talk, joints)
    rig.press_reset()
    rig.advance(0.1)
    rig.chip.take()
    return rig
